#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "salus/core/result.h"
#include "salus/crypto/sign.h"

namespace salus::audit {

/// What a verification found. `place` names the file and the entry of the first damage.
struct VerifyReport {
    std::uint64_t tree_size = 0;
    std::string root_hash_base64;
    std::uint64_t entries_checked = 0;
    bool ok = false;
    std::string place;
    std::string problem;  ///< constant sentence
};

/// Recomputes every leaf, every tile and the root from the entry bundles, and checks the checkpoint's
/// signature, origin and size: trusts nothing but the public key. Needs no database and no keystore.
/// The verifier key file is <log_dir>/key.pub in note form: name+hash+base64.
Result<VerifyReport> verify_log(const std::string& log_dir);

/// The entries [from, from + limit) of a log, newest last, as AuditEvent JSON texts.
Result<std::vector<std::string>> read_entries(const std::string& log_dir, std::uint64_t from,
                                              std::size_t limit);
/// The size under the newest checkpoint; 0 for an absent log.
Result<std::uint64_t> log_size(const std::string& log_dir);

}  // namespace salus::audit
