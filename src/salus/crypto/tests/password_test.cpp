#include "salus/crypto/password.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "salus/crypto/mac.h"
#include "salus/crypto/tests/vectors.h"

namespace salus::crypto {
namespace {

TEST(Password, OnlyTheRightOneVerifies) {
    const auto hash = hash_password("correct horse");
    ASSERT_TRUE(hash);
    EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));  // OWASP ASVS 5
    EXPECT_TRUE(verify_password(*hash, "correct horse"));
    EXPECT_FALSE(verify_password(*hash, "correct horsf"));
    EXPECT_FALSE(verify_password(*hash, ""));
    EXPECT_FALSE(verify_password(*hash, std::string_view("correct horse\0", 14)));
    EXPECT_NE(*hash, *hash_password("correct horse"));  // a salt of its own each time
}

TEST(Password, ABrokenHashIsNeverRight) {
    const std::string hash = *hash_password("x");
    EXPECT_FALSE(verify_password("", "x"));
    EXPECT_FALSE(verify_password("plain", "plain"));
    EXPECT_FALSE(verify_password(hash.substr(0, hash.size() - 1), "x"));
    EXPECT_FALSE(verify_password(hash + "A", "x"));
    EXPECT_FALSE(verify_password(hash + std::string(500, 'A'), "x"));
    // A cost that nobody here asked for is not paid.
    EXPECT_FALSE(
        verify_password("$argon2id$v=19$m=4194304,t=9,p=1$c29tZXNhbHRzb21lc2Fs$"
                        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                        "x"));
}

TEST(Password, ManyAtOnceAllFinish) {
    const std::string hash = *hash_password("x");
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; ++i) {
        threads.emplace_back([&] {
            if (verify_password(hash, "x")) ++right;
            spend_password_check("x");
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(right, 6);
}

// Argon2id, 64 MiB, 3 passes, 1 lane: the value was computed with another library
// (pyca/cryptography).
TEST(Passphrase, KnownValue) {
    Bytes salt(16);
    for (std::size_t i = 0; i < salt.size(); ++i)
        salt[i] = static_cast<std::uint8_t>(i);
    const auto key = derive_from_passphrase(as_bytes("correct horse battery staple"), salt);
    ASSERT_TRUE(key);
    EXPECT_EQ(to_hex(key->expose()),
              "0d1a3c6523c8f06e4e0af9c515aa5b5448cfebd6838f2d52c3d8b6ef8ddc3c2e");
    EXPECT_FALSE(derive_from_passphrase(as_bytes("x"), ByteView(salt).first(15)));
}

// RFC 6238 Appendix B, SHA-1; its eight digits end in our six.
TEST(Totp, RfcVectors) {
    const ByteView secret = as_bytes("12345678901234567890");
    const std::vector<std::pair<std::int64_t, std::string>> vectors = {
        {59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
        {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    for (const auto& [time, code] : vectors) {
        EXPECT_EQ(totp_code(secret, time), code);
        EXPECT_EQ(verify_totp(secret, code, time), time / 30);
    }
}

TEST(Totp, OneStepOfDriftEitherWay) {
    const ByteView secret = as_bytes("12345678901234567890");
    constexpr std::int64_t kNow = 1'700'000'010;
    const std::string code = totp_code(secret, kNow);
    EXPECT_EQ(verify_totp(secret, code, kNow + 30), kNow / 30);
    EXPECT_EQ(verify_totp(secret, code, kNow - 30), kNow / 30);
    EXPECT_FALSE(verify_totp(secret, code, kNow + 60));
    EXPECT_FALSE(verify_totp(secret, code, kNow - 60));
    EXPECT_FALSE(verify_totp(as_bytes("another secret here!"), code, kNow));
}

TEST(Totp, RefusesWhatIsNotACode) {
    const ByteView secret = as_bytes("12345678901234567890");
    for (const std::string_view code : {"", "28708", "2870822", "28708a", " 87082", "+87082"})
        EXPECT_FALSE(verify_totp(secret, code, 59)) << code;
    EXPECT_FALSE(verify_totp({}, "287082", 59));
    EXPECT_FALSE(verify_totp(secret, "287082", -59));
    EXPECT_EQ(verify_totp(secret, totp_code(secret, 0), 0), 0);  // no step before the first
}

}  // namespace
}  // namespace salus::crypto
