#include "salus/edge/detail/certificates.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "salus/core/bytes.h"
#include "salus/core/fs.h"
#include "salus/core/secret.h"

namespace salus::edge::detail {
namespace {

constexpr TimeUs kCaLifetimeUs = 3652 * kDayUs;
constexpr TimeUs kServerLifetimeUs = 397 * kDayUs;  // CA/Browser Forum baseline: at most 398 days
constexpr TimeUs kClockSkewUs = 3600 * kSecondUs;
constexpr std::size_t kPemBytes = 256 * 1024;

struct OpenSslFree {
    void operator()(BIO* bio) const { BIO_free_all(bio); }
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
    void operator()(ASN1_OCTET_STRING* text) const { ASN1_OCTET_STRING_free(text); }
    void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
template <typename T>
using Owned = std::unique_ptr<T, OpenSslFree>;

tl::unexpected<Error> openssl_failure() {
    ERR_clear_error();
    return fail(Errc::internal, "A TLS certificate can't be made.",
                "Check the OpenSSL configuration.");
}

bool set_time(ASN1_TIME* field, TimeUs time_us) {
    return ASN1_TIME_set(field, static_cast<std::time_t>(time_us / kSecondUs)) != nullptr;
}

TimeUs time_of(const ASN1_TIME* field) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(field, &parts) != 1) return 0;
    return static_cast<TimeUs>(::timegm(&parts)) * kSecondUs;
}

/// RFC 5280 4.1.2.2: positive, at most 20 octets; CA/Browser Forum: 64 random bits or more.
bool set_serial(X509* certificate) {
    std::array<unsigned char, 16> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
    bytes[0] &= 0x7f;
    bytes[0] |= 0x40;
    BIGNUM* number = BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr);
    const bool ok = number != nullptr &&
                    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
    BN_free(number);
    return ok;
}

bool set_common_name(X509* certificate, const char* name) {
    return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(name), -1, -1, 0) == 1;
}

/// `value` is constant text: names from outside never go through OpenSSL's configuration syntax.
bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool add_alternative_names(X509* certificate, const std::vector<std::string>& names) {
    const Owned<GENERAL_NAMES> list(GENERAL_NAMES_new());
    for (const std::string& name : names) {
        GENERAL_NAME* entry = GENERAL_NAME_new();
        if (entry == nullptr || sk_GENERAL_NAME_push(list.get(), entry) == 0) {
            GENERAL_NAME_free(entry);
            return false;
        }
        if (ASN1_OCTET_STRING* address = a2i_IPADDRESS(name.c_str()); address != nullptr) {
            GENERAL_NAME_set0_value(entry, GEN_IPADD, address);
            continue;
        }
        ASN1_IA5STRING* text = ASN1_IA5STRING_new();
        if (text == nullptr ||
            ASN1_STRING_set(text, name.data(), static_cast<int>(name.size())) != 1)
            return false;
        GENERAL_NAME_set0_value(entry, GEN_DNS, text);
    }
    return X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0,
                             X509V3_ADD_DEFAULT) == 1;
}

/// The parts every certificate has.
Result<Identity> start_identity(const char* curve, TimeUs now_us, TimeUs until_us) {
    ERR_clear_error();
    Identity identity{Certificate(X509_new()), PrivateKey(EVP_EC_gen(curve))};
    X509* certificate = identity.certificate.get();
    if (certificate == nullptr || identity.key == nullptr ||
        X509_set_version(certificate, X509_VERSION_3) != 1 || !set_serial(certificate) ||
        !set_time(X509_getm_notBefore(certificate), now_us - kClockSkewUs) ||
        !set_time(X509_getm_notAfter(certificate), until_us) ||
        X509_set_pubkey(certificate, identity.key.get()) != 1)
        return openssl_failure();
    return identity;
}

template <typename Write>
Result<std::string> to_pem(Write write) {
    const Owned<BIO> memory(BIO_new(BIO_s_mem()));
    if (memory == nullptr || !write(memory.get())) return openssl_failure();
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &data);
    std::string text(data, static_cast<std::size_t>(size));
    wipe(data, static_cast<std::size_t>(size));
    return text;
}

Owned<BIO> memory_of(const Bytes& bytes) {
    return Owned<BIO>(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

/// A key that asks for a passphrase can't be used unattended, and must not make OpenSSL ask on the
/// terminal.
int no_passphrase(char*, int, int, void*) {
    return 0;
}

}  // namespace

Result<Identity> make_ca(TimeUs now_us) {
    SALUS_TRY(Identity ca, start_identity("P-384", now_us, now_us + kCaLifetimeUs));
    X509* certificate = ca.certificate.get();
    if (!set_common_name(certificate, "Salus local CA") ||
        X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) != 1 ||
        !add_extension(certificate, certificate, NID_basic_constraints,
                       "critical,CA:TRUE,pathlen:0") ||
        !add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !add_extension(certificate, certificate, NID_ext_key_usage, "serverAuth") ||
        !add_extension(certificate, certificate, NID_subject_key_identifier, "hash") ||
        X509_sign(certificate, ca.key.get(), EVP_sha384()) == 0)
        return openssl_failure();
    return ca;
}

Result<Identity> make_server(const Identity& ca, const std::vector<std::string>& names,
                             TimeUs now_us) {
    const TimeUs until_us =
        std::min(now_us + kServerLifetimeUs - kClockSkewUs, not_after_us(ca.certificate));
    SALUS_TRY(Identity server, start_identity("P-256", now_us, until_us));
    X509* certificate = server.certificate.get();
    X509* issuer = ca.certificate.get();
    if (!set_common_name(certificate, "salus") ||
        X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) != 1 ||
        !add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") ||
        !add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") ||
        !add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth") ||
        !add_extension(certificate, issuer, NID_subject_key_identifier, "hash") ||
        !add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always") ||
        !add_alternative_names(certificate, names) ||
        X509_sign(certificate, ca.key.get(), EVP_sha384()) == 0)
        return openssl_failure();
    return server;
}

Result<Certificate> load_certificate(const std::string& file) {
    SALUS_TRY(const Bytes pem, read_file(file, kPemBytes));
    ERR_clear_error();
    Certificate certificate(
        PEM_read_bio_X509(memory_of(pem).get(), nullptr, no_passphrase, nullptr));
    if (certificate == nullptr)
        return fail(Errc::invalid, "A TLS certificate file holds no PEM certificate.",
                    "Check the files in the home's tls folder.");
    return certificate;
}

Result<Identity> load_identity(const std::string& certificate_file, const std::string& key_file) {
    Identity identity;
    SALUS_TRY(identity.certificate, load_certificate(certificate_file));
    auto pem = read_file(key_file, kPemBytes);
    if (!pem)
        return fail(Errc::invalid, "The key of a TLS certificate is missing or can't be read.",
                    "Check the files in the home's tls folder.");
    identity.key.reset(
        PEM_read_bio_PrivateKey(memory_of(*pem).get(), nullptr, no_passphrase, nullptr));
    wipe(pem->data(), pem->size());
    if (identity.key == nullptr ||
        X509_check_private_key(identity.certificate.get(), identity.key.get()) != 1) {
        ERR_clear_error();
        return fail(Errc::invalid, "A TLS key does not load or is another certificate's.",
                    "Check the files in the home's tls folder; keys must have no passphrase.");
    }
    return identity;
}

Result<void> store_identity(const Identity& identity, const std::string& certificate_file,
                            const std::string& key_file) {
    SALUS_TRY(std::string key, to_pem([&](BIO* out) {
                  return PEM_write_bio_PKCS8PrivateKey(out, identity.key.get(), nullptr, nullptr, 0,
                                                       nullptr, nullptr) == 1;
              }));
    const auto stored = write_file_atomic(key_file, as_bytes(key), 0600);
    wipe(key.data(), key.size());
    SALUS_CHECK(stored);
    SALUS_TRY(const std::string certificate, to_pem([&](BIO* out) {
                  return PEM_write_bio_X509(out, identity.certificate.get()) == 1;
              }));
    return write_file_atomic(certificate_file, as_bytes(certificate), 0644);
}

TimeUs not_before_us(const Certificate& certificate) {
    return time_of(X509_get0_notBefore(certificate.get()));
}
TimeUs not_after_us(const Certificate& certificate) {
    return time_of(X509_get0_notAfter(certificate.get()));
}

bool covers(const Certificate& certificate, const std::string& name) {
    const Owned<ASN1_OCTET_STRING> address(a2i_IPADDRESS(name.c_str()));
    ERR_clear_error();
    if (address != nullptr) return X509_check_ip_asc(certificate.get(), name.c_str(), 0) == 1;
    return X509_check_host(certificate.get(), name.data(), name.size(),
                           X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) == 1;
}

bool is_signed_by(const Certificate& certificate, const Certificate& ca) {
    const bool is = X509_verify(certificate.get(), X509_get0_pubkey(ca.get())) == 1;
    ERR_clear_error();
    return is;
}

bool is_name(const std::string& name) {
    const Owned<ASN1_OCTET_STRING> address(a2i_IPADDRESS(name.c_str()));
    ERR_clear_error();
    if (address != nullptr) return true;
    return !name.empty() && name.size() <= 253 && name[0] != '.' && name[0] != '-' &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '.';
           });
}

}  // namespace salus::edge::detail
