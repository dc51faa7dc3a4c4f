#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "salus/core/result.h"
#include "salus/crypto/sign.h"

namespace salus::audit {

/// What a verification found. `place` names the file and the entry (counted from 0 through the
/// whole log) or hash (from 0 in its file) of the first damage.
struct VerifyReport {
    std::uint64_t tree_size = 0;
    std::string root_hash_base64;
    std::uint64_t entries_checked = 0;
    bool ok = false;
    std::string place;
    std::string problem;  ///< constant sentence
};

/// Recomputes every leaf, every tile and the root from the entry bundles, and checks the
/// checkpoint's signature, origin and size: trusts nothing but the public key. Needs no database
/// and no keystore. The key is <log_dir>/key.pub in note form (name+key id+base64), or
/// `trusted_key` in the same form where the caller has kept it elsewhere: whoever can replace the
/// whole folder can replace the file. May run while the log grows. Errors: not_found (no log
/// there), unavailable; damage is in the report.
Result<VerifyReport> verify_log(const std::string& log_dir, std::string_view trusted_key = {});

/// The entries [from, from + limit) of a log, newest last, as AuditEvent JSON texts; fewer at its
/// end. Errors: integrity (checkpoint or bundle damaged), unavailable.
Result<std::vector<std::string>> read_entries(const std::string& log_dir, std::uint64_t from,
                                              std::size_t limit);
/// The size under the newest checkpoint; 0 for an absent log.
Result<std::uint64_t> log_size(const std::string& log_dir);

}  // namespace salus::audit
