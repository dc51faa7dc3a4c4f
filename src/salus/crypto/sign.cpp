#include "salus/crypto/sign.h"

#include <sodium.h>

#include "salus/crypto/detail/openssl.h"
#include "salus/crypto/detail/sodium.h"

namespace salus::crypto {

static_assert(std::tuple_size_v<Signature> == crypto_sign_ed25519_BYTES);
static_assert(std::tuple_size_v<PublicKey> == crypto_sign_ed25519_PUBLICKEYBYTES);

SigningKey::SigningKey(Secret seed) : secret_(Secret::zeros(crypto_sign_ed25519_SECRETKEYBYTES)) {
    detail::start_sodium();
    detail::must(seed.size() == crypto_sign_ed25519_SEEDBYTES);
    detail::must(crypto_sign_ed25519_seed_keypair(public_key_.data(), secret_.writable().data(),
                                                  seed.expose().data()) == 0);
}

Signature SigningKey::sign(ByteView message) const {
    Signature signature;
    detail::must(crypto_sign_ed25519_detached(signature.data(), nullptr, message.data(),
                                              message.size(), secret_.expose().data()) == 0);
    return signature;
}

bool verify_signature(const PublicKey& key, ByteView message, ByteView signature) {
    detail::start_sodium();
    return signature.size() == crypto_sign_ed25519_BYTES &&
           crypto_sign_ed25519_verify_detached(signature.data(), message.data(), message.size(),
                                               key.data()) == 0;
}

}  // namespace salus::crypto
