#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "salus/db/detail/session.h"
#include "salus/db/testing/test_database.h"

namespace salus::db {
namespace {

class TxTest : public ::testing::Test {
  protected:
    TenantTx begin() {
        auto tx = database_.pool().tenant(tenant_);
        EXPECT_TRUE(tx);
        return std::move(*tx);
    }
    std::int64_t count_tokens() {
        TenantTx tx = begin();
        const auto rows = tx.query("SELECT count(*) FROM token");
        return rows ? rows->i64(0, 0) : -1;
    }
    static Params token(std::int64_t value) {
        Params params;
        params.i64(value).uuid(Uuid());
        return params;
    }

    // The text is one object: each connection prepares it once.
    static constexpr Sql kInsert =
        "INSERT INTO token (tenant_id, token, id, type) "
        "VALUES (NULLIF(current_setting('salus.tenant', true), '')::bigint, $1, $2, 1)";

    TestDatabase& database_ = TestDatabase::instance();
    TenantContext tenant_ = database_.make_tenant();
};

TEST_F(TxTest, ManyStatementsTravelTogetherAndAnswerInOrder) {
    TenantTx tx = begin();
    std::vector<Pending> sent;
    for (std::int64_t i = 0; i < 500; ++i) {
        Params params;
        params.i64(i);
        sent.push_back(tx.send("SELECT $1 * 2", params));
    }
    ASSERT_TRUE(tx.commit());
    for (std::size_t i = 0; i < sent.size(); ++i) {
        const Rows rows = tx.take(sent[i]);
        ASSERT_EQ(rows.size(), 1U);
        EXPECT_EQ(rows.i64(0, 0), static_cast<std::int64_t>(2 * i));
    }
    EXPECT_TRUE(tx.take(sent[0]).empty()) << "rows are taken once";
}

TEST_F(TxTest, CommitKeepsAndItsAbsenceUndoes) {
    {
        TenantTx tx = begin();
        tx.send(kInsert, token(1));
        ASSERT_TRUE(tx.commit());
        EXPECT_TRUE(tx.commit()) << "a second commit has nothing to do";
        tx.send(kInsert, token(2));
        EXPECT_FALSE(tx.flush()) << "nothing can be sent after it";
    }
    {
        TenantTx flushed = begin();
        flushed.send(kInsert, token(3));
        ASSERT_TRUE(flushed.flush());
        TenantTx not_even_flushed = begin();
        not_even_flushed.send(kInsert, token(4));
    }
    EXPECT_EQ(count_tokens(), 1);
}

TEST_F(TxTest, AnErrorUndoesTheWholeTransactionAndTheConnectionServesOn) {
    for (int round = 0; round < 20; ++round) {
        TenantTx tx = begin();
        tx.send(kInsert, token(5));
        const Pending broken = tx.send("SELECT 1 / $1::int", Params().i32(0));
        const Pending never_ran = tx.send("SELECT 7::bigint");
        tx.send(kInsert, token(6));
        const auto done = tx.commit();
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code(), Errc::internal);
        EXPECT_TRUE(tx.take(broken).empty());
        EXPECT_TRUE(tx.take(never_ran).empty());
        EXPECT_FALSE(tx.query("SELECT 1::bigint")) << "only rollback is left";
    }
    EXPECT_EQ(count_tokens(), 0);
}

TEST_F(TxTest, AMovedTransactionGoesOn) {
    TenantTx first = begin();
    first.send(kInsert, token(8));
    TenantTx second = std::move(first);
    EXPECT_EQ(second.tenant(), tenant_.id());
    ASSERT_TRUE(second.commit());
    EXPECT_EQ(count_tokens(), 1);
}

TEST_F(TxTest, LargeArraysPassBothWaysAtOnce) {
    // 24 MB up while 24 MB come down, several times in one pipeline: neither side may wait for the
    // other to read.
    const std::vector<Bytes> blobs(24, Bytes(1'000'000, 0xab));
    Params params;
    params.bytea_array(blobs);
    TenantTx tx = begin();
    std::vector<Pending> sent;
    for (int i = 0; i < 4; ++i)
        sent.push_back(tx.send("SELECT b, length(b)::bigint FROM unnest($1) AS b", params));
    ASSERT_TRUE(tx.commit());
    for (const Pending pending : sent) {
        const Rows rows = tx.take(pending);
        ASSERT_EQ(rows.size(), blobs.size());
        EXPECT_EQ(rows.i64(23, 1), 1'000'000);
        EXPECT_EQ(rows.bytes(23, 0).back(), 0xab);
    }
}

TEST_F(TxTest, EachStatementIsPreparedOncePerConnection) {
    PoolOptions options;
    options.dsn_app = database_.server().dsn("salus_app");
    options.dsn_operator = database_.server().dsn("salus_operator");
    options.app_connections = 1;
    Pool pool(options, database_.log());
    static constexpr Sql kOnce = "SELECT $1::bigint + 12345";
    for (std::int64_t i = 0; i < 50; ++i) {
        auto tx = pool.tenant(tenant_);
        ASSERT_TRUE(tx);
        ASSERT_TRUE(tx->query(kOnce, Params().i64(i)));
        ASSERT_TRUE(tx->commit());
    }
    auto tx = pool.tenant(tenant_);
    ASSERT_TRUE(tx);
    const auto rows = tx->query(
        "SELECT count(*), sum(generic_plans)::bigint, sum(custom_plans)::bigint "
        "FROM pg_prepared_statements WHERE statement LIKE '%12345' AND NOT statement LIKE "
        "'%LIKE%'");
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->i64(0, 0), 1);
    EXPECT_EQ(rows->i64(0, 1), 50);
    EXPECT_EQ(rows->i64(0, 2), 0);
}

TEST_F(TxTest, OneTextMayTakeOtherTypes) {
    static constexpr Sql kText = "SELECT $1";
    TenantTx tx = begin();
    const auto number = tx.query(kText, Params().i64(1));
    const auto text = tx.query(kText, Params().text("one"));
    ASSERT_TRUE(number && text);
    EXPECT_EQ(number->i64(0, 0), 1);
    EXPECT_EQ(text->text(0, 0), "one");
}

struct Refusal {
    Sql sql;
    Errc code;
};

TEST_F(TxTest, ErrorsAreNamed) {
    const std::vector<Refusal> refusals = {
        {"SELECT pg_catalog.pg_sleep(5)", Errc::timeout},
        {"SELECT no_such_column FROM token", Errc::internal},
        {"INSERT INTO applied_request (tenant_id, key, applied_us) SELECT t, '\\x01', 0 FROM "
         "(SELECT current_setting('salus.tenant')::bigint AS t) a, generate_series(1, 2)",
         Errc::conflict},
        {"INSERT INTO token (tenant_id, token, id, type) VALUES (0, 1, gen_random_uuid(), 1)",
         Errc::internal},
        {"DO $$ BEGIN RAISE disk_full; END $$", Errc::storage_full},
        {"DO $$ BEGIN RAISE serialization_failure; END $$", Errc::timeout},
        {"DO $$ BEGIN RAISE deadlock_detected; END $$", Errc::timeout},
        {"DO $$ BEGIN RAISE lock_not_available; END $$", Errc::timeout},
        {"DO $$ BEGIN RAISE too_many_connections; END $$", Errc::unavailable},
        {"DO $$ BEGIN RAISE data_corrupted; END $$", Errc::integrity},
    };
    for (const Refusal& refusal : refusals) {
        TenantTx tx = begin();
        tx.send("SET LOCAL statement_timeout = 200");
        const auto rows = tx.query(refusal.sql);
        ASSERT_FALSE(rows) << refusal.sql.text();
        EXPECT_EQ(rows.error().code(), refusal.code) << refusal.sql.text();
    }
}

TEST_F(TxTest, ErrorsCarryNoValue) {
    TenantTx tx = begin();
    const auto rows = tx.query("SELECT $1::text::bigint", Params().text("Jane Roe"));
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().text().find("Jane"), std::string_view::npos);
}

TEST_F(TxTest, AConnectionTheServerEndedIsReplaced) {
    TenantTx tx = begin();
    const auto pid = tx.query("SELECT pg_backend_pid()::bigint");
    ASSERT_TRUE(pid);
    auto super = detail::Session::open(database_.super_dsn());
    ASSERT_TRUE(super);
    const std::string number = std::to_string(pid->i64(0, 0));
    ASSERT_TRUE(super->query("SELECT pg_terminate_backend($1::text::int, 5000)", number.c_str()));
    const auto after = tx.query("SELECT 1::bigint");
    ASSERT_FALSE(after);
    EXPECT_EQ(after.error().code(), Errc::unavailable);
    EXPECT_EQ(count_tokens(), 0) << "the next transaction gets another connection";
}

TEST_F(TxTest, IdleConnectionsThatTheServerEndedAreNotHandedOut) {
    { ASSERT_EQ(count_tokens(), 0); }
    auto super = detail::Session::open(database_.super_dsn());
    ASSERT_TRUE(super);
    ASSERT_TRUE(
        super->query("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                     "WHERE usename = 'salus_app'"));
    EXPECT_EQ(count_tokens(), 0);
}

TEST_F(TxTest, ConnectionsAreLimitedAndShared) {
    PoolOptions options;
    options.dsn_app = database_.server().dsn("salus_app") + " application_name=salus-limit";
    options.dsn_operator = database_.server().dsn("salus_operator");
    options.app_connections = 3;
    Pool pool(options, database_.log());
    std::atomic<int> done = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 100; ++i) {
                auto tx = pool.tenant(tenant_);
                if (!tx) continue;
                const auto rows = tx->query(
                    "SELECT count(*) FROM pg_stat_activity WHERE usename = 'salus_app' AND "
                    "application_name = 'salus-limit'");
                if (rows && rows->i64(0, 0) <= 3 && tx->commit()) ++done;
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(done.load(), 800);
}

TEST_F(TxTest, NothingSentNeedsNoDatabase) {
    TenantTx tx = begin();
    EXPECT_TRUE(tx.flush());
    EXPECT_TRUE(tx.commit());
}

TEST_F(TxTest, AReadNeedsNoTransactionOfItsOwn) {
    {
        TenantTx tx = begin();
        tx.send(kInsert, token(9));
        ASSERT_TRUE(tx.commit());
    }
    Pool& pool = database_.pool();
    static constexpr Sql kCount = "SELECT count(*) FROM token";
    const TenantContext other = database_.make_tenant();
    for (int round = 0; round < 20; ++round) {
        const auto own = pool.read(tenant_, kCount);
        const auto others = pool.read(other, kCount);
        ASSERT_TRUE(own && others);
        EXPECT_EQ(own->i64(0, 0), 1);
        EXPECT_EQ(others->i64(0, 0), 0);
        const auto failed = pool.read(tenant_, "SELECT 1 / $1", Params().i64(0));
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().code(), Errc::internal);
    }
}

TEST(PoolTest, NoServerIsUnavailableWithANextStep) {
    TestDatabase& database = TestDatabase::instance();
    PoolOptions options;
    options.dsn_app = "host=/nonexistent user=salus_app dbname=salus";
    options.dsn_operator = "not a connection string";
    Pool pool(options, database.log());
    const auto tx = pool.tenant(database.make_tenant());
    ASSERT_FALSE(tx);
    EXPECT_EQ(tx.error().code(), Errc::unavailable);
    EXPECT_FALSE(tx.error().next_step().empty());
    EXPECT_FALSE(pool.platform());
}

}  // namespace
}  // namespace salus::db
