#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "salus/audit/merkle.h"
#include "salus/crypto/sign.h"

/// Signed checkpoints: C2SP signed-note with Ed25519 keys, and tlog-checkpoint v1.0.0. The log's
/// origin is also the name of its key.
namespace salus::audit {

/// A public key and the name it signs under. Text form: name+key id+base64(0x01 | key).
struct VerifierKey {
    std::string name;
    crypto::PublicKey key{};

    [[nodiscard]] std::string to_string() const;
    /// Strict: exactly one key, one line, the final newline optional; the key id must fit.
    static std::optional<VerifierKey> parse(std::string_view text);
};

/// The signed text for a tree.
std::string sign_checkpoint(std::string_view origin, const TreeHead& tree,
                            const crypto::SigningKey& key);

/// The tree of a checkpoint without a look at its signatures; nothing when the form is broken.
std::optional<TreeHead> parse_checkpoint(std::string_view text);

/// The tree of a checkpoint of the log `key.name` that `key` has signed, and nobody else: a line
/// more or less is damage. Nothing when anything is wrong.
std::optional<TreeHead> verify_checkpoint(std::string_view text, const VerifierKey& key);

}  // namespace salus::audit
