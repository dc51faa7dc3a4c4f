#pragma once

#include <string>
#include <vector>

#include "salus/core/clock.h"
#include "salus/core/result.h"

namespace salus::edge {

/// The files that the listener serves with.
struct TlsMaterial {
    std::string certificate_file;
    std::string key_file;
    std::string ca_file;      ///< what clients verify with; empty: the system's trust store
    bool custom = false;      ///< brought by the operator
    bool ca_is_new = false;   ///< made now: clients have to be given it
    TimeUs not_after_us = 0;  ///< when the certificate ends
};

/// Makes sure that `tls_dir` has a certificate for localhost, this host's name and `names_and_ips`
/// (wildcard addresses are left out).
///
/// With custom.pem (certificate and chain) and custom.key there, those are used after checks: they
/// belong together, the certificate is valid now, and OpenSSL's security level 2 takes it; clients
/// verify with custom-ca.pem where present. Otherwise a local CA (ECDSA P-384, ten years, ca.pem
/// and ca.key) is made on first start, and a server certificate (ECDSA P-256, 397 days, server.pem
/// and server.key) whenever there is none, fewer than thirty days are left, or a name is missing
/// from it. The CA may sign server certificates only; it carries no name constraints, because hosts
/// and containers change their names, and clients would then have to be given a new CA each time.
/// Keys have mode 0600.
///
/// Errors: invalid (files that don't load or don't belong together, an expired custom certificate),
/// storage_full, unavailable.
Result<TlsMaterial> ensure_tls(const std::string& tls_dir,
                               const std::vector<std::string>& names_and_ips,
                               const Clock& clock = SystemClock());

}  // namespace salus::edge
