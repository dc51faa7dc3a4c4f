#include "salus/fhir/query.h"

#include <algorithm>

#include "salus/core/limits.h"
#include "salus/fhir/detail/criterion.h"

namespace salus::fhir {

struct Query::Impl {
    ResourceType type;
    std::vector<detail::Criterion> criteria;
};

Query::Query(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Query::Query(Query&&) noexcept = default;
Query::~Query() = default;

Result<Query> Query::parse(ResourceType type, const QueryPairs& pairs) {
    auto impl = std::make_unique<Impl>(Impl{type, {}});
    if (pairs.size() > limits::kSearchParameters)
        return fail(Errc::too_large, "A search has too many parameters.", "Search in parts.");
    std::size_t values = 0;
    for (const auto& [name, value] : pairs) {
        SALUS_TRY(auto criterion, detail::parse_criterion(type, name, value));
        values += criterion.values.size();
        if (values > limits::kSearchValues)
            return fail(Errc::too_large, "A search has too many values.", "Search in parts.");
        impl->criteria.push_back(std::move(criterion));
    }
    return Query(std::move(impl));
}

ResourceType Query::type() const {
    return impl_->type;
}

bool Query::matches(std::string_view id, JsonView resource) const {
    return std::all_of(
        impl_->criteria.begin(), impl_->criteria.end(),
        [&](const detail::Criterion& c) { return detail::matches(c, id, resource); });
}

Query::Plan Query::plan(const crypto::HmacKey& index) const {
    return detail::make_plan(impl_->type, impl_->criteria, index);
}

}  // namespace salus::fhir
