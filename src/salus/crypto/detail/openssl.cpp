#include "salus/crypto/detail/openssl.h"

#include <cstdio>
#include <cstdlib>
#include <limits>

namespace salus::crypto::detail {

void must(bool ok) {
    if (ok) return;
    (void)std::fputs("salus: the cryptographic library failed; stopping\n", stderr);
    std::abort();
}

CipherCtx new_cipher_ctx() {
    CipherCtx ctx(EVP_CIPHER_CTX_new());
    must(ctx != nullptr);
    return ctx;
}

MdCtx new_md_ctx() {
    MdCtx ctx(EVP_MD_CTX_new());
    must(ctx != nullptr);
    return ctx;
}

// The fetched algorithms live as long as the process: threads may use them until the very end.

const EVP_CIPHER* aes_256_ecb() {
    static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-ECB", nullptr);
    must(cipher != nullptr);
    return cipher;
}

const EVP_CIPHER* aes_256_gcm() {
    static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    must(cipher != nullptr);
    return cipher;
}

const EVP_MD* sha_256() {
    static const EVP_MD* const digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    must(digest != nullptr);
    return digest;
}

int to_int(std::size_t size) {
    must(size <= static_cast<std::size_t>(std::numeric_limits<int>::max() / 2));
    return static_cast<int>(size);
}

}  // namespace salus::crypto::detail
