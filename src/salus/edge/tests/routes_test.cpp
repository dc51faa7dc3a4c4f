#include "salus/edge/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "salus/access/gate.h"
#include "salus/core/json.h"
#include "tests/support/clinic.h"

namespace salus::edge {
namespace {

using test::Clinic;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// The routes over the real parts, called as the server calls them.
class RoutesTest : public ::testing::Test {
  protected:
    using Headers = std::vector<std::pair<std::string_view, std::string_view>>;

    HttpResponse ask(Listener listener, std::string_view method, std::string_view path,
                     std::string_view body = {}, const Headers& headers = {}) {
        HttpRequest request;
        request.listener = listener;
        request.method = method;
        request.path = path.substr(0, path.find('?'));
        if (const auto mark = path.find('?'); mark != std::string_view::npos)
            request.query = path.substr(mark + 1);
        request.body = body;
        request.headers = headers;
        return handler_(request);
    }
    HttpResponse ask_operator(std::string_view method, std::string_view path,
                              std::string_view body = {}) {
        return ask(Listener::operator_socket, method, path, body,
                   {{"content-type", "application/json"}});
    }
    HttpResponse ask_as(const std::string& token, std::string_view method, std::string_view path,
                        std::string_view body = {}) {
        const std::string authorization = "Bearer " + token;
        return ask(Listener::tls, method, path, body,
                   {{"authorization", authorization},
                    {"content-type",
                     path.starts_with("/fhir") ? "application/fhir+json" : "application/json"}});
    }
    static std::string header(const HttpResponse& response, std::string_view name) {
        for (const auto& [key, value] : response.headers)
            if (key == name) return value;
        return {};
    }
    static std::string member(const HttpResponse& response, std::string_view name) {
        const auto document = JsonDocument::parse(response.body);
        return document ? std::string(document->root()[name].text()) : std::string();
    }
    std::string log_in(const std::string& tenant, identity::Role role, const char* username) {
        return clinic_.login(tenant, clinic_.invite(tenant, username, role));
    }

    Clinic& clinic_ = Clinic::shared();
    access::CareIndex care_{clinic_.pool(), clinic_.clock()};
    access::Gate gate_{clinic_.recorder(), care_, clinic_.clock()};
    fhir::Service fhir_{{"https://localhost:8443/fhir"},
                        clinic_.pool(),
                        clinic_.keystore(),
                        gate_,
                        care_,
                        clinic_.clock(),
                        clinic_.log()};
    Metrics metrics_;
    std::atomic<int> shutdowns_{0};
    Handler handler_ = make_handler(
        {clinic_.sessions(), clinic_.tenants(), fhir_, clinic_.recorder(), clinic_.keystore(),
         metrics_, clinic_.clock(), clinic_.log(), db::TestDatabase::instance().folder() + "/audit",
         "1.2.3", [this] { ++shutdowns_; }});
};

TEST_F(RoutesTest, HealthAndUnknownPlaces) {
    EXPECT_EQ(ask(Listener::tls, "GET", "/healthz").body, R"({"status":"ok"})");
    const auto nowhere = ask(Listener::tls, "GET", "/nowhere");
    EXPECT_EQ(nowhere.status, 404);
    EXPECT_THAT(nowhere.body, StartsWith(R"({"error":{"code":"not-found",)"));
    const auto wrong = ask(Listener::tls, "DELETE", "/auth/login");
    EXPECT_EQ(wrong.status, 405);
    EXPECT_EQ(header(wrong, "Allow"), "POST");
}

TEST_F(RoutesTest, MetricsAreForThisMachine) {
    HttpRequest request;
    request.method = "GET";
    request.path = "/metrics";
    EXPECT_EQ(handler_(request).status, 404);
    request.from_loopback = true;
    EXPECT_THAT(handler_(request).body, HasSubstr("salus_http_requests_total"));
}

TEST_F(RoutesTest, RequestIdsComeBackWhenHarmless) {
    const auto id_for = [this](std::string_view id) {
        return header(ask(Listener::tls, "GET", "/healthz", {}, {{"x-request-id", id}}),
                      "X-Request-Id");
    };
    EXPECT_EQ(id_for("abc-123.X_9"), "abc-123.X_9");
    for (const std::string& id : {std::string("a b"), std::string("a\"b"), std::string(65, 'a')}) {
        EXPECT_NE(id_for(id), id);
        EXPECT_TRUE(Uuid::parse(id_for(id)));
    }
}

TEST_F(RoutesTest, TheOperatorManagesTenantsAndPeople) {
    const std::string name = clinic_.new_name();
    const auto made = ask_operator("POST", "/api/operator/tenants", R"({"name":")" + name + "\"}");
    ASSERT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(member(made, "state"), "active");
    EXPECT_EQ(ask_operator("POST", "/api/operator/tenants", R"({"name":")" + name + "\"}").status,
              409);
    EXPECT_THAT(ask_operator("GET", "/api/operator/tenants").body, HasSubstr(name));

    const std::string tenant = "/api/operator/tenants/" + name;
    const auto invited =
        ask_operator("POST", tenant + "/users", R"({"username":"a.b@c.example","role":"nurse"})");
    ASSERT_EQ(invited.status, 201) << invited.body;
    EXPECT_FALSE(member(invited, "password").empty());
    EXPECT_FALSE(member(invited, "totp_secret").empty());
    EXPECT_THAT(ask_operator("GET", tenant + "/users").body,
                HasSubstr(R"("username":"a.b@c.example","role":"nurse","active":true)"));
    EXPECT_EQ(ask_operator("POST", tenant + "/users/a.b%40c.example/disable").status, 204);
    EXPECT_THAT(ask_operator("GET", tenant + "/users").body, HasSubstr(R"("active":false)"));
    EXPECT_EQ(ask_operator("POST", tenant + "/users/nobody/disable", "{}").status, 404);

    EXPECT_EQ(ask_operator("POST", tenant + "/suspend", "{}").status, 204);
    EXPECT_EQ(member(ask_operator("GET", tenant), "state"), "suspended");
    EXPECT_EQ(ask_operator("POST", tenant + "/resume").status, 204);
    EXPECT_EQ(ask_operator("POST", tenant + "/rotate-keys").status, 204);
    EXPECT_THAT(ask_operator("GET", tenant + "/keys").body, HasSubstr(R"({"generation":2,)"));
    EXPECT_EQ(ask_operator("GET", "/api/operator/tenants/absent").status, 404);

    const auto status = ask_operator("GET", "/api/operator/status");
    EXPECT_EQ(member(status, "database"), "ok");
    EXPECT_EQ(member(status, "version"), "1.2.3");
    EXPECT_EQ(ask_operator("POST", "/api/operator/shutdown").status, 202);
    EXPECT_EQ(shutdowns_, 1);
}

TEST_F(RoutesTest, OperatorRoutesAreNotOnTheNetwork) {
    const std::string token =
        log_in(clinic_.new_tenant_name(), identity::Role::security_officer, "officer");
    for (const RouteName& route : route_names())
        if (route.path.starts_with("/api/operator")) {
            EXPECT_EQ(ask_as(token, route.method, route.path).status, 404) << route.path;
        }
    EXPECT_EQ(shutdowns_, 0);
}

TEST_F(RoutesTest, BodiesAreReadStrictly) {
    for (const char* body :
         {"", "{}", "[]", "{\"name\":1}", "{\"name\":null}", R"({"name":"a","extra":"b"})",
          R"({"name":"a","name":"b"})", "{\"name\":\"a\"} x", "name=a"}) {
        const auto answer = ask_operator("POST", "/api/operator/tenants", body);
        EXPECT_EQ(answer.status, 400) << body;
        EXPECT_THAT(answer.body, StartsWith(R"({"error":{"code":"invalid")"));
    }
    EXPECT_EQ(
        ask(Listener::operator_socket, "POST", "/api/operator/tenants", R"({"name":"a"})").status,
        400);
    const std::string tenant = "/api/operator/tenants/" + clinic_.new_tenant_name();
    EXPECT_EQ(ask_operator("POST", tenant + "/suspend", R"({"now":"yes"})").status, 400);
    EXPECT_EQ(
        ask_operator("POST", tenant + "/users", R"({"username":"x","role":"emperor"})").status,
        400);
    EXPECT_EQ(ask_operator("POST", tenant + "/users",
                           R"({"username":"x","role":"nurse","practitioner":"7"})")
                  .status,
              400);
    EXPECT_EQ(
        ask_operator("POST", tenant + "/clients", R"({"name":"x","scopes":"system/*"})").status,
        400);
}

TEST_F(RoutesTest, LogInWhoAmILogOut) {
    const std::string tenant = clinic_.new_tenant_name();
    const auto credentials = clinic_.invite(tenant, "dr.x", identity::Role::physician);
    const auto body = [&](const std::string& password) {
        JsonWriter json;
        json.begin_object().member("tenant", tenant).member("username", credentials.username);
        json.member("password", password).member("totp", clinic_.code(credentials)).end_object();
        return std::move(json).str();
    };
    const Headers json{{"content-type", "application/json; charset=utf-8"}};
    const auto wrong = ask(Listener::tls, "POST", "/auth/login", body("wrong"), json);
    EXPECT_EQ(wrong.status, 401);
    EXPECT_THAT(header(wrong, "WWW-Authenticate"), StartsWith("Bearer"));
    const auto answer = ask(Listener::tls, "POST", "/auth/login", body(credentials.password), json);
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(member(answer, "token_type"), "Bearer");
    EXPECT_EQ(member(answer, "role"), "physician");
    const std::string token = member(answer, "token");

    const auto who = ask_as(token, "GET", "/auth/whoami");
    EXPECT_EQ(member(who, "kind"), "person");
    EXPECT_EQ(member(who, "role"), "physician");
    EXPECT_EQ(ask(Listener::tls, "GET", "/auth/whoami").status, 401);
    EXPECT_EQ(ask_as(token + "x", "GET", "/auth/whoami").status, 401);
    EXPECT_EQ(ask_as(token, "POST", "/auth/logout", "{}").status, 204);
    EXPECT_EQ(ask_as(token, "GET", "/auth/whoami").status, 401);
}

TEST_F(RoutesTest, FhirNeedsATokenAndMetadataDoesNot) {
    const auto open = ask(Listener::tls, "GET", "/fhir/metadata");
    EXPECT_EQ(open.status, 200);
    EXPECT_EQ(open.content_type, "application/fhir+json");
    EXPECT_EQ(member(open, "resourceType"), "CapabilityStatement");
    for (const Headers& headers :
         {Headers{}, Headers{{"authorization", "Basic abc"}}, Headers{{"authorization", "Bearer "}},
          Headers{{"authorization", "Bearer not-a-token"}}}) {
        const auto closed = ask(Listener::tls, "GET", "/fhir/Patient/1", {}, headers);
        EXPECT_EQ(closed.status, 401);
        EXPECT_EQ(member(closed, "resourceType"), "OperationOutcome");
        EXPECT_THAT(header(closed, "WWW-Authenticate"), StartsWith("Bearer"));
    }
    EXPECT_EQ(ask(Listener::tls, "POST", "/fhir/metadata", "{}").status, 401);
}

TEST_F(RoutesTest, AMachineClientWritesAndReads) {
    const std::string tenant = clinic_.new_tenant_name();
    const auto made = ask_operator("POST", "/api/operator/tenants/" + tenant + "/clients",
                                   R"({"name":"feed","scopes":"system/Patient.crs"})");
    ASSERT_EQ(made.status, 201) << made.body;
    const std::string token = member(made, "token");
    EXPECT_THAT(ask_as(token, "GET", "/auth/whoami").body,
                HasSubstr(R"("scopes":["system/Patient.crs"])"));
    const auto created =
        ask_as(token, "POST", "/fhir/Patient", R"({"resourceType":"Patient","gender":"female"})");
    ASSERT_EQ(created.status, 201) << created.body;
    EXPECT_EQ(created.route, "fhir");
    EXPECT_THAT(header(created, "Location"), HasSubstr("/fhir/Patient/"));
    const auto read = ask_as(token, "GET", "/fhir/Patient/" + member(created, "id"));
    EXPECT_EQ(read.status, 200);
    EXPECT_EQ(header(read, "ETag"), "W/\"1\"");
    EXPECT_EQ(ask_as(token, "DELETE", "/fhir/Patient/" + member(created, "id")).status, 403);
}

TEST_F(RoutesTest, TheAuditLogIsForSecurityOfficersAndReadingItIsInIt) {
    const std::string tenant = clinic_.new_tenant_name();
    const TenantId id = clinic_.tenants().find(tenant)->id;
    const std::string officer = log_in(tenant, identity::Role::security_officer, "officer");
    const std::string nurse = log_in(tenant, identity::Role::nurse, "nurse");
    EXPECT_EQ(ask_as(nurse, "GET", "/api/audit").status, 403);
    EXPECT_EQ(ask(Listener::tls, "GET", "/api/audit").status, 401);
    const std::size_t before = clinic_.audit_log(id).size();
    const auto page = ask_as(officer, "GET", "/api/audit?limit=2");
    ASSERT_EQ(page.status, 200) << page.body;
    EXPECT_EQ(member(page, "size"), std::to_string(before));
    EXPECT_EQ(member(page, "from"), std::to_string(before - 2));
    const auto document = JsonDocument::parse(page.body);
    EXPECT_EQ(document->root()["entries"].size(), 2U);
    EXPECT_THAT(member(page, "checkpoint"), HasSubstr("\n" + std::to_string(before) + "\n"));
    EXPECT_EQ(clinic_.audited(id, "security officer reads the audit log"), 1U);
    EXPECT_EQ(clinic_.audited(id, "not a security officer"), 1U);
    for (const char* query : {"from=-1", "from=x", "limit=0", "limit=1001", "limit=1&limit=2",
                              "from=", "other=1", "from=1&from=1", "from=99999999999999999999"})
        EXPECT_EQ(ask_as(officer, "GET", std::string("/api/audit?") + query).status, 400) << query;
    EXPECT_THAT(ask_as(officer, "GET", "/api/audit?from=999999").body,
                HasSubstr(R"("entries":[])"));
}

TEST_F(RoutesTest, LargeBodiesAreAdmittedWithATokenOnly) {
    const Admission admission = make_admission(clinic_.sessions());
    const std::string token =
        log_in(clinic_.new_tenant_name(), identity::Role::physician, "doctor");
    const std::string authorization = "Bearer " + token;
    HttpRequest request;
    request.method = "POST";
    request.path = "/fhir";
    const auto refused = admission(request);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 401);
    request.headers = {{"authorization", authorization}};
    EXPECT_FALSE(admission(request));
}

TEST_F(RoutesTest, AnswersNeverRepeatWhatWasSent) {
    const std::string canary = "cAnArY7";
    for (const auto& answer :
         {ask(Listener::tls, "GET", "/" + canary), ask(Listener::tls, "GET", "/fhir/" + canary),
          ask_operator("POST", "/api/operator/tenants", "{\"" + canary + "\":\"x\"}"),
          ask_operator("GET", "/api/operator/tenants/" + canary),
          ask(Listener::tls, "POST", "/auth/login",
              R"({"tenant":"cAnArY7","username":"cAnArY7","password":"cAnArY7","totp":"cAnArY7"})",
              {{"content-type", "application/json"}}),
          ask(Listener::tls, "GET", "/auth/whoami", {}, {{"authorization", "Bearer cAnArY7"}}),
          ask(Listener::tls, "GET", "/healthz", {}, {{"x-request-id", "cAnArY7 <"}})}) {
        EXPECT_THAT(answer.body, Not(HasSubstr(canary)));
        for (const auto& [name, value] : answer.headers)
            EXPECT_THAT(value, Not(HasSubstr(canary)));
    }
}

}  // namespace
}  // namespace salus::edge
