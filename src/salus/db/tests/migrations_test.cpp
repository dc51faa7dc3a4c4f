#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "salus/db/detail/session.h"
#include "salus/db/detail/steps.h"
#include "salus/db/migrations.h"
#include "salus/db/testing/test_database.h"

namespace salus::db {
namespace {

class Migrations : public ::testing::Test {
  protected:
    void SetUp() override {
        auto session = detail::Session::open(database_.super_dsn());
        ASSERT_TRUE(session);
        super_.emplace(std::move(*session));
    }
    Errc migrated() {
        const auto done = migrate(database_.owner_dsn(), database_.log());
        EXPECT_FALSE(done);
        return done ? Errc::usage : done.error().code();
    }
    TestDatabase& database_ = TestDatabase::instance();
    std::optional<detail::Session> super_;
};

TEST_F(Migrations, TheSchemaIsThisBuilds) {
    const auto version = database_schema_version(database_.owner_dsn());
    ASSERT_TRUE(version);
    EXPECT_EQ(*version, schema_version());
    EXPECT_GE(schema_version(), 1);
    int expected = 1;
    for (const detail::Step& step : detail::steps())
        EXPECT_EQ(step.version, expected++);
}

TEST_F(Migrations, ManyAtOnceAndAgainChangeNothing) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back(
            [this] { EXPECT_TRUE(migrate(database_.owner_dsn(), database_.log())); });
    for (std::thread& thread : threads)
        thread.join();
    const auto steps = super_->query("SELECT count(*) FROM salus_schema");
    ASSERT_TRUE(steps);
    EXPECT_EQ(steps->i64(0, 0), schema_version());
}

TEST_F(Migrations, ANewerSchemaIsLeftAlone) {
    ASSERT_TRUE(super_->run("INSERT INTO salus_schema (version, title) VALUES (9999, 'later')"));
    EXPECT_EQ(migrated(), Errc::wrong_version);
    ASSERT_TRUE(super_->run("DELETE FROM salus_schema WHERE version = 9999"));
    EXPECT_TRUE(migrate(database_.owner_dsn(), database_.log()));
}

TEST_F(Migrations, ATableWithoutTheWallIsNoticed) {
    ASSERT_TRUE(super_->run("CREATE TABLE forgotten (tenant_id bigint)"));
    EXPECT_EQ(migrated(), Errc::integrity);
    ASSERT_TRUE(super_->run("ALTER TABLE forgotten ENABLE ROW LEVEL SECURITY"));
    EXPECT_EQ(migrated(), Errc::integrity) << "not forced on its owner";
    ASSERT_TRUE(super_->run("ALTER TABLE forgotten FORCE ROW LEVEL SECURITY"));
    EXPECT_TRUE(migrate(database_.owner_dsn(), database_.log()));
    ASSERT_TRUE(super_->run("DROP TABLE forgotten"));
}

TEST_F(Migrations, ARoleThatPassesTheWallIsNoticed) {
    ASSERT_TRUE(super_->run("ALTER ROLE salus_app BYPASSRLS"));
    EXPECT_EQ(migrated(), Errc::integrity);
    ASSERT_TRUE(
        super_->run("ALTER ROLE salus_app NOBYPASSRLS; GRANT salus_owner TO salus_operator"));
    EXPECT_EQ(migrated(), Errc::integrity) << "it could switch the wall off";
    ASSERT_TRUE(super_->run("REVOKE salus_owner FROM salus_operator"));
    EXPECT_TRUE(migrate(database_.owner_dsn(), database_.log()));
}

TEST_F(Migrations, NoServerIsUnavailable) {
    const auto done = migrate("host=/nonexistent dbname=salus", database_.log());
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), Errc::unavailable);
}

}  // namespace
}  // namespace salus::db
