#include "salus/fhir/search_index.h"

#include <algorithm>

#include "salus/fhir/detail/care_links.h"
#include "salus/fhir/detail/extract.h"
#include "salus/fhir/detail/fold.h"
#include "salus/fhir/detail/numbers.h"

namespace salus::fhir {
namespace {

using namespace detail;

void sort_unique(std::vector<std::int64_t>& numbers) {
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
}

class Indexer {
  public:
    Indexer(JsonView resource, Numbers& numbers) : resource_(resource), numbers_(numbers) {}

    void add(const ParamDef& param, std::vector<std::int64_t>& out) {
        const ParamType type = public_param(param).type;
        for (const Path& path : paths_of(param))
            for_each_leaf(path, resource_, [&](JsonView leaf) {
                switch (type) {
                    case ParamType::token:
                        token(param, path, leaf, out);
                        break;
                    case ParamType::string:
                        string(param, path, leaf, out);
                        break;
                    case ParamType::reference:
                        reference(param, path, leaf, out);
                        break;
                    case ParamType::date:
                        date(param, path, leaf, out);
                        break;
                    default:
                        break;
                }
                return false;
            });
    }

  private:
    void token(const ParamDef& param, const Path& path, JsonView leaf,
               std::vector<std::int64_t>& out) {
        for_each_coded(path, leaf, [&](const CodedValue& value) {
            if (value.code.empty()) return false;
            out.push_back(numbers_.code(param, value.code));
            // Identifiers select by their value; a system that the value set says is no news.
            if (param.index == Index::in_row && path.leaf != Leaf::text)
                out.push_back(numbers_.coded(param, value.system, value.code));
            return false;
        });
    }

    void string(const ParamDef& param, const Path& path, JsonView leaf,
                std::vector<std::int64_t>& out) {
        for_each_string(path, leaf, [&](std::string_view text) {
            const std::string folded = fold(text);
            for (const std::size_t level : kPrefixLevels)
                if (const auto prefix = prefix_of(folded, level); !prefix.empty())
                    out.push_back(numbers_.prefix(param, prefix));
            return false;
        });
    }

    void reference(const ParamDef& param, const Path& path, JsonView leaf,
                   std::vector<std::int64_t>& out) {
        const std::string_view text = reference_text(path, leaf);
        if (text.empty() || text.starts_with('#')) return;
        if (path.leaf == Leaf::canonical) {
            out.push_back(numbers_.reference(param, without_version(text)));
            return;
        }
        const Reference target = parse_reference(text);
        if (target.kind != Reference::Kind::relative) {
            out.push_back(numbers_.reference(param, text));
            return;
        }
        const auto length =
            static_cast<std::size_t>(target.id.data() + target.id.size() - text.data());
        out.push_back(numbers_.reference(param, text.substr(0, length)));
    }

    void date(const ParamDef& param, const Path& path, JsonView leaf,
              std::vector<std::int64_t>& out) {
        const auto range = time_of(path, leaf);
        if (!range) return;
        const bool is_long = !range->is_bounded();
        const MonthRange months = is_long ? MonthRange{0, 0} : months_of(*range);
        if (is_long || months.last - months.first >= kMonthsMax) {
            out.push_back(numbers_.long_time(param));
            return;
        }
        for (std::int32_t month = months.first; month <= months.last; ++month)
            out.push_back(numbers_.month(param, month));
    }

    JsonView resource_;
    Numbers& numbers_;
};

/// The Patient references at the ends of some paths, in order, each once.
void collect_patients(const Path* first, int count, JsonView resource, const crypto::HmacKey& index,
                      std::vector<PatientId>& out) {
    for (const Path& path : std::span(first, static_cast<std::size_t>(count)))
        for_each_leaf(path, resource, [&](JsonView leaf) {
            const std::string_view text = leaf.string("reference");
            // Most of a Provenance's hundreds of targets are ruled out by the first letters.
            if (!text.starts_with("Patient/")) return false;
            const Reference target = parse_reference(text);
            if (target.type != ResourceType::Patient) return false;
            const PatientId patient(resource_key(index, ResourceType::Patient, target.id));
            if (std::find(out.begin(), out.end(), patient) == out.end()) out.push_back(patient);
            return false;
        });
}

}  // namespace

SearchIndex index_resource(ResourceType type, std::string_view id, JsonView resource,
                           const crypto::HmacKey& index) {
    SearchIndex out;
    Numbers numbers(index);
    Indexer indexer(resource, numbers);
    const ParamRange& range = param_ranges[static_cast<std::size_t>(type)];
    for (const ParamDef& param : std::span(param_defs + range.first, range.count)) {
        if (!param.owns_label || param.index == Index::none) continue;
        indexer.add(param, param.index == Index::in_row ? out.codes : out.tokens);
    }

    const PatientPathRange& owners = patient_paths[static_cast<std::size_t>(type)];
    if (type == ResourceType::Patient) {
        out.patients.emplace_back(resource_key(index, type, id));
    } else {
        const Path* first = paths + owners.first;
        collect_patients(first, owners.primary, resource, index, out.patients);
        if (owners.secondary > 0)
            for (const PatientId& patient : out.patients)
                out.codes.push_back(numbers.subject(type, patient));
        if (out.patients.empty())
            collect_patients(first + owners.primary, owners.secondary, resource, index,
                             out.patients);
    }
    sort_unique(out.codes);
    sort_unique(out.tokens);
    out.care = care_links(type, resource, out.patients, index);
    return out;
}

}  // namespace salus::fhir
