#include "salus/crypto/mac.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <thread>

#include "salus/crypto/random.h"
#include "salus/crypto/tests/vectors.h"

namespace salus::crypto {
namespace {

using testing::unhex;

TEST(Sha256, Fips180Examples) {
    EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(sha256({})),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Hmac, Wycheproof) {
    const auto document = testing::wycheproof("hmac_sha256");
    if (!document) GTEST_SKIP() << "no Wycheproof vectors: set SALUS_DATA";
    const std::size_t count = testing::for_each_vector(*document, [](JsonView, JsonView test) {
        const HmacKey key(Secret(unhex(test.string("key"))));
        const Bytes tag = unhex(test.string("tag"));
        const Digest mac = key.mac(unhex(test.string("msg")));
        EXPECT_EQ(equal(ByteView(mac).first(tag.size()), tag), test.string("result") == "valid");
    });
    EXPECT_EQ(count, 174U);
}

// RFC 4231 4.7: a key longer than a block is hashed first.
TEST(Hmac, LongKey) {
    const HmacKey key(Secret(Bytes(131, 0xaa)));
    EXPECT_EQ(to_hex(key.mac(as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hmac, TokenIsTheFirstEightBytes) {
    const HmacKey key(Secret(Bytes(20, 0x0b)));  // RFC 4231 4.2: b0344c61d8db3853...
    EXPECT_EQ(static_cast<std::uint64_t>(key.token(as_bytes("Hi There"))), 0xb0344c61d8db3853ULL);
}

TEST(Hmac, ManyThreadsShareAKey) {
    const HmacKey key(Secret(Bytes(20, 0x0b)));
    const Digest expected = key.mac(as_bytes("Hi There"));
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 2000; ++i)
                if (key.mac(as_bytes("Hi There")) == expected) ++good;
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(good, 8000);
}

TEST(Hkdf, Wycheproof) {
    const auto document = testing::wycheproof("hkdf_sha256");
    if (!document) GTEST_SKIP() << "no Wycheproof vectors: set SALUS_DATA";
    std::size_t checked = 0;
    testing::for_each_vector(*document, [&](JsonView, JsonView test) {
        if (test.string("result") != "valid") return;  // only the size, a precondition here
        const Bytes expected = unhex(test.string("okm"));
        const Secret key = hkdf(unhex(test.string("ikm")), unhex(test.string("salt")),
                                unhex(test.string("info")), expected.size());
        EXPECT_TRUE(equal(key.expose(), expected));
        ++checked;
    });
    EXPECT_GE(checked, 80U);
}

TEST(HkdfDeathTest, RefusesMoreThanTheRfcAllows) {
    EXPECT_DEATH((void)hkdf(as_bytes("key"), {}, {}, 8161), "cryptographic library");
}

TEST(Equal, MeansEqual) {
    EXPECT_TRUE(equal({}, {}));
    EXPECT_TRUE(rc::check([](const Bytes& a, const Bytes& b) {
        RC_ASSERT(equal(a, a));
        RC_ASSERT(equal(a, b) == (a == b));
    }));
}

}  // namespace
}  // namespace salus::crypto
