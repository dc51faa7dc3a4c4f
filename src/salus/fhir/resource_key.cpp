#include "salus/fhir/resource_key.h"

#include <algorithm>
#include <string>

namespace salus::fhir {
namespace {

bool is_id_char(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '.';
}

/// "Type/id" or "Type/id/_history/version" at the end of a reference.
bool parse_relative(std::string_view text, Reference& out) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return false;
    const auto type = parse_type(text.substr(0, slash));
    std::string_view id = text.substr(slash + 1);
    const std::size_t history = id.find('/');
    if (history != std::string_view::npos) {
        constexpr std::string_view kHistory = "/_history/";
        const std::string_view rest = id.substr(history);
        if (!rest.starts_with(kHistory) || !is_id(rest.substr(kHistory.size()))) return false;
        id = id.substr(0, history);
    }
    if (!type || !is_id(id)) return false;
    out.type = type;
    out.id = id;
    return true;
}

/// The last "Type/id[/_history/version]" of an absolute URL, if it ends in one.
void parse_absolute(std::string_view text, Reference& out) {
    std::size_t at = text.size();
    for (int part = 0; part < 4 && at != std::string_view::npos && at > 0; ++part) {
        at = text.rfind('/', at - 1);
        if (at == std::string_view::npos) return;
        if (parse_relative(text.substr(at + 1), out)) return;
    }
}

}  // namespace

bool is_id(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), is_id_char);
}

Uuid resource_key(const crypto::HmacKey& index, ResourceType type, std::string_view id) {
    if (const auto uuid = Uuid::parse(id)) return *uuid;
    std::string message = "id";
    message.push_back('\0');
    message += name(type);
    message.push_back('\0');
    message += id;
    const crypto::Digest digest = index.mac(as_bytes(message));
    std::array<std::uint8_t, 16> bytes{};
    std::copy_n(digest.begin(), bytes.size(), bytes.begin());
    // RFC 9562 5.8: version 8, variant 10.
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x80);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
    return Uuid(bytes);
}

Reference parse_reference(std::string_view text) {
    Reference out;
    if (text.starts_with('#')) {
        out.kind = Reference::Kind::contained;
        out.id = text.substr(1);
    } else if (text.starts_with("urn:")) {
        out.kind = Reference::Kind::urn;
    } else if (text.find("://") != std::string_view::npos && !text.starts_with('/') &&
               text.find("://") < text.find('?')) {
        out.kind = Reference::Kind::absolute;
        parse_absolute(text, out);
    } else if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
        out.type = parse_type(text.substr(0, mark));
        out.query = text.substr(mark + 1);
        if (out.type) out.kind = Reference::Kind::conditional;
    } else if (parse_relative(text, out)) {
        out.kind = Reference::Kind::relative;
    }
    return out;
}

}  // namespace salus::fhir
