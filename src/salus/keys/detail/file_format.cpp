#include "salus/keys/detail/file_format.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "salus/core/encoding.h"
#include "salus/core/json.h"

namespace salus::keys::detail {
namespace {

constexpr std::string_view kFormat = "salus-keystore/";
constexpr std::string_view kVersion = "1";
// Written for the reader and for later versions; the values themselves are in crypto/password.cpp.
constexpr std::string_view kKdf = "argon2id m=65536 t=3 p=1";

tl::unexpected<Error> damaged() {
    return fail(Errc::integrity, "The keystore file is damaged.",
                "Restore the keystore from its backup.");
}

void write_key(JsonWriter& json, std::string_view name, const WrappedKey& key) {
    json.key(name).begin_object();
    json.member("sealed", to_base64(key.sealed));
    json.member("commitment", to_hex(key.commitment));
    json.end_object();
}

void write_tenant(JsonWriter& json, TenantId id, const TenantRecord& tenant) {
    json.begin_object().member("tenant", id.value());
    json.key("generations").begin_array();
    for (const Generation& generation : tenant.generations) {
        json.begin_object();
        json.member("generation", static_cast<std::int64_t>(generation.number));
        json.member("created_us", generation.created_us);
        write_key(json, "key", generation.key);
        json.end_object();
    }
    json.end_array();
    if (!tenant.destroyed()) {
        write_key(json, "index", tenant.index);
        write_key(json, "audit", tenant.audit);
        write_key(json, "signing", tenant.signing);
    }
    json.end_object();
}

std::string write_body(const Model& model) {
    JsonWriter json;
    json.begin_object().member("revision", model.revision).member("kdf", kKdf);
    json.member("salt", to_base64(model.salt));
    json.member("passphrase_commitment", to_hex(model.passphrase_commitment));
    write_key(json, "root", model.root);
    json.key("tenants").begin_array();
    for (const auto& [id, tenant] : model.tenants)
        write_tenant(json, id, tenant);
    json.end_array().end_object();
    return std::move(json).str();
}

bool read_digest(std::string_view hex, crypto::Digest& out) {
    const auto bytes = from_hex(hex);
    if (!bytes || bytes->size() != out.size()) return false;
    std::copy(bytes->begin(), bytes->end(), out.begin());
    return true;
}

template <typename T>
bool read_number(JsonView value, T& out) {
    if (!value.is(JsonKind::number)) return false;
    const char* end = value.text().data() + value.text().size();
    const auto [stop, error] = std::from_chars(value.text().data(), end, out);
    return error == std::errc() && stop == end;
}

bool read_key(JsonView json, WrappedKey& out) {
    auto sealed = from_base64(json.string("sealed"));
    if (!sealed || sealed->empty()) return false;
    out.sealed = std::move(*sealed);
    return read_digest(json.string("commitment"), out.commitment);
}

bool read_tenant(JsonView json, TenantRecord& out) {
    for (const JsonView item : json["generations"]) {
        Generation generation;
        if (!read_number(item["generation"], generation.number) ||
            !read_number(item["created_us"], generation.created_us) ||
            !read_key(item["key"], generation.key))
            return false;
        const std::uint32_t last = out.destroyed() ? 0 : out.generations.back().number;
        if (generation.number <= last) return false;  // ascending, and from one on
        out.generations.push_back(std::move(generation));
    }
    if (out.destroyed()) return json["generations"].is(JsonKind::array);
    return read_key(json["index"], out.index) && read_key(json["audit"], out.audit) &&
           read_key(json["signing"], out.signing);
}

bool read_model(JsonView json, Model& out) {
    auto salt = from_base64(json.string("salt"));
    if (!salt || !read_number(json["revision"], out.revision) ||
        !read_digest(json.string("passphrase_commitment"), out.passphrase_commitment) ||
        !read_key(json["root"], out.root) || !json["tenants"].is(JsonKind::array))
        return false;
    out.salt = std::move(*salt);
    for (const JsonView item : json["tenants"]) {
        std::int64_t id = 0;
        TenantRecord tenant;
        if (!read_number(item["tenant"], id) || !read_tenant(item, tenant)) return false;
        if (!out.tenants.emplace(TenantId(id), std::move(tenant)).second) return false;
    }
    return true;
}

/// Takes one line off the front; nothing when there is no whole one.
std::optional<std::string_view> take_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return line;
}

bool read_tagged_digest(std::string_view line, std::string_view name, crypto::Digest& out) {
    if (!line.starts_with(name)) return false;
    line.remove_prefix(name.size());
    return read_digest(line, out);
}

}  // namespace

std::string encode(const Model& model, const crypto::HmacKey& file_key) {
    std::string text(kFormat);
    text.append(kVersion).append("\n").append(write_body(model)).append("\n");
    const std::string checksum = to_hex(crypto::sha256(as_bytes(text)));
    text.append("sha256 ").append(checksum).append("\n");
    const std::string mac = to_hex(file_key.mac(as_bytes(text)));
    text.append("hmac ").append(mac).append("\n");
    return text;
}

Result<Parsed> parse(std::string_view text) {
    std::string_view rest = text;
    const auto first = take_line(rest);
    if (!first || !first->starts_with(kFormat)) return damaged();
    if (first->substr(kFormat.size()) != kVersion)
        return fail(Errc::wrong_version, "The keystore file is of another version of salus.",
                    "Use the version of salus that wrote it.");
    const auto body = take_line(rest);
    const std::string_view checked = text.substr(0, text.size() - rest.size());
    const auto checksum_line = take_line(rest);
    Parsed out;
    out.authenticated = text.substr(0, text.size() - rest.size());
    const auto mac_line = take_line(rest);
    crypto::Digest checksum{};
    if (!body || !checksum_line || !mac_line || !rest.empty() ||
        !read_tagged_digest(*checksum_line, "sha256 ", checksum) ||
        !read_tagged_digest(*mac_line, "hmac ", out.mac) ||
        !crypto::equal(checksum, crypto::sha256(as_bytes(checked))))
        return damaged();
    SALUS_TRY(out.model, parse_body(*body));
    return out;
}

Result<Model> parse_body(std::string_view json) {
    const auto document = JsonDocument::parse(json);
    if (!document) return damaged();
    if (document->root().string("kdf") != kKdf)
        return fail(Errc::wrong_version, "The keystore's passphrase hash is of another version.",
                    "Use the version of salus that wrote it.");
    Model model;
    if (!read_model(document->root(), model)) return damaged();
    return model;
}

bool authentic(const Parsed& parsed, const crypto::HmacKey& file_key) {
    return crypto::equal(parsed.mac, file_key.mac(as_bytes(parsed.authenticated)));
}

}  // namespace salus::keys::detail
