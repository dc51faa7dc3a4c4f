#include <libpq-fe.h>

#include <map>

#include "salus/fhir/detail/store_search.h"
#include "src/salus/fhir/tests/store_world.h"

namespace salus::fhir::testing {
namespace {

/// A session of the application's own role.
class AppSession {
  public:
    explicit AppSession(TenantId tenant)
        : connection_(PQconnectdb(World::instance().database.server().dsn("salus_app").c_str())) {
        run("SET plan_cache_mode = force_generic_plan");
        run("SELECT set_config('salus.tenant', '" + std::to_string(tenant.value()) + "', false)");
    }
    ~AppSession() { PQfinish(connection_); }
    AppSession(const AppSession&) = delete;
    AppSession& operator=(const AppSession&) = delete;

    std::string run(const std::string& sql) {
        PGresult* result = PQexec(connection_, sql.c_str());
        const ExecStatusType status = PQresultStatus(result);
        EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
            << PQerrorMessage(connection_);
        std::string text;
        for (int i = 0; status == PGRES_TUPLES_OK && i < PQntuples(result); ++i)
            text += std::string(PQgetvalue(result, i, 0)) + "\n";
        PQclear(result);
        return text;
    }

  private:
    PGconn* connection_;
};

class Plans : public ServiceTest {};

/// Right after an import nothing is analysed yet: the plans must be good without statistics.
TEST_F(Plans, SearchesUseTheirIndexesWithoutStatistics) {
    AppSession session(tenant.id());
    const std::string id = std::to_string(tenant.id().value());
    session.run(
        "INSERT INTO resource (tenant_id, updated_us, id, patient, version, type, codes, body) "
        "SELECT " +
        id +
        ", 0, gen_random_uuid(), md5((n % 50)::text)::uuid, 1, 96, '{1,2}', 'x' "
        "FROM generate_series(1, 20000) n");
    session.run("INSERT INTO token (tenant_id, token, id, type) SELECT " + id +
                ", n, gen_random_uuid(), 96 FROM generate_series(1, 20000) n");
    const std::string common = id + ", 96, 0, 99, '{}', '{}', '{}', '{}', ";
    const std::map<std::string_view, std::string> arguments = {
        {"by_patient", "array[md5('7')::uuid], '{1}', 100"},
        {"by_token", "'{1,2}', '{0,1}', 2, 100"},
        {"by_ids", "array[md5('7')::uuid]"},
        {"key_range", "md5('7')::uuid, 100"},
        {"count", ""}};
    std::map<std::string_view, std::string> plans;
    for (const SearchStatement& statement : search_statements()) {
        const std::string name(statement.name);
        session.run("PREPARE " + name + " AS " + std::string(statement.sql));
        std::string values = common + arguments.at(statement.name);
        if (values.ends_with(", ")) values.resize(values.size() - 2);
        plans[statement.name] = session.run("EXPLAIN EXECUTE " + name + "(" + values + ")");
    }
    for (const auto& [name, plan] : plans) {
        EXPECT_EQ(plan.find("Seq Scan on token"), std::string::npos) << plan;
        if (name != "count") {
            EXPECT_EQ(plan.find("Seq Scan on resource"), std::string::npos) << plan;
        }
    }
    const auto has = [&](std::string_view name, std::string_view text) {
        EXPECT_NE(plans[name].find(text), std::string::npos) << name << "\n" << plans[name];
    };
    has("by_patient", "using resource_patient");
    has("by_patient", "patient = ANY ($9)");
    has("by_patient", "(id = t.id)");
    has("by_patient", "using token_value");
    has("by_token", "using token_value");
    has("by_token", "using resource_pkey");
    has("by_ids", "(id = k.id)");
    has("key_range", "(id >= $9)");
    EXPECT_EQ(plans["by_ids"].find("Filter: (id"), std::string::npos);
}

}  // namespace
}  // namespace salus::fhir::testing
