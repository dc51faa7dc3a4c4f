#include <gtest/gtest.h>

#include <string>

#include "salus/db/detail/session.h"
#include "salus/db/testing/test_database.h"

namespace salus::db {
namespace {

/// The plans that the application's role gets, with row security: a condition that is not leakproof
/// would keep an index from being used, and nobody would notice before the table is large.
class Plans : public ::testing::Test {
  protected:
    void SetUp() override {
        auto super = detail::Session::open(database_.super_dsn());
        ASSERT_TRUE(super);
        const std::string tenant = std::to_string(tenant_.id().value());
        // 20,000 resources of 200 patients, and as many of another tenant.
        const std::string other = std::to_string(database_.make_tenant().id().value());
        for (const std::string& id : {tenant, other}) {
            ASSERT_TRUE(super->query(
                "INSERT INTO resource (tenant_id, updated_us, id, patient, version, type, codes, "
                "body) "
                "SELECT $1::text::bigint, n, md5(n::text)::uuid, md5((n % 200)::text)::uuid, 1, "
                "(n % 10)::smallint, ARRAY[n % 50, n % 7]::bigint[], '\\x00' "
                "FROM generate_series(1, 20000) AS n",
                id.c_str()));
            ASSERT_TRUE(super->query(
                "INSERT INTO token (tenant_id, token, id, type) SELECT $1::text::bigint, n * 7919, "
                "md5(n::text)::uuid, (n % 10)::smallint FROM generate_series(1, 20000) AS n",
                id.c_str()));
        }
        ASSERT_TRUE(super->run("ANALYZE resource; ANALYZE token"));
    }

    /// The generic plan, as one text.
    std::string plan(Sql prepare, Sql explain) {
        auto tx = database_.pool().tenant(tenant_);
        if (!tx || !tx->query(prepare)) return "failed";
        const auto rows = tx->query(explain);
        std::string text;
        for (std::size_t i = 0; rows && i < rows->size(); ++i)
            text += std::string(rows->text(i, 0)) + "\n";
        return text;
    }

    static bool has(const std::string& text, std::string_view part) {
        return text.find(part) != std::string::npos;
    }

    TestDatabase& database_ = TestDatabase::instance();
    TenantContext tenant_ = database_.make_tenant();
};

TEST_F(Plans, EveryLookUpUsesItsIndex) {
    const std::string by_id = plan(
        "PREPARE by_id (smallint, uuid) AS SELECT version, body FROM resource "
        "WHERE type = $1 AND id = $2",
        "EXPLAIN EXECUTE by_id (1, '00000000-0000-0000-0000-000000000000')");
    EXPECT_TRUE(has(by_id, "Index Scan using resource_pkey")) << by_id;
    EXPECT_TRUE(has(by_id, "tenant_id = ")) << by_id;

    // The filter on codes is not leakproof: it must run behind the index, on one patient's rows.
    const std::string in_patient = plan(
        "PREPARE in_patient (uuid, smallint, bigint[]) AS SELECT id, body FROM resource "
        "WHERE patient = $1 AND type::int = $2 AND codes @> $3",
        "EXPLAIN EXECUTE in_patient ('00000000-0000-0000-0000-000000000000', 1, '{5}')");
    EXPECT_TRUE(has(in_patient, "Index Scan using resource_patient")) << in_patient;
    EXPECT_TRUE(has(in_patient, "patient = $1")) << in_patient;

    const std::string by_token =
        plan("PREPARE by_token (bigint) AS SELECT id, type FROM token WHERE token = $1",
             "EXPLAIN EXECUTE by_token (1)");
    EXPECT_TRUE(has(by_token, "token_value")) << by_token;
    EXPECT_TRUE(has(by_token, "token = $1")) << by_token;

    for (const std::string& text : {by_id, in_patient, by_token})
        EXPECT_FALSE(has(text, "Seq Scan")) << text;
}

}  // namespace
}  // namespace salus::db
