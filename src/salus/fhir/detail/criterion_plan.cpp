#include <algorithm>
#include <map>

#include "salus/fhir/detail/criterion.h"
#include "salus/fhir/detail/extract.h"
#include "salus/fhir/detail/fold.h"
#include "salus/fhir/detail/numbers.h"
#include "salus/fhir/resource_key.h"

namespace salus::fhir::detail {
namespace {

using Group = std::vector<std::int64_t>;

constexpr TimeUs kPast = std::numeric_limits<TimeUs>::min();
constexpr TimeUs kFuture = std::numeric_limits<TimeUs>::max();
constexpr std::int32_t kMonthsAsked =
    120;                                 ///< ten years; each month is one HMAC and one array item
constexpr TimeUs kMillisecondUs = 1000;  ///< precision of meta.lastUpdated

/// What a target's time must touch to answer a prefix: a necessary condition, [from, to).
std::optional<TimeRange> touched(const SearchValue& value) {
    switch (value.prefix) {
        case Prefix::eq:
        case Prefix::ap:
            return value.time;
        case Prefix::gt:
        case Prefix::sa:
            return TimeRange{value.time.to, kFuture};
        case Prefix::ge:
            return TimeRange{value.time.from, kFuture};
        case Prefix::lt:
        case Prefix::eb:
            return TimeRange{kPast, value.time.from};
        case Prefix::le:
            return TimeRange{kPast, value.time.to};
        case Prefix::ne:
            return std::nullopt;
    }
    return std::nullopt;
}

class Planner {
  public:
    Planner(ResourceType type, const crypto::HmacKey& index)
        : type_(type), index_(index), numbers_(index) {
        plan_.exact = true;
    }

    void add(const Criterion& criterion) {
        if (criterion.is_id) return add_ids(criterion);
        if (criterion.is_last_updated) return add_updated(criterion);
        if (criterion.modifier != Modifier::none) return inexact();
        if (criterion.param->patient != PatientRole::no && add_patients(criterion)) return;
        if (criterion.param->index == Index::none || criterion.param->truth) return inexact();
        switch (criterion.type) {
            case ParamType::token:
                return add_token(criterion);
            case ParamType::string:
                return add_string(criterion);
            case ParamType::reference:
                return add_reference(criterion);
            case ParamType::date:
                return add_date(criterion);
            default:
                return inexact();
        }
    }

    Query::Plan finish() && {
        for (const auto& [label, window] : windows_)
            if (const auto months = months_asked(window.range))
                add_group(*window.param, month_group(*window.param, {*months}));
        return std::move(plan_);
    }

  private:
    struct Window {
        const ParamDef* param;
        TimeRange range;
    };

    void inexact() { plan_.exact = false; }

    void add_group(const ParamDef& param, Group group) {
        std::sort(group.begin(), group.end());
        group.erase(std::unique(group.begin(), group.end()), group.end());
        if (param.index == Index::in_row) {
            plan_.codes.push_back(std::move(group));
        } else {
            plan_.tokens.push_back(std::move(group));
            inexact();  // shared numbers
        }
    }

    void add_ids(const Criterion& criterion) {
        if (criterion.modifier != Modifier::none) return inexact();
        std::vector<Uuid> ids;
        for (const SearchValue& value : criterion.values)
            if (!value.has_system && is_id(value.text))  // others match nothing
                ids.push_back(resource_key(index_, type_, value.text));
        std::sort(ids.begin(), ids.end());
        ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
        if (plan_.has_ids) {
            std::vector<Uuid> both;
            std::set_intersection(ids.begin(), ids.end(), plan_.ids.begin(), plan_.ids.end(),
                                  std::back_inserter(both));
            ids = std::move(both);
        }
        plan_.ids = std::move(ids);
        plan_.has_ids = true;
    }

    /// The row's time is finer than the body's, which has milliseconds: whole ones are asked for.
    void add_updated(const Criterion& criterion) {
        if (criterion.modifier != Modifier::none || criterion.values.size() != 1) return inexact();
        const SearchValue& value = criterion.values.front();
        const auto range = touched(value);
        if (!range) return inexact();
        const bool whole = value.time.from % kMillisecondUs == 0 &&
                           value.time.to % kMillisecondUs == 0 && value.prefix != Prefix::ap;
        if (!whole) return inexact();
        plan_.updated_from_us = std::max(plan_.updated_from_us, range->from);
        plan_.updated_to_us = std::min(plan_.updated_to_us, range->to);
    }

    /// True where every value is a patient's and the parameter reads what `patients` is made from.
    bool add_patients(const Criterion& criterion) {
        std::vector<PatientId> patients;
        Group subjects;
        for (const SearchValue& value : criterion.values) {
            if (value.is_literal || !is_patient(criterion, value)) return false;
            patients.emplace_back(resource_key(index_, ResourceType::Patient, value.text));
            subjects.push_back(numbers_.subject(type_, patients.back()));
        }
        if (plan_.has_patients) {
            // A resource can have several patients, one for each criterion: the first one narrows.
            inexact();
            return true;
        }
        plan_.patients = std::move(patients);
        plan_.has_patients = true;
        if (criterion.param->patient != PatientRole::same) {
            inexact();
        } else if (patient_paths[static_cast<std::size_t>(type_)].secondary > 0) {
            // `patients` may come from another path; the subject's number says which.
            std::sort(subjects.begin(), subjects.end());
            plan_.codes.push_back(std::move(subjects));
        }
        return true;
    }

    /// Is it Patient/id, by its own words or because the parameter leads to nothing else?
    static bool is_patient(const Criterion& criterion, const SearchValue& value) {
        if (value.type) return *value.type == ResourceType::Patient;
        const auto targets = targets_of(*criterion.param);
        return targets.size() == 1 &&
               targets.front() == static_cast<std::int16_t>(ResourceType::Patient);
    }

    void add_token(const Criterion& criterion) {
        const ParamDef& param = *criterion.param;
        Group group;
        for (const SearchValue& value : criterion.values) {
            if (value.text.empty()) return inexact();  // "system|": any of its codes
            add_token_numbers(param, value, group);
        }
        add_group(param, std::move(group));
    }

    void add_token_numbers(const ParamDef& param, const SearchValue& value, Group& group) {
        if (!value.has_system || param.index == Index::in_table) {
            group.push_back(numbers_.code(param, value.text));
            return;
        }
        for (const Path& path : paths_of(param)) {
            if (path.leaf != Leaf::text) {
                group.push_back(numbers_.coded(param, value.system, value.text));
            } else {
                // The number knows the code alone; the matcher compares the value set's system.
                group.push_back(numbers_.code(param, value.text));
                if (path.system != value.system || param.path_count > 1) inexact();
            }
        }
    }

    void add_string(const Criterion& criterion) {
        Group group;
        for (const SearchValue& value : criterion.values) {
            std::string_view longest;
            for (const std::size_t level : kPrefixLevels)
                if (const auto prefix = prefix_of(value.text, level); !prefix.empty())
                    longest = prefix;
            if (longest.empty()) return inexact();
            group.push_back(numbers_.prefix(*criterion.param, longest));
        }
        add_group(*criterion.param, std::move(group));
    }

    void add_reference(const Criterion& criterion) {
        const ParamDef& param = *criterion.param;
        Group group;
        for (const SearchValue& value : criterion.values) {
            if (value.is_literal) {
                if (value.text.find('|') != std::string::npos) inexact();
                group.push_back(numbers_.reference(param, without_version(value.text)));
            } else if (value.type) {
                group.push_back(numbers_.reference(param, typed(*value.type, value.text)));
            } else {
                if (param.target_count == 0) return inexact();
                for (const std::int16_t target : targets_of(param))
                    group.push_back(numbers_.reference(
                        param, typed(static_cast<ResourceType>(target), value.text)));
            }
        }
        add_group(param, std::move(group));
    }

    static std::string typed(ResourceType type, std::string_view id) {
        return std::string(name(type)).append("/").append(id);
    }

    void add_date(const Criterion& criterion) {
        inexact();
        const ParamDef& param = *criterion.param;
        std::vector<TimeRange> ranges;
        for (const SearchValue& value : criterion.values) {
            const auto range = touched(value);
            if (!range) return;
            ranges.push_back(*range);
        }
        if (ranges.size() == 1 && param.single) {
            narrow(param, ranges.front());
            return;
        }
        std::vector<MonthRange> months;
        for (const TimeRange& range : ranges) {
            const auto asked = months_asked(range);
            if (!asked) return;
            months.push_back(*asked);
        }
        add_group(param, month_group(param, months));
    }

    /// Criteria on an element that has one value: its interval meets both ranges, so, where these
    /// meet each other, it meets what they share (Helly's theorem on the line).
    void narrow(const ParamDef& param, const TimeRange& range) {
        const auto [at, is_new] =
            windows_.try_emplace(std::string(param.label), Window{&param, range});
        if (is_new) return;
        TimeRange& window = at->second.range;
        const TimeRange both = {std::max(window.from, range.from), std::min(window.to, range.to)};
        if (both.from < both.to) window = both;
    }

    static std::optional<MonthRange> months_asked(const TimeRange& range) {
        if (!range.is_bounded()) return std::nullopt;
        const MonthRange months = months_of(range);
        if (months.last - months.first >= kMonthsAsked) return std::nullopt;
        return months;
    }

    Group month_group(const ParamDef& param, const std::vector<MonthRange>& ranges) {
        Group group = {numbers_.long_time(param)};
        for (const MonthRange& months : ranges)
            for (std::int32_t month = months.first; month <= months.last; ++month)
                group.push_back(numbers_.month(param, month));
        return group;
    }

    ResourceType type_;
    const crypto::HmacKey& index_;
    Numbers numbers_;
    Query::Plan plan_;
    std::map<std::string, Window> windows_;  ///< by label
};

}  // namespace

Query::Plan make_plan(ResourceType type, const std::vector<Criterion>& criteria,
                      const crypto::HmacKey& index) {
    Planner planner(type, index);
    for (const Criterion& criterion : criteria)
        planner.add(criterion);
    return std::move(planner).finish();
}

}  // namespace salus::fhir::detail
