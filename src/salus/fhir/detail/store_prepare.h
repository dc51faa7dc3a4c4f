#pragma once

#include <deque>
#include <string>
#include <unordered_map>

#include "salus/fhir/store.h"
#include "salus/fhir/validate.h"

namespace salus::fhir {

/// What the references of one request become in storage. Keys view the request's document.
class References {
  public:
    explicit References(std::string_view base_url) : base_(std::string(base_url) + "/") {}

    /// `written` is stored as `target`, a "Type/id".
    void resolve(std::string_view written, std::string_view target);
    /// `written` is a conditional reference that does not select exactly one resource.
    void refuse(std::string_view written);
    /// In a transaction: a urn: that no entry's fullUrl explains is dangling.
    void set_strict(bool strict) { strict_ = strict; }

    enum class Kind : std::uint8_t { keep, replaced, refused, dangling, own_base };
    struct Answer {
        Kind kind = Kind::keep;
        const std::string* raw = nullptr;  ///< replaced: the JSON string, quotes included
    };
    [[nodiscard]] Answer find(std::string_view written) const;
    [[nodiscard]] std::size_t base_size() const { return base_.size(); }

  private:
    std::string base_;
    std::unordered_map<std::string_view, const std::string*> map_;
    std::deque<std::string> targets_;
    bool strict_ = false;
};

/// Turns parsed resources into what rows hold. Scratch memory is kept from one to the next; not
/// thread-safe.
class Preparer {
  public:
    Preparer(const keys::TenantKeys& keys, const References& references)
        : keys_(keys), references_(references) {}

    struct Input {
        RowKey key;
        std::string_view id;
        std::int32_t version;
        TimeUs updated_us;
        JsonView resource;
    };
    /// Fills the op's body and index; `text()` is the resource as stored until the next call. Adds
    /// to `issues` and answers false when a reference can't be stored or the resource is too large.
    bool run(const Input& input, WriteOp& op, std::vector<Issue>& issues);
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    bool resolve_references(JsonView resource, std::vector<Issue>& issues);
    void write(const Input& input);

    const keys::TenantKeys& keys_;
    const References& references_;
    std::vector<JsonNode> nodes_;
    std::deque<std::string> own_;  ///< references cut from absolute ones
    std::string text_;
};

/// The path of a node below its root, in element names and indices: "subject.reference".
std::string path_of(JsonView root, std::uint32_t index);

}  // namespace salus::fhir
