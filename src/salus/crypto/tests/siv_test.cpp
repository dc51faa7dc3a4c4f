#include "salus/crypto/detail/siv.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <rapidcheck.h>

#include "salus/crypto/aead.h"
#include "salus/crypto/random.h"
#include "salus/crypto/tests/vectors.h"

namespace salus::crypto {
namespace {

using testing::unhex;

// RFC 5297 A.1: one string of associated data.
TEST(Siv, RfcDeterministicExample) {
    const Bytes key = unhex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    const Bytes ad = unhex("101112131415161718191a1b1c1d1e1f2021222324252627");
    const Bytes plaintext = unhex("112233445566778899aabbccddee");
    const Bytes sealed = detail::siv_seal(key, {ad}, plaintext);
    EXPECT_EQ(to_hex(sealed), "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c");
    EXPECT_EQ(detail::siv_open(key, {ad}, sealed), plaintext);
}

// RFC 5297 A.2: two strings and a nonce.
TEST(Siv, RfcNonceExample) {
    const Bytes key = unhex("7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f");
    const Bytes ad1 =
        unhex("00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa99887766554433221100");
    const Bytes ad2 = unhex("102030405060708090a0");
    const Bytes nonce = unhex("09f911029d74e35bd84156c5635688c0");
    const Bytes plaintext = unhex(
        "7468697320697320736f6d6520706c61696e7465787420746f20656e6372797074207573696e67205349562d41"
        "4553");
    const Bytes sealed = detail::siv_seal(key, {ad1, ad2, nonce}, plaintext);
    EXPECT_EQ(
        to_hex(sealed),
        "7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17dba77ceb094fa663b7a3f74"
        "8ba8af829ea64ad544a272e9c485b62a3fd5c0d");
    EXPECT_EQ(detail::siv_open(key, {ad1, ad2, nonce}, sealed), plaintext);
}

/// RFC 5297 written down once more from AES-CMAC and AES-CTR, for the key size the RFC has no
/// example of.
class Oracle {
  public:
    explicit Oracle(const Bytes& key)
        : mac_key_(key.begin(), key.begin() + 32), ctr_key_(key.begin() + 32, key.end()) {}

    [[nodiscard]] Bytes seal(const Bytes& ad, const Bytes& typed) const {
        Bytes d = cmac(Bytes(16, 0));
        if (!ad.empty()) {
            double_block(d);
            const Bytes of_ad = cmac(ad);
            for (std::size_t i = 0; i < 16; ++i)
                d[i] ^= of_ad[i];
        }
        Bytes last = typed;
        if (typed.size() < 16) {
            double_block(d);
            last.push_back(0x80);
            last.resize(16);
        }
        for (std::size_t i = 0; i < 16; ++i)
            last[last.size() - 16 + i] ^= d[i];
        Bytes out = cmac(last);
        Bytes counter = out;
        counter[8] &= 0x7f;
        counter[12] &= 0x7f;
        append(out, ctr(counter, typed));
        return out;
    }

  private:
    static void double_block(Bytes& block) {
        const bool carry = block[0] & 0x80;
        for (std::size_t i = 0; i < 16; ++i)
            block[i] =
                static_cast<std::uint8_t>((block[i] << 1) | (i < 15 ? block[i + 1] >> 7 : 0));
        if (carry) block[15] ^= 0x87;
    }
    [[nodiscard]] Bytes cmac(const Bytes& message) const {
        Bytes out(16);
        std::size_t size = 0;
        EVP_Q_mac(nullptr, "CMAC", nullptr, "AES-256-CBC", nullptr, mac_key_.data(),
                  mac_key_.size(), message.data(), message.size(), out.data(), out.size(), &size);
        return out;
    }
    [[nodiscard]] Bytes ctr(const Bytes& counter, const Bytes& text) const {
        Bytes out(text.size());
        int written = 0;
        EVP_CIPHER_CTX* ctx = EVP_CIPHER_CTX_new();
        EVP_EncryptInit_ex(ctx, EVP_aes_256_ctr(), nullptr, ctr_key_.data(), counter.data());
        EVP_EncryptUpdate(ctx, out.data(), &written, text.data(), static_cast<int>(text.size()));
        EVP_CIPHER_CTX_free(ctx);
        return out;
    }
    Bytes mac_key_;
    Bytes ctr_key_;
};

TEST(Siv, AgreesWithTheRfcFromParts) {
    EXPECT_TRUE(rc::check([](const Bytes& plaintext, const Bytes& ad) {
        const Secret random = random_secret(kSivKeyBytes);
        const Bytes bytes(random.expose().begin(), random.expose().end());
        const SivKey key(random.clone());
        const Bytes sealed = key.seal(plaintext, ad);
        Bytes typed{1};
        append(typed, plaintext);
        RC_ASSERT(sealed == Oracle(bytes).seal(ad, typed));
        const auto opened = key.open(sealed, ad);
        RC_ASSERT(opened && *opened == plaintext);
    }));
}

// Values computed with another library (pyca/cryptography).
TEST(Siv, KnownValues) {
    Bytes bytes(kSivKeyBytes);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::uint8_t>(i);
    const SivKey key(Secret(std::move(bytes)));
    EXPECT_EQ(to_hex(key.seal(as_bytes("555-12-3456"), as_bytes("salus"))),
              "e528bfc839905e1d6a64103389fca53573eadd980732f8e8b965b9e5");
}

TEST(Siv, DeterministicAndRefusesEveryChange) {
    const SivKey key(random_secret(kSivKeyBytes));
    EXPECT_TRUE(rc::check([&](const Bytes& plaintext, const Bytes& ad, std::uint16_t at) {
        const Bytes sealed = key.seal(plaintext, ad);
        RC_ASSERT(sealed == key.seal(plaintext, ad));
        Bytes changed = sealed;
        changed[at % changed.size()] ^= static_cast<std::uint8_t>(1U << (at % 8U));
        RC_ASSERT(!key.open(changed, ad));
        Bytes other = ad;
        other.push_back(0);
        RC_ASSERT(!key.open(sealed, other));
        RC_ASSERT(!key.open(ByteView(sealed).first(at % sealed.size()), ad));
    }));
}

}  // namespace
}  // namespace salus::crypto
