#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "salus/db/detail/session.h"
#include "salus/db/testing/test_database.h"

namespace salus::db {
namespace {

/// The statements of one tenant table. `insert` makes a row of tenant $1, as the owner of the
/// fixture and as the attacker.
struct Table {
    const char* name;
    Sql insert;
    Sql count_other;
    Sql count_all;
    Sql update_other;
    Sql move_own;
    Sql delete_other;
    Sql digest;
};

#define TENANT_TABLE(table, columns, values)                                                   \
    Table {                                                                                    \
        table,                                                                                 \
            "INSERT INTO " table " (tenant_id, " columns ") VALUES ($1::text::bigint, " values \
            ")",                                                                               \
            "SELECT count(*) FROM " table " WHERE tenant_id = $1::text::bigint",               \
            "SELECT count(*) FROM " table,                                                     \
            "UPDATE " table " SET tenant_id = tenant_id WHERE tenant_id = $1::text::bigint",   \
            "UPDATE " table " SET tenant_id = $1::text::bigint",                               \
            "DELETE FROM " table " WHERE tenant_id = $1::text::bigint",                        \
            "SELECT coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') FROM " table  \
            " t WHERE tenant_id = $1::text::bigint"                                            \
    }

// Rows that others refer to come first.
const std::vector<Table>& tables() {
    static const std::vector<Table> kTables = {
        TENANT_TABLE("person", "username, role, password_hash, totp_sealed, created_us",
                     "gen_random_uuid()::text, 1, 'x', '\\x00', 0"),
        TENANT_TABLE("session", "token_hash, person_id, created_us, seen_us",
                     "decode(md5(random()::text), 'hex'), (SELECT max(person_id) FROM person "
                     "WHERE tenant_id = $1::text::bigint), 0, 0"),
        TENANT_TABLE("client", "name, scopes, token_hash, created_us",
                     "gen_random_uuid()::text, '', decode(md5(random()::text), 'hex'), 0"),
        TENANT_TABLE("care", "practitioner, patient, source_type, source, from_us, until_us",
                     "gen_random_uuid(), gen_random_uuid(), 1, gen_random_uuid(), 0, 1"),
        TENANT_TABLE("resource", "updated_us, id, version, type, body",
                     "0, gen_random_uuid(), 1, 1, '\\x00'"),
        TENANT_TABLE("resource_history", "updated_us, id, version, type, body",
                     "0, gen_random_uuid(), 1, 1, '\\x00'"),
        TENANT_TABLE("token", "token, id, type", "1, gen_random_uuid(), 1"),
        TENANT_TABLE("audit_outbox", "record", "'\\x00'"),
        TENANT_TABLE("applied_request", "key, applied_us", "decode(md5(random()::text), 'hex'), 0"),
    };
    return kTables;
}

class Isolation : public ::testing::Test {
  protected:
    void SetUp() override {
        auto session = detail::Session::open(database_.super_dsn());
        ASSERT_TRUE(session);
        super_.emplace(std::move(*session));
        for (const Table& table : tables())
            for (const std::string& tenant : {own_, other_})
                ASSERT_TRUE(super_->query(table.insert, tenant.c_str())) << table.name;
    }

    std::string digest(const Table& table) {
        auto rows = super_->query(table.digest, other_.c_str());
        return rows ? std::string(rows->text(0, 0)) : "failed";
    }

    /// Runs a statement about the other tenant and commits what can be: nothing may come of it.
    void attack(const Table& table, Sql statement, bool must_fail) {
        const std::string before = digest(table);
        auto tx = database_.pool().tenant(tenant_);
        ASSERT_TRUE(tx);
        Params params;
        params.text(other_);
        const auto done = tx->query(statement, params);
        EXPECT_FALSE(done && must_fail) << table.name;
        EXPECT_EQ(done ? done->affected() : 0U, 0U) << table.name;
        static_cast<void>(tx->commit().has_value());
        EXPECT_EQ(digest(table), before) << table.name;
    }

    TestDatabase& database_ = TestDatabase::instance();
    TenantContext tenant_ = database_.make_tenant();
    std::string own_ = std::to_string(tenant_.id().value());
    std::string other_ = std::to_string(database_.make_tenant().id().value());
    std::optional<detail::Session> super_;
};

TEST_F(Isolation, CoversEveryTenantTable) {
    auto rows = super_->query(
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE a.attname = 'tenant_id' AND c.relkind IN ('r', 'p') "
        "AND has_table_privilege('salus_app', c.oid, 'SELECT') AND c.relname <> 'tenant'");
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->size(), tables().size());
    for (std::size_t i = 0; i < rows->size(); ++i) {
        bool found = false;
        for (const Table& table : tables())
            found = found || rows->text(i, 0) == table.name;
        EXPECT_TRUE(found) << "add " << rows->text(i, 0) << " to this test";
    }
}

TEST_F(Isolation, AnotherTenantsRowsCannotBeSeen) {
    for (const Table& table : tables()) {
        auto tx = database_.pool().tenant(tenant_);
        ASSERT_TRUE(tx);
        Params other;
        other.text(other_);
        const auto of_other = tx->query(table.count_other, other);
        const auto all = tx->query(table.count_all);
        ASSERT_TRUE(of_other && all) << table.name;
        EXPECT_EQ(of_other->i64(0, 0), 0) << table.name;
        EXPECT_EQ(all->i64(0, 0), 1) << table.name;
    }
}

TEST_F(Isolation, AnotherTenantsRowsCannotBeWritten) {
    for (const Table& table : tables()) {
        attack(table, table.insert, true);
        attack(table, table.move_own, true);
        attack(table, table.update_other, false);
        attack(table, table.delete_other, false);
    }
}

TEST_F(Isolation, TheDirectoryOfTenantsShowsOneAndCannotBeChanged) {
    auto tx = database_.pool().tenant(tenant_);
    ASSERT_TRUE(tx);
    auto rows = tx->query("SELECT tenant_id FROM tenant");
    ASSERT_TRUE(rows);
    ASSERT_EQ(rows->size(), 1U);
    EXPECT_EQ(rows->i64(0, 0), tenant_.id().value());
    EXPECT_FALSE(tx->query("UPDATE tenant SET state = 2"));
    auto second = database_.pool().tenant(tenant_);
    ASSERT_TRUE(second);
    EXPECT_FALSE(second->query("INSERT INTO tenant (name, created_us) VALUES ('x', 0)"));
}

TEST_F(Isolation, WithoutATenantNothingIsThere) {
    // As the role of the application, but beside the pool: no tenant was ever set on the first
    // connection, and it was set and ended on the second.
    auto session = detail::Session::open(database_.server().dsn("salus_app"));
    ASSERT_TRUE(session);
    for (const bool after_a_transaction : {false, true}) {
        if (after_a_transaction) {
            ASSERT_TRUE(session->run("BEGIN"));
            ASSERT_TRUE(
                session->query("SELECT set_config('salus.tenant', $1, true)", own_.c_str()));
            ASSERT_TRUE(session->run("COMMIT"));
        }
        for (const Table& table : tables()) {
            auto all = session->query(table.count_all);
            ASSERT_TRUE(all) << table.name;
            EXPECT_EQ(all->i64(0, 0), 0) << table.name;
            EXPECT_FALSE(session->query(table.insert, own_.c_str())) << table.name;
        }
    }
}

TEST_F(Isolation, TheOperatorSeesNoChartAndNoCredential) {
    for (const Table& table : tables()) {
        auto tx = database_.pool().platform();
        ASSERT_TRUE(tx);
        const auto seen = tx->query(table.count_all);
        EXPECT_EQ(seen.has_value(), std::string_view(table.name) == "audit_outbox") << table.name;
    }
}

TEST_F(Isolation, RolesCannotBecomeStronger) {
    auto tx = database_.pool().tenant(tenant_);
    ASSERT_TRUE(tx);
    EXPECT_FALSE(tx->query("ALTER TABLE resource DISABLE ROW LEVEL SECURITY"));
    auto second = database_.pool().tenant(tenant_);
    ASSERT_TRUE(second);
    EXPECT_FALSE(second->query("SET ROLE salus_owner"));
    auto third = database_.pool().tenant(tenant_);
    ASSERT_TRUE(third);
    EXPECT_FALSE(third->query("CREATE TABLE copy (body bytea)"));
    // row_security = off asks for an error instead of filtered rows; it is no way around.
    auto fourth = database_.pool().tenant(tenant_);
    ASSERT_TRUE(fourth);
    EXPECT_TRUE(fourth->query("SET LOCAL row_security = off"));
    EXPECT_FALSE(fourth->query("SELECT count(*) FROM resource"));
}

TEST_F(Isolation, ARoleThatPassesRowSecurityIsRefused) {
    PoolOptions options;
    options.dsn_app = database_.super_dsn();
    options.dsn_operator = database_.super_dsn();
    Pool pool(options, database_.log());
    const auto tx = pool.tenant(tenant_);
    ASSERT_FALSE(tx);
    EXPECT_EQ(tx.error().code(), Errc::denied);
}

}  // namespace
}  // namespace salus::db
