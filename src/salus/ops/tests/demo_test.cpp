#include <gtest/gtest.h>

#include <set>

#include "salus/fhir/validate.h"
#include "salus/ops/demo_clinic.h"

namespace salus::ops {
namespace {

constexpr TimeUs kNow = 1'780'000'000 * kSecondUs;

JsonDocument parse(const std::string& text) {
    auto document = JsonDocument::parse(text);
    EXPECT_TRUE(document) << text.substr(0, 400);
    return std::move(*document);
}

/// Every "reference" below `value`.
void collect_references(JsonView value, std::set<std::string>& into) {
    for (const JsonView child : value) {
        if (child.key() == "reference") into.emplace(child.text());
        if (child.is(JsonKind::object) || child.is(JsonKind::array))
            collect_references(child, into);
    }
}

TEST(Demo, EveryResourceIsValidFhir) {
    const DemoClinic clinic = demo_clinic("riverside", "Riverside", "Marlow Falls");
    std::vector<std::string> bundles{demo_reference_bundle(clinic)};
    for (std::size_t i = 0; i < 20; ++i)
        bundles.push_back(demo_patient_bundle(clinic, i, kNow));
    std::set<std::string> types;
    for (const std::string& text : bundles) {
        const JsonDocument bundle = parse(text);
        for (const JsonView entry : bundle.root()["entry"]) {
            const auto issues = fhir::validate(entry["resource"]);
            types.emplace(entry["resource"].string("resourceType"));
            for (const fhir::Issue& issue : issues)
                ADD_FAILURE() << issue.path << ": " << issue.diagnostics;
        }
    }
    EXPECT_EQ(types.size(), 16U);
}

TEST(Demo, ReferencesStayInsideTheClinic) {
    const DemoClinic clinic = demo_clinic("lakeview", "Lakeview", "Port Ambrose");
    std::set<std::string> known;
    const JsonDocument shared = parse(demo_reference_bundle(clinic));
    for (const JsonView entry : shared.root()["entry"])
        known.emplace(entry["request"].string("url"));
    for (std::size_t i = 0; i < 20; ++i) {
        const JsonDocument bundle = parse(demo_patient_bundle(clinic, i, kNow));
        std::set<std::string> here = known;
        std::set<std::string> used;
        for (const JsonView entry : bundle.root()["entry"])
            here.emplace(entry.string("fullUrl"));
        collect_references(bundle.root(), used);
        for (const std::string& reference : used)
            EXPECT_TRUE(here.contains(reference)) << reference;
    }
}

TEST(Demo, IsTheSameEachTimeAndDiffersBetweenClinics) {
    const DemoClinic one = demo_clinic("riverside", "Riverside", "Marlow Falls");
    const DemoClinic again = demo_clinic("riverside", "Riverside", "Marlow Falls");
    const DemoClinic other = demo_clinic("lakeview", "Lakeview", "Port Ambrose");
    EXPECT_EQ(demo_patient_bundle(one, 3, kNow), demo_patient_bundle(again, 3, kNow));
    EXPECT_NE(demo_patient_bundle(one, 3, kNow), demo_patient_bundle(one, 4, kNow));
    EXPECT_NE(one.organization, other.organization);
    EXPECT_NE(one.people[0].practitioner, other.people[0].practitioner);
}

TEST(Demo, TeamsDoNotShareAPatient) {
    const DemoClinic clinic = demo_clinic("riverside", "Riverside", "Marlow Falls");
    for (std::size_t i = 0; i < 6; ++i) {
        const std::string bundle = demo_patient_bundle(clinic, i, kNow);
        const std::size_t team = i % DemoClinic::kTeams;
        EXPECT_NE(bundle.find(clinic.physician(team).practitioner->to_string()), std::string::npos);
        EXPECT_NE(bundle.find(clinic.nurse(team).practitioner->to_string()), std::string::npos);
        EXPECT_EQ(bundle.find(clinic.physician(1 - team).practitioner->to_string()),
                  std::string::npos);
    }
}

TEST(Demo, NobodySharesAName) {
    for (const std::string_view tenant : {"riverside", "lakeview", "a", "b", "c"}) {
        std::set<std::string> names;
        for (const DemoPerson& person : demo_clinic(tenant, "T", "C").people)
            names.insert(person.username);
        EXPECT_EQ(names.size(), 6U);
    }
}

}  // namespace
}  // namespace salus::ops
