#include "salus/keys/keystore.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>

#include "salus/core/encoding.h"
#include "salus/core/fs.h"
#include "tests/support/test_access.h"

namespace salus::keys {
namespace {

constexpr TenantId kClinic(7);
constexpr TenantId kOther(8);

Secret phrase(std::string_view text = "correct horse battery staple") {
    return Secret(to_bytes(text));
}

Place body_of(std::string_view row) {
    return {Table::resource, Column::body, as_bytes(row)};
}

class KeystoreTest : public ::testing::Test {
  protected:
    KeystoreTest() {
        std::string name = (std::filesystem::temp_directory_path() / "salus-keys-XXXXXX").string();
        folder_ = mkdtemp(name.data());
        path_ = folder_ + "/keystore";
    }
    ~KeystoreTest() override { std::filesystem::remove_all(folder_); }

    std::unique_ptr<Keystore> open_or_die() {
        auto keystore = Keystore::open(path_, phrase(), clock_);
        if (!keystore) throw std::runtime_error(std::string(keystore.error().text()));
        return std::move(*keystore);
    }
    std::shared_ptr<const TenantKeys> keys_of(Keystore& keystore, TenantId tenant = kClinic) {
        auto keys = keystore.tenant(tenant);
        if (!keys) throw std::runtime_error(std::string(keys.error().text()));
        return *keys;
    }
    std::string file() { return std::string(as_text(*read_file(path_))); }

    std::string folder_;
    std::string path_;
    FakeClock clock_{1'700'000'000'000'000};
};

TEST_F(KeystoreTest, KeysSurviveAClosing) {
    Bytes sealed;
    std::int64_t token = 0;
    crypto::PublicKey signer{};
    {
        const auto keystore = open_or_die();
        ASSERT_TRUE(keystore->create_tenant(kClinic));
        const auto keys = keys_of(*keystore);
        EXPECT_EQ(keys->tenant(), kClinic);
        EXPECT_EQ(keys->generation(), 1U);
        sealed = keys->seal(body_of("a"), as_bytes("text"));
        token = keys->index().token(as_bytes("mrn"));
        signer = (*keystore->audit_signer(kClinic))->public_key();
    }
    const auto keystore = open_or_die();
    const auto keys = keys_of(*keystore);
    EXPECT_EQ(keys->open(body_of("a"), sealed), to_bytes("text"));
    EXPECT_EQ(keys->index().token(as_bytes("mrn")), token);
    EXPECT_EQ((*keystore->audit_signer(kClinic))->public_key(), signer);
}

TEST_F(KeystoreTest, WrongPassphraseSaysSoAndWhatToDo) {
    ASSERT_TRUE(open_or_die()->create_tenant(kClinic));
    const std::string before = file();
    for (const std::string_view wrong : {"correct horse battery stapler", " ", ""}) {
        const auto keystore = Keystore::open(path_, phrase(wrong), clock_);
        ASSERT_FALSE(keystore);
        EXPECT_EQ(keystore.error().code(), Errc::wrong_passphrase);
        EXPECT_FALSE(keystore.error().next_step().empty());
    }
    EXPECT_EQ(file(), before);
}

TEST_F(KeystoreTest, TheFileIsPrivateAndNamesNoKey) {
    const auto keystore = open_or_die();
    ASSERT_TRUE(keystore->create_tenant(kClinic));
    struct stat info {};
    ASSERT_EQ(stat(path_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    const auto signer = *keystore->audit_signer(kClinic);
    EXPECT_EQ(file().find(to_hex(signer->public_key())), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(path_ + ".tmp"));
}

TEST_F(KeystoreTest, ATenantIsCreatedOnce) {
    const auto keystore = open_or_die();
    EXPECT_EQ(keystore->tenant(kClinic).error().code(), Errc::not_found);
    EXPECT_EQ(keystore->rotate(kClinic).error().code(), Errc::not_found);
    EXPECT_EQ(keystore->destroy(kClinic).error().code(), Errc::not_found);
    EXPECT_EQ(keystore->generations(kClinic).error().code(), Errc::not_found);
    ASSERT_TRUE(keystore->create_tenant(kClinic));
    EXPECT_EQ(keystore->create_tenant(kClinic).error().code(), Errc::conflict);
    EXPECT_EQ(keys_of(*keystore), keys_of(*keystore));  // unwrapped once
}

TEST_F(KeystoreTest, RotationKeepsTheOldReadableAndSealsUnderTheNew) {
    const auto keystore = open_or_die();
    ASSERT_TRUE(keystore->create_tenant(kClinic));
    const auto before = keys_of(*keystore);
    const Bytes old = before->seal(body_of("a"), as_bytes("old"));
    const crypto::Digest pseudonym = before->audit().mac(as_bytes("patient"));
    const std::int64_t token = before->index().token(as_bytes("mrn"));
    const auto signer = (*keystore->audit_signer(kClinic))->public_key();
    clock_.advance_us(90 * kDayUs);
    ASSERT_TRUE(keystore->rotate(kClinic));

    const auto after = keys_of(*keystore);
    EXPECT_EQ(after->generation(), 2U);
    const Bytes fresh = after->seal(body_of("a"), as_bytes("new"));
    EXPECT_EQ(after->open(body_of("a"), old), to_bytes("old"));
    EXPECT_EQ(after->open(body_of("a"), fresh), to_bytes("new"));
    EXPECT_EQ(before->open(body_of("a"), fresh).error().code(), Errc::integrity);
    EXPECT_EQ(after->index().token(as_bytes("mrn")), token);
    EXPECT_EQ(after->audit().mac(as_bytes("patient")), pseudonym);
    EXPECT_EQ((*keystore->audit_signer(kClinic))->public_key(), signer);

    const auto generations = keystore->generations(kClinic);
    ASSERT_TRUE(generations);
    ASSERT_EQ(generations->size(), 2U);
    EXPECT_EQ(generations->at(1).created_us - generations->at(0).created_us, 90 * kDayUs);
    // What one generation sealed can't be passed off as another's.
    Bytes relabelled = old;
    relabelled[4] = 2;
    EXPECT_EQ(after->open(body_of("a"), relabelled).error().code(), Errc::integrity);
    const auto reopened = open_or_die();
    EXPECT_EQ(keys_of(*reopened)->open(body_of("a"), old), to_bytes("old"));
}

TEST_F(KeystoreTest, DestroyedKeysDoNotComeBack) {
    const auto keystore = open_or_die();
    ASSERT_TRUE(keystore->create_tenant(kClinic));
    ASSERT_TRUE(keystore->create_tenant(kOther));
    const Bytes sealed = keys_of(*keystore)->seal(body_of("a"), as_bytes("text"));
    const std::size_t size = file().size();
    ASSERT_TRUE(keystore->destroy(kClinic));
    EXPECT_LT(file().size(), size);
    EXPECT_EQ(keystore->tenant(kClinic).error().code(), Errc::not_found);
    EXPECT_EQ(keystore->audit_signer(kClinic).error().code(), Errc::not_found);
    EXPECT_EQ(keystore->rotate(kClinic).error().code(), Errc::not_found);
    EXPECT_EQ(keystore->create_tenant(kClinic).error().code(), Errc::conflict);
    EXPECT_TRUE(keystore->destroy(kClinic));  // again, after an interruption
    EXPECT_TRUE(keystore->tenant(kOther));
    const auto reopened = open_or_die();
    EXPECT_EQ(reopened->create_tenant(kClinic).error().code(), Errc::conflict);
    EXPECT_FALSE(keys_of(*reopened, kOther)->open(body_of("a"), sealed));
}

TEST_F(KeystoreTest, TheReplacedFileIsOverwritten) {
    const auto keystore = open_or_die();
    ASSERT_TRUE(keystore->create_tenant(kClinic));
    const int old = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);  // still names the replaced file
    ASSERT_GE(old, 0);
    ASSERT_TRUE(keystore->destroy(kClinic));
    std::string content(64 * 1024, '?');
    const ssize_t size = read(old, content.data(), content.size());
    close(old);
    ASSERT_GT(size, 1000);
    content.resize(static_cast<std::size_t>(size));
    EXPECT_EQ(content.find_first_not_of('\0'), std::string::npos);
}

TEST_F(KeystoreTest, AHardLinkedBackupIsLeftAlone) {
    const auto keystore = open_or_die();
    ASSERT_TRUE(keystore->create_tenant(kClinic));
    std::filesystem::create_hard_link(path_, path_ + ".backup");
    const std::string before = file();
    ASSERT_TRUE(keystore->rotate(kClinic));
    EXPECT_EQ(as_text(*read_file(path_ + ".backup")), before);
}

TEST_F(KeystoreTest, TwoKeystoresOnOneFileSeeEachOther) {
    const auto one = open_or_die();
    const auto two = open_or_die();
    ASSERT_TRUE(one->create_tenant(kClinic));
    const auto before = keys_of(*two);
    EXPECT_EQ(two->create_tenant(kClinic).error().code(), Errc::conflict);
    ASSERT_TRUE(one->rotate(kClinic));
    const Bytes sealed = keys_of(*one)->seal(body_of("a"), as_bytes("new"));
    EXPECT_EQ(keys_of(*two)->open(body_of("a"), sealed), to_bytes("new"));
    ASSERT_TRUE(two->destroy(kClinic));
    EXPECT_EQ(one->tenant(kClinic).error().code(), Errc::not_found);
}

TEST_F(KeystoreTest, NoChangeIsLostBetweenWriters) {
    const auto one = open_or_die();
    const auto two = open_or_die();
    std::atomic<int> failed{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            Keystore& keystore = t % 2 ? *one : *two;
            for (int i = 0; i < 5; ++i) {
                const TenantId tenant(100 * (t + 1) + i);
                if (!keystore.create_tenant(tenant) || !keystore.rotate(tenant)) ++failed;
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(failed, 0);
    const auto three = open_or_die();
    for (int t = 0; t < 4; ++t)
        for (int i = 0; i < 5; ++i)
            EXPECT_EQ(keys_of(*three, TenantId(100 * (t + 1) + i))->generation(), 2U);
}

TEST_F(KeystoreTest, ReadersGoOnDuringRotations) {
    const auto keystore = open_or_die();
    ASSERT_TRUE(keystore->create_tenant(kClinic));
    const Bytes sealed = keys_of(*keystore)->seal(body_of("a"), as_bytes("text"));
    std::atomic<bool> stop{false};
    std::atomic<int> failed{0};
    std::vector<std::thread> readers;
    for (int t = 0; t < 3; ++t) {
        readers.emplace_back([&] {
            while (!stop) {
                const auto keys = keystore->tenant(kClinic);
                if (!keys || !(*keys)->open(body_of("a"), sealed)) ++failed;
            }
        });
    }
    for (int i = 0; i < 20; ++i)
        EXPECT_TRUE(keystore->rotate(kClinic));
    stop = true;
    for (std::thread& reader : readers)
        reader.join();
    EXPECT_EQ(failed, 0);
}

TEST_F(KeystoreTest, AFullDiskChangesNothing) {
    const auto keystore = open_or_die();
    ASSERT_TRUE(keystore->create_tenant(kClinic));
    const std::string before = file();
    const auto previous = std::signal(SIGXFSZ, SIG_IGN);
    rlimit normal{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &normal), 0);
    rlimit small = normal;
    small.rlim_cur = 100;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto outcome = keystore->create_tenant(kOther);
    setrlimit(RLIMIT_FSIZE, &normal);
    std::signal(SIGXFSZ, previous);
    EXPECT_FALSE(outcome);
    EXPECT_EQ(file(), before);
    EXPECT_EQ(keystore->tenant(kOther).error().code(), Errc::not_found);
    EXPECT_TRUE(keystore->tenant(kClinic));
    EXPECT_TRUE(keystore->create_tenant(kOther));
}

TEST_F(KeystoreTest, AMissingFileIsNotServedFromMemory) {
    const auto keystore = open_or_die();
    ASSERT_TRUE(keystore->create_tenant(kClinic));
    std::filesystem::rename(path_, path_ + ".away");
    EXPECT_EQ(keystore->tenant(kClinic).error().code(), Errc::unavailable);
    EXPECT_FALSE(keystore->rotate(kClinic));
    EXPECT_FALSE(std::filesystem::exists(path_));  // and no empty one takes its place
    std::filesystem::rename(path_ + ".away", path_);
    EXPECT_TRUE(keystore->tenant(kClinic));
}

TEST_F(KeystoreTest, AnOlderFileIsRefusedWhileRunning) {
    const auto keystore = open_or_die();
    ASSERT_TRUE(keystore->create_tenant(kClinic));
    std::filesystem::copy_file(path_, path_ + ".old");
    ASSERT_TRUE(keystore->destroy(kClinic));
    std::filesystem::rename(path_ + ".old", path_);
    EXPECT_EQ(keystore->tenant(kClinic).error().code(), Errc::integrity);
    EXPECT_EQ(keystore->rotate(kClinic).error().code(), Errc::integrity);
}

TEST_F(KeystoreTest, NeedsAFolder) {
    const auto keystore = Keystore::open(folder_ + "/absent/keystore", phrase(), clock_);
    ASSERT_FALSE(keystore);
    EXPECT_EQ(keystore.error().code(), Errc::unavailable);
}

}  // namespace
}  // namespace salus::keys
