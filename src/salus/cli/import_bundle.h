#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "salus/cli/import_source.h"
#include "salus/core/json.h"

namespace salus::cli {

/// The body of a request that stores a document.
struct Prepared {
    std::string body;
    /// Made here of single resources: entry i came from line first_line + i.
    bool wrapped = false;
    /// Of a narrowed one: which entries of the document it holds. Empty: all.
    std::vector<std::size_t> kept;
    [[nodiscard]] std::size_t position(std::size_t entry) const {
        return entry < kept.size() ? kept[entry] : entry;
    }
};

/// A transaction or batch goes as it is; other Bundles (collection, searchset, …), single resources
/// and lines are wrapped: a resource with an id is put under it, another is created. Errors:
/// invalid (not JSON, no resource).
Outcome<Prepared> prepare(Document&& document);
/// Makes it a batch, in which each entry is stored or refused by itself, of the named entries
/// (none: all of them).
void narrow(Prepared& prepared, const std::set<std::size_t>& entries);

/// What the first members of a JSON object say, read without parsing the rest: an import sends
/// hundreds of megabytes that the server parses anyway. Empty where a member does not stand before
/// the first array or object.
struct Peek {
    std::string_view resource_type;
    std::string_view type;
};
Peek peek(std::string_view json);

}  // namespace salus::cli
