#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string_view>

#include "salus/core/bytes.h"

namespace salus::crypto::detail {

/// Ends the process unless `ok`. For calls that fail only when memory is out, the library is broken
/// or the caller broke a documented precondition: there is no safe way to go on, and no input
/// reaches it.
void must(bool ok);

struct CipherCtxFree {
    void operator()(EVP_CIPHER_CTX* ctx) const { EVP_CIPHER_CTX_free(ctx); }
};
struct MdCtxFree {
    void operator()(EVP_MD_CTX* ctx) const { EVP_MD_CTX_free(ctx); }
};
using CipherCtx = std::unique_ptr<EVP_CIPHER_CTX, CipherCtxFree>;
using MdCtx = std::unique_ptr<EVP_MD_CTX, MdCtxFree>;

CipherCtx new_cipher_ctx();
MdCtx new_md_ctx();

/// Algorithms are fetched once for the process: an implicit fetch costs more than hashing a block.
const EVP_CIPHER* aes_256_ecb();
const EVP_CIPHER* aes_256_gcm();
const EVP_MD* sha_256();

/// OpenSSL counts in int; salus' own limits (64 MiB) are far below.
int to_int(std::size_t size);

}  // namespace salus::crypto::detail
