#include "salus/cli/import_bundle.h"

#include <fmt/format.h>

namespace salus::cli {
namespace {

/// Reads over the beginning of an object: names and plain strings, up to the first other value.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {}

    bool symbol(char c) {
        while (at_ < text_.size() &&
               std::string_view(" \t\r\n").find(text_[at_]) != std::string::npos)
            ++at_;
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    /// A string without escapes; the names and codes that matter here have none.
    bool string(std::string_view& value) {
        if (!symbol('"')) return false;
        const std::size_t end = text_.find_first_of("\"\\", at_);
        if (end == std::string_view::npos || text_[end] != '"') return false;
        value = text_.substr(at_, end - at_);
        at_ = end + 1;
        return true;
    }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
};

/// Writes one entry that stores the resource.
bool write_entry(JsonView resource, std::string_view full_url, JsonWriter& json) {
    const std::string_view type = resource.string("resourceType");
    if (type.empty()) return false;
    const std::string_view id = resource.string("id");
    const bool temporary = full_url.starts_with("urn:uuid:");
    std::string text;
    write_json(resource, text);
    json.begin_object();
    if (temporary) json.member("fullUrl", full_url);
    json.key("resource").raw(text).key("request").begin_object();
    if (id.empty() || temporary)
        json.member("method", "POST").member("url", type);
    else
        json.member("method", "PUT").member("url", fmt::format("{}/{}", type, id));
    json.end_object().end_object();
    return true;
}

void begin_transaction(JsonWriter& json) {
    json.begin_object().member("resourceType", "Bundle").member("type", "transaction");
    json.key("entry").begin_array();
}

Outcome<Prepared> wrap_lines(const Document& document) {
    JsonWriter json;
    begin_transaction(json);
    std::size_t line = document.first_line;
    std::string_view rest = document.text;
    for (; !rest.empty(); ++line) {
        const std::size_t end = std::min(rest.find('\n'), rest.size() - 1);
        const std::string_view text = rest.substr(0, end + 1);
        rest.remove_prefix(end + 1);
        if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) continue;
        const auto resource = JsonDocument::parse(text);
        if (!resource || !write_entry(resource->root(), {}, json))
            return failed(Errc::invalid, fmt::format("Line {} is no FHIR resource in JSON.", line));
    }
    json.end_array().end_object();
    return Prepared{std::move(json).str(), true, {}};
}

Outcome<Prepared> wrap_resources(const Document& document) {
    const auto parsed = JsonDocument::parse(document.text);
    if (!parsed) return failed(Failure(parsed.error()));
    JsonWriter json;
    begin_transaction(json);
    const JsonView root = parsed->root();
    if (root.string("resourceType") == "Bundle") {
        for (const JsonView entry : root["entry"])
            if (!write_entry(entry["resource"], entry.string("fullUrl"), json))
                return failed(Errc::invalid, "An entry of the Bundle holds no resource.");
    } else if (!write_entry(root, {}, json)) {
        return failed(Errc::invalid, "The file holds no FHIR resource.");
    }
    json.end_array().end_object();
    return Prepared{std::move(json).str(), true, {}};
}

}  // namespace

Peek peek(std::string_view json) {
    Peek result;
    Scanner scanner(json);
    std::string_view name;
    std::string_view value;
    if (!scanner.symbol('{')) return result;
    do {
        if (!scanner.string(name) || !scanner.symbol(':') || !scanner.string(value)) return result;
        if (name == "resourceType") result.resource_type = value;
        if (name == "type") result.type = value;
    } while (scanner.symbol(','));
    return result;
}

Outcome<Prepared> prepare(Document&& document) {
    if (document.kind == Document::Kind::lines) return wrap_lines(document);
    Peek seen = peek(document.text);
    // A Bundle may say its type behind its entries: then it has to be read.
    std::string type(seen.type);
    if (seen.resource_type != "Bundle" || seen.type.empty()) {
        const auto parsed = JsonDocument::parse(document.text);
        if (!parsed) return failed(Failure(parsed.error()));
        const JsonView root = parsed->root();
        type = root.string("resourceType") == "Bundle" ? root.string("type") : "";
    }
    if (type == "transaction" || type == "batch")
        return Prepared{std::move(document.text), false, {}};
    return wrap_resources(document);
}

void narrow(Prepared& prepared, const std::set<std::size_t>& entries) {
    const auto parsed = JsonDocument::parse(prepared.body);
    if (!parsed) return;
    std::vector<std::size_t> kept;
    JsonWriter json;
    json.begin_object().member("resourceType", "Bundle").member("type", "batch");
    json.key("entry").begin_array();
    std::size_t index = 0;
    for (const JsonView entry : parsed->root()["entry"]) {
        const std::size_t position = prepared.position(index++);
        if (!entries.empty() && !entries.contains(position)) continue;
        std::string text;
        write_json(entry, text);
        json.raw(text);
        kept.push_back(position);
    }
    json.end_array().end_object();
    prepared.body = std::move(json).str();
    prepared.kept = std::move(kept);
}

}  // namespace salus::cli
