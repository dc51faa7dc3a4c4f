#include "salus/edge/tls_material.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "salus/core/fs.h"
#include "salus/edge/detail/certificates.h"
#include "salus/edge/detail/tls_stream.h"

namespace salus::edge {
namespace {

using detail::Identity;

constexpr TimeUs kRenewBeforeUs = 30 * kDayUs;

bool exists(const std::string& path) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
}

/// The names a certificate must have, in a steady order, each once.
std::vector<std::string> all_names(const std::vector<std::string>& given) {
    std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
    std::vector<std::string> more = given;
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) == 0) more.emplace_back(host.data());
    for (const std::string& name : more)
        if (name != "0.0.0.0" && name != "::" && detail::is_name(name) &&
            std::ranges::find(names, name) == names.end())
            names.push_back(name);
    return names;
}

/// Certificates that the operator brought.
Result<TlsMaterial> use_custom(const std::string& tls_dir, TimeUs now_us) {
    TlsMaterial material{tls_dir + "/custom.pem", tls_dir + "/custom.key",
                         tls_dir + "/custom-ca.pem", true};
    if (!exists(material.ca_file)) material.ca_file.clear();
    if (!exists(material.certificate_file) || !exists(material.key_file))
        return fail(Errc::invalid, "Only one of custom.pem and custom.key is there.",
                    "Put both into the home's tls folder, or take both away.");
    SALUS_TRY(const Identity identity,
              detail::load_identity(material.certificate_file, material.key_file));
    material.not_after_us = detail::not_after_us(identity.certificate);
    if (material.not_after_us <= now_us || detail::not_before_us(identity.certificate) > now_us)
        return fail(Errc::invalid, "The custom TLS certificate is not valid at this time.",
                    "Replace custom.pem and custom.key, or take them away.");
    // OpenSSL's own rules for keys and signatures (security level 2) apply when it is loaded to
    // serve.
    SALUS_CHECK(detail::make_tls_context(material.certificate_file, material.key_file));
    return material;
}

struct Authority {
    std::string certificate_file;
    std::string key_file;
};

Result<Identity> ensure_ca(const Authority& files, TimeUs now_us, bool& is_new) {
    if (exists(files.certificate_file)) {
        SALUS_TRY(Identity ca, detail::load_identity(files.certificate_file, files.key_file));
        if (detail::not_after_us(ca.certificate) > now_us + kRenewBeforeUs) return ca;
    }
    // The old certificate first: a crash from here on leaves nothing that does not belong together.
    std::error_code ignored;
    std::filesystem::remove(files.certificate_file, ignored);
    SALUS_TRY(Identity made, detail::make_ca(now_us));
    SALUS_CHECK(detail::store_identity(made, files.certificate_file, files.key_file));
    is_new = true;
    return made;
}

/// Still good: valid for long enough, for every name, and under the CA that clients have.
bool serves(const TlsMaterial& material, const std::vector<std::string>& names, TimeUs now_us) {
    const auto server = detail::load_identity(material.certificate_file, material.key_file);
    const auto ca = detail::load_certificate(material.ca_file);
    return server && ca && detail::not_after_us(server->certificate) > now_us + kRenewBeforeUs &&
           detail::not_after_us(*ca) > now_us + kRenewBeforeUs &&
           detail::not_before_us(server->certificate) <= now_us &&
           detail::is_signed_by(server->certificate, *ca) &&
           std::ranges::all_of(names, [&](const std::string& name) {
               return detail::covers(server->certificate, name);
           });
}

}  // namespace

Result<TlsMaterial> ensure_tls(const std::string& tls_dir,
                               const std::vector<std::string>& names_and_ips, const Clock& clock) {
    const TimeUs now_us = clock.now_us();
    SALUS_CHECK(make_dirs(tls_dir, 0755));
    if (exists(tls_dir + "/custom.pem") || exists(tls_dir + "/custom.key"))
        return use_custom(tls_dir, now_us);

    TlsMaterial material{tls_dir + "/server.pem", tls_dir + "/server.key", tls_dir + "/ca.pem"};
    const std::vector<std::string> names = all_names(names_and_ips);
    // The CA's key may be kept elsewhere: it is needed only when there is something to sign.
    if (!serves(material, names, now_us)) {
        SALUS_TRY(const Identity ca,
                  ensure_ca({material.ca_file, tls_dir + "/ca.key"}, now_us, material.ca_is_new));
        SALUS_TRY(const Identity server, detail::make_server(ca, names, now_us));
        SALUS_CHECK(detail::store_identity(server, material.certificate_file, material.key_file));
    }
    SALUS_TRY(const auto certificate, detail::load_certificate(material.certificate_file));
    material.not_after_us = detail::not_after_us(certificate);
    return material;
}

}  // namespace salus::edge
