#include "salus/core/json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <unordered_set>

namespace salus {
namespace {

namespace od = simdjson::ondemand;

constexpr std::size_t kLinearMembers = 24;  ///< above, duplicates are found by a hash set

std::string_view trim_token(std::string_view token) {
    while (!token.empty() && (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' ||
                              token.back() == '\t'))
        token.remove_suffix(1);
    return token;
}

/// RFC 8259 section 6. simdjson checks a number only when it converts it, which would cost
/// precision.
bool is_number(std::string_view text) {
    std::size_t i = 0;
    const auto digits = [&] {
        const std::size_t start = i;
        while (i < text.size() && text[i] >= '0' && text[i] <= '9')
            ++i;
        return i - start;
    };
    if (i < text.size() && text[i] == '-') ++i;
    const std::size_t integer = i;
    const std::size_t count = digits();
    if (count == 0 || (count > 1 && text[integer] == '0')) return false;
    if (i < text.size() && text[i] == '.') {
        ++i;
        if (digits() == 0) return false;
    }
    if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
        ++i;
        if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
        if (digits() == 0) return false;
    }
    return i == text.size();
}

class TreeBuilder {
  public:
    explicit TreeBuilder(std::vector<JsonNode>& nodes) : nodes_(nodes) {}

    bool add(od::value value, std::string_view key, std::size_t depth) {
        if (depth > limits::kJsonDepth) return false;
        od::json_type type{};
        if (value.type().get(type)) return false;
        const auto index = static_cast<std::uint32_t>(nodes_.size());
        nodes_.emplace_back();
        nodes_[index].key = key;
        bool ok = false;
        switch (type) {
            case od::json_type::object:
                ok = add_object(value, index, depth);
                break;
            case od::json_type::array:
                ok = add_array(value, index, depth);
                break;
            default:
                ok = add_scalar(value, type, nodes_[index]);
                break;
        }
        nodes_[index].end = static_cast<std::uint32_t>(nodes_.size());
        return ok;
    }

    /// The root may be a scalar, which simdjson only hands out through the document itself.
    bool add_root(od::document& document) {
        od::json_type type{};
        if (document.type().get(type)) return false;
        if (type != od::json_type::object && type != od::json_type::array) return false;
        od::value value;
        if (document.get_value().get(value) || !add(value, {}, 1)) return false;
        const char* left_over = nullptr;
        return document.current_location().get(left_over) == simdjson::OUT_OF_BOUNDS;
    }

  private:
    bool add_object(od::value value, std::uint32_t index, std::size_t depth) {
        nodes_[index].kind = JsonKind::object;
        od::object object;
        if (value.get_object().get(object)) return false;
        std::uint32_t count = 0;
        for (auto field : object) {
            std::string_view name;
            od::value child;
            if (field.unescaped_key().get(name) || field.value().get(child)) return false;
            if (!add(child, name, depth + 1)) return false;
            ++count;
        }
        nodes_[index].count = count;
        return !has_duplicates(index);
    }

    bool add_array(od::value value, std::uint32_t index, std::size_t depth) {
        nodes_[index].kind = JsonKind::array;
        od::array array;
        if (value.get_array().get(array)) return false;
        std::uint32_t count = 0;
        for (auto item : array) {
            od::value child;
            if (item.get(child) || !add(child, {}, depth + 1)) return false;
            ++count;
        }
        nodes_[index].count = count;
        return true;
    }

    /// Scalars are taken as raw tokens; the iterators of simdjson step over what was not consumed.
    static bool add_scalar(od::value value, od::json_type type, JsonNode& node) {
        node.raw = trim_token(value.raw_json_token());
        node.text = node.raw;
        switch (type) {
            case od::json_type::string:
                node.kind = JsonKind::string;
                if (node.raw.find('\\') != std::string_view::npos)
                    return !value.get_string().get(node.text);
                if (node.raw.size() < 2 || node.raw.back() != '"') return false;
                node.text = node.raw.substr(1, node.raw.size() - 2);
                return true;
            case od::json_type::number:
                node.kind = JsonKind::number;
                return is_number(node.raw);
            case od::json_type::boolean:
                node.kind = JsonKind::boolean;
                return node.raw == "true" || node.raw == "false";
            default:
                node.kind = JsonKind::null;
                return node.raw == "null";
        }
    }

    bool has_duplicates(std::uint32_t index) {
        std::vector<std::string_view>& names = names_;
        names.clear();
        std::uint32_t child = index + 1;
        for (std::uint32_t i = 0; i < nodes_[index].count; ++i, child = nodes_[child].end)
            names.push_back(nodes_[child].key);
        if (names.size() > kLinearMembers) {
            const std::unordered_set<std::string_view> set(names.begin(), names.end());
            return set.size() != names.size();
        }
        for (std::size_t i = 1; i < names.size(); ++i)
            if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i),
                          names[i]) != names.begin() + static_cast<std::ptrdiff_t>(i))
                return true;
        return false;
    }

    std::vector<JsonNode>& nodes_;
    std::vector<std::string_view> names_;  ///< scratch of has_duplicates
};

void append_escaped(char c, std::string& out) {
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    }
}

bool needs_escape(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

}  // namespace

JsonView JsonView::operator[](std::string_view key) const {
    if (!is(JsonKind::object)) return {};
    for (const JsonView child : *this)
        if (child.key() == key) return child;
    return {};
}

std::string_view JsonView::string(std::string_view key) const {
    const JsonView member = (*this)[key];
    return member.is(JsonKind::string) ? member.text() : std::string_view();
}

/// The parser owns the buffer that unescaped strings live in, so it stays with the text.
struct JsonDocument::Source {
    simdjson::padded_string text;
    od::parser parser;
};

JsonDocument::JsonDocument() = default;
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;
std::size_t JsonDocument::bytes() const {
    return source_->text.size();
}

Result<JsonDocument> JsonDocument::parse(std::string_view text) {
    JsonDocument result;
    result.source_ = std::make_unique<Source>();
    result.source_->text = simdjson::padded_string(text);
    result.nodes_.reserve(text.size() / 24 + 8);
    od::document document;
    if (result.source_->parser.iterate(result.source_->text).get(document) ||
        !TreeBuilder(result.nodes_).add_root(document))
        return fail(
            Errc::invalid, "The text is not valid JSON.",
            "Send one JSON object in UTF-8, without duplicate names, at most 64 levels deep.");
    return result;
}

void write_json_string(std::string_view text, std::string& out) {
    out.push_back('"');
    std::size_t start = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!needs_escape(text[i])) continue;
        out.append(text, start, i - start);
        append_escaped(text[i], out);
        start = i + 1;
    }
    out.append(text, start);
    out.push_back('"');
}

void write_json(JsonView value, std::string& out) {
    const bool object = value.is(JsonKind::object);
    if (!object && !value.is(JsonKind::array)) {
        out += value.raw();
        return;
    }
    out.push_back(object ? '{' : '[');
    bool first = true;
    for (const JsonView child : value) {
        if (!first) out.push_back(',');
        first = false;
        if (object) {
            write_json_string(child.key(), out);
            out.push_back(':');
        }
        write_json(child, out);
    }
    out.push_back(object ? '}' : ']');
}

void JsonWriter::separate() {
    if (comma_) out_.push_back(',');
    comma_ = true;
}
JsonWriter& JsonWriter::begin_object() {
    separate();
    out_.push_back('{');
    comma_ = false;
    return *this;
}
JsonWriter& JsonWriter::end_object() {
    out_.push_back('}');
    comma_ = true;
    return *this;
}
JsonWriter& JsonWriter::begin_array() {
    separate();
    out_.push_back('[');
    comma_ = false;
    return *this;
}
JsonWriter& JsonWriter::end_array() {
    out_.push_back(']');
    comma_ = true;
    return *this;
}
JsonWriter& JsonWriter::key(std::string_view name) {
    separate();
    write_json_string(name, out_);
    out_.push_back(':');
    comma_ = false;
    return *this;
}
JsonWriter& JsonWriter::value(std::string_view text) {
    separate();
    write_json_string(text, out_);
    return *this;
}
JsonWriter& JsonWriter::value(std::int64_t number) {
    return raw(fmt::format_int(number).c_str());
}
JsonWriter& JsonWriter::value(double number) {
    return raw(fmt::format("{}", number));
}
JsonWriter& JsonWriter::value(bool truth) {
    return raw(truth ? "true" : "false");
}
JsonWriter& JsonWriter::null() {
    return raw("null");
}
JsonWriter& JsonWriter::raw(std::string_view json) {
    separate();
    out_ += json;
    return *this;
}

}  // namespace salus
