// What the pure half of the fhir room reads from clients: resources, search queries, references.
// The first byte says which; a search is put to a resource, and its plan must not lose what
// matches.

#include <algorithm>
#include <cstdlib>

#include "salus/fhir/query.h"
#include "salus/fhir/search_index.h"
#include "salus/fhir/validate.h"

namespace {

using namespace salus;
using namespace salus::fhir;

void require(bool holds) {
    if (!holds) std::abort();
}

const crypto::HmacKey& index_key() {
    static const crypto::HmacKey key(Secret(Bytes(32, 1)));
    return key;
}

template <typename T>
bool share(const std::vector<T>& a, const std::vector<T>& b) {
    return std::any_of(a.begin(), a.end(), [&b](const T& value) {
        return std::find(b.begin(), b.end(), value) != b.end();
    });
}

bool is_candidate(const Query::Plan& plan, const Uuid& key, const SearchIndex& row) {
    const auto all = [](const auto& groups, const auto& there) {
        return std::all_of(groups.begin(), groups.end(),
                           [&there](const auto& group) { return share(group, there); });
    };
    return (!plan.has_ids || share(plan.ids, {key})) &&
           (!plan.has_patients || share(plan.patients, row.patients)) &&
           all(plan.codes, row.codes) && all(plan.tokens, row.tokens);
}

/// The findings of a resource are themselves a valid OperationOutcome.
void try_resource(std::string_view text) {
    const auto document = JsonDocument::parse(text);
    if (!document) return;
    const auto issues = validate(document->root());
    if (issues.empty()) return;
    const auto outcome = JsonDocument::parse(operation_outcome(issues));
    require(outcome && validate(outcome->root()).empty());
}

/// "form\nresource"
void try_search(std::string_view text) {
    const std::size_t line = text.find('\n');
    const auto pairs = parse_form(text.substr(0, line));
    if (!pairs || line == std::string_view::npos) return;
    const auto document = JsonDocument::parse(text.substr(line + 1));
    if (!document) return;
    const auto type = parse_type(document->root().string("resourceType"));
    if (!type || !validate(document->root()).empty()) return;
    const auto query = Query::parse(*type, *pairs);
    const std::string_view id = document->root().string("id");
    if (!query || !is_id(id)) return;
    const bool match = query->matches(id, document->root());
    const auto row = index_resource(*type, id, document->root(), index_key());
    const auto plan = query->plan(index_key());
    const bool candidate = is_candidate(plan, resource_key(index_key(), *type, id), row);
    require(!match || candidate);
    const bool any_time = plan.updated_from_us == INT64_MIN && plan.updated_to_us == INT64_MAX;
    require(match || !candidate || !plan.exact || !any_time);
}

void try_reference(std::string_view text) {
    const Reference reference = parse_reference(text);
    if (reference.kind == Reference::Kind::relative) require(reference.type && is_id(reference.id));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text = as_text(ByteView(data + 1, size - 1));
    switch (data[0] % 3) {
        case 0:
            try_resource(text);
            break;
        case 1:
            try_search(text);
            break;
        default:
            try_reference(text);
            break;
    }
    return 0;
}
