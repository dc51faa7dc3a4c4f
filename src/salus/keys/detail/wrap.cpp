#include "salus/keys/detail/wrap.h"

#include <algorithm>

namespace salus::keys::detail {
namespace {

template <typename T>
void append_big_endian(Bytes& to, T value) {
    for (std::size_t i = sizeof(T); i-- > 0;)
        to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

}  // namespace

Bytes Label::bytes() const {
    Bytes out;
    out.reserve(13);
    out.push_back(static_cast<std::uint8_t>(purpose));
    append_big_endian(out, static_cast<std::uint64_t>(tenant.value()));
    append_big_endian(out, generation);
    return out;
}

Secret derive(const Secret& key, ConstText use, const Label& label) {
    Bytes info = to_bytes(use.view());
    info.push_back(0);
    append(info, label.bytes());
    return crypto::hkdf(key.expose(), {}, info, kKeyBytes);
}

crypto::Digest commitment_of(const Secret& key, const Label& label) {
    const Secret derived = derive(key, "salus/1 commitment", label);
    crypto::Digest out{};
    std::copy(derived.expose().begin(), derived.expose().end(), out.begin());
    return out;
}

Wrapper::Wrapper(const Secret& parent, const Label& parent_label)
    : key_(derive(parent, "salus/1 wrap", parent_label)) {}

WrappedKey Wrapper::wrap(const Secret& key, const Label& label) const {
    WrappedKey out;
    key_.seal(key.expose(), label.bytes(), out.sealed);
    out.commitment = commitment_of(key, label);
    return out;
}

Result<Secret> Wrapper::unwrap(const WrappedKey& wrapped, const Label& label) const {
    auto bytes = key_.open(wrapped.sealed, label.bytes());
    if (bytes) {
        Secret key(std::move(*bytes));
        if (key.size() == kKeyBytes && crypto::equal(commitment_of(key, label), wrapped.commitment))
            return key;
    }
    return fail(Errc::integrity, "A key in the keystore does not verify.",
                "Restore the keystore from its backup.");
}

}  // namespace salus::keys::detail
