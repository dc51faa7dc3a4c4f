#include "salus/crypto/detail/siv.h"
#include "salus/crypto/aead.h"
#include "salus/crypto/detail/openssl.h"

namespace salus::crypto {
namespace {

// What follows the type byte; other types (numbers, dates) can be added without new keys.
constexpr std::uint8_t kTypeBytes = 0x01;

}  // namespace

struct SivKey::Impl {
    Secret key;
};

SivKey::SivKey(Secret key) : impl_(std::make_unique<Impl>(Impl{std::move(key)})) {
    detail::must(impl_->key.size() == kSivKeyBytes);
}
SivKey::SivKey(SivKey&&) noexcept = default;
SivKey& SivKey::operator=(SivKey&&) noexcept = default;
SivKey::~SivKey() = default;

Bytes SivKey::seal(ByteView plaintext, ByteView associated_data) const {
    Bytes typed;
    typed.reserve(plaintext.size() + 1);
    typed.push_back(kTypeBytes);
    append(typed, plaintext);
    // Empty associated data is the absence of the S2V component, in sealing and opening alike: the
    // result then does not depend on the OpenSSL release (see detail/siv.cpp).
    Bytes sealed = associated_data.empty()
                       ? detail::siv_seal(impl_->key.expose(), {}, typed)
                       : detail::siv_seal(impl_->key.expose(), {associated_data}, typed);
    wipe(typed.data(), typed.size());
    return sealed;
}

Result<Bytes> SivKey::open(ByteView sealed, ByteView associated_data) const {
    auto typed = associated_data.empty()
                     ? detail::siv_open(impl_->key.expose(), {}, sealed)
                     : detail::siv_open(impl_->key.expose(), {associated_data}, sealed);
    if (!typed || typed->empty() || typed->front() != kTypeBytes)
        return fail(Errc::integrity, "A deterministically sealed value does not verify.");
    typed->erase(typed->begin());
    return std::move(*typed);
}

}  // namespace salus::crypto
