#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "salus/access/gate.h"
#include "salus/core/json.h"
#include "salus/fhir/service.h"
#include "src/salus/db/testing/test_database.h"
#include "tests/support/test_access.h"

namespace salus::fhir::testing {

inline constexpr const char* kBase = "https://clinic.example/fhir";
inline constexpr const char* kJson = "application/fhir+json";

/// Everything a Service stands on, with a real database and keystore. One per process.
class World {
  public:
    static World& instance() {
        static World world;
        return world;
    }

    TenantContext make_tenant() {
        const TenantContext tenant = database.make_tenant();
        EXPECT_TRUE(keystore->create_tenant(tenant.id()));
        return tenant;
    }
    static identity::Caller client(TenantContext tenant,
                                   std::string_view scopes = "system/*.cruds") {
        return {TestAccess::key(), tenant,
                identity::Caller::Client{ClientId(1), *identity::parse_scopes(scopes)}};
    }
    static identity::Caller physician(TenantContext tenant, const Uuid& practitioner) {
        return {TestAccess::key(), tenant,
                identity::Caller::Person{PersonId(7), identity::Role::physician,
                                         PractitionerId(practitioner)}};
    }

    db::TestDatabase& database = db::TestDatabase::instance();
    SystemClock clock;
    std::unique_ptr<keys::Keystore> keystore = std::move(*keys::Keystore::open(
        database.folder() + "/fhir-keystore", Secret(to_bytes("a passphrase for tests")), clock));
    audit::Recorder recorder{database.pool(), *keystore, database.log()};
    access::CareIndex care{database.pool(), clock};
    access::Gate gate{recorder, care, clock};
    Service service{{kBase}, database.pool(), *keystore, gate, care, clock, database.log()};
};

/// A fresh tenant and its all-powerful client, with short ways to ask.
class ServiceTest : public ::testing::Test {
  protected:
    World& world = World::instance();
    TenantContext tenant = world.make_tenant();
    identity::Caller client = World::client(tenant);

    Response ask(const identity::Caller& who, const Request& request) {
        return world.service.handle(who, request);
    }
    Response get(std::string_view path, std::string_view query = {}) {
        return get_as(client, path, query);
    }
    Response get_as(const identity::Caller& who, std::string_view path,
                    std::string_view query = {}) {
        Request request;
        request.path = path;
        request.query = query;
        return ask(who, request);
    }
    Response send(Method method, std::string_view path, std::string_view body,
                  std::string_view if_match = {}) {
        return send_as(client, method, path, body, if_match);
    }
    Response send_as(const identity::Caller& who, Method method, std::string_view path,
                     std::string_view body, std::string_view if_match = {}) {
        Request request;
        request.method = method;
        request.path = path;
        request.body = body;
        request.content_type = kJson;
        request.if_match = if_match;
        return ask(who, request);
    }
    Response post(std::string_view path, std::string_view body) {
        return send(Method::post, path, body);
    }
    /// Creates it and gives its "Type/id".
    std::string create(std::string_view type, std::string_view body) {
        const Response response = post(std::string("/") + std::string(type), body);
        EXPECT_EQ(response.status, 201) << response.body;
        return std::string(type) + "/" + string_of(response.body, "id");
    }

    static std::string string_of(std::string_view json, std::string_view member) {
        const auto document = JsonDocument::parse(json);
        return document ? std::string(document->root().string(member)) : std::string();
    }
    static std::int64_t total_of(const Response& response) {
        EXPECT_EQ(response.status, 200) << response.body;
        const auto document = JsonDocument::parse(response.body);
        return document ? std::atoll(std::string(document->root()["total"].text()).c_str()) : -1;
    }
    static std::string patient(std::string_view family, std::string_view identifier = "MRN-1") {
        return R"({"resourceType":"Patient","identifier":[{"system":"http://clinic.example/mrn","value":")" +
               std::string(identifier) + R"("}],"name":[{"family":")" + std::string(family) +
               R"(","given":["Ada"]}],"gender":"female","birthDate":"1980-02-29"})";
    }
    static std::string observation(std::string_view subject, std::string_view code = "8867-4",
                                   std::string_view when = "2024-05-06T10:00:00Z") {
        return R"({"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":")" +
               std::string(code) + R"("}]},"subject":{"reference":")" + std::string(subject) +
               R"("},"effectiveDateTime":")" + std::string(when) +
               R"(","valueQuantity":{"value":72.50,"unit":"/min"}})";
    }
    static Uuid key_of(std::string_view reference) {
        return Uuid::parse(reference.substr(reference.find('/') + 1)).value_or(Uuid());
    }
};

}  // namespace salus::fhir::testing
