#include "salus/crypto/sign.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "salus/crypto/random.h"
#include "salus/crypto/tests/vectors.h"

namespace salus::crypto {
namespace {

using testing::unhex;

// RFC 8032 7.1, TEST 2.
TEST(Ed25519, RfcExample) {
    const SigningKey key(
        Secret(unhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")));
    EXPECT_EQ(to_hex(key.public_key()),
              "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    EXPECT_EQ(
        to_hex(key.sign(unhex("72"))),
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f361"
        "3d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

TEST(Ed25519, Wycheproof) {
    const auto document = testing::wycheproof("ed25519");
    if (!document) GTEST_SKIP() << "no Wycheproof vectors: set SALUS_DATA";
    const std::size_t count =
        testing::for_each_vector(*document, [](JsonView group, JsonView test) {
            PublicKey key;
            const Bytes bytes = unhex(group["publicKey"].string("pk"));
            ASSERT_EQ(bytes.size(), key.size());
            std::copy(bytes.begin(), bytes.end(), key.begin());
            EXPECT_EQ(verify_signature(key, unhex(test.string("msg")), unhex(test.string("sig"))),
                      test.string("result") == "valid");
        });
    EXPECT_EQ(count, 151U);
}

TEST(Ed25519, VerifiesItsOwnAndNothingElse) {
    const SigningKey key(random_secret(32));
    const SigningKey other(random_secret(32));
    const Bytes message = to_bytes("a checkpoint");
    Signature signature = key.sign(message);
    EXPECT_TRUE(verify_signature(key.public_key(), message, signature));
    EXPECT_FALSE(verify_signature(other.public_key(), message, signature));
    EXPECT_FALSE(verify_signature(key.public_key(), as_bytes("another"), signature));
    EXPECT_FALSE(verify_signature(key.public_key(), message, ByteView(signature).first(63)));
    signature[10] ^= 1;
    EXPECT_FALSE(verify_signature(key.public_key(), message, signature));
}

}  // namespace
}  // namespace salus::crypto
