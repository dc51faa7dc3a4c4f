#include <gmock/gmock.h>
#include <sys/stat.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "salus/edge/tests/server_fixture.h"

namespace salus::edge {
namespace {

using std::chrono::milliseconds;
using testing::Answer;
using testing::Client;
using testing::ServerTest;

/// A door that handlers wait at until the test opens it.
class Door {
  public:
    void pass() {
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return open_; });
    }
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    void wait_for(int count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return waiting_ >= count; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int waiting_ = 0;
    bool open_ = false;
};

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
    start();
    Client client = connect();
    for (int i = 0; i < 3; ++i) {
        const auto answer = client.ask(get("/a/b%20c?x=1&y=%2F"));
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 200);
        EXPECT_EQ(answer->body, "GET /a/b%20c?x=1&y=%2F 0");
        EXPECT_EQ(answer->headers.count("connection"), 0U);
    }
    const auto posted = client.ask(post("/fhir/Patient", R"({"a":1})"));
    ASSERT_TRUE(posted);
    EXPECT_EQ(posted->body, "POST /fhir/Patient? 7");
}

TEST_F(ServerTest, EveryAnswerCarriesTheSecurityHeaders) {
    start();
    for (const std::string& request :
         {get("/"), get("/", "Expect: magic\r\n"), std::string("nonsense\r\n\r\n")}) {
        const auto answer = ask(request);
        ASSERT_TRUE(answer);
        const auto& headers = answer->headers;
        EXPECT_THAT(headers.at("strict-transport-security"), ::testing::HasSubstr("max-age="));
        EXPECT_EQ(headers.at("x-content-type-options"), "nosniff");
        EXPECT_EQ(headers.at("cache-control"), "no-store");
        EXPECT_EQ(headers.at("content-security-policy"),
                  "default-src 'none'; frame-ancestors 'none'");
        EXPECT_EQ(headers.at("referrer-policy"), "no-referrer");
        EXPECT_EQ(headers.at("cross-origin-resource-policy"), "same-origin");
        EXPECT_EQ(headers.count("server"), 0U);
    }
}

TEST_F(ServerTest, OnlyTls13WithTheTwoSuites) {
    start();
    Client old = Client::tls(server_->port(), {material_.ca_file, TLS1_2_VERSION, TLS1_2_VERSION});
    EXPECT_FALSE(old.secure());
    for (const char* refused : {"TLS_AES_128_GCM_SHA256", "TLS_AES_128_CCM_SHA256"})
        EXPECT_FALSE(Client::tls(server_->port(),
                                 {material_.ca_file, TLS1_3_VERSION, TLS1_3_VERSION, refused})
                         .secure());
    for (const char* suite : {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
        Client client = Client::tls(server_->port(),
                                    {material_.ca_file, TLS1_3_VERSION, TLS1_3_VERSION, suite});
        ASSERT_TRUE(client.secure());
        EXPECT_STREQ(SSL_get_cipher(client.ssl()), suite);
        EXPECT_EQ(client.ask(get("/"))->status, 200);
    }
    Client plain = Client::tcp(server_->port());
    EXPECT_FALSE(plain.ask(get("/")));
}

TEST_F(ServerTest, SpeaksHttp11AloneByAlpn) {
    start();
    Client h1 = Client::tls(server_->port(), {material_.ca_file, TLS1_3_VERSION, TLS1_3_VERSION,
                                              nullptr, "\x02h2\x08http/1.1"});
    ASSERT_TRUE(h1.secure());
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(h1.ssl(), &protocol, &size);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(protocol), size), "http/1.1");
    EXPECT_FALSE(Client::tls(server_->port(),
                             {material_.ca_file, TLS1_3_VERSION, TLS1_3_VERSION, nullptr, "\x02h2"})
                     .secure());
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
    start();
    Client client = connect();
    std::string requests;
    for (int i = 0; i < 200; ++i)
        requests += i % 3 == 0 ? post("/p" + std::to_string(i), std::string(i, 'x'))
                               : get("/g" + std::to_string(i));
    ASSERT_TRUE(client.send(requests));
    for (int i = 0; i < 200; ++i) {
        const auto answer = client.read();
        ASSERT_TRUE(answer) << i;
        const std::string number = std::to_string(i);
        EXPECT_EQ(answer->body,
                  i % 3 == 0 ? "POST /p" + number + "? " + number : "GET /g" + number + "? 0");
    }
}

TEST_F(ServerTest, HeadIsGetWithoutTheBody) {
    start();
    Client client = connect();
    client.send("HEAD /x HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto head = client.read(true);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->headers.at("content-length"), "9");
    EXPECT_EQ(client.ask(get("/x"))->body, "GET /x? 0");
}

TEST_F(ServerTest, LargeAndChunkedBodiesArriveWhole) {
    std::string seen;
    start([&seen](const HttpRequest& request) {
        seen = request.body;
        return HttpResponse{};
    });
    std::string body;
    for (int i = 0; body.size() < 3'000'000; ++i)
        body += std::to_string(i) + ",";
    Client client = connect();
    EXPECT_EQ(client.ask(post("/fhir", body))->status, 200);
    EXPECT_TRUE(seen == body);
    // The next request follows the body directly.
    EXPECT_EQ(client.ask(post("/fhir", "next"))->status, 200);
    EXPECT_EQ(seen, "next");

    std::string chunked = "POST /fhir HTTP/1.1\r\nHost: l\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0; at < body.size(); at += 70'001) {
        char size[16];
        const std::string part = body.substr(at, 70'001);
        std::snprintf(size, sizeof size, "%zx\r\n", part.size());
        chunked += size + part + "\r\n";
    }
    chunked += "0\r\n\r\n";
    EXPECT_EQ(client.ask(chunked)->status, 200);
    EXPECT_TRUE(seen == body);
    EXPECT_EQ(client.ask(post("/fhir", "after"))->status, 200);
    EXPECT_EQ(seen, "after");
}

TEST_F(ServerTest, ChunksMayComeAByteAtATime) {
    start();
    Client client = connect();
    const std::string request =
        "POST /a HTTP/1.1\r\nHost: l\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    for (const char c : request)
        ASSERT_TRUE(client.send({&c, 1}));
    EXPECT_EQ(client.read()->body, "POST /a? 3");
    for (const char c : std::string("POST /b HTTP/1.1\r\nHost: l\r\nTransfer-Encoding: chunked"
                                    "\r\n\r\n0\r\n\r\n"))
        ASSERT_TRUE(client.send({&c, 1}));
    EXPECT_EQ(client.read()->body, "POST /b? 0");
}

TEST_F(ServerTest, LargeAnswersArriveWhole) {
    std::string body(5'000'000, 'x');
    for (std::size_t i = 0; i < body.size(); i += 97)
        body[i] = static_cast<char>('a' + i % 26);
    start([&body](const HttpRequest&) {
        HttpResponse response;
        response.body = body;
        return response;
    });
    Client client = connect();
    EXPECT_TRUE(client.ask(get("/"))->body == body);
    EXPECT_TRUE(client.ask(get("/"))->body == body);
}

TEST_F(ServerTest, ContinuesWhenAsked) {
    start();
    Client client = connect();
    client.send(
        "POST /fhir HTTP/1.1\r\nHost: l\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.read()->status, 100);
    EXPECT_EQ(client.ask("hello")->body, "POST /fhir? 5");
}

TEST_F(ServerTest, StrangersSendNoLargeBody) {
    options_.admission = [](const HttpRequest& request) -> std::optional<HttpResponse> {
        if (request.header("authorization") == "Bearer good") return std::nullopt;
        HttpResponse response;
        response.status = 401;
        return response;
    };
    start();
    Client client = connect();
    // The answer comes although not a byte of the body was sent.
    const auto refused = client.ask(
        "POST /fhir HTTP/1.1\r\nHost: l\r\nContent-Length: 1000000\r\nExpect: "
        "100-continue\r\n\r\n");
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 401);
    EXPECT_EQ(refused->headers.at("connection"), "close");
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(
        ask(post("/fhir", std::string(1'000'000, ' '), "Authorization: Bearer good\r\n"))->status,
        200);
    EXPECT_EQ(ask(post("/fhir", "small"))->status, 200);
}

TEST_F(ServerTest, DefectsOfHandlersAreAnswered) {
    start([](const HttpRequest& request) -> HttpResponse {
        if (request.path == "/throws") throw std::runtime_error("with a value of the request");
        HttpResponse response;
        response.headers.emplace_back("Location", "/x\r\nSet-Cookie: a=b");
        return response;
    });
    for (const char* path : {"/throws", "/splits"}) {
        const auto answer = ask(get(path));
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 500);
        EXPECT_EQ(answer->headers.count("set-cookie"), 0U);
        EXPECT_THAT(answer->body, ::testing::Not(::testing::HasSubstr("value")));
    }
}

TEST_F(ServerTest, HealthIsAnsweredWhileEveryWorkerIsBusy) {
    Door door;
    options_.limits.workers = 3;
    options_.limits.slot = milliseconds(200);
    start([&door](const HttpRequest& request) {
        if (request.path == "/slow") door.pass();
        return HttpResponse{};
    });
    std::vector<std::future<int>> slow;
    for (int i = 0; i < 3; ++i)
        slow.push_back(
            std::async(std::launch::async, [this] { return ask(get("/slow"))->status; }));
    door.wait_for(3);
    EXPECT_EQ(ask(get("/healthz"))->status, 200);
    const auto busy = ask(get("/other"));  // waits its time for a worker
    ASSERT_TRUE(busy);
    EXPECT_EQ(busy->status, 503);
    EXPECT_EQ(busy->headers.at("retry-after"), "1");
    EXPECT_TRUE(counted("salus_refusals_total{limit=\"workers\"} 1"));
    door.open();
    for (auto& answer : slow)
        EXPECT_EQ(answer.get(), 200);
    EXPECT_EQ(ask(get("/other"))->status, 200);
}

TEST_F(ServerTest, WaitingRequestsAreServedWhenAWorkerIsFree) {
    options_.limits.workers = 1;
    std::atomic<int> at_once{0};
    std::atomic<int> most{0};
    start([&](const HttpRequest&) {
        most = std::max(most.load(), ++at_once);
        std::this_thread::yield();
        --at_once;
        return HttpResponse{};
    });
    std::vector<std::future<bool>> clients;
    for (int i = 0; i < 20; ++i)
        clients.push_back(std::async(std::launch::async, [this] {
            Client client = connect();
            for (int k = 0; k < 20; ++k)
                if (const auto answer = client.ask(get("/")); !answer || answer->status != 200)
                    return false;
            return true;
        }));
    for (auto& client : clients)
        EXPECT_TRUE(client.get());
    EXPECT_EQ(most, 1);
}

TEST_F(ServerTest, DrainFinishesWhatIsInFlight) {
    Door door;
    start([&door](const HttpRequest& request) {
        if (request.path == "/slow") door.pass();
        return HttpResponse{};
    });
    Client idle = connect();
    ASSERT_EQ(idle.ask(get("/"))->status, 200);
    Client busy = connect();
    busy.send(get("/slow"));
    door.wait_for(1);
    const std::uint16_t port = server_->port();
    auto drained = std::async(std::launch::async, [this] { server_->drain(); });
    EXPECT_TRUE(idle.ended());
    idle.close();
    EXPECT_EQ(drained.wait_for(milliseconds(0)), std::future_status::timeout);
    door.open();
    const auto answer = busy.read();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->headers.at("connection"), "close");
    EXPECT_TRUE(busy.ended());
    busy.close();
    drained.get();
    EXPECT_FALSE(Client::tcp(port).connected());
}

TEST_F(ServerTest, OperatorSocketIsPrivateAndTellsItself) {
    options_.operator_socket = folder_->path() + "/operator.sock";
    start([](const HttpRequest& request) {
        HttpResponse response;
        response.body = request.listener == Listener::operator_socket ? "operator" : "tls";
        return response;
    });
    struct stat info {};
    ASSERT_EQ(::stat(options_.operator_socket.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    Client client = Client::unix_socket(options_.operator_socket);
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(client.ask(get("/api/operator/status"))->body, "operator");
    EXPECT_EQ(ask(get("/api/operator/status"))->body, "tls");

    ServerOptions second = options_;
    second.port = 0;
    Server other(second, echo, metrics_, log_);
    const auto refused = other.start();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::conflict);
    server_->drain();
    EXPECT_FALSE(std::filesystem::exists(options_.operator_socket));
}

TEST_F(ServerTest, StartSaysWhyItCant) {
    start();
    ServerOptions taken = options_;
    taken.port = server_->port();
    EXPECT_EQ(Server(taken, echo, metrics_, log_).start().error().code(), Errc::conflict);
    ServerOptions nowhere = options_;
    nowhere.address = "192.0.2.1";
    EXPECT_EQ(Server(nowhere, echo, metrics_, log_).start().error().code(), Errc::invalid);
    ServerOptions no_key = options_;
    no_key.key_file = "/nonexistent";
    EXPECT_EQ(Server(no_key, echo, metrics_, log_).start().error().code(), Errc::invalid);
}

}  // namespace
}  // namespace salus::edge
