#include "salus/crypto/detail/gcm.h"

#include "salus/core/secret.h"
#include "salus/crypto/detail/openssl.h"

namespace salus::crypto::detail {
namespace {

// One context for each direction: turning one around costs a new key schedule object, and a fresh
// context costs more than the encryption of a record.
EVP_CIPHER_CTX* seal_context() {
    thread_local const CipherCtx ctx = [] {
        CipherCtx fresh = new_cipher_ctx();
        must(EVP_EncryptInit_ex2(fresh.get(), aes_256_gcm(), nullptr, nullptr, nullptr) == 1);
        return fresh;
    }();
    return ctx.get();
}

EVP_CIPHER_CTX* open_context() {
    thread_local const CipherCtx ctx = [] {
        CipherCtx fresh = new_cipher_ctx();
        must(EVP_DecryptInit_ex2(fresh.get(), aes_256_gcm(), nullptr, nullptr, nullptr) == 1);
        return fresh;
    }();
    return ctx.get();
}

}  // namespace

void gcm_seal(const GcmParameters& parameters, ByteView plaintext, std::span<std::uint8_t> out) {
    must(out.size() == plaintext.size() + kGcmTagBytes);
    EVP_CIPHER_CTX* ctx = seal_context();
    // Key and nonce together, every time: this is what makes reuse of a context sound.
    must(EVP_EncryptInit_ex2(ctx, nullptr, parameters.key.data(), parameters.nonce.data(),
                             nullptr) == 1);
    int written = 0;
    const ByteView data = parameters.associated_data;
    if (!data.empty())
        must(EVP_EncryptUpdate(ctx, nullptr, &written, data.data(), to_int(data.size())) == 1);
    if (!plaintext.empty())
        must(EVP_EncryptUpdate(ctx, out.data(), &written, plaintext.data(),
                               to_int(plaintext.size())) == 1);
    must(EVP_EncryptFinal_ex(ctx, out.data() + plaintext.size(), &written) == 1);
    must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, to_int(kGcmTagBytes),
                             out.data() + plaintext.size()) == 1);
}

bool gcm_open(const GcmParameters& parameters, ByteView sealed, std::span<std::uint8_t> out) {
    if (sealed.size() < kGcmTagBytes) return false;
    const ByteView ciphertext = sealed.first(sealed.size() - kGcmTagBytes);
    must(out.size() == ciphertext.size());
    EVP_CIPHER_CTX* ctx = open_context();
    must(EVP_DecryptInit_ex2(ctx, nullptr, parameters.key.data(), parameters.nonce.data(),
                             nullptr) == 1);
    int written = 0;
    const ByteView data = parameters.associated_data;
    if (!data.empty())
        must(EVP_DecryptUpdate(ctx, nullptr, &written, data.data(), to_int(data.size())) == 1);
    if (!ciphertext.empty())
        must(EVP_DecryptUpdate(ctx, out.data(), &written, ciphertext.data(),
                               to_int(ciphertext.size())) == 1);
    // OpenSSL takes the expected tag through a pointer that is not const, and only reads it.
    auto* tag = const_cast<std::uint8_t*>(sealed.data() + ciphertext.size());
    must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, to_int(kGcmTagBytes), tag) == 1);
    std::uint8_t unused[kGcmTagBytes];
    if (EVP_DecryptFinal_ex(ctx, unused, &written) == 1) return true;
    wipe(out.data(), out.size());  // unverified plaintext must not be seen by anyone
    return false;
}

}  // namespace salus::crypto::detail
