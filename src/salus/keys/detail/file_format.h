#pragma once

#include <string>
#include <string_view>

#include "salus/core/result.h"
#include "salus/keys/detail/model.h"

namespace salus::keys::detail {

/// The keystore file is four lines of text:
///   salus-keystore/1
///   {"revision":…,"kdf":…,"tenants":[…]}
///   sha256 <of all before this line>   tells damage from a wrong passphrase
///   hmac <of all before this line>     by the root key: nobody else can change anything
/// It holds no key in the clear and no name of a tenant.
std::string encode(const Model& model, const crypto::HmacKey& file_key);

struct Parsed {
    Model model;
    std::string_view authenticated;  ///< into the text that was parsed
    crypto::Digest mac{};
};

/// Checks the form and the checksum; the caller checks the MAC when it has the key. Errors:
/// integrity, wrong_version.
Result<Parsed> parse(std::string_view text);
/// The second line alone.
Result<Model> parse_body(std::string_view json);

bool authentic(const Parsed& parsed, const crypto::HmacKey& file_key);

}  // namespace salus::keys::detail
