#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "salus/core/limits.h"
#include "salus/core/result.h"

namespace salus {

enum class JsonKind : std::uint8_t { null, boolean, number, string, array, object };

/// One value of a parsed document; nodes lie in preorder, so a subtree is a contiguous range.
struct JsonNode {
    std::string_view key;     ///< member name (unescaped); empty for the root and array items
    std::string_view text;    ///< string: unescaped; number, boolean, null: the literal as written
    std::string_view raw;     ///< scalars: the source token, quotes and escapes included
    std::uint32_t end = 0;    ///< index one past this subtree: the next sibling's index
    std::uint32_t count = 0;  ///< members or items
    JsonKind kind = JsonKind::null;
};

class JsonDocument;

/// A cursor on a node. Cheap to copy; valid while its document lives and is not moved.
class JsonView {
  public:
    JsonView() = default;  ///< absent: `exists()` is false, every other call answers empty
    JsonView(const JsonNode* nodes, std::uint32_t index) : nodes_(nodes), index_(index) {}

    [[nodiscard]] bool exists() const { return nodes_ != nullptr; }
    [[nodiscard]] JsonKind kind() const { return exists() ? node().kind : JsonKind::null; }
    [[nodiscard]] bool is(JsonKind kind) const { return exists() && node().kind == kind; }
    [[nodiscard]] std::string_view key() const {
        return exists() ? node().key : std::string_view();
    }
    [[nodiscard]] std::string_view text() const {
        return exists() ? node().text : std::string_view();
    }
    [[nodiscard]] std::string_view raw() const {
        return exists() ? node().raw : std::string_view();
    }
    [[nodiscard]] std::size_t size() const { return exists() ? node().count : 0; }
    [[nodiscard]] std::uint32_t index() const { return index_; }
    /// The subtree's nodes in preorder; their `end` counts from the document's first node, not from
    /// here.
    [[nodiscard]] std::span<const JsonNode> nodes() const {
        return exists() ? std::span(nodes_ + index_, node().end - index_)
                        : std::span<const JsonNode>();
    }
    /// The member of that name, or an absent view. Linear: objects in FHIR are small.
    [[nodiscard]] JsonView operator[](std::string_view key) const;
    /// The text of the string member of that name, or empty.
    [[nodiscard]] std::string_view string(std::string_view key) const;

    /// Iterates members or items: `for (JsonView child : view)`.
    class Iterator {
      public:
        Iterator(const JsonNode* nodes, std::uint32_t index) : nodes_(nodes), index_(index) {}
        JsonView operator*() const { return {nodes_, index_}; }
        Iterator& operator++() {
            index_ = nodes_[index_].end;
            return *this;
        }
        bool operator==(const Iterator& other) const { return index_ == other.index_; }

      private:
        const JsonNode* nodes_;
        std::uint32_t index_;
    };
    [[nodiscard]] Iterator begin() const {
        return {nodes_, exists() && node().count > 0 ? index_ + 1 : 0};
    }
    [[nodiscard]] Iterator end() const {
        return {nodes_, exists() && node().count > 0 ? node().end : 0};
    }

  private:
    [[nodiscard]] const JsonNode& node() const { return nodes_[index_]; }
    const JsonNode* nodes_ = nullptr;
    std::uint32_t index_ = 0;
};

/// A parsed JSON text (RFC 8259) that keeps every token's source form, so a decimal's precision
/// survives. simdjson parses; this keeps the tree. Refuses invalid UTF-8, duplicate member names,
/// nesting over limits::kJsonDepth, and anything after the value. Move-only; reads are thread-safe.
class JsonDocument {
  public:
    /// Copies the text. Errors: invalid (not JSON; constant text, never a piece of the input).
    static Result<JsonDocument> parse(std::string_view text);
    JsonDocument(JsonDocument&&) noexcept;
    JsonDocument& operator=(JsonDocument&&) noexcept;
    ~JsonDocument();

    [[nodiscard]] JsonView root() const { return {nodes_.data(), 0}; }
    [[nodiscard]] std::size_t bytes() const;

  private:
    JsonDocument();
    struct Source;
    std::unique_ptr<Source> source_;  ///< the padded text and the unescaped strings the nodes view
    std::vector<JsonNode> nodes_;
};

/// Appends the subtree to `out`, minified, every scalar as it was written.
void write_json(JsonView value, std::string& out);
/// Appends `text` as a JSON string, quotes included.
void write_json_string(std::string_view text, std::string& out);

/// Builds JSON text in order; commas are put in by itself. Not thread-safe.
class JsonWriter {
  public:
    JsonWriter& begin_object();
    JsonWriter& end_object();
    JsonWriter& begin_array();
    JsonWriter& end_array();
    JsonWriter& key(std::string_view name);
    JsonWriter& value(std::string_view text);
    JsonWriter& value(const char* text) { return value(std::string_view(text)); }
    JsonWriter& value(std::int64_t number);
    JsonWriter& value(int number) { return value(static_cast<std::int64_t>(number)); }
    JsonWriter& value(std::size_t number) { return value(static_cast<std::int64_t>(number)); }
    JsonWriter& value(double number);
    JsonWriter& value(bool truth);
    JsonWriter& null();
    /// A finished JSON text as the next value.
    JsonWriter& raw(std::string_view json);
    template <typename T>
    JsonWriter& member(std::string_view name, const T& v) {
        key(name);
        return value(v);
    }
    [[nodiscard]] const std::string& str() const& { return out_; }
    [[nodiscard]] std::string str() && { return std::move(out_); }

  private:
    void separate();
    std::string out_;
    bool comma_ = false;
};

}  // namespace salus
