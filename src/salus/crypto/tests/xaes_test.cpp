#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <rapidcheck.h>

#include <set>
#include <thread>

#include "salus/crypto/aead.h"
#include "salus/crypto/random.h"
#include "salus/crypto/tests/vectors.h"

namespace salus::crypto {
namespace {

XaesKey repeated_key(std::uint8_t byte) {
    return XaesKey(Secret(Bytes(kXaesKeyBytes, byte)));
}

std::string sealed_hex(const XaesKey& key, std::string_view aad) {
    Bytes out;
    key.seal_with_nonce(as_bytes("ABCDEFGHIJKLMNOPQRSTUVWX"), as_bytes("XAES-256-GCM"),
                        as_bytes(aad), out);
    return to_hex(ByteView(out).subspan(kXaesNonceBytes));
}

// c2sp.org/XAES-256-GCM, "Test Vectors": the first key doubles without, the second with a carry.
TEST(Xaes, PublishedVectors) {
    EXPECT_EQ(sealed_hex(repeated_key(1), ""),
              "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
    EXPECT_EQ(sealed_hex(repeated_key(3), "c2sp.org/XAES-256-GCM"),
              "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");
}

/// An endless SHAKE128 stream of the empty input, as the accumulated vectors use it.
class Stream {
  public:
    explicit Stream(std::size_t size) : bytes_(size) {
        EVP_MD_CTX* ctx = EVP_MD_CTX_new();
        EVP_DigestInit_ex(ctx, EVP_shake128(), nullptr);
        EVP_DigestFinalXOF(ctx, bytes_.data(), bytes_.size());
        EVP_MD_CTX_free(ctx);
    }
    ByteView take(std::size_t n) {
        const ByteView view = ByteView(bytes_).subspan(used_, n);
        used_ += n;
        return view;
    }

  private:
    Bytes bytes_;
    std::size_t used_ = 0;
};

// The accumulated vector of the specification: 10,000 random keys, nonces, texts and data.
TEST(Xaes, AccumulatedVector) {
    constexpr int kRounds = 10'000;
    Stream stream(kRounds * (32 + 24 + 2 + 2 * 255));
    EVP_MD_CTX* digest = EVP_MD_CTX_new();
    EVP_DigestInit_ex(digest, EVP_shake128(), nullptr);
    for (int i = 0; i < kRounds; ++i) {
        const ByteView key_bytes = stream.take(32);
        const XaesKey key(Secret(Bytes(key_bytes.begin(), key_bytes.end())));
        const ByteView nonce = stream.take(24);
        const ByteView plaintext = stream.take(stream.take(1)[0]);
        const ByteView aad = stream.take(stream.take(1)[0]);
        Bytes sealed;
        key.seal_with_nonce(nonce, plaintext, aad, sealed);
        const auto opened = key.open(sealed, aad);
        ASSERT_TRUE(opened && *opened == Bytes(plaintext.begin(), plaintext.end()));
        EVP_DigestUpdate(digest, sealed.data() + 24, sealed.size() - 24);
    }
    Bytes out(32);
    EVP_DigestFinalXOF(digest, out.data(), out.size());
    EVP_MD_CTX_free(digest);
    EXPECT_EQ(to_hex(out), "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939");
}

TEST(Xaes, RoundTripsAndRefusesEveryChange) {
    const XaesKey key(random_secret(kXaesKeyBytes));
    EXPECT_TRUE(rc::check([&](const Bytes& plaintext, const Bytes& aad, std::uint16_t at) {
        Bytes sealed;
        key.seal(plaintext, aad, sealed);
        const auto opened = key.open(sealed, aad);
        RC_ASSERT(opened && *opened == plaintext);
        Bytes changed = sealed;
        changed[at % changed.size()] ^= static_cast<std::uint8_t>(1U << (at % 8U));
        RC_ASSERT(!key.open(changed, aad));
        Bytes other = aad;
        other.push_back(0);
        RC_ASSERT(!key.open(sealed, other));
        RC_ASSERT(!key.open(ByteView(sealed).first(at % sealed.size()), aad));
        RC_ASSERT(key.open(sealed, aad).has_value());  // a refusal leaves nothing behind
    }));
}

TEST(Xaes, AppendsAndNeverRepeatsANonce) {
    const XaesKey key(random_secret(kXaesKeyBytes));
    Bytes out = to_bytes("head");
    key.seal(as_bytes("x"), {}, out);
    EXPECT_EQ(as_text(ByteView(out).first(4)), "head");
    EXPECT_EQ(out.size(), 4 + kXaesNonceBytes + 1 + kTagBytes);
    std::set<Bytes> nonces;
    for (int i = 0; i < 1000; ++i) {
        Bytes sealed;
        key.seal({}, {}, sealed);
        nonces.insert(Bytes(sealed.begin(), sealed.begin() + kXaesNonceBytes));
    }
    EXPECT_EQ(nonces.size(), 1000U);
}

TEST(Xaes, ManyThreadsShareAKey) {
    const XaesKey one(random_secret(kXaesKeyBytes));
    const XaesKey two(random_secret(kXaesKeyBytes));
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 500; ++i) {
                const Bytes text(static_cast<std::size_t>(i % 300), static_cast<std::uint8_t>(t));
                const XaesKey& key = i % 2 ? one : two;
                const XaesKey& other = i % 2 ? two : one;
                Bytes sealed;
                key.seal(text, as_bytes("here"), sealed);
                const auto opened = key.open(sealed, as_bytes("here"));
                if (opened && *opened == text && !other.open(sealed, as_bytes("here"))) ++good;
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(good, 2000);
}

}  // namespace
}  // namespace salus::crypto
