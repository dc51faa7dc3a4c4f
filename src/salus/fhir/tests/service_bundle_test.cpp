#include "src/salus/fhir/tests/store_world.h"

namespace salus::fhir::testing {
namespace {

class Bundles : public ServiceTest {
  protected:
    static std::string bundle(std::string_view type, std::initializer_list<std::string> entries) {
        std::string out =
            R"({"resourceType":"Bundle","type":")" + std::string(type) + R"(","entry":[)";
        for (const std::string& entry : entries) {
            if (out.back() == '}') out += ',';
            out += entry;
        }
        return out + "]}";
    }
    static std::string entry(std::string_view method, std::string_view url,
                             std::string_view resource = {}, std::string_view full_url = {},
                             std::string_view more = {}) {
        std::string out = "{";
        if (!full_url.empty()) out += R"("fullUrl":")" + std::string(full_url) + R"(",)";
        if (!resource.empty()) out += R"("resource":)" + std::string(resource) + ",";
        return out + R"("request":{"method":")" + std::string(method) + R"(","url":")" +
               std::string(url) + '"' + std::string(more) + "}}";
    }
    static constexpr const char* kUrn = "urn:uuid:0d4f4e3c-6b0f-4f6e-9a57-3c1c1de1a001";
    static constexpr const char* kUrn2 = "urn:uuid:0d4f4e3c-6b0f-4f6e-9a57-3c1c1de1a002";
};

TEST_F(Bundles, TransactionLinksItsEntries) {
    const Response response =
        post("/", bundle("transaction", {entry("POST", "Observation", observation(kUrn)),
                                         entry("POST", "Patient", patient("Linked"), kUrn)}));
    ASSERT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(string_of(response.body, "type"), "transaction-response");
    EXPECT_NE(response.body.find(R"("status":"201 Created","location":"Patient/)"),
              std::string::npos);
    const Response found = get("/Patient", "family=Linked");
    ASSERT_EQ(total_of(found), 1);
    const auto document = JsonDocument::parse(found.body);
    const std::string id((*document->root()["entry"].begin())["resource"].string("id"));
    EXPECT_EQ(total_of(get("/Observation", "patient=" + id)), 1);
    EXPECT_EQ(total_of(get("/Observation", "subject=Patient/" + id + "&code=8867-4")), 1);
    EXPECT_EQ(total_of(get("/Observation", "patient=" + id + "&code=1-1")), 0);
}

TEST_F(Bundles, TransactionIsAllOrNothing) {
    const std::string bad = R"({"resourceType":"Observation","status":"no-such-status"})";
    const Response response =
        post("/", bundle("transaction", {entry("POST", "Patient", patient("Lost")),
                                         entry("POST", "Observation", bad)}));
    EXPECT_EQ(response.status, 400);
    EXPECT_NE(response.body.find("Bundle.entry[1].resource"), std::string::npos) << response.body;
    EXPECT_EQ(total_of(get("/Patient", "family=Lost")), 0);
}

TEST_F(Bundles, DanglingReferencesAreNamed) {
    const Response response =
        post("/", bundle("transaction", {entry("POST", "Observation", observation(kUrn2)),
                                         entry("POST", "Patient", patient("Dangling"), kUrn)}));
    EXPECT_EQ(response.status, 422);
    EXPECT_NE(response.body.find("Bundle.entry[0].resource.subject.reference"), std::string::npos)
        << response.body;
    EXPECT_EQ(total_of(get("/Patient", "family=Dangling")), 0);
}

TEST_F(Bundles, CyclesAreFine) {
    const auto organization = [](std::string_view part_of) {
        return R"({"resourceType":"Organization","name":"Cycle","partOf":{"reference":")" +
               std::string(part_of) + R"("}})";
    };
    const Response response = post(
        "/", bundle("transaction", {entry("POST", "Organization", organization(kUrn2), kUrn),
                                    entry("POST", "Organization", organization(kUrn), kUrn2)}));
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(total_of(get("/Organization", "name=cycle")), 2);
}

TEST_F(Bundles, ConditionalReferencesNeedOneMatch) {
    const std::string practitioner =
        R"({"resourceType":"Practitioner","identifier":[{"system":"http://npi","value":"42"}],"name":[{"family":"House"}]})";
    const auto with_performer = [](std::string_view reference) {
        std::string body = observation(kUrn);
        body.insert(body.size() - 1,
                    R"(,"performer":[{"reference":")" + std::string(reference) + R"("}])");
        return body;
    };
    const std::string asked = with_performer("Practitioner?identifier=http://npi|42");
    const auto send_it = [&] {
        return post("/", bundle("transaction", {entry("POST", "Patient", patient("Cond"), kUrn),
                                                entry("POST", "Observation", asked)}));
    };
    const Response none = send_it();
    EXPECT_EQ(none.status, 422);
    EXPECT_NE(none.body.find("Bundle.entry[1].resource.performer[0].reference"), std::string::npos)
        << none.body;
    const std::string stored = create("Practitioner", practitioner);
    EXPECT_EQ(send_it().status, 200);
    const Response found = get("/Observation", "performer=" + stored);
    EXPECT_EQ(total_of(found), 1) << found.body;
    EXPECT_NE(found.body.find(R"("reference":")" + stored + '"'), std::string::npos);
    create("Practitioner", practitioner);
    EXPECT_EQ(send_it().status, 422);
}

TEST_F(Bundles, ConditionalReferencesFindTheirOwnTransaction) {
    const std::string practitioner =
        R"({"resourceType":"Practitioner","identifier":[{"system":"http://npi","value":"77"}]})";
    std::string body = observation(kUrn);
    body.insert(body.size() - 1,
                R"(,"performer":[{"reference":"Practitioner?identifier=http://npi|77"}])");
    const Response response =
        post("/", bundle("transaction", {entry("POST", "Observation", body),
                                         entry("POST", "Practitioner", practitioner, kUrn2),
                                         entry("POST", "Patient", patient("Own"), kUrn)}));
    EXPECT_EQ(response.status, 200) << response.body;
}

TEST_F(Bundles, AllMethodsInOneTransaction) {
    const std::string gone = create("Patient", patient("Gone", "T-1"));
    const std::string changed = create("Patient", patient("Before", "T-2"));
    std::string after = patient("After", "T-2");
    after.insert(1, R"("id":")" + changed.substr(8) + R"(",)");
    const Response response = post(
        "/",
        bundle("transaction",
               {entry("GET", changed), entry("PUT", changed, after, {}, R"(,"ifMatch":"W/\"1\"")"),
                entry("DELETE", gone), entry("POST", "Patient", patient("New", "T-3")),
                entry("GET", "Patient?family=After")}));
    ASSERT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(get("/" + gone).status, 410);
    EXPECT_NE(get("/" + changed).body.find("After"), std::string::npos);
    const auto document = JsonDocument::parse(response.body);
    std::vector<std::string> statuses;
    for (const JsonView e : document->root()["entry"])
        statuses.emplace_back(e["response"].string("status"));
    const std::vector<std::string> wanted = {"200 OK", "200 OK", "204 No Content", "201 Created",
                                             "200 OK"};
    EXPECT_EQ(statuses, wanted);
    EXPECT_NE(response.body.find(R"("family":"After")"), std::string::npos);  // the GET saw the PUT
}

TEST_F(Bundles, OverlapsAndStaleVersionsStopATransaction) {
    const std::string one = create("Patient", patient("Same"));
    std::string body = patient("Same");
    body.insert(1, R"("id":")" + one.substr(8) + R"(",)");
    EXPECT_EQ(
        post("/", bundle("transaction", {entry("PUT", one, body), entry("DELETE", one)})).status,
        400);
    EXPECT_EQ(
        post("/", bundle("transaction", {entry("PUT", one, body, {}, R"(,"ifMatch":"W/\"9\"")"),
                                         entry("POST", "Patient", patient("Never"))}))
            .status,
        412);
    EXPECT_EQ(total_of(get("/Patient", "family=Never")), 0);
}

TEST_F(Bundles, BatchEntriesStandAlone) {
    const std::string bad = R"({"resourceType":"Observation","status":"no"})";
    const std::string once = R"(,"ifNoneExist":"identifier=http://clinic.example/mrn|B-1")";
    const Response response = post(
        "/", bundle("batch", {entry("POST", "Patient", patient("Batch", "B-1"), {}, once),
                              entry("POST", "Observation", bad),
                              entry("POST", "Patient", patient("Batch", "B-1"), {}, once),
                              entry("PATCH", "Patient/1"), entry("GET", "Patient?family=Batch")}));
    ASSERT_EQ(response.status, 200) << response.body;
    const auto document = JsonDocument::parse(response.body);
    std::vector<std::string> statuses;
    for (const JsonView e : document->root()["entry"])
        statuses.emplace_back(e["response"].string("status").substr(0, 3));
    const std::vector<std::string> wanted = {"201", "400", "200", "400", "200"};
    EXPECT_EQ(statuses, wanted) << response.body;
    EXPECT_EQ(total_of(get("/Patient", "family=Batch")), 1);
}

TEST_F(Bundles, ShellIsChecked) {
    EXPECT_EQ(post("/", R"({"resourceType":"Patient"})").status, 400);
    EXPECT_EQ(post("/", R"({"resourceType":"Bundle","type":"document"})").status, 400);
    EXPECT_EQ(post("/", R"({"resourceType":"Bundle","type":"batch","nonsense":1})").status, 400);
    EXPECT_EQ(post("/", R"({"resourceType":"Bundle","type":"transaction"})").status, 200);
}

TEST_F(Bundles, TwentyFiveThousandEntries) {
    std::string body = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
    body += entry("POST", "Patient", patient("Large", "L-1"), kUrn);
    for (int i = 1; i < 25'000; ++i)
        body += "," + entry("POST", "Observation", observation(kUrn));
    body += "]}";
    const Response response = post("/", body);
    ASSERT_EQ(response.status, 200) << response.body.substr(0, 500);
    const auto document = JsonDocument::parse(response.body);
    EXPECT_EQ(document->root()["entry"].size(), 25'000U);
    EXPECT_EQ(total_of(get("/Observation", "code=8867-4&_count=1")), 24'999);
}

}  // namespace
}  // namespace salus::fhir::testing
