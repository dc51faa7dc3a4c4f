#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <set>
#include <thread>

#include "salus/audit/detail/outbox.h"
#include "salus/audit/recorder.h"
#include "salus/audit/sequencer.h"
#include "salus/audit/tests/support.h"
#include "salus/audit/verify.h"
#include "salus/core/json.h"
#include "salus/db/testing/test_database.h"

namespace salus::audit {
namespace {

Record read_of(std::uint8_t patient, std::int64_t person) {
    std::array<std::uint8_t, 16> key{};
    key[0] = patient;
    Record record;
    record.at_us = 1'767'225'600'000'000;
    record.event = Event::read;
    record.agent = {Agent::Kind::person, person};
    record.patients = {PatientId(Uuid(key))};
    record.entities = {{"Observation", Uuid(key), 1}};
    record.reason = "under care";
    return record;
}

class OutboxTest : public ::testing::Test {
  protected:
    void SetUp() override {
        auto opened =
            keys::Keystore::open(folder_.path() + "/keystore", Secret(to_bytes("test")), clock_);
        ASSERT_TRUE(opened);
        keystore_ = std::move(*opened);
        ASSERT_TRUE(keystore_->create_tenant(tenant_.id()));
        recorder_ = std::make_unique<Recorder>(pool(), *keystore_, database_.log());
        sequencer_ = make_sequencer();
    }
    void TearDown() override {
        // The tests share a database: nothing of this tenant may wait for the next sequencer.
        run_as_super("DELETE FROM audit_outbox");
    }

    db::Pool& pool() { return database_.pool(); }
    [[nodiscard]] std::string root() const { return folder_.path() + "/audit"; }
    [[nodiscard]] std::string log_folder() const {
        return root() + "/" + std::to_string(tenant_.id().value());
    }
    std::unique_ptr<Sequencer> make_sequencer() {
        return std::make_unique<Sequencer>(pool(), *keystore_, root(), clock_, database_.log());
    }
    void record(std::uint8_t patient, std::int64_t person) {
        const Record one = read_of(patient, person);
        ASSERT_TRUE(recorder_->record(tenant_, {&one, 1}));
    }
    VerifyReport verify() {
        const auto report = verify_log(log_folder());
        EXPECT_TRUE(report);
        return report.value_or(VerifyReport{});
    }
    std::vector<std::string> logged() { return *read_entries(log_folder(), 0, 1'000'000); }
    /// Who read, in the order of the log.
    std::vector<std::string> people() {
        std::vector<std::string> found;
        for (const std::string& text : logged()) {
            const auto document = JsonDocument::parse(text);
            JsonView user;
            for (const JsonView agent : document->root()["agent"])
                user = agent;
            found.emplace_back(user["who"]["identifier"].string("value"));
        }
        return found;
    }
    std::size_t waiting() {
        auto tx = pool().platform();
        const auto rows = tx->query("SELECT count(*) FROM audit_outbox WHERE tenant_id = $1",
                                    db::Params().i64(tenant_.id().value()));
        return static_cast<std::size_t>(rows->i64(0, 0));
    }
    void run_as_super(const std::string& sql) {
        PGconn* connection = PQconnectdb(database_.super_dsn().c_str());
        ASSERT_EQ(PQstatus(connection), CONNECTION_OK);
        PGresult* result = PQexec(connection, sql.c_str());
        EXPECT_NE(PQresultStatus(result), PGRES_FATAL_ERROR) << PQerrorMessage(connection);
        PQclear(result);
        PQfinish(connection);
    }

    db::TestDatabase& database_ = db::TestDatabase::instance();
    TemporaryFolder folder_;
    FakeClock clock_{1'767'225'600'000'000};
    TenantContext tenant_ = database_.make_tenant();
    std::unique_ptr<keys::Keystore> keystore_;
    std::unique_ptr<Recorder> recorder_;
    std::unique_ptr<Sequencer> sequencer_;
};

TEST_F(OutboxTest, WhatWasRecordedIsInAVerifiableLogAfterAStep) {
    record(1, 11);
    record(2, 12);
    EXPECT_EQ(waiting(), 2U);
    ASSERT_TRUE(sequencer_->step());
    EXPECT_EQ(waiting(), 0U);
    EXPECT_EQ(people(), (std::vector<std::string>{"11", "12"}));
    EXPECT_TRUE(verify().ok);
    EXPECT_EQ(verify().tree_size, 2U);
    EXPECT_EQ(sequencer_->merged(), 2U);
    ASSERT_TRUE(sequencer_->step());
    EXPECT_EQ(verify().tree_size, 2U);
}

TEST_F(OutboxTest, EveryConcurrentRecordIsLoggedOnce) {
    constexpr int kThreads = 16;
    constexpr int kRounds = 40;
    sequencer_->start();
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i)
        threads.emplace_back([this, i] {
            for (int round = 0; round < kRounds; ++round)
                record(static_cast<std::uint8_t>(i), i * kRounds + round);
        });
    for (std::thread& thread : threads)
        thread.join();
    sequencer_.reset();  // takes a last step
    const auto found = people();
    EXPECT_EQ(found.size(), static_cast<std::size_t>(kThreads * kRounds));
    EXPECT_EQ(std::set(found.begin(), found.end()).size(), found.size());
    EXPECT_TRUE(verify().ok);
}

TEST_F(OutboxTest, AnEnqueuedRecordSharesTheFateOfItsTransaction) {
    const Record one = read_of(1, 11);
    {
        auto tx = pool().tenant(tenant_);
        ASSERT_TRUE(recorder_->enqueue(*tx, {&one, 1}));
        ASSERT_TRUE(tx->flush());
    }
    EXPECT_EQ(waiting(), 0U);
    auto tx = pool().tenant(tenant_);
    ASSERT_TRUE(recorder_->enqueue(*tx, {&one, 1}));
    ASSERT_TRUE(tx->commit());
    EXPECT_EQ(waiting(), 1U);
}

TEST_F(OutboxTest, ATenantWithoutKeysCantBeRecorded) {
    const Record one = read_of(1, 11);
    const auto outcome = recorder_->record(database_.make_tenant(), {&one, 1});
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), Errc::not_found);
}

TEST_F(OutboxTest, LogsOfTenantsAreApart) {
    const TenantContext other = database_.make_tenant();
    ASSERT_TRUE(keystore_->create_tenant(other.id()));
    record(1, 11);
    const Record one = read_of(1, 22);
    ASSERT_TRUE(recorder_->record(other, {&one, 1}));
    ASSERT_TRUE(sequencer_->step());
    EXPECT_EQ(people(), std::vector<std::string>{"11"});
    const std::string folder = root() + "/" + std::to_string(other.id().value());
    EXPECT_EQ(verify_log(folder)->tree_size, 1U);
    // The same patient has another pseudonym there, and the log another key.
    const auto mine = JsonDocument::parse(logged()[0]);
    const auto theirs = JsonDocument::parse((*read_entries(folder, 0, 1))[0]);
    const auto patient = [](const JsonDocument& document) {
        return (*document.root()["entity"].begin())["what"]["identifier"].string("value");
    };
    EXPECT_NE(patient(*mine), patient(*theirs));
    EXPECT_FALSE(verify_log(folder, slurp(log_folder() + "/key.pub"))->ok);
}

TEST_F(OutboxTest, MoreThanABatchIsMergedInOneStep) {
    std::vector<Record> many(9'000, read_of(1, 11));
    ASSERT_TRUE(recorder_->record(tenant_, many));
    ASSERT_TRUE(sequencer_->step());
    EXPECT_EQ(waiting(), 0U);
    EXPECT_EQ(verify().entries_checked, 9'000U);
    EXPECT_TRUE(verify().ok);
}

TEST_F(OutboxTest, ACrashBetweenCheckpointAndCommitLogsNothingTwice) {
    record(1, 11);
    ASSERT_TRUE(sequencer_->step());
    record(2, 12);
    record(3, 13);
    // The state such a crash leaves: the rows are there, and the log has them.
    run_as_super(
        "CREATE TABLE crash AS TABLE audit_outbox; CREATE TABLE crash_head AS TABLE audit_head");
    ASSERT_TRUE(sequencer_->step());
    run_as_super(
        "INSERT INTO audit_outbox OVERRIDING SYSTEM VALUE SELECT * FROM crash;"
        "UPDATE audit_head h SET tree_size = c.tree_size, root_hash = c.root_hash"
        " FROM crash_head c WHERE c.tenant_id = h.tenant_id; DROP TABLE crash, crash_head");
    const std::string signed_before = slurp(log_folder() + "/checkpoint");
    sequencer_ = make_sequencer();
    record(4, 14);
    ASSERT_TRUE(sequencer_->step());
    EXPECT_EQ(waiting(), 0U);
    EXPECT_EQ(people(), (std::vector<std::string>{"11", "12", "13", "14"}));
    EXPECT_TRUE(verify().ok);
    const auto before = parse_checkpoint(signed_before);
    EXPECT_EQ(read_right_edge(log_folder(), before->size)->root(), before->root);
}

TEST_F(OutboxTest, ACrashBeforeTheCheckpointLosesNothing) {
    record(1, 11);
    ASSERT_TRUE(sequencer_->step());
    record(2, 12);
    const std::string checkpoint = slurp(log_folder() + "/checkpoint");
    {
        // Files of the next batch are there, its checkpoint is not, and the deletion is undone.
        auto signer = keystore_->audit_signer(tenant_.id());
        auto log = TenantLog::open(log_folder(),
                                   "salus/audit/" + std::to_string(tenant_.id().value()), *signer);
        ASSERT_TRUE(log->append(entries(0, 300)));
        std::filesystem::copy(log_folder() + "/tile", folder_.path() + "/kept",
                              std::filesystem::copy_options::recursive);
    }
    spit(log_folder() + "/checkpoint", checkpoint);
    sequencer_ = make_sequencer();
    ASSERT_TRUE(sequencer_->step());
    EXPECT_EQ(people(), (std::vector<std::string>{"11", "12"}));
    EXPECT_TRUE(verify().ok);
}

TEST_F(OutboxTest, ALogThatShrankOrWasReplacedIsNotContinued) {
    record(1, 11);
    record(2, 12);
    ASSERT_TRUE(sequencer_->step());
    std::filesystem::copy(log_folder(), folder_.path() + "/older",
                          std::filesystem::copy_options::recursive);
    record(3, 13);
    ASSERT_TRUE(sequencer_->step());
    const auto put_back = [&](const std::string& from) {
        std::filesystem::remove_all(log_folder());
        if (!from.empty())
            std::filesystem::copy(from, log_folder(), std::filesystem::copy_options::recursive);
    };
    std::filesystem::copy(log_folder(), folder_.path() + "/newest",
                          std::filesystem::copy_options::recursive);
    record(4, 14);
    for (const std::string& state : {folder_.path() + "/older", std::string()}) {
        put_back(state);
        sequencer_ = make_sequencer();
        const auto outcome = sequencer_->step();
        ASSERT_FALSE(outcome) << state;
        EXPECT_EQ(outcome.error().code(), Errc::integrity);
        EXPECT_EQ(waiting(), 1U);
        // It stays so, whatever the folder has now: somebody has to look first.
        put_back(folder_.path() + "/newest");
        EXPECT_FALSE(sequencer_->step());
    }
    sequencer_ = make_sequencer();
    ASSERT_TRUE(sequencer_->step());
    EXPECT_EQ(people(), (std::vector<std::string>{"11", "12", "13", "14"}));
}

TEST_F(OutboxTest, ADamagedRowStopsTheTenantAndNoOther) {
    const TenantContext other = database_.make_tenant();
    ASSERT_TRUE(keystore_->create_tenant(other.id()));
    record(1, 11);
    run_as_super("UPDATE audit_outbox SET record = substr(record, 1, 20) WHERE tenant_id = " +
                 std::to_string(tenant_.id().value()));
    const Record one = read_of(1, 22);
    ASSERT_TRUE(recorder_->record(other, {&one, 1}));
    EXPECT_EQ(sequencer_->step().error().code(), Errc::integrity);
    EXPECT_EQ(*log_size(root() + "/" + std::to_string(other.id().value())), 1U);
    EXPECT_EQ(*log_size(log_folder()), 0U);
}

TEST_F(OutboxTest, TheApplicationCantTakeRecordsBack) {
    record(1, 11);
    auto tx = pool().tenant(tenant_);
    ASSERT_TRUE(tx);
    EXPECT_FALSE(tx->query("DELETE FROM audit_outbox"));
    auto again = pool().tenant(tenant_);
    EXPECT_FALSE(again->query("UPDATE audit_outbox SET record = ''"));
    EXPECT_EQ(waiting(), 1U);
}

TEST_F(OutboxTest, ASecondSequencerWaitsForItsTurn) {
    record(1, 11);
    auto holder = pool().platform();
    ASSERT_TRUE(holder->query(
        "SELECT pg_advisory_xact_lock($1::int, $2::int)",
        db::Params().i32(0x5A1A).i32(static_cast<std::int32_t>(tenant_.id().value()))));
    EXPECT_EQ(sequencer_->step().error().code(), Errc::conflict);
    ASSERT_TRUE(holder->commit());
    EXPECT_TRUE(sequencer_->step());
    EXPECT_EQ(people(), std::vector<std::string>{"11"});
}

}  // namespace
}  // namespace salus::audit
