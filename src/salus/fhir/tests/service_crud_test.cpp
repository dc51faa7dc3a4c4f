#include <thread>

#include "src/salus/fhir/tests/store_world.h"

namespace salus::fhir::testing {
namespace {

class Crud : public ServiceTest {};

TEST_F(Crud, CreatedIsReadBackAsWritten) {
    const Response made = post("/Patient", patient("Lovelace"));
    ASSERT_EQ(made.status, 201) << made.body;
    const std::string id = string_of(made.body, "id");
    EXPECT_EQ(made.location, std::string(kBase) + "/Patient/" + id + "/_history/1");
    EXPECT_EQ(made.etag, "W/\"1\"");
    const Response read = get("/Patient/" + id);
    ASSERT_EQ(read.status, 200) << read.body;
    EXPECT_EQ(read.body, made.body);
    EXPECT_EQ(read.etag, "W/\"1\"");
    EXPECT_NE(read.last_modified.find("GMT"), std::string::npos);
    EXPECT_TRUE(read.body.starts_with(R"({"resourceType":"Patient","id":")" + id +
                                      R"(","meta":{"versionId":"1","lastUpdated":")"));
}

TEST_F(Crud, DecimalsKeepTheirPrecision) {
    const std::string whose = create("Patient", patient("Hopper"));
    const std::string made = create("Observation", observation(whose));
    EXPECT_NE(get("/" + made).body.find(R"("value":72.50,)"), std::string::npos);
}

TEST_F(Crud, VersionsAndHistory) {
    const std::string made = create("Patient", patient("One"));
    const std::string id = made.substr(8);
    std::string second = patient("Two");
    second.insert(1, R"("id":")" + id + R"(",)");
    const Response updated = send(Method::put, "/" + made, second, "W/\"1\"");
    ASSERT_EQ(updated.status, 200) << updated.body;
    EXPECT_EQ(updated.etag, "W/\"2\"");
    EXPECT_EQ(send(Method::put, "/" + made, second, "W/\"1\"").status, 412);
    EXPECT_NE(get("/" + made + "/_history/1").body.find("One"), std::string::npos);
    EXPECT_NE(get("/" + made + "/_history/2").body.find("Two"), std::string::npos);
    EXPECT_EQ(get("/" + made + "/_history/3").status, 404);

    ASSERT_EQ(send(Method::remove, "/" + made, {}).status, 204);
    EXPECT_EQ(get("/" + made).status, 410);
    EXPECT_EQ(get("/" + made + "/_history/3").status, 410);
    EXPECT_EQ(send(Method::remove, "/" + made, {}).status, 404);
    const Response history = get("/" + made + "/_history");
    EXPECT_EQ(total_of(history), 3);
    EXPECT_NE(history.body.find("One"), std::string::npos);
    EXPECT_NE(history.body.find("Two"), std::string::npos);
    EXPECT_NE(history.body.find(R"("method":"DELETE")"), std::string::npos);

    const Response again = send(Method::put, "/" + made, second);
    EXPECT_EQ(again.status, 201) << again.body;
    EXPECT_EQ(again.etag, "W/\"4\"");
    const Response page = get("/" + made + "/_history", "_count=1");
    EXPECT_EQ(total_of(page), 4);
    EXPECT_NE(page.body.find("_count=1&_cursor=4"), std::string::npos) << page.body;
    EXPECT_NE(get("/" + made + "/_history", "_count=1&_cursor=4").body.find("DELETE"),
              std::string::npos);
}

TEST_F(Crud, ClientsMayChooseIds) {
    std::string body = patient("Chosen");
    body.insert(1, R"("id":"MRN.4711-x",)");
    EXPECT_EQ(send(Method::put, "/Patient/MRN.4711-x", body).status, 201);
    EXPECT_EQ(send(Method::put, "/Patient/MRN.4711-x", body).status, 200);
    EXPECT_EQ(string_of(get("/Patient/MRN.4711-x").body, "id"), "MRN.4711-x");
    EXPECT_EQ(send(Method::put, "/Patient/other", body).status, 400);
}

TEST_F(Crud, ConditionsOfHttp) {
    const std::string made = create("Patient", patient("Cached"));
    Request request;
    const std::string path = "/" + made;
    request.path = path;
    request.if_none_match = "W/\"1\"";
    EXPECT_EQ(ask(client, request).status, 304);
    request.if_none_match = "W/\"2\"";
    EXPECT_EQ(ask(client, request).status, 200);
    request.accept = "text/html, application/xml;q=0.9";
    EXPECT_EQ(ask(client, request).status, 406);
    request.accept = "text/html, application/json;q=0.9";
    EXPECT_EQ(ask(client, request).status, 200);
    EXPECT_EQ(get("/" + made, "_format=xml").status, 406);
    EXPECT_EQ(get("/" + made, "_format=json").status, 200);
    request = {};
    request.method = Method::post;
    request.path = "/Patient";
    const std::string body = patient("Xml");
    request.body = body;
    request.content_type = "application/fhir+xml";
    EXPECT_EQ(ask(client, request).status, 415);
    request.content_type = "application/fhir+json; charset=UTF-8; fhirVersion=4.0";
    request.prefer = "return=minimal";
    const Response minimal = ask(client, request);
    EXPECT_EQ(minimal.status, 201);
    EXPECT_TRUE(minimal.body.empty());
    request.prefer = "return=OperationOutcome";
    EXPECT_EQ(string_of(ask(client, request).body, "resourceType"), "OperationOutcome");
    EXPECT_EQ(send(Method::patch, "/" + made, "[]").status, 501);
    EXPECT_EQ(send(Method::put, "/Patient", "{}").status, 405);
    EXPECT_EQ(get("/Nothing/1").status, 404);
    EXPECT_EQ(get("/Patient/$everything").status, 501);
    EXPECT_EQ(get("/metadata").status, 200);
}

TEST_F(Crud, RefusalsNameThePathAndNoValue) {
    const Response bad = post(
        "/Patient", R"({"resourceType":"Patient","birthDate":"SECRET-1980","gender":"female"})");
    EXPECT_EQ(bad.status, 400);
    EXPECT_EQ(string_of(bad.body, "resourceType"), "OperationOutcome");
    EXPECT_NE(bad.body.find("Patient.birthDate"), std::string::npos) << bad.body;
    EXPECT_EQ(bad.body.find("SECRET"), std::string::npos);
    EXPECT_EQ(post("/Observation", patient("Wrong")).status, 400);
    EXPECT_EQ(post("/Patient", "{").status, 400);
    EXPECT_EQ(post("/Patient", R"({"resourceType":"Patient","SECRET":1})").body.find("SECRET"),
              std::string::npos);
    const Response unknown = get("/Patient", "SECRETPARAM=1");
    EXPECT_EQ(unknown.status, 400);
    EXPECT_EQ(unknown.body.find("SECRET"), std::string::npos);
}

TEST_F(Crud, ConditionalWrites) {
    Request request;
    request.method = Method::post;
    request.path = "/Patient";
    request.content_type = kJson;
    const std::string body = patient("Unique", "MRN-77");
    request.body = body;
    request.if_none_exist = "identifier=http://clinic.example/mrn|MRN-77";
    const Response first = ask(client, request);
    ASSERT_EQ(first.status, 201) << first.body;
    const Response second = ask(client, request);
    EXPECT_EQ(second.status, 200) << second.body;
    EXPECT_EQ(second.location, first.location);
    create("Patient", patient("Twin", "MRN-77"));
    EXPECT_EQ(ask(client, request).status, 412);

    request = {};
    request.method = Method::put;
    request.path = "/Patient";
    request.query = "identifier=http://clinic.example/mrn|MRN-88";
    request.content_type = kJson;
    const std::string other = patient("Conditional", "MRN-88");
    request.body = other;
    EXPECT_EQ(ask(client, request).status, 201);
    const Response changed = ask(client, request);
    EXPECT_EQ(changed.status, 200) << changed.body;
    EXPECT_EQ(changed.etag, "W/\"2\"");
    request.method = Method::remove;
    request.body = {};
    EXPECT_EQ(ask(client, request).status, 204);
    EXPECT_EQ(total_of(get("/Patient", "identifier=MRN-88")), 0);
}

TEST_F(Crud, RequestKeyAppliesOnce) {
    Request request;
    request.method = Method::post;
    request.path = "/Patient";
    request.content_type = kJson;
    const std::string body = patient("Keyed", "MRN-99");
    request.body = body;
    const std::string key(64, 'a');
    request.request_key = key;
    EXPECT_EQ(ask(client, request).status, 201);
    const Response again = ask(client, request);
    EXPECT_EQ(again.status, 200);
    EXPECT_NE(again.body.find("applied before"), std::string::npos);
    EXPECT_EQ(total_of(get("/Patient", "identifier=MRN-99")), 1);
}

TEST_F(Crud, ReferencesToOurOwnAddressBecomeRelative) {
    const std::string whose = create("Patient", patient("Absolute"));
    const std::string made = create("Observation", observation(std::string(kBase) + "/" + whose));
    EXPECT_NE(get("/" + made).body.find(R"("reference":")" + whose + '"'), std::string::npos);
    EXPECT_EQ(total_of(get("/Observation", "patient=" + whose)), 1);
}

TEST_F(Crud, CapabilityStatementDeclaresWhatIsThere) {
    const std::string& text = world.service.capability_statement();
    const auto document = JsonDocument::parse(text);
    ASSERT_TRUE(document);
    const JsonView root = document->root();
    EXPECT_EQ(root.string("fhirVersion"), "4.0.1");
    EXPECT_NE(text.find(R"("name":"clinical-status")"), std::string::npos);
    EXPECT_NE(text.find(R"({"code":"transaction"})"), std::string::npos);
}

}  // namespace
}  // namespace salus::fhir::testing
