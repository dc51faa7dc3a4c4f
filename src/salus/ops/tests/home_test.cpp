#include "salus/ops/home.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "salus/ops/doctor.h"

namespace salus::ops {
namespace {

namespace fs = std::filesystem;

class HomeTest : public testing::Test {
  protected:
    void SetUp() override {
        char path[] = "/tmp/salus-home-XXXXXX";
        ASSERT_NE(::mkdtemp(path), nullptr);
        parent_ = path;
    }
    void TearDown() override { fs::remove_all(parent_); }
    [[nodiscard]] std::string path() const { return parent_ + "/home"; }
    std::string parent_;
};

TEST_F(HomeTest, IsLaidOutForItsOwnerAlone) {
    const auto home = Home::open_or_create(path());
    ASSERT_TRUE(home);
    for (const std::string& folder :
         {home->root(), home->keys(), home->run(), home->log(), home->tls(), home->audit()})
        EXPECT_EQ(fs::status(folder).permissions(), fs::perms::owner_all) << folder;
    EXPECT_TRUE(Home::open_or_create(path()));
    EXPECT_TRUE(Home::open(path()));
}

TEST_F(HomeTest, AnotherVersionIsRefused) {
    ASSERT_TRUE(Home::open_or_create(path()));
    std::ofstream(path() + "/version") << "salus home 2\n";
    EXPECT_EQ(Home::open_or_create(path()).error().code(), Errc::wrong_version);
}

TEST_F(HomeTest, AFolderWithOtherThingsIsRefusedAndLeftAlone) {
    fs::create_directory(path());
    ::chmod(path().c_str(), 0700);
    std::ofstream(path() + "/thesis.txt") << "mine";
    EXPECT_EQ(Home::open_or_create(path()).error().code(), Errc::conflict);
    EXPECT_EQ(std::distance(fs::directory_iterator(path()), {}), 1);
}

TEST_F(HomeTest, AHomeThatOthersCanReadIsRefused) {
    ASSERT_TRUE(Home::open_or_create(path()));
    ::chmod(path().c_str(), 0755);
    EXPECT_EQ(Home::open(path()).error().code(), Errc::denied);
    ::chmod(path().c_str(), 0711);  // passing through, for PostgreSQL's user
    EXPECT_TRUE(Home::open(path()));
}

TEST_F(HomeTest, AnAbsentHomeIsNotFound) {
    EXPECT_EQ(Home::open(path()).error().code(), Errc::not_found);
}

TEST_F(HomeTest, OneServerAtATime) {
    const auto home = Home::open_or_create(path());
    ASSERT_TRUE(home);
    EXPECT_FALSE(running_server(*home));
    {
        const auto lock = HomeLock::take(*home);
        ASSERT_TRUE(lock);
        EXPECT_EQ(running_server(*home), ::getpid());
        EXPECT_EQ(HomeLock::take(*home).error().code(), Errc::conflict);
    }
    EXPECT_FALSE(running_server(*home));
    EXPECT_EQ(stop_server(*home, 1000).error().code(), Errc::not_found);
}

TEST_F(HomeTest, StopWaitsForTheEnd) {
    const auto home = Home::open_or_create(path());
    ASSERT_TRUE(home);
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const auto lock = HomeLock::take(*home);
        (void)!::write(ready[1], "x", 1);
        ::pause();
        ::_exit(0);
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    EXPECT_EQ(running_server(*home), child);
    EXPECT_TRUE(stop_server(*home, 10'000));
    EXPECT_FALSE(running_server(*home));
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
}

TEST_F(HomeTest, ALongPathGetsAShortSocket) {
    const auto home = Home::open_or_create(path() + "/" + std::string(120, 'd'));
    ASSERT_TRUE(home);
    EXPECT_LE(home->operator_socket().size(), 107U);
    EXPECT_TRUE(home->prepare_operator_socket());
    home->remove_operator_socket();
    EXPECT_FALSE(fs::exists(fs::path(home->operator_socket()).parent_path()));
}

TEST_F(HomeTest, DoctorSeesAReadablePassphrase) {
    const auto home = Home::open_or_create(path());
    ASSERT_TRUE(home);
    std::ofstream(home->passphrase()) << "a passphrase";
    ::chmod(home->passphrase().c_str(), 0644);
    const auto findings = examine(*home, SystemClock());
    const auto found = std::find_if(findings.begin(), findings.end(),
                                    [](const Finding& f) { return f.subject == "passphrase"; });
    ASSERT_NE(found, findings.end());
    EXPECT_EQ(found->health, Health::failure);
}

}  // namespace
}  // namespace salus::ops
