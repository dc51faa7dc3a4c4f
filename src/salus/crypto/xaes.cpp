#include <algorithm>
#include <array>

#include "salus/crypto/aead.h"
#include "salus/crypto/detail/gcm.h"
#include "salus/crypto/detail/openssl.h"
#include "salus/crypto/random.h"

namespace salus::crypto {
namespace {

using detail::must;

constexpr std::size_t kBlock = 16;
constexpr std::size_t kOverhead = kXaesNonceBytes + kTagBytes;
static_assert(kTagBytes == detail::kGcmTagBytes);
static_assert(kXaesKeyBytes == detail::kGcmKeyBytes);

/// A value derived from a key, wiped when it leaves the scope. On the stack: it lives for one call.
struct DerivedKey {
    std::array<std::uint8_t, kXaesKeyBytes> bytes{};
    DerivedKey() = default;
    DerivedKey(const DerivedKey&) = delete;
    DerivedKey& operator=(const DerivedKey&) = delete;
    ~DerivedKey() { wipe(bytes.data(), bytes.size()); }
};

/// NIST SP 800-38B 6.1: the subkey K1 is the double of L in GF(2^128). Without a branch on the key.
std::array<std::uint8_t, kBlock> doubled(const std::array<std::uint8_t, kBlock>& block) {
    std::array<std::uint8_t, kBlock> out{};
    for (std::size_t i = 0; i < kBlock; ++i) {
        const unsigned next = i + 1 < kBlock ? block[i + 1] : 0U;
        out[i] = static_cast<std::uint8_t>((unsigned{block[i]} << 1U) | (next >> 7U));
    }
    const unsigned carry = unsigned{block[0]} >> 7U;
    out[kBlock - 1] = static_cast<std::uint8_t>(out[kBlock - 1] ^ (0x87U & (0U - carry)));
    return out;
}

}  // namespace

struct XaesKey::Impl {
    detail::CipherCtx schedule;  // keyed once; only copied from afterwards, so threads can share it
    std::array<std::uint8_t, kBlock> k1{};

    explicit Impl(ByteView key) : schedule(detail::new_cipher_ctx()) {
        must(key.size() == kXaesKeyBytes);
        must(EVP_EncryptInit_ex2(schedule.get(), detail::aes_256_ecb(), key.data(), nullptr,
                                 nullptr) == 1);
        must(EVP_CIPHER_CTX_set_padding(schedule.get(), 0) == 1);
        const detail::CipherCtx once = detail::new_cipher_ctx();
        must(EVP_CIPHER_CTX_copy(once.get(), schedule.get()) == 1);
        std::array<std::uint8_t, kBlock> l{};
        int written = 0;
        must(EVP_EncryptUpdate(once.get(), l.data(), &written, l.data(), kBlock) == 1);
        must(written == kBlock);
        k1 = doubled(l);
        wipe(l.data(), l.size());
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() { wipe(k1.data(), k1.size()); }

    /// C2SP XAES-256-GCM: NIST SP 800-108 KDF in counter mode with CMAC, label "X", context N[:12].
    /// Both CMAC messages are exactly one block, so each is one AES call on the message xor K1.
    void derive(ByteView nonce, DerivedKey& out) const {
        std::array<std::uint8_t, 2 * kBlock> blocks{};
        for (std::size_t i = 0; i < 2; ++i) {
            std::uint8_t* block = blocks.data() + i * kBlock;
            block[1] = static_cast<std::uint8_t>(i + 1);
            block[2] = 'X';
            std::copy_n(nonce.data(), 12, block + 4);
            for (std::size_t j = 0; j < kBlock; ++j)
                block[j] ^= k1[j];
        }
        thread_local const detail::CipherCtx ecb = detail::new_cipher_ctx();
        must(EVP_CIPHER_CTX_copy(ecb.get(), schedule.get()) == 1);
        int written = 0;
        must(EVP_EncryptUpdate(ecb.get(), out.bytes.data(), &written, blocks.data(), 2 * kBlock) ==
             1);
        must(written == 2 * kBlock);
    }

    [[nodiscard]] static detail::GcmParameters inner(const DerivedKey& key, ByteView nonce,
                                                     ByteView associated_data) {
        return {key.bytes, nonce.subspan<12, detail::kGcmNonceBytes>(), associated_data};
    }
};

XaesKey::XaesKey(Secret key) : impl_(std::make_unique<Impl>(key.expose())) {}
XaesKey::XaesKey(XaesKey&&) noexcept = default;
XaesKey& XaesKey::operator=(XaesKey&&) noexcept = default;
XaesKey::~XaesKey() = default;

void XaesKey::seal(ByteView plaintext, ByteView associated_data, Bytes& out) const {
    std::array<std::uint8_t, kXaesNonceBytes> nonce;
    fill_random(nonce);
    seal_with_nonce(nonce, plaintext, associated_data, out);
}

void XaesKey::seal_with_nonce(ByteView nonce, ByteView plaintext, ByteView associated_data,
                              Bytes& out) const {
    must(nonce.size() == kXaesNonceBytes);
    const std::size_t start = out.size();
    out.resize(start + plaintext.size() + kOverhead);
    std::copy(nonce.begin(), nonce.end(), out.begin() + static_cast<std::ptrdiff_t>(start));
    DerivedKey key;
    impl_->derive(nonce, key);
    detail::gcm_seal(Impl::inner(key, nonce, associated_data), plaintext,
                     std::span(out).subspan(start + kXaesNonceBytes));
}

Result<Bytes> XaesKey::open(ByteView sealed, ByteView associated_data) const {
    if (sealed.size() < kOverhead)
        return fail(Errc::integrity, "A sealed value is too short to be one.");
    const ByteView nonce = sealed.first(kXaesNonceBytes);
    DerivedKey key;
    impl_->derive(nonce, key);
    Bytes plaintext(sealed.size() - kOverhead);
    if (!detail::gcm_open(Impl::inner(key, nonce, associated_data), sealed.subspan(kXaesNonceBytes),
                          plaintext))
        return fail(Errc::integrity, "A sealed value does not verify.");
    return plaintext;
}

}  // namespace salus::crypto
