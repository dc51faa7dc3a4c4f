#include "salus/audit/detail/note.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "salus/core/encoding.h"

namespace salus::audit {
namespace {

constexpr std::uint8_t kEd25519 = 0x01;  // signed-note, "Signature types"
constexpr std::size_t kKeyIdBytes = 4;
constexpr std::string_view kSignatureStart = "\u2014 ";

using KeyId = std::array<std::uint8_t, kKeyIdBytes>;

Bytes encoded(const crypto::PublicKey& key) {
    Bytes bytes{kEd25519};
    append(bytes, key);
    return bytes;
}

KeyId key_id(std::string_view name, const crypto::PublicKey& key) {
    Bytes input = to_bytes(name);
    input.push_back('\n');
    append(input, encoded(key));
    const Hash hash = crypto::sha256(input);
    KeyId id{};
    std::copy_n(hash.begin(), id.size(), id.begin());
    return id;
}

/// Takes the text up to the next newline; nothing when there is none.
std::optional<std::string_view> take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
}

/// Decimal, without leading zeros (tlog-checkpoint).
std::optional<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (text.size() > 1 && text.front() == '0') return std::nullopt;
    return size;
}

struct Body {
    std::string_view origin;
    TreeHead tree;
    std::string_view signed_text;
    std::string_view signatures;
};

std::optional<Body> parse_body(std::string_view text) {
    std::string_view rest = text;
    const auto origin = take_line(rest);
    const auto size_line = take_line(rest);
    const auto root_line = take_line(rest);
    if (!origin || origin->empty() || !size_line || !root_line) return std::nullopt;
    const auto size = parse_size(*size_line);
    const auto root = from_base64(*root_line);
    if (!size || !root || root->size() != sizeof(Hash)) return std::nullopt;
    Body body{*origin, {*size, {}}, text.substr(0, text.size() - rest.size()), {}};
    std::copy(root->begin(), root->end(), body.tree.root.begin());
    const auto blank = take_line(rest);
    if (!blank || !blank->empty()) return std::nullopt;
    body.signatures = rest;
    return body;
}

}  // namespace

std::string VerifierKey::to_string() const {
    return name + "+" + to_hex(key_id(name, key)) + "+" + to_base64(encoded(key));
}

std::optional<VerifierKey> VerifierKey::parse(std::string_view text) {
    if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
    const std::size_t first = text.find('+');
    if (first == 0 || first == std::string_view::npos) return std::nullopt;
    const std::size_t second = text.find('+', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    const auto id = from_hex(text.substr(first + 1, second - first - 1));
    const auto bytes = from_base64(text.substr(second + 1));
    VerifierKey verifier{std::string(text.substr(0, first)), {}};
    if (!id || !bytes || bytes->size() != 1 + verifier.key.size() || (*bytes)[0] != kEd25519)
        return std::nullopt;
    std::copy(bytes->begin() + 1, bytes->end(), verifier.key.begin());
    const KeyId expected = key_id(verifier.name, verifier.key);
    if (!std::equal(id->begin(), id->end(), expected.begin(), expected.end())) return std::nullopt;
    return verifier;
}

std::string sign_checkpoint(std::string_view origin, const TreeHead& tree,
                            const crypto::SigningKey& key) {
    std::string text(origin);
    text += "\n" + std::to_string(tree.size) + "\n" + to_base64(tree.root) + "\n";
    const KeyId id = key_id(origin, key.public_key());
    Bytes signature(id.begin(), id.end());
    append(signature, key.sign(as_bytes(text)));
    text += "\n";
    text += kSignatureStart;
    text += origin;
    text += " " + to_base64(signature) + "\n";
    return text;
}

std::optional<TreeHead> parse_checkpoint(std::string_view text) {
    const auto body = parse_body(text);
    if (!body) return std::nullopt;
    return body->tree;
}

std::optional<TreeHead> verify_checkpoint(std::string_view text, const VerifierKey& key) {
    const auto body = parse_body(text);
    if (!body || body->origin != key.name) return std::nullopt;
    std::string_view rest = body->signatures;
    auto line = take_line(rest);
    if (!line || !rest.empty() || !line->starts_with(kSignatureStart)) return std::nullopt;
    line->remove_prefix(kSignatureStart.size());
    if (!line->starts_with(key.name)) return std::nullopt;
    line->remove_prefix(key.name.size());
    if (!line->starts_with(' ')) return std::nullopt;
    const auto bytes = from_base64(line->substr(1));
    const KeyId id = key_id(key.name, key.key);
    if (!bytes || bytes->size() != id.size() + sizeof(crypto::Signature) ||
        !std::equal(id.begin(), id.end(), bytes->begin()))
        return std::nullopt;
    if (!crypto::verify_signature(key.key, as_bytes(body->signed_text),
                                  ByteView(*bytes).subspan(id.size())))
        return std::nullopt;
    return body->tree;
}

}  // namespace salus::audit
