#include "salus/fhir/search_index.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>

#include "salus/fhir/detail/extract.h"
#include "salus/fhir/query.h"
#include "salus/fhir/tests/fhir_data.h"

namespace salus::fhir {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

const crypto::HmacKey& index_key() {
    static const crypto::HmacKey key(Secret(Bytes(32, 1)));
    return key;
}
Uuid patient_key(std::string_view id) {
    return resource_key(index_key(), ResourceType::Patient, id);
}

SearchIndex index_of(std::string_view json) {
    const auto document = JsonDocument::parse(json);
    const auto type = parse_type(document->root().string("resourceType"));
    return index_resource(*type, document->root().string("id"), document->root(), index_key());
}

TEST(SearchIndex, KnowsWhoseDataItIs) {
    EXPECT_EQ(index_of(R"({"resourceType":"Patient","id":"p"})").patients[0].value(),
              patient_key("p"));
    EXPECT_EQ(index_of(R"({"resourceType":"Device","patient":{"reference":"Patient/p"}})")
                  .patients[0]
                  .value(),
              patient_key("p"));
    EXPECT_EQ(index_of(R"({"resourceType":"Coverage","beneficiary":{"reference":"Patient/p"},
                           "subscriber":{"reference":"Patient/q"}})")
                  .patients,
              std::vector{PatientId(patient_key("p"))});
    const auto many =
        index_of(R"({"resourceType":"Provenance","target":[{"reference":"Observation/1"},
        {"reference":"Patient/p"},{"reference":"Patient/q"},
        {"reference":"Patient/p/_history/1"}]})");
    ASSERT_THAT(many.patients, SizeIs(2));
    EXPECT_EQ(many.patients[0].value(), patient_key("p"));
    EXPECT_THAT(index_of(R"({"resourceType":"Practitioner","id":"d"})").patients, IsEmpty());
    // The performer of another patient's observation does not make it the performer's record …
    const char* mother = R"({"resourceType":"Observation","subject":{"reference":"Patient/child"},
                             "performer":[{"reference":"Patient/mother"}]})";
    EXPECT_EQ(index_of(mother).patients, std::vector{PatientId(patient_key("child"))});
    // … and where there is no subject, the author is the next best.
    EXPECT_EQ(
        index_of(R"({"resourceType":"QuestionnaireResponse","author":{"reference":"Patient/p"}})")
            .patients,
        std::vector{PatientId(patient_key("p"))});
}

TEST(SearchIndex, NumbersDifferByTenantParameterAndType) {
    const char* text =
        R"({"resourceType":"Observation","status":"final","code":{"coding":[{"code":"final"}]}})";
    const auto document = JsonDocument::parse(text);
    const crypto::HmacKey other(Secret(Bytes(32, 2)));
    const auto mine = index_of(text).codes;
    EXPECT_THAT(mine, SizeIs(3));  // status, code, code without a system
    for (const auto number :
         index_resource(ResourceType::Observation, "", document->root(), other).codes)
        EXPECT_THAT(mine, testing::Not(testing::Contains(number)));
    const auto report = index_of(R"({"resourceType":"DiagnosticReport","status":"final"})").codes;
    for (const auto number : report)
        EXPECT_THAT(mine, testing::Not(testing::Contains(number)));
}

TEST(SearchIndex, CareRelationshipsExpire) {
    const auto team = [](const std::string& status, const std::string& more) {
        return index_of(
                   R"({"resourceType":"CareTeam","status":")" + status +
                   R"(","subject":{"reference":"Patient/p"},"participant":[{"member":)"
                   R"({"reference":"Practitioner/d"}},{"member":{"reference":"Organization/o"}}])" +
                   more + "}")
            .care;
    };
    const auto open = team("active", R"(,"period":{"start":"2020-01-01"})");
    ASSERT_THAT(open, SizeIs(1));
    EXPECT_EQ(open[0].patient.value(), patient_key("p"));
    EXPECT_EQ(open[0].practitioner.value(),
              resource_key(index_key(), ResourceType::Practitioner, "d"));
    EXPECT_EQ(open[0].from_us, 1577836800 * kSecondUs);
    EXPECT_EQ(open[0].until_us, INT64_MAX);
    EXPECT_EQ(team("active", R"(,"period":{"end":"2020-01-01"})")[0].until_us,
              1577923200 * kSecondUs);
    EXPECT_THAT(team("inactive", ""), IsEmpty());
    EXPECT_THAT(team("entered-in-error", ""), IsEmpty());

    const auto encounter = [](const std::string& status, const std::string& period) {
        return index_of(R"({"resourceType":"Encounter","status":")" + status +
                        R"(","subject":{"reference":"Patient/p"},"participant":[{"individual":)"
                        R"({"reference":"Practitioner/d"}}],"period":)" +
                        period + "}")
            .care;
    };
    const auto visit =
        encounter("finished", R"({"start":"2020-01-01T08:00:00Z","end":"2020-01-01T09:00:00Z"})");
    ASSERT_THAT(visit, SizeIs(1));
    EXPECT_GT(visit[0].until_us, 1577836800 * kSecondUs);
    EXPECT_LT(visit[0].until_us, 1577836800 * kSecondUs + 40 * kDayUs);
    EXPECT_EQ(encounter("in-progress", R"({"start":"2020-01-01"})")[0].until_us, INT64_MAX);
    EXPECT_THAT(encounter("cancelled", R"({"start":"2020-01-01"})"), IsEmpty());
    EXPECT_THAT(index_of(
                    R"({"resourceType":"Patient","id":"p",
                "generalPractitioner":[{"reference":"Practitioner/d"}]})")
                    .care,
                SizeIs(1));
    EXPECT_THAT(
        index_of(R"({"resourceType":"Appointment","status":"booked","start":"2020-01-01T08:00:00Z",
        "participant":[{"actor":{"reference":"Patient/p"}},
                       {"actor":{"reference":"Practitioner/d"}}]})")
            .care,
        SizeIs(1));
}

/// What the store does with a plan, on indexes in memory.
bool is_candidate(const Query::Plan& plan, ResourceType type, std::string_view id,
                  const SearchIndex& row) {
    const auto any = [](const auto& wanted, const auto& there) {
        return std::any_of(wanted.begin(), wanted.end(), [&](const auto& value) {
            return std::find(there.begin(), there.end(), value) != there.end();
        });
    };
    if (plan.has_ids && !any(std::vector{resource_key(index_key(), type, id)}, plan.ids))
        return false;
    if (plan.has_patients && !any(plan.patients, row.patients)) return false;
    const auto all = [&any](const auto& groups, const auto& there) {
        return std::all_of(groups.begin(), groups.end(),
                           [&](const auto& group) { return any(group, there); });
    };
    return all(plan.codes, row.codes) && all(plan.tokens, row.tokens);
}

struct Row {
    ResourceType type;
    std::string id;
    JsonView resource;
    SearchIndex index;
};

/// The bundles of Synthea with their urn:uuid references made relative, as the store resolves them.
class Hospital {
  public:
    Hospital() : data_("synthea-r4-compact.tar.xz") {
        std::map<std::string, std::string, std::less<>> targets;
        for (const JsonDocument& document : data_.documents())
            for (const JsonView entry : document.root()["entry"])
                targets[std::string(entry.string("fullUrl"))] =
                    std::string(entry["resource"].string("resourceType")) + "/" +
                    std::string(entry["resource"].string("id"));
        for (const JsonDocument& document : data_.documents())
            for (const JsonView resource : test::resources_of(document)) {
                std::string text;
                write_json(resource, text);
                replace_urns(text, targets);
                documents_.push_back(std::move(*JsonDocument::parse(text)));
            }
        for (const JsonDocument& document : documents_) {
            const JsonView resource = document.root();
            const auto type = *parse_type(resource.string("resourceType"));
            const std::string id(resource.string("id"));
            rows_.push_back({type, id, resource, index_resource(type, id, resource, index_key())});
        }
    }
    [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }

  private:
    static void replace_urns(std::string& text,
                             const std::map<std::string, std::string, std::less<>>& targets) {
        constexpr std::size_t kLength =
            std::string_view("urn:uuid:c757873d-ec9a-4326-a141-556f43239520").size();
        for (auto at = text.find("\"urn:uuid:"); at != std::string::npos;
             at = text.find("\"urn:uuid:", at + 1)) {
            const auto known = targets.find(text.substr(at + 1, kLength));
            if (known != targets.end()) text.replace(at + 1, kLength, known->second);
        }
    }
    test::DataArchive data_;
    std::vector<JsonDocument> documents_;
    std::vector<Row> rows_;
};

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == ',' || c == '|' || c == '$') out.push_back('\\');
        out.push_back(c);
    }
    return out;
}

/// A search value that the leaf itself could answer to.
std::string value_from(ParamType type, const detail::Path& path, JsonView leaf) {
    std::string value;
    switch (type) {
        case ParamType::token:
            detail::for_each_coded(path, leaf, [&](const detail::CodedValue& coded) {
                value = escaped(coded.code);
                const int form = *rc::gen::inRange(0, 4);
                if (form == 1) value = escaped(coded.system) + "|" + value;
                if (form == 2) value = "|" + value;
                if (form == 3 && !coded.system.empty()) value = escaped(coded.system) + "|";
                return *rc::gen::arbitrary<bool>();
            });
            return value;
        case ParamType::string:
            detail::for_each_string(path, leaf, [&](std::string_view text) {
                value = escaped(text.substr(0, *rc::gen::inRange<std::size_t>(1, 13)));
                return *rc::gen::arbitrary<bool>();
            });
            return value;
        case ParamType::reference:
            return escaped(detail::reference_text(path, leaf));
        case ParamType::date: {
            const JsonView start = path.leaf == detail::Leaf::period ? leaf["start"] : leaf;
            const std::string text(start.text());
            const std::size_t lengths[] = {4, 7, 10, text.size()};
            const auto* prefix =
                *rc::gen::element("", "ge", "gt", "le", "lt", "sa", "eb", "ne", "ap", "eq");
            return prefix + text.substr(0, lengths[*rc::gen::inRange(0, 4)]);
        }
        default:
            return escaped(leaf.text());
    }
}

/// One or two criteria drawn from the resource itself.
QueryPairs random_query(const Row& row) {
    QueryPairs pairs;
    const auto params = search_params(row.type);
    const int wanted = *rc::gen::inRange(1, 4);
    for (int tries = 0; tries < 60 && static_cast<int>(pairs.size()) < wanted; ++tries) {
        const SearchParam& param = params[*rc::gen::inRange<std::size_t>(0, params.size())];
        const detail::ParamDef& def = *detail::find_param(row.type, param.name);
        std::string value;
        for (const detail::Path& path : detail::paths_of(def))
            detail::for_each_leaf(path, row.resource, [&](JsonView leaf) {
                value = value_from(param.type, path, leaf);
                return *rc::gen::arbitrary<bool>();
            });
        if (value.empty()) continue;
        const bool negate = param.type == ParamType::token && *rc::gen::inRange(0, 10) == 0;
        pairs.emplace_back(std::string(param.name) + (negate ? ":not" : ""), value);
    }
    return pairs;
}

TEST(SearchIndex, CandidatesHoldEveryMatchAndExactPlansNothingElse) {
    const Hospital hospital;
    if (hospital.rows().empty()) GTEST_SKIP() << "no Synthea bundles: set SALUS_DATA";
    std::map<ResourceType, std::vector<const Row*>> by_type;
    for (const Row& row : hospital.rows())
        by_type[row.type].push_back(&row);
    std::vector<ResourceType> types;
    for (const auto& [type, rows] : by_type)
        types.push_back(type);

    int exact = 0;
    int filtered = 0;
    EXPECT_TRUE(rc::check("plans are supersets", [&] {
        const auto& rows = by_type[*rc::gen::elementOf(types)];
        const Row& seed = *rows[*rc::gen::inRange<std::size_t>(0, rows.size())];
        const QueryPairs pairs = random_query(seed);
        RC_PRE(!pairs.empty());
        const auto query = Query::parse(seed.type, pairs);
        RC_PRE(query.has_value());
        const auto plan = query->plan(index_key());
        exact += plan.exact ? 1 : 0;
        filtered += plan.has_ids || plan.has_patients || !plan.codes.empty() || !plan.tokens.empty()
                        ? 1
                        : 0;
        for (const Row* row : rows) {
            const bool candidate = is_candidate(plan, row->type, row->id, row->index);
            const bool match = query->matches(row->id, row->resource);
            // The row's own time stands in for meta.lastUpdated, which these files lack.
            if (match) RC_ASSERT(candidate);
            if (plan.exact && candidate) RC_ASSERT(match);
        }
    }));
    EXPECT_GT(exact, 0);
    EXPECT_GT(filtered, 0);
}

std::string random_date() {
    const std::string full =
        fmt::format("{:04}-{:02}-{:02}T{:02}:30:00{}", *rc::gen::inRange(2017, 2023),
                    *rc::gen::inRange(1, 13), *rc::gen::inRange(1, 29), *rc::gen::inRange(0, 24),
                    *rc::gen::element("Z", "+14:00", "-11:00"));
    const std::size_t lengths[] = {4, 7, 10, full.size()};
    return full.substr(0, lengths[*rc::gen::inRange(0, 4)]);
}

std::string random_period() {
    std::string text;
    if (*rc::gen::inRange(0, 4) != 0) text += "\"start\":\"" + random_date() + "\"";
    if (*rc::gen::inRange(0, 3) != 0)
        text += std::string(text.empty() ? "" : ",") + "\"end\":\"" + random_date() + "\"";
    return "{" + text + "}";
}

QueryPairs random_date_query() {
    const auto one = [] {
        return *rc::gen::element("", "ge", "gt", "le", "lt", "sa", "eb", "ne", "ap", "eq") +
               random_date();
    };
    QueryPairs pairs;
    const int wanted = *rc::gen::inRange(1, 4);
    for (int i = 0; i < wanted; ++i)
        pairs.emplace_back("date", *rc::gen::inRange(0, 4) == 0 ? one() + "," + one() : one());
    return pairs;
}

/// Periods of every length and openness, and single moments.
TEST(SearchIndex, MonthsFindEveryPeriod) {
    int found = 0;
    EXPECT_TRUE(rc::check("plans of dates are supersets", [&] {
        const bool period = *rc::gen::inRange(0, 3) != 0;
        const auto document = JsonDocument::parse(
            period ? R"({"resourceType":"Encounter","period":)" + random_period() + "}"
                   : R"({"resourceType":"Appointment","start":")" + random_date() + "\"}");
        const auto type = period ? ResourceType::Encounter : ResourceType::Appointment;
        const SearchIndex row = index_resource(type, "x", document->root(), index_key());
        for (int i = 0; i < 20; ++i) {
            const auto query = Query::parse(type, random_date_query());
            RC_ASSERT(query.has_value());
            if (!query->matches("x", document->root())) continue;
            const auto plan = query->plan(index_key());
            found += plan.codes.empty() ? 0 : 1;
            RC_ASSERT(is_candidate(plan, type, "x", row));
        }
    }));
    EXPECT_GT(found, 5);
}

TEST(SearchIndex, RowsCarryFewNumbers) {
    const Hospital hospital;
    if (hospital.rows().empty()) GTEST_SKIP() << "no Synthea bundles: set SALUS_DATA";
    std::size_t observations = 0;
    std::size_t codes = 0;
    for (const Row& row : hospital.rows()) {
        if (row.type != ResourceType::Observation) continue;
        ++observations;
        codes += row.index.codes.size();
        EXPECT_THAT(row.index.tokens, IsEmpty());
        EXPECT_THAT(row.index.patients, SizeIs(1));
    }
    EXPECT_LE(codes, observations * 9);
}

}  // namespace
}  // namespace salus::fhir
