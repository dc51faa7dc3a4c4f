#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "salus/core/id.h"
#include "salus/crypto/mac.h"

namespace salus::identity::detail {

/// A bearer token: base64url(tenant id, 8 bytes big-endian | 32 random bytes). The tenant's number
/// only says where to look; what proves anything is that the hash of the whole text is stored
/// there.
struct NewToken {
    std::string text;
    crypto::Digest hash;
};
struct TokenParts {
    TenantId tenant;
    crypto::Digest hash;
};

NewToken make_token(TenantId tenant);
/// Nothing when the text has another length than a token. Decodes nothing: on every request's path.
std::optional<crypto::Digest> hash_token(std::string_view text);
/// The whole check of the form, for a look into the database.
std::optional<TokenParts> parse_token(std::string_view text);

}  // namespace salus::identity::detail
