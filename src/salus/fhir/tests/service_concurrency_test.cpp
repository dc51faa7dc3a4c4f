#include <atomic>
#include <set>
#include <thread>

#include "src/salus/fhir/tests/store_world.h"

namespace salus::fhir::testing {
namespace {

class Concurrency : public ServiceTest {
  protected:
    static constexpr int kThreads = 32;
    template <typename Work>
    static void together(Work work) {
        std::vector<std::thread> threads;
        for (int i = 0; i < kThreads; ++i)
            threads.emplace_back([&work, i] { work(i); });
        for (std::thread& thread : threads)
            thread.join();
    }
};

TEST_F(Concurrency, EveryAcknowledgedCreateIsThere) {
    std::atomic<int> made = 0;
    together([&](int thread) {
        for (int i = 0; i < 20; ++i) {
            const std::string mrn = "C-" + std::to_string(thread * 100 + i);
            const Response response = post("/Patient", patient("Crowd", mrn));
            if (response.status != 201) continue;
            ++made;
            EXPECT_EQ(get("/Patient/" + string_of(response.body, "id")).body, response.body);
        }
    });
    EXPECT_EQ(made, kThreads * 20);
    EXPECT_EQ(total_of(get("/Patient", "_count=0")), made);
}

TEST_F(Concurrency, NoUpdateIsLostAndVersionsHaveNoGap) {
    const std::string made = create("Patient", patient("Start"));
    std::atomic<int> done = 0;
    together([&](int thread) {
        for (int i = 0; i < 5; ++i) {
            std::string body = patient("W" + std::to_string(thread) + "x" + std::to_string(i));
            body.insert(1, R"("id":")" + made.substr(8) + R"(",)");
            const Response response = send(Method::put, "/" + made, body);
            EXPECT_EQ(response.status, 200) << response.body;
            if (response.status == 200) ++done;
        }
    });
    EXPECT_EQ(get("/" + made).etag, "W/\"" + std::to_string(done + 1) + "\"");
    std::set<std::string> families;
    for (int version = 1; version <= done + 1; ++version) {
        const Response read = get("/" + made + "/_history/" + std::to_string(version));
        ASSERT_EQ(read.status, 200) << version;
        const auto document = JsonDocument::parse(read.body);
        families.emplace((*document->root()["name"].begin()).string("family"));
    }
    EXPECT_EQ(families.size(), static_cast<std::size_t>(done) + 1);  // each write has its version
}

TEST_F(Concurrency, OnlyOneIfMatchWins) {
    const std::string made = create("Patient", patient("Start"));
    std::atomic<int> won = 0, stale = 0;
    together([&](int thread) {
        std::string body = patient("W" + std::to_string(thread));
        body.insert(1, R"("id":")" + made.substr(8) + R"(",)");
        const int status = send(Method::put, "/" + made, body, "W/\"1\"").status;
        won += status == 200;
        stale += status == 412;
    });
    EXPECT_EQ(won, 1);
    EXPECT_EQ(stale, kThreads - 1);
}

TEST_F(Concurrency, ConditionalCreateMakesOne) {
    std::atomic<int> made = 0, found = 0;
    together([&](int) {
        Request request;
        request.method = Method::post;
        request.path = "/Patient";
        request.content_type = kJson;
        const std::string body = patient("Race", "R-1");
        request.body = body;
        request.if_none_exist = "identifier=http://clinic.example/mrn|R-1";
        const int status = ask(client, request).status;
        made += status == 201;
        found += status == 200;
    });
    EXPECT_EQ(made, 1);
    EXPECT_EQ(found, kThreads - 1);
    EXPECT_EQ(total_of(get("/Patient", "identifier=R-1")), 1);
}

TEST_F(Concurrency, PutOfOneNewIdMakesVersionsOneByOne) {
    std::atomic<int> created = 0, updated = 0;
    together([&](int thread) {
        std::string body = patient("P" + std::to_string(thread));
        body.insert(1, R"("id":"chosen",)");
        const int status = send(Method::put, "/Patient/chosen", body).status;
        created += status == 201;
        updated += status == 200;
    });
    EXPECT_EQ(created, 1);
    EXPECT_EQ(updated, kThreads - 1);
    EXPECT_EQ(get("/Patient/chosen").etag, "W/\"" + std::to_string(kThreads) + "\"");
}

TEST_F(Concurrency, RequestKeyRacesApplyOnce) {
    std::atomic<int> made = 0;
    together([&](int) {
        Request request;
        request.method = Method::post;
        request.path = "/Patient";
        request.content_type = kJson;
        const std::string body = patient("Key", "K-1");
        request.body = body;
        const std::string key(64, 'b');
        request.request_key = key;
        made += ask(client, request).status == 201;
    });
    EXPECT_EQ(made, 1);
    EXPECT_EQ(total_of(get("/Patient", "identifier=K-1")), 1);
}

}  // namespace
}  // namespace salus::fhir::testing
