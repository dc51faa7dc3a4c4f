#include <libpq-fe.h>

#include <filesystem>
#include <fstream>

#include "src/salus/fhir/tests/store_world.h"

namespace salus::fhir::testing {
namespace {

/// Runs statements as the database's superuser, whom row security does not stop.
std::string as_super(const std::string& sql) {
    PGconn* connection = PQconnectdb(World::instance().database.super_dsn().c_str());
    PGresult* result = PQexec(connection, sql.c_str());
    const ExecStatusType status = PQresultStatus(result);
    EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
        << PQerrorMessage(connection);
    std::string value;
    if (status == PGRES_TUPLES_OK && PQntuples(result) > 0) value = PQgetvalue(result, 0, 0);
    PQclear(result);
    PQfinish(connection);
    return value;
}

class Isolation : public ServiceTest {};

TEST_F(Isolation, AnotherTenantsIdsLookAbsentEverywhere) {
    const std::string theirs = create("Patient", patient("Theirs", "X-1"));
    const std::string body = patient("Mine");
    const identity::Caller other = World::client(world.make_tenant());
    const Response absent = get_as(other, "/Patient/0199aaaa-0000-7000-8000-000000000000");
    const Response swapped = get_as(other, "/" + theirs);
    EXPECT_EQ(swapped.status, 404);
    EXPECT_EQ(swapped.body, absent.body);
    EXPECT_EQ(get_as(other, "/" + theirs + "/_history").status, 404);
    EXPECT_EQ(get_as(other, "/" + theirs + "/_history/1").status, 404);
    EXPECT_EQ(send_as(other, Method::remove, "/" + theirs, {}).status, 404);
    EXPECT_EQ(total_of(get_as(other, "/Patient", "_id=" + theirs.substr(8))), 0);
    EXPECT_EQ(total_of(get_as(other, "/Patient", "identifier=X-1")), 0);
    EXPECT_EQ(total_of(get_as(other, "/Patient", "_count=0")), 0);
    std::string put = body;
    put.insert(1, R"("id":")" + theirs.substr(8) + R"(",)");
    EXPECT_EQ(send_as(other, Method::put, "/" + theirs, put).status, 201);  // their own, of that id
    EXPECT_NE(get("/" + theirs).body.find("Theirs"), std::string::npos);
    EXPECT_NE(get_as(other, "/" + theirs).body.find("Mine"), std::string::npos);
}

TEST_F(Isolation, ARowMovedToAnotherPlaceDoesNotOpen) {
    const std::string a = create("Patient", patient("Alpha"));
    const std::string b = create("Patient", patient("Beta"));
    as_super("UPDATE resource x SET body = y.body FROM resource y WHERE x.id = '" + a.substr(8) +
             "' AND y.id = '" + b.substr(8) + "'");
    const Response read = get("/" + a);
    EXPECT_EQ(read.status, 500);
    EXPECT_EQ(read.body.find("Beta"), std::string::npos);
}

TEST_F(Isolation, ARowMovedToAnotherTenantDoesNotOpen) {
    const std::string theirs = create("Patient", patient("Moved"));
    const TenantContext other = world.make_tenant();
    as_super("UPDATE resource SET tenant_id = " + std::to_string(other.id().value()) +
             " WHERE id = '" + theirs.substr(8) + "'");
    const Response read = get_as(World::client(other), "/" + theirs);
    EXPECT_EQ(read.status, 500);
    EXPECT_EQ(read.body.find("Moved"), std::string::npos);
}

TEST_F(Isolation, DeniedLooksAbsent) {
    const std::string mine = create("Patient", patient("Mine"));
    const std::string other = create("Patient", patient("Other"));
    const std::string doctor = create("Practitioner", R"({"resourceType":"Practitioner"})");
    create("CareTeam", R"({"resourceType":"CareTeam","status":"active","subject":{"reference":")" +
                           mine + R"("},"participant":[{"member":{"reference":")" + doctor +
                           R"("}}]})");
    const std::string seen = create("Observation", observation(mine));
    const std::string hidden = create("Observation", observation(other));
    const identity::Caller physician = World::physician(tenant, key_of(doctor));

    EXPECT_EQ(get_as(physician, "/" + mine).status, 200);
    EXPECT_EQ(get_as(physician, "/" + seen).status, 200);
    const Response denied = get_as(physician, "/" + other);
    const Response absent = get_as(physician, "/Patient/0199aaaa-0000-7000-8000-000000000000");
    EXPECT_EQ(denied.status, 404);
    EXPECT_EQ(denied.body, absent.body);
    EXPECT_EQ(get_as(physician, "/" + hidden).status, 404);
    EXPECT_EQ(total_of(get_as(physician, "/Observation")), 1);
    EXPECT_EQ(total_of(get_as(physician, "/Observation", "patient=" + other)), 0);
    EXPECT_EQ(total_of(get_as(physician, "/Patient", "family=Other")), 0);
    EXPECT_EQ(total_of(get_as(physician, "/Patient", "_id=" + other.substr(8))), 0);
    EXPECT_EQ(total_of(get_as(physician, "/Patient", "given=Ada")), 1);
    EXPECT_EQ(total_of(get_as(physician, "/Practitioner")), 1);
    EXPECT_EQ(send_as(physician, Method::post, "/Observation", observation(mine)).status, 201);
    EXPECT_EQ(send_as(physician, Method::post, "/Observation", observation(other)).status, 404);
    EXPECT_EQ(total_of(get("/Observation", "patient=" + other)), 1);
}

TEST_F(Isolation, IfMatchTellsNothingOfWhatIsDenied) {
    const std::string other = create("Patient", patient("Other"));
    const std::string absent = "Patient/0199aaaa-0000-7000-8000-000000000000";
    const std::string doctor = create("Practitioner", R"({"resourceType":"Practitioner"})");
    const identity::Caller physician = World::physician(tenant, key_of(doctor));
    const auto put = [&](const std::string& target, std::string_view match) {
        std::string body = patient("Guess");
        body.insert(1, R"("id":")" + target.substr(8) + R"(",)");
        return send_as(physician, Method::put, "/" + target, body, match);
    };
    for (const char* match : {"W/\"1\"", "W/\"2\""}) {
        const Response denied = put(other, match);
        EXPECT_EQ(denied.status, 412);
        EXPECT_EQ(denied.body, put(absent, match).body);
    }
    const identity::Caller officer(
        TestAccess::key(), tenant,
        identity::Caller::Person{PersonId(9), identity::Role::security_officer, std::nullopt});
    for (const std::string& target : {other, absent}) {
        EXPECT_EQ(get_as(officer, "/" + target).status, 403);
        EXPECT_EQ(send_as(officer, Method::remove, "/" + target, {}).status, 403);
        EXPECT_EQ(send_as(officer, Method::remove, "/" + target, {}, "W/\"1\"").status, 403);
    }
    EXPECT_EQ(get_as(officer, "/Patient").status, 403);
}

TEST_F(Isolation, AResourceOfTwoPatientsIsFoundUnderBothAndNeedsBoth) {
    const std::string first = create("Patient", patient("First"));
    const std::string second = create("Patient", patient("Second"));
    const std::string doctor = create("Practitioner", R"({"resourceType":"Practitioner"})");
    create("CareTeam", R"({"resourceType":"CareTeam","status":"active","subject":{"reference":")" +
                           first + R"("},"participant":[{"member":{"reference":")" + doctor +
                           R"("}}]})");
    const auto participant = [](const std::string& who) {
        return R"({"actor":{"reference":")" + who + R"("},"status":"accepted"})";
    };
    const std::string shared = create(
        "Appointment", R"({"resourceType":"Appointment","status":"proposed","participant":[)" +
                           participant(first) + "," + participant(second) + "]}");
    EXPECT_EQ(total_of(get("/Appointment", "patient=" + first)), 1);
    EXPECT_EQ(total_of(get("/Appointment", "patient=" + second)), 1);
    const identity::Caller physician = World::physician(tenant, key_of(doctor));
    EXPECT_EQ(get_as(physician, "/" + shared).status, 404);
    EXPECT_EQ(total_of(get_as(physician, "/Appointment", "patient=" + first)), 0);
}

TEST_F(Isolation, NothingReadableInTheDatabase) {
    const std::string canary = "Canaryquaxolotl";
    const std::string made = create("Patient", patient(canary, canary + "-7"));
    std::string changed = patient(canary, canary + "-8");
    changed.insert(1, R"("id":")" + made.substr(8) + R"(",)");
    ASSERT_EQ(send(Method::put, "/" + made, changed).status, 200);
    ASSERT_EQ(total_of(get("/Patient", "family=" + canary)), 1);
    as_super("CHECKPOINT");
    const std::string folder = world.database.folder() + "/pg";
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
        if (!file.is_regular_file()) continue;
        std::ifstream in(file.path(), std::ios::binary);
        const std::string content((std::istreambuf_iterator<char>(in)), {});
        EXPECT_EQ(content.find(canary), std::string::npos) << file.path();
    }
}

}  // namespace
}  // namespace salus::fhir::testing
