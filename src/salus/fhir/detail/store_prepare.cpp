#include "salus/fhir/detail/store_prepare.h"

#include <fmt/format.h>

#include <array>

namespace salus::fhir {
namespace {

/// Beside Reference.reference, elements of the types uri, url and oid are rewritten where they name
/// an entry of the transaction (FHIR R4 3.1.0.11.2).
constexpr std::array<std::string_view, 6> kUriMembers = {"url",      "uri",       "valueUri",
                                                         "valueUrl", "valueUuid", "valueCanonical"};

bool is_uri_member(std::string_view key) {
    for (const std::string_view member : kUriMembers)
        if (key == member) return true;
    return false;
}

bool is_urn(std::string_view text) {
    return text.starts_with("urn:");
}

/// As write_json, for what the validator has seen: its member names are those of the definitions,
/// in which nothing needs an escape.
void append_value(JsonView value, std::string& out) {
    const bool object = value.is(JsonKind::object);
    if (!object && !value.is(JsonKind::array)) {
        out += value.raw();
        return;
    }
    char separator = object ? '{' : '[';
    for (const JsonView child : value) {
        out += separator;
        separator = ',';
        if (object) {
            out += '"';
            out += child.key();
            out += "\":";
        }
        append_value(child, out);
    }
    if (value.size() == 0) out += separator;
    out += object ? '}' : ']';
}

void append_member(JsonView member, std::string& out) {
    out += ",\"";
    out += member.key();
    out += "\":";
    append_value(member, out);
}

constexpr std::string_view kRefused =
    "The conditional reference does not select exactly one resource.";
constexpr std::string_view kDangling = "The reference names no entry of the transaction.";

}  // namespace

void References::resolve(std::string_view written, std::string_view target) {
    targets_.push_back(fmt::format("\"{}\"", target));
    map_[written] = &targets_.back();
}

void References::refuse(std::string_view written) {
    map_[written] = nullptr;
}

References::Answer References::find(std::string_view written) const {
    if (const auto found = map_.find(written); found != map_.end()) {
        if (found->second == nullptr) return {Kind::refused, nullptr};
        return {Kind::replaced, found->second};
    }
    if (strict_ && is_urn(written)) return {Kind::dangling, nullptr};
    if (written.starts_with(base_)) return {Kind::own_base, nullptr};
    return {};
}

bool Preparer::run(const Input& input, WriteOp& op, std::vector<Issue>& issues) {
    if (!resolve_references(input.resource, issues)) return false;
    write(input);
    if (text_.size() > limits::kResourceBytes) {
        issues.push_back({"too-long", "The resource is larger than the limit kResourceBytes.", {}});
        return false;
    }
    op.body = seal_body(keys_, input.key, input.version, text_);
    op.index = index_resource(input.key.type, input.id, {nodes_.data(), 0}, keys_.index());
    return true;
}

/// The subtree is copied and its references are put in; everything else still views the request.
bool Preparer::resolve_references(JsonView resource, std::vector<Issue>& issues) {
    const auto source = resource.nodes();
    nodes_.assign(source.begin(), source.end());
    own_.clear();
    bool good = true;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        JsonNode& node = nodes_[i];
        node.end -= resource.index();
        if (node.kind != JsonKind::string || node.key.empty()) continue;
        const bool reference = node.key == "reference";
        if (!reference && !(is_urn(node.text) && is_uri_member(node.key))) continue;
        const References::Answer answer = references_.find(node.text);
        switch (answer.kind) {
            case References::Kind::keep:
                break;
            case References::Kind::replaced:
                node.raw = *answer.raw;
                node.text = node.raw.substr(1, node.raw.size() - 2);
                break;
            case References::Kind::own_base:
                if (!reference) break;
                own_.push_back(fmt::format("\"{}\"", node.text.substr(references_.base_size())));
                node.raw = own_.back();
                node.text = node.raw.substr(1, node.raw.size() - 2);
                break;
            case References::Kind::refused:
            case References::Kind::dangling:
                if (!reference) break;  // a urn elsewhere may name anything
                good = false;
                if (issues.size() >= limits::kIssues) break;
                const bool dangling = answer.kind == References::Kind::dangling;
                issues.push_back(
                    {dangling ? "not-found" : "multiple-matches", dangling ? kDangling : kRefused,
                     path_of(resource, resource.index() + static_cast<std::uint32_t>(i))});
                break;
        }
    }
    return good;
}

/// resourceType, id and meta first: the server's part, in a place that readers find at once.
void Preparer::write(const Input& input) {
    const JsonView root(nodes_.data(), 0);
    text_.clear();
    text_ += R"({"resourceType":")";
    text_ += name(input.key.type);
    text_ += R"(","id":")";
    text_ += input.id;
    text_ += R"(","meta":{"versionId":")";
    text_ += fmt::format_int(input.version).c_str();
    text_ += R"(","lastUpdated":")";
    text_ += to_instant(input.updated_us);
    text_ += '"';
    JsonView meta;
    for (const JsonView member : root)
        if (member.key() == "meta") meta = member;
    for (const JsonView member : meta) {
        if (member.key() == "versionId" || member.key() == "lastUpdated") continue;
        append_member(member, text_);
    }
    text_ += '}';
    for (const JsonView member : root) {
        const std::string_view key = member.key();
        if (key == "resourceType" || key == "id" || key == "meta") continue;
        append_member(member, text_);
    }
    text_ += '}';
}

std::string path_of(JsonView root, std::uint32_t index) {
    std::string path;
    JsonView at = root;
    while (at.index() != index) {
        const bool array = at.is(JsonKind::array);
        std::size_t position = 0;
        JsonView next;
        for (const JsonView child : at) {
            if (child.index() > index) break;
            next = child;
            ++position;
        }
        if (!next.exists()) break;
        if (array) {
            path += fmt::format("[{}]", position - 1);
        } else {
            path += '.';
            path += next.key();
        }
        at = next;
    }
    return path;
}

}  // namespace salus::fhir
