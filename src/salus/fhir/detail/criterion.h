#pragma once

#include <optional>
#include <string>
#include <vector>

#include "salus/core/json.h"
#include "salus/fhir/detail/decimal.h"
#include "salus/fhir/detail/tables.h"
#include "salus/fhir/detail/time_range.h"
#include "salus/fhir/query.h"

namespace salus::fhir::detail {

enum class Modifier : std::uint8_t {
    none,
    exact,       ///< string
    contains,    ///< string
    is_not,      ///< token
    text,        ///< token
    missing,     ///< all
    identifier,  ///< reference
    below,       ///< uri
};

/// One of the values of a criterion, any of which will do. Which members are used depends on the
/// type.
struct SearchValue {
    Prefix prefix = Prefix::eq;  ///< date, number, quantity
    std::string text;            ///< code, string (folded unless :exact), uri, reference or its id
    std::string system;          ///< token, quantity
    bool has_system = false;     ///< a '|' was there; an empty system then says that there is none
    std::optional<ResourceType> type;  ///< reference: of "Type/id"; then `text` is the id
    bool is_literal = false;           ///< reference: `text` is a URL or URN, compared as it is
    TimeRange time;
    std::optional<Decimal> number;
    bool truth = false;  ///< :missing
};

struct Criterion {
    const ParamDef* param;
    ParamType type;
    Modifier modifier = Modifier::none;
    bool is_id = false;            ///< _id
    bool is_last_updated = false;  ///< _lastUpdated
    std::vector<SearchValue> values;
};

/// "code:not" and "8867-4,8480-6" of a search of `type`. Errors: invalid, unsupported.
Result<Criterion> parse_criterion(ResourceType type, std::string_view name, std::string_view value);

bool matches(const Criterion& criterion, std::string_view id, JsonView resource);

Query::Plan make_plan(ResourceType type, const std::vector<Criterion>& criteria,
                      const crypto::HmacKey& index);

}  // namespace salus::fhir::detail
