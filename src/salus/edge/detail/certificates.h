#pragma once

#include <openssl/x509.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "salus/core/clock.h"
#include "salus/core/result.h"

namespace salus::edge::detail {

struct X509Free {
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Certificate = std::unique_ptr<X509, X509Free>;
using PrivateKey = std::unique_ptr<EVP_PKEY, X509Free>;

/// A certificate and the key that belongs to it.
struct Identity {
    Certificate certificate;
    PrivateKey key;
};

/// A self-signed CA that may sign server certificates and no further CA (RFC 5280 4.2.1.9).
Result<Identity> make_ca(TimeUs now_us);
/// A server certificate for `names` (host names and addresses), signed by `ca`, ending no later
/// than it.
Result<Identity> make_server(const Identity& ca, const std::vector<std::string>& names,
                             TimeUs now_us);

/// Loads a PEM pair. Errors: not_found (no certificate file), invalid (does not parse, or the key
/// is missing or another's).
Result<Identity> load_identity(const std::string& certificate_file, const std::string& key_file);
/// Only the certificate. Errors: not_found, invalid.
Result<Certificate> load_certificate(const std::string& file);
/// The key first, mode 0600, then the certificate, mode 0644: a crash in between leaves a pair that
/// does not load, never a certificate without its key in use.
Result<void> store_identity(const Identity& identity, const std::string& certificate_file,
                            const std::string& key_file);

TimeUs not_before_us(const Certificate& certificate);
TimeUs not_after_us(const Certificate& certificate);
/// Is `name`, a host name or an address, among the subject's alternative names?
bool covers(const Certificate& certificate, const std::string& name);
bool is_signed_by(const Certificate& certificate, const Certificate& ca);
/// A host name or an IP address that a certificate can carry.
bool is_name(const std::string& name);

}  // namespace salus::edge::detail
