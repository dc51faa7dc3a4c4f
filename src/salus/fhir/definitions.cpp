#include "salus/fhir/definitions.h"

#include <algorithm>
#include <array>

#include "salus/fhir/detail/tables.h"

namespace salus::fhir {
namespace {

constexpr auto kAllTypes = [] {
    std::array<ResourceType, kResourceTypes> all{};
    for (int i = 0; i < kResourceTypes; ++i)
        all[static_cast<std::size_t>(i)] = static_cast<ResourceType>(i + 1);
    return all;
}();

const detail::ParamRange& params_of(ResourceType type) {
    return detail::param_ranges[static_cast<std::size_t>(type)];
}

}  // namespace

std::optional<ResourceType> parse_type(std::string_view text) {
    const auto found = std::lower_bound(
        kAllTypes.begin(), kAllTypes.end(), text,
        [](ResourceType type, std::string_view wanted) { return name(type) < wanted; });
    if (found == kAllTypes.end() || name(*found) != text) return std::nullopt;
    return *found;
}

std::string_view name(ResourceType type) {
    return detail::type_def(type).name;
}

std::span<const ResourceType> all_types() {
    return kAllTypes;
}

std::span<const SearchParam> search_params(ResourceType type) {
    return {detail::search_param_names + params_of(type).first, params_of(type).count};
}

access::DataClass data_class(ResourceType type) {
    return detail::data_classes[static_cast<std::size_t>(type)];
}

namespace detail {

const ParamDef* find_param(ResourceType type, std::string_view name) {
    const auto params = search_params(type);
    const auto found = std::lower_bound(
        params.begin(), params.end(), name,
        [](const SearchParam& param, std::string_view wanted) { return param.name < wanted; });
    if (found == params.end() || found->name != name) return nullptr;
    return param_defs + params_of(type).first + (found - params.begin());
}

const SearchParam& public_param(const ParamDef& def) {
    return search_param_names[&def - param_defs];
}

}  // namespace detail
}  // namespace salus::fhir
