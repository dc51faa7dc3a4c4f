#include "salus/fhir/definitions.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "salus/fhir/resource_key.h"

namespace salus::fhir {
namespace {

TEST(Definitions, NumbersOfTypesAreWhatRowsHold) {
    // Stored in rows: a change here would re-label a clinic's charts.
    EXPECT_EQ(all_types().size(), 146U);
    EXPECT_EQ(static_cast<int>(ResourceType::Account), 1);
    EXPECT_EQ(static_cast<int>(ResourceType::Encounter), 44);
    EXPECT_EQ(static_cast<int>(ResourceType::Observation), 96);
    EXPECT_EQ(static_cast<int>(ResourceType::Patient), 103);
    EXPECT_EQ(static_cast<int>(ResourceType::VisionPrescription), 146);
}

TEST(Definitions, NamesGoBothWays) {
    std::set<std::string_view> names;
    for (const ResourceType type : all_types()) {
        EXPECT_EQ(parse_type(name(type)), type);
        names.insert(name(type));
    }
    EXPECT_EQ(names.size(), all_types().size());
    for (const auto* wrong : {"", "patient", "Patients", "Resource", "DomainResource", "Zebra", "A",
                              "SubscriptionStatus", "Observation.component"})
        EXPECT_FALSE(parse_type(wrong)) << wrong;
}

TEST(Definitions, EveryTypeHasItsClass) {
    using access::DataClass;
    EXPECT_EQ(data_class(ResourceType::Patient), DataClass::demographics);
    EXPECT_EQ(data_class(ResourceType::Appointment), DataClass::scheduling);
    EXPECT_EQ(data_class(ResourceType::ExplanationOfBenefit), DataClass::coverage);
    EXPECT_EQ(data_class(ResourceType::Observation), DataClass::clinical);
    EXPECT_EQ(data_class(ResourceType::Device), DataClass::clinical);
    EXPECT_EQ(data_class(ResourceType::Provenance), DataClass::clinical);
    EXPECT_EQ(data_class(ResourceType::Medication), DataClass::reference);
    EXPECT_EQ(data_class(ResourceType::Practitioner), DataClass::reference);
}

bool declares(ResourceType type, std::string_view param) {
    for (const SearchParam& known : search_params(type))
        if (known.name == param) return true;
    return false;
}

TEST(Definitions, DeclareWhatUsCoreSearchesFor) {
    const char* root = std::getenv("SALUS_DATA");
    std::ifstream file(std::string(root ? root : SALUS_DATA_DEFAULT) +
                       "/fhir/uscore_search_v7.0.0.tsv");
    if (!file) GTEST_SKIP() << "no US Core search shapes: set SALUS_DATA";
    std::string line;
    std::getline(file, line);
    int shapes = 0;
    for (; std::getline(file, line); ++shapes) {
        const auto type = parse_type(line.substr(0, line.find('\t')));
        ASSERT_TRUE(type) << line;
        std::istringstream params(line.substr(line.find('\t') + 1));
        std::string list;
        std::getline(params, list, '\t');
        std::istringstream names(list);
        for (std::string param; std::getline(names, param, '+');)
            EXPECT_TRUE(declares(*type, param)) << line;
    }
    EXPECT_GT(shapes, 90);
}

TEST(Definitions, ParametersThatAreNotPlainPathsAreNotDeclared) {
    EXPECT_TRUE(declares(ResourceType::Patient, "name"));
    EXPECT_FALSE(declares(ResourceType::Patient, "phonetic"));
    EXPECT_FALSE(declares(ResourceType::Observation, "code-value-quantity"));
    EXPECT_FALSE(declares(ResourceType::Location, "near"));
    EXPECT_FALSE(declares(ResourceType::Bundle, "composition"));
}

TEST(Reference, KindsAreToldApart) {
    using Kind = Reference::Kind;
    const auto kind = [](std::string_view text) { return parse_reference(text).kind; };
    EXPECT_EQ(kind("Patient/123"), Kind::relative);
    EXPECT_EQ(kind("Patient/123/_history/4"), Kind::relative);
    EXPECT_EQ(kind("https://host/fhir/Patient/123"), Kind::absolute);
    EXPECT_EQ(kind("Practitioner?identifier=a|b"), Kind::conditional);
    EXPECT_EQ(kind("Practitioner?identifier=http://a/b|c"), Kind::conditional);
    EXPECT_EQ(kind("urn:uuid:c757873d-ec9a-4326-a141-556f43239520"), Kind::urn);
    EXPECT_EQ(kind("#med1"), Kind::contained);
    for (const auto* other : {"", "/", "Patient", "Patient/", "patient/1", "Patient/a b",
                              "Patient/1/2", "Patient/1/_history/", "Zebra?x=y", "../Patient/1"})
        EXPECT_EQ(kind(other), Kind::other) << other;
}

TEST(Reference, TypeAndIdAreTaken) {
    const Reference absolute = parse_reference("https://host/fhir/Patient/123/_history/4");
    EXPECT_EQ(absolute.type, ResourceType::Patient);
    EXPECT_EQ(absolute.id, "123");
    const Reference conditional = parse_reference("Practitioner?identifier=s|v");
    EXPECT_EQ(conditional.type, ResourceType::Practitioner);
    EXPECT_EQ(conditional.query, "identifier=s|v");
    EXPECT_EQ(parse_reference("#med1").id, "med1");
}

TEST(ResourceKey, UuidsAreThemselvesAndOtherIdsAreHidden) {
    const crypto::HmacKey key(Secret(Bytes(32, 1)));
    const crypto::HmacKey other(Secret(Bytes(32, 2)));
    const std::string uuid = "c757873d-ec9a-4326-a141-556f43239520";
    EXPECT_EQ(resource_key(key, ResourceType::Patient, uuid).to_string(), uuid);
    const Uuid hidden = resource_key(key, ResourceType::Patient, "MRN-4711");
    EXPECT_EQ(hidden.to_string()[14], '8');  // RFC 9562 version 8
    EXPECT_EQ(hidden, resource_key(key, ResourceType::Patient, "MRN-4711"));
    EXPECT_NE(hidden, resource_key(other, ResourceType::Patient, "MRN-4711"));
    EXPECT_NE(hidden, resource_key(key, ResourceType::Encounter, "MRN-4711"));
    // Upper case is another id in FHIR, so it must not become the same key.
    EXPECT_NE(resource_key(key, ResourceType::Patient, "C757873D-EC9A-4326-A141-556F43239520"),
              resource_key(key, ResourceType::Patient, uuid));
}

}  // namespace
}  // namespace salus::fhir
