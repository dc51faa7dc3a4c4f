#include "salus/ops/doctor.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "salus/audit/verify.h"

namespace salus::ops {
namespace {

constexpr std::uint64_t kMegabyte = 1024 * 1024;
constexpr std::uint64_t kDiskFailureBytes = 256 * kMegabyte;
constexpr std::uint64_t kDiskWarningBytes = 2048 * kMegabyte;
constexpr int kRenewalDays = 30;
constexpr TimeUs kYear2025Us = 1'735'689'600 * kSecondUs;  // no salus is older than this

Finding examine_secret_file(std::string_view subject, const std::string& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0)
        return {subject, Health::warning, "Absent.", "It is made by the first: salus up"};
    if ((info.st_mode & 0077) != 0 || info.st_uid != ::geteuid())
        return {subject, Health::failure, "Others can read it, or it is somebody else's.",
                "chmod 600 the file, and chown it to the server's user."};
    return {subject, Health::ok, "For its owner alone.", ""};
}

Finding examine_passphrase(const Home& home) {
    std::error_code code;
    if (!std::filesystem::exists(home.passphrase(), code))
        return {"passphrase", Health::ok, "Kept outside the home.", ""};
    const Finding file = examine_secret_file("passphrase", home.passphrase());
    if (file.health == Health::failure) return file;
    // 45 CFR 164.402 and the HHS guidance on unsecured PHI: keys belong on a separate device.
    return {"passphrase", Health::warning,
            "It lies beside the data it protects: that earns no breach safe harbour.",
            "Move it to another device and name it with --passphrase-file."};
}

Finding examine_disk(const Home& home) {
    struct statvfs info {};
    if (::statvfs(home.root().c_str(), &info) != 0)
        return {"disk", Health::failure, "Its free space can't be read.", "Check the volume."};
    const std::uint64_t free_bytes = std::uint64_t{info.f_bavail} * info.f_frsize;
    if (free_bytes < kDiskFailureBytes)
        return {"disk", Health::failure, "Less than 256 MiB are free.",
                "Free space on the volume."};
    if (free_bytes < kDiskWarningBytes)
        return {"disk", Health::warning, "Less than 2 GiB are free.", "Free space on the volume."};
    return {"disk", Health::ok, "Enough space is free.", ""};
}

Finding examine_certificate(const Home& home) {
    const std::string custom = home.tls() + "/custom.pem";
    std::error_code code;
    const bool own = std::filesystem::exists(custom, code);
    const std::string path = own ? custom : home.tls() + "/server.pem";
    const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
    if (!file)
        return {"certificate", Health::warning, "Absent.", "It is made by the first: salus up"};
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        PEM_read_X509(file.get(), nullptr, nullptr, nullptr), &X509_free);
    if (!certificate)
        return {"certificate", Health::failure, "The file holds no certificate.",
                "Restore it, or remove it and restart the server."};
    int days = 0;
    int seconds = 0;
    if (ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(certificate.get())) != 1 ||
        days < 0 || seconds < 0)
        return {"certificate", Health::failure, "It has expired.",
                "Restart the server: it renews its own; replace a certificate you brought."};
    if (days < kRenewalDays)
        return {"certificate", Health::warning, "It expires within 30 days.",
                "Restart the server: it renews its own; replace a certificate you brought."};
    return {"certificate", Health::ok, "Valid for more than 30 days.", ""};
}

Finding examine_audit(const Home& home) {
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(home.audit(), code)) {
        if (!entry.is_directory(code)) continue;
        if (!audit::log_size(entry.path().string()))
            return {"audit", Health::failure, "A log has no valid checkpoint.",
                    "Find the place with: salus audit verify"};
    }
    if (code)
        return {"audit", Health::failure, "The logs can't be read.", "Check the permissions."};
    return {"audit", Health::ok, "Every log has a checkpoint.", ""};
}

Finding examine_clock(const Clock& clock) {
    if (clock.now_us() < kYear2025Us)
        return {"clock", Health::failure, "It is years behind.", "Set it, and run an NTP client."};
    return {"clock", Health::ok, "Plausible.", ""};
}

Finding examine_swap() {
    std::ifstream swaps("/proc/swaps");
    std::string line;
    std::getline(swaps, line);  // a heading, then one line for each swap space
    if (!std::getline(swaps, line)) return {"swap", Health::ok, "There is none.", ""};
    return {"swap", Health::warning, "Opened records may be swapped out to disk.",
            "Encrypt the swap space, or switch it off."};
}

}  // namespace

std::vector<Finding> examine(const Home& home, const Clock& clock) {
    return {{"home", Health::ok, "The layout is this version's, for its owner alone.", ""},
            examine_secret_file("keystore", home.keystore()),
            examine_passphrase(home),
            examine_certificate(home),
            examine_disk(home),
            examine_audit(home),
            examine_clock(clock),
            examine_swap()};
}

}  // namespace salus::ops
