#include "salus/crypto/password.h"

#include <sodium.h>

#include <array>
#include <cstring>
#include <semaphore>

#include "salus/core/limits.h"
#include "salus/crypto/detail/sodium.h"

namespace salus::crypto {
namespace {

constexpr unsigned long long kPasses = 2;
constexpr std::size_t kMemoryBytes = 19 * 1024 * 1024;
// Every hash that salus makes starts so. Another cost is refused: a hash string that asks for
// gigabytes would be a way to stop the server. It is also how a change of cost would be found.
constexpr std::string_view kPrefix = "$argon2id$v=19$m=19456,t=2,p=1$";

constexpr unsigned long long kPassphrasePasses = 3;
constexpr std::size_t kPassphraseMemoryBytes = 64 * 1024 * 1024;
constexpr std::size_t kPassphraseKeyBytes = 32;

/// Holds one of the places for Argon2id. Memory is the machine's, so the bound is the process's.
class Turn {
  public:
    Turn() { places().acquire(); }
    ~Turn() { places().release(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

  private:
    using Places = std::counting_semaphore<limits::kPasswordHashesAtOnce>;
    static Places& places() {
        static Places semaphore(limits::kPasswordHashesAtOnce);
        return semaphore;
    }
};

tl::unexpected<Error> no_memory() {
    return fail(Errc::unavailable, "There is not enough memory for password hashing.",
                "Free memory and try again.");
}

}  // namespace

Result<std::string> hash_password(std::string_view password) {
    detail::start_sodium();
    std::array<char, crypto_pwhash_argon2id_STRBYTES> text{};
    const Turn turn;
    if (crypto_pwhash_argon2id_str(text.data(), password.data(), password.size(), kPasses,
                                   kMemoryBytes) != 0)
        return no_memory();
    return std::string(text.data());
}

bool verify_password(std::string_view phc_hash, std::string_view password) {
    detail::start_sodium();
    std::array<char, crypto_pwhash_argon2id_STRBYTES> text{};
    if (!phc_hash.starts_with(kPrefix) || phc_hash.size() >= text.size()) return false;
    std::memcpy(text.data(), phc_hash.data(), phc_hash.size());
    const Turn turn;
    return crypto_pwhash_argon2id_str_verify(text.data(), password.data(), password.size()) == 0;
}

void spend_password_check(std::string_view password) {
    detail::start_sodium();
    static constexpr std::array<std::uint8_t, crypto_pwhash_argon2id_SALTBYTES> kSalt{};
    std::array<std::uint8_t, 32> out{};
    const Turn turn;
    // Without memory a real check would end as early, so the outcome makes no difference.
    [[maybe_unused]] const int outcome = crypto_pwhash_argon2id(
        out.data(), out.size(), password.data(), password.size(), kSalt.data(), kPasses,
        kMemoryBytes, crypto_pwhash_argon2id_ALG_ARGON2ID13);
    wipe(out.data(), out.size());
}

Result<Secret> derive_from_passphrase(ByteView passphrase, ByteView salt) {
    detail::start_sodium();
    if (salt.size() != crypto_pwhash_argon2id_SALTBYTES)
        return fail(Errc::integrity, "The salt of a passphrase has the wrong length.");
    Secret key = Secret::zeros(kPassphraseKeyBytes);
    if (crypto_pwhash_argon2id(key.writable().data(), key.size(), as_text(passphrase).data(),
                               passphrase.size(), salt.data(), kPassphrasePasses,
                               kPassphraseMemoryBytes, crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
        return no_memory();
    return key;
}

}  // namespace salus::crypto
