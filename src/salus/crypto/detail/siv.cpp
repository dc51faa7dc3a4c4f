#include "salus/crypto/detail/siv.h"

#include "salus/core/secret.h"
#include "salus/crypto/detail/openssl.h"

namespace salus::crypto::detail {
namespace {

const EVP_CIPHER* cipher_for(std::size_t key_size) {
    static const EVP_CIPHER* const siv128 = EVP_CIPHER_fetch(nullptr, "AES-128-SIV", nullptr);
    static const EVP_CIPHER* const siv192 = EVP_CIPHER_fetch(nullptr, "AES-192-SIV", nullptr);
    static const EVP_CIPHER* const siv256 = EVP_CIPHER_fetch(nullptr, "AES-256-SIV", nullptr);
    const EVP_CIPHER* cipher = nullptr;
    if (key_size == 32) cipher = siv128;
    if (key_size == 48) cipher = siv192;
    if (key_size == 64) cipher = siv256;
    must(cipher != nullptr);
    return cipher;
}

// Contexts are fresh for each call: OpenSSL 3.0 keeps the state of S2V through a re-initialisation
// that does not name the key, and then answers with success and a wrong synthetic IV.
CipherCtx context(ByteView key, bool encrypt, std::initializer_list<ByteView> components,
                  ByteView tag) {
    CipherCtx ctx = new_cipher_ctx();
    must(EVP_CipherInit_ex2(ctx.get(), cipher_for(key.size()), key.data(), nullptr, encrypt ? 1 : 0,
                            nullptr) == 1);
    if (!encrypt)
        must(EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_SET_TAG, to_int(tag.size()),
                                 const_cast<std::uint8_t*>(tag.data())) == 1);
    int written = 0;
    for (const ByteView component : components) {
        // CVE-2023-2975: releases before 3.0.10 leave an empty string out of the computation.
        must(!component.empty());
        must(EVP_CipherUpdate(ctx.get(), nullptr, &written, component.data(),
                              to_int(component.size())) == 1);
    }
    return ctx;
}

}  // namespace

Bytes siv_seal(ByteView key, std::initializer_list<ByteView> components, ByteView plaintext) {
    must(!plaintext.empty());
    const CipherCtx ctx = context(key, true, components, {});
    Bytes out(kSivTagBytes + plaintext.size());
    int written = 0;
    must(EVP_CipherUpdate(ctx.get(), out.data() + kSivTagBytes, &written, plaintext.data(),
                          to_int(plaintext.size())) == 1);
    must(written == to_int(plaintext.size()));
    std::uint8_t unused[kSivTagBytes];
    must(EVP_CipherFinal_ex(ctx.get(), unused, &written) == 1);
    must(EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_GET_TAG, to_int(kSivTagBytes), out.data()) ==
         1);
    return out;
}

std::optional<Bytes> siv_open(ByteView key, std::initializer_list<ByteView> components,
                              ByteView sealed) {
    if (sealed.size() <= kSivTagBytes) return std::nullopt;
    const CipherCtx ctx = context(key, false, components, sealed.first(kSivTagBytes));
    const ByteView ciphertext = sealed.subspan(kSivTagBytes);
    Bytes plaintext(ciphertext.size());
    int written = 0;
    std::uint8_t unused[kSivTagBytes];
    const bool opened = EVP_CipherUpdate(ctx.get(), plaintext.data(), &written, ciphertext.data(),
                                         to_int(ciphertext.size())) == 1 &&
                        written == to_int(ciphertext.size()) &&
                        EVP_CipherFinal_ex(ctx.get(), unused, &written) == 1;
    if (opened) return plaintext;
    wipe(plaintext.data(), plaintext.size());
    return std::nullopt;
}

}  // namespace salus::crypto::detail
