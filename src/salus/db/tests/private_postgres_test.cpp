#include "salus/db/private_postgres.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>

#include "salus/db/detail/binaries.h"
#include "salus/db/detail/server_version.h"
#include "salus/db/detail/session.h"
#include "salus/db/migrations.h"
#include "salus/db/pool.h"
#include "tests/support/test_access.h"

namespace salus::db {
namespace {

using namespace std::chrono_literals;

std::string contents(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

/// Asks until the answer is yes: the time a restart takes is the server's.
bool eventually(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(5ms);
    }
    return true;
}

PostgresOptions options_of(const std::string& home) {
    PostgresOptions options;
    options.data_dir = home + "/pg";
    options.socket_dir = home + "/run";
    options.log_file = home + "/log/postgres.log";
    options.fast_unsafe_for_tests = true;
    return options;
}

class Private : public ::testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/salus-private-XXXXXX";  // mode 0700: the database's user can't enter it
        ASSERT_NE(::mkdtemp(name), nullptr);
        home_ = name;
        options_ = options_of(home_);
        log_ = std::make_unique<Logger>(home_ + "/salus.log");
    }
    void TearDown() override {
        std::error_code ignored;
        std::filesystem::remove_all(home_, ignored);
    }
    std::unique_ptr<PrivatePostgres> start() {
        auto server = PrivatePostgres::start(options_, *log_);
        EXPECT_TRUE(server) << (server ? "" : server.error().text());
        return server ? std::move(*server) : nullptr;
    }
    Errc refused() {
        const auto server = PrivatePostgres::start(options_, *log_);
        EXPECT_FALSE(server);
        return server ? Errc::usage : server.error().code();
    }
    static std::int64_t notes(PrivatePostgres& server) {
        auto session = detail::Session::open(server.dsn("salus_super"));
        if (!session) return -1;
        auto rows = session->query("SELECT count(*) FROM note");
        return rows ? rows->i64(0, 0) : -1;
    }

    std::string home_;
    PostgresOptions options_;
    std::unique_ptr<Logger> log_;
};

TEST_F(Private, StartsStopsAndKeepsItsData) {
    {
        const auto server = start();
        ASSERT_TRUE(server);
        EXPECT_GE(server->server_version(), 150009);
        auto session = detail::Session::open(server->dsn("salus_super"));
        ASSERT_TRUE(session);
        auto settings = session->query(
            "SELECT current_setting('data_checksums'), current_setting('listen_addresses'), "
            "current_setting('unix_socket_permissions'), current_setting('server_encoding')");
        ASSERT_TRUE(settings);
        EXPECT_EQ(settings->text(0, 0), "on");
        EXPECT_EQ(settings->text(0, 1), "");
        EXPECT_EQ(settings->text(0, 2), "0770");
        EXPECT_EQ(settings->text(0, 3), "UTF8");
        ASSERT_TRUE(session->run("CREATE TABLE note (n int); INSERT INTO note VALUES (1)"));
        ASSERT_TRUE(server->stop());
        EXPECT_EQ(server->pid(), 0);
        EXPECT_FALSE(detail::Session::open(server->dsn("salus_super")));
    }
    const auto again = start();
    ASSERT_TRUE(again);
    EXPECT_EQ(notes(*again), 1);
}

TEST_F(Private, IsClosedToOthers) {
    const auto server = start();
    ASSERT_TRUE(server);
    struct stat info {};
    ASSERT_EQ(::stat(options_.data_dir.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0700U);
    EXPECT_NE(info.st_uid, 0U) << "the server does not run as root";
    for (const char* role : {"postgres", "root", "nobody"})
        EXPECT_FALSE(detail::Session::open(server->dsn(role))) << role;
}

TEST_F(Private, AServerThatDiesComesBackAndCallersAreTold) {
    const auto server = start();
    ASSERT_TRUE(server);
    ASSERT_TRUE(migrate(server->dsn("salus_owner"), *log_));
    PoolOptions options;
    options.dsn_app = server->dsn("salus_app");
    options.dsn_operator = server->dsn("salus_operator");
    Pool pool(options, *log_);
    const TenantContext tenant(TestAccess::key(), TenantId(1));
    for (int round = 0; round < 3; ++round) {
        auto tx = pool.tenant(tenant);
        ASSERT_TRUE(tx);
        ASSERT_TRUE(tx->query("SELECT 1::bigint"));
        const int before = server->pid();
        ASSERT_EQ(::kill(before, SIGKILL), 0);
        // Work under way may outlive its server for a moment, and then fails by name.
        ASSERT_TRUE(eventually([&] { return !tx->query("SELECT 1::bigint"); }));
        EXPECT_EQ(tx->flush().error().code(), Errc::unavailable);
        ASSERT_TRUE(eventually([&] {
            auto next = pool.tenant(tenant);
            if (!next) {
                EXPECT_EQ(next.error().code(), Errc::unavailable);
                return false;
            }
            return next->query("SELECT 1::bigint").has_value() && next->commit().has_value();
        }));
        EXPECT_NE(server->pid(), before);
    }
}

constexpr char kHomeVariable[] = "SALUS_TEST_HOME";
constexpr char kReadyVariable[] = "SALUS_TEST_READY";

/// Not a test of its own: the salus that the next test starts as a program, and kills.
TEST(PrivateChild, DISABLED_HoldsAHome) {
    const char* const home = std::getenv(kHomeVariable);
    const char* const ready = std::getenv(kReadyVariable);
    ASSERT_TRUE(home != nullptr && ready != nullptr);
    Logger log(std::string(home) + "/child.log");
    auto server = PrivatePostgres::start(options_of(home), log);
    ASSERT_TRUE(server);
    auto session = detail::Session::open((*server)->dsn("salus_super"));
    ASSERT_TRUE(session && session->run("CREATE TABLE note (n int); INSERT INTO note VALUES (1)"));
    const int pid = (*server)->pid();
    ASSERT_EQ(::write(std::atoi(ready), &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
    for (;;)
        ::pause();
}

TEST_F(Private, AServerLeftByAKilledSalusIsTakenOver) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    ASSERT_EQ(::setenv(kHomeVariable, home_.c_str(), 1), 0);
    ASSERT_EQ(::setenv(kReadyVariable, std::to_string(ready[1]).c_str(), 1), 0);
    const pid_t salus = ::fork();
    ASSERT_GE(salus, 0);
    if (salus == 0) {
        ::execl("/proc/self/exe", "salus_db_test", "--gtest_also_run_disabled_tests",
                "--gtest_filter=PrivateChild.DISABLED_HoldsAHome", nullptr);
        ::_exit(1);
    }
    ::close(ready[1]);
    int postgres = 0;
    ASSERT_EQ(::read(ready[0], &postgres, sizeof postgres), static_cast<ssize_t>(sizeof postgres));
    ::close(ready[0]);
    EXPECT_EQ(refused(), Errc::conflict) << "one salus a home";
    // Stopped, it can't act on the end of its parent: so it is surely left over.
    ASSERT_EQ(::kill(postgres, SIGSTOP), 0);
    ASSERT_EQ(::kill(salus, SIGKILL), 0);
    ASSERT_EQ(::waitpid(salus, nullptr, 0), salus);
    EXPECT_EQ(::kill(postgres, 0), 0);
    const auto server = start();
    ASSERT_TRUE(server);
    EXPECT_NE(server->pid(), postgres);
    EXPECT_EQ(notes(*server), 1);
}

TEST_F(Private, OtherFilesAreNotTouched) {
    std::filesystem::create_directories(options_.data_dir);
    std::ofstream(options_.data_dir + "/letter.txt") << "mine";
    EXPECT_EQ(refused(), Errc::conflict);
    EXPECT_EQ(contents(options_.data_dir + "/letter.txt"), "mine");
}

TEST_F(Private, AnotherMajorVersionIsRefused) {
    std::filesystem::create_directories(options_.data_dir);
    std::ofstream(options_.data_dir + "/PG_VERSION") << "14\n";
    EXPECT_EQ(refused(), Errc::wrong_version);
}

TEST_F(Private, HalfAnInitialisationIsStartedOver) {
    std::filesystem::create_directories(options_.data_dir + ".new/base");
    std::ofstream(options_.data_dir + ".new/PG_VERSION") << "15\n";
    EXPECT_TRUE(start());
}

TEST_F(Private, ALongPathOfTheSocketIsNoObstacle) {
    const std::string deep = home_ + "/" + std::string(90, 'a') + "/it's, deep";
    options_.data_dir = deep + "/pg";
    options_.socket_dir = deep + "/run";
    const auto server = start();
    ASSERT_TRUE(server);
    EXPECT_TRUE(detail::Session::open(server->dsn("salus_owner")));
}

TEST_F(Private, ADamagedDatabaseSaysWhereToLook) {
    { ASSERT_TRUE(start()); }
    std::filesystem::remove(options_.data_dir + "/global/pg_control");
    const auto server = PrivatePostgres::start(options_, *log_);
    ASSERT_FALSE(server);
    EXPECT_EQ(server.error().code(), Errc::unavailable);
    EXPECT_NE(contents(options_.log_file).find("pg_control"), std::string::npos);
}

TEST_F(Private, TheLogCarriesNoValue) {
    const auto server = start();
    ASSERT_TRUE(server);
    auto session = detail::Session::open(server->dsn("salus_super"));
    ASSERT_TRUE(session);
    ASSERT_TRUE(session->run("CREATE TABLE note (who text UNIQUE)"));
    static constexpr Sql kInsert = "INSERT INTO note SELECT $1::text /* Canary Statement */";
    ASSERT_TRUE(session->query(kInsert, "Canary Roe"));
    EXPECT_FALSE(session->query(kInsert, "Canary Roe"));
    EXPECT_FALSE(session->query("SELECT no_such FROM note /* Canary Statement */"));
    ASSERT_TRUE(server->stop());
    const std::string log = contents(options_.log_file);
    EXPECT_NE(log.find("duplicate key"), std::string::npos) << "the log does say what failed";
    EXPECT_EQ(log.find("Canary"), std::string::npos);
}

TEST(ServerVersion, ReleasesWithKnownHolesAreRefused) {
    for (const int bad : {140020, 150008, 160004, 170000})
        EXPECT_FALSE(detail::check_server_version(bad)) << bad;
    for (const int good : {150009, 150020, 160005, 170001, 180000, 190000})
        EXPECT_TRUE(detail::check_server_version(good)) << good;
    EXPECT_FALSE(detail::is_preferred(150018));
    EXPECT_TRUE(detail::is_preferred(150019));
}

TEST(ServerVersion, IsReadFromWhatTheProgramPrints) {
    EXPECT_EQ(detail::parse_version("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n"),
              150020);
    EXPECT_EQ(detail::parse_version("postgres (PostgreSQL) 9.6.24\n"), 90006);
    for (const char* text :
         {"", "postgres (PostgreSQL) 19devel", "postgres (PostgreSQL) 15.", "15.20"})
        EXPECT_EQ(detail::parse_version(text), std::nullopt) << text;
}

}  // namespace
}  // namespace salus::db
