#include "salus/crypto/mac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>

#include <algorithm>

#include "salus/crypto/detail/openssl.h"

namespace salus::crypto {
namespace {

using detail::must;

constexpr std::size_t kBlock = 64;  // of SHA-256

// Working contexts of this thread: what it hashes with, never what it keeps.
EVP_MD_CTX* work_context() {
    thread_local const detail::MdCtx ctx = detail::new_md_ctx();
    return ctx.get();
}

}  // namespace

Digest sha256(ByteView data) {
    Digest out;
    EVP_MD_CTX* ctx = work_context();
    must(EVP_DigestInit_ex2(ctx, detail::sha_256(), nullptr) == 1);
    must(EVP_DigestUpdate(ctx, data.data(), data.size()) == 1);
    must(EVP_DigestFinal_ex(ctx, out.data(), nullptr) == 1);
    return out;
}

bool equal(ByteView a, ByteView b) {
    return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

/// The two hash states of RFC 2104 section 4, after the padded key and before the message. They are
/// only ever copied from, so any number of threads can share them.
struct HmacKey::Impl {
    detail::MdCtx inner = detail::new_md_ctx();
    detail::MdCtx outer = detail::new_md_ctx();

    explicit Impl(ByteView key) {
        std::array<std::uint8_t, kBlock> pad{};
        if (key.size() > kBlock) {
            const Digest hashed = sha256(key);
            std::copy(hashed.begin(), hashed.end(), pad.begin());
        } else {
            std::copy(key.begin(), key.end(), pad.begin());
        }
        absorb(*inner, pad, 0x36);
        absorb(*outer, pad, 0x36 ^ 0x5c);
        wipe(pad.data(), pad.size());
    }

    static void absorb(EVP_MD_CTX& ctx, std::array<std::uint8_t, kBlock>& pad, std::uint8_t mask) {
        for (std::uint8_t& byte : pad)
            byte ^= mask;
        must(EVP_DigestInit_ex2(&ctx, detail::sha_256(), nullptr) == 1);
        must(EVP_DigestUpdate(&ctx, pad.data(), pad.size()) == 1);
    }
};

HmacKey::HmacKey(Secret key) : impl_(std::make_unique<Impl>(key.expose())) {}
HmacKey::HmacKey(HmacKey&&) noexcept = default;
HmacKey& HmacKey::operator=(HmacKey&&) noexcept = default;
HmacKey::~HmacKey() = default;

Digest HmacKey::mac(ByteView message) const {
    Digest out;
    EVP_MD_CTX* ctx = work_context();
    must(EVP_MD_CTX_copy_ex(ctx, impl_->inner.get()) == 1);
    must(EVP_DigestUpdate(ctx, message.data(), message.size()) == 1);
    must(EVP_DigestFinal_ex(ctx, out.data(), nullptr) == 1);
    must(EVP_MD_CTX_copy_ex(ctx, impl_->outer.get()) == 1);
    must(EVP_DigestUpdate(ctx, out.data(), out.size()) == 1);
    must(EVP_DigestFinal_ex(ctx, out.data(), nullptr) == 1);
    return out;
}

std::int64_t HmacKey::token(ByteView message) const {
    const Digest digest = mac(message);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i)
        value = (value << 8) | digest[i];
    return static_cast<std::int64_t>(value);
}

Secret hkdf(ByteView key_material, ByteView salt, ByteView info, std::size_t size) {
    must(!key_material.empty() && size > 0 && size <= 255 * sizeof(Digest));
    static EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
    must(kdf != nullptr);
    const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> ctx(EVP_KDF_CTX_new(kdf),
                                                                        &EVP_KDF_CTX_free);
    must(ctx != nullptr);
    // OSSL_PARAM has no const form; EVP_KDF_derive copies and changes none of these.
    char digest[] = "SHA256";
    const auto octets = [](const char* name, ByteView bytes) {
        return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(bytes.data()),
                                                 bytes.size());
    };
    std::array<OSSL_PARAM, 5> parameters{};
    std::size_t n = 0;
    parameters[n++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
    parameters[n++] = octets(OSSL_KDF_PARAM_KEY, key_material);
    if (!salt.empty()) parameters[n++] = octets(OSSL_KDF_PARAM_SALT, salt);
    if (!info.empty()) parameters[n++] = octets(OSSL_KDF_PARAM_INFO, info);
    parameters[n] = OSSL_PARAM_construct_end();
    Secret out = Secret::zeros(size);
    must(EVP_KDF_derive(ctx.get(), out.writable().data(), size, parameters.data()) == 1);
    return out;
}

}  // namespace salus::crypto
