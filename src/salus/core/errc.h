#pragma once

#include <cstdint>
#include <string_view>

namespace salus {

/// Every way an operation can fail. The table in errc.cpp maps each to its stable name, HTTP
/// status, FHIR issue type and exit code, so no room invents its own.
enum class Errc : std::uint8_t {
    usage,              ///< the command line is wrong
    invalid,            ///< the input breaks the format or a rule of FHIR
    unsupported,        ///< well-formed, but nothing salus does
    too_large,          ///< over a named limit
    too_many_requests,  ///< over a rate or concurrency limit
    unauthenticated,    ///< no valid session or token
    denied,             ///< known caller, not allowed, and its existence is no secret
    not_found,          ///< absent, or present and not for this caller: the two look alike
    gone,               ///< deleted
    conflict,           ///< already exists, or changed in between
    version_conflict,   ///< If-Match names another version
    precondition,       ///< a condition of the request does not hold (If-None-Exist, many matches)
    unprocessable,      ///< well-formed FHIR that breaks a business rule (dangling reference)
    unavailable,        ///< a part that salus needs is not answering: try again
    timeout,            ///< the deadline passed
    integrity,          ///< stored data does not verify: tampering or corruption
    storage_full,       ///< no space left
    wrong_passphrase,   ///< the keystore does not open
    wrong_version,      ///< a home directory or schema of another version
    internal,           ///< a defect in salus
};

struct ErrcInfo {
    std::string_view name;  ///< stable code for scripts, e.g. "version-conflict"
    int http_status;
    std::string_view fhir_issue;  ///< http://hl7.org/fhir/issue-type
    int exit_code;                ///< docs/architecture.md, "Exit codes"
};

/// The row of the table for a code. Total: every code has a row.
const ErrcInfo& info(Errc code);

}  // namespace salus
