#include "salus/identity/detail/token.h"

#include <array>
#include <span>

#include "salus/core/encoding.h"
#include "salus/core/secret.h"
#include "salus/crypto/random.h"

namespace salus::identity::detail {
namespace {

constexpr std::size_t kTenantBytes = 8;
constexpr std::size_t kTokenBytes = kTenantBytes + 32;
constexpr std::size_t kTokenText = (kTokenBytes * 8 + 5) / 6;

}  // namespace

NewToken make_token(TenantId tenant) {
    std::array<std::uint8_t, kTokenBytes> bytes{};
    auto number = static_cast<std::uint64_t>(tenant.value());
    for (std::size_t i = kTenantBytes; i-- > 0; number >>= 8)
        bytes[i] = static_cast<std::uint8_t>(number & 0xff);
    crypto::fill_random(std::span(bytes).subspan(kTenantBytes));
    NewToken token{to_base64url(bytes), {}};
    token.hash = crypto::sha256(as_bytes(token.text));
    wipe(bytes.data(), bytes.size());
    return token;
}

std::optional<crypto::Digest> hash_token(std::string_view text) {
    if (text.size() != kTokenText) return std::nullopt;
    return crypto::sha256(as_bytes(text));
}

std::optional<TokenParts> parse_token(std::string_view text) {
    const auto hash = hash_token(text);
    if (!hash) return std::nullopt;
    std::optional<Bytes> bytes = from_base64url(text);
    if (!bytes || bytes->size() != kTokenBytes) return std::nullopt;
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < kTenantBytes; ++i)
        number = (number << 8) | (*bytes)[i];
    wipe(bytes->data(), bytes->size());
    const TenantId tenant(static_cast<std::int64_t>(number));
    if (tenant.value() <= 0) return std::nullopt;
    return TokenParts{tenant, *hash};
}

}  // namespace salus::identity::detail
