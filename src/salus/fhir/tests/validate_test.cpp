#include "salus/fhir/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "salus/core/limits.h"
#include "salus/fhir/tests/fhir_data.h"

namespace salus::fhir {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

/// "code path" of each finding.
std::vector<std::string> findings(std::string_view json) {
    const auto document = JsonDocument::parse(json);
    if (!document) return {"not JSON"};
    std::vector<std::string> found;
    for (const Issue& issue : validate(document->root()))
        found.push_back(std::string(issue.code) + " " + issue.path);
    return found;
}

void expect_finding(std::string_view json, const std::string& expected) {
    EXPECT_THAT(findings(json), testing::ElementsAre(expected)) << json;
}

const std::string kObservation =
    R"("resourceType":"Observation","status":"final","code":{"text":"x"})";
std::string observation(const std::string& more) {
    return "{" + kObservation + "," + more + "}";
}
std::string patient(const std::string& more) {
    return R"({"resourceType":"Patient",)" + more + "}";
}

TEST(Validate, AcceptsEveryResourceOfAHospital) {
    const test::DataArchive data("synthea-r4-compact.tar.xz");
    const auto documents = data.documents();
    if (documents.empty()) GTEST_SKIP() << "no Synthea bundles: set SALUS_DATA";
    std::size_t count = 0;
    for (const JsonDocument& document : documents)
        for (const JsonView resource : test::resources_of(document)) {
            const auto issues = validate(resource);
            EXPECT_TRUE(issues.empty()) << resource.string("resourceType") << " " << issues[0].path;
            ++count;
        }
    EXPECT_GT(count, 2000U);
}

TEST(Validate, AcceptsWholeBundles) {
    const test::DataArchive data("synthea-r4-compact.tar.xz");
    const auto documents = data.documents();
    if (documents.empty()) GTEST_SKIP() << "no Synthea bundles: set SALUS_DATA";
    EXPECT_TRUE(validate(documents.front().root()).empty());
}

TEST(Validate, AcceptsTheExamplesOfTheStandard) {
    const test::DataArchive data("fhir-test-cases-r4.tar.xz");
    const auto documents = data.documents("r4/examples");
    if (documents.empty()) GTEST_SKIP() << "no FHIR test cases: set SALUS_DATA";
    std::size_t valid = 0;
    for (const JsonDocument& document : documents) {
        const auto issues = validate(document.root());
        // One example of a questionnaire lacks linkId, which R4 requires.
        if (document.root().string("id") == "qs1")
            EXPECT_FALSE(issues.empty());
        else
            EXPECT_TRUE(issues.empty())
                << document.root().string("resourceType") << " " << issues[0].path;
        valid += issues.empty() ? 1 : 0;
    }
    EXPECT_GT(valid, 70U);
}

TEST(Validate, AcceptsTheExamplesOfUsCore) {
    const test::DataArchive data("us_core_700.tgz");
    const auto documents = data.documents("package/example");
    if (documents.empty()) GTEST_SKIP() << "no US Core package: set SALUS_DATA";
    std::size_t count = 0;
    for (const JsonDocument& document : documents) {
        if (!parse_type(document.root().string("resourceType"))) continue;
        const auto issues = validate(document.root());
        EXPECT_TRUE(issues.empty()) << document.root().string("id") << " " << issues[0].path;
        ++count;
    }
    EXPECT_GT(count, 200U);
}

TEST(Validate, NamesWhatIsMissing) {
    expect_finding(R"({"resourceType":"Observation","status":"final"})",
                   "required Observation.code");
    expect_finding(observation(R"("component":[{"valueString":"a"}])"),
                   "required Observation.component[0].code");
    expect_finding(
        R"({"resourceType":"Immunization","status":"completed","vaccineCode":{"text":"x"},)"
        R"("patient":{"reference":"Patient/1"}})",
        "required Immunization.occurrence");
    // An extension may say why a required value is not there.
    EXPECT_THAT(
        findings(R"({"resourceType":"Observation","code":{"text":"x"},"_status":{"extension":)"
                 R"([{"url":"http://x","valueCode":"unknown"}]}})"),
        IsEmpty());
}

TEST(Validate, KnowsElementsAndNamesTheirParent) {
    expect_finding(observation(R"("colour":"red")"), "structure Observation");
    expect_finding(patient(R"("name":[{"familie":"x"}])"), "structure Patient.name[0]");
    expect_finding(patient(R"("_name":[{"id":"a"}])"), "structure Patient");
    expect_finding(patient(R"("name":[{"resourceType":"HumanName"}])"),
                   "structure Patient.name[0]");
}

TEST(Validate, TellsOneFromMany) {
    expect_finding(patient(R"("name":{"family":"x"})"), "structure Patient.name");
    expect_finding(patient(R"("gender":["male"])"), "structure Patient.gender");
    expect_finding(patient(R"("name":[{"given":"x"}])"), "structure Patient.name[0].given");
    expect_finding(patient(R"("name":[])"), "structure Patient.name");
    expect_finding(patient(R"("maritalStatus":{})"), "structure Patient.maritalStatus");
    expect_finding(patient(R"("active":null)"), "structure Patient.active");
}

TEST(Validate, ChecksTypesAndFormats) {
    expect_finding(patient(R"("active":"true")"), "structure Patient.active");
    expect_finding(patient(R"("birthDate":20200101)"), "structure Patient.birthDate");
    expect_finding(patient(R"("birthDate":"2019-02-29")"), "value Patient.birthDate");
    expect_finding(patient(R"("id":"a b")"), "value Patient.id");
    expect_finding(patient(R"("name":[{"given":["ok",""]}])"), "value Patient.name[0].given[1]");
    expect_finding(patient(R"("name":[{"family":"a\u0000b"}])"), "value Patient.name[0].family");
    expect_finding(observation(R"("valueInteger":1.5)"), "value Observation.value");
    expect_finding(observation(R"("valueQuantity":{"value":"1"})"),
                   "structure Observation.value.value");
    expect_finding(observation(R"("issued":"2020-01-01")"), "value Observation.issued");
    expect_finding(patient(R"("text":{"status":"generated","div":"<div><script/></div>"})"),
                   "value Patient.text.div");
}

TEST(Validate, ChecksRequiredCodes) {
    expect_finding(patient(R"("gender":"m")"), "code-invalid Patient.gender");
    expect_finding(observation(R"("valueQuantity":{"value":1,"comparator":"=="})"),
                   "code-invalid Observation.value.comparator");
    EXPECT_THAT(findings(patient(R"("gender":"unknown")")), IsEmpty());
}

TEST(Validate, TakesOneTypeOfAChoice) {
    expect_finding(observation(R"("valueString":"a","valueInteger":1)"), "structure Observation");
    expect_finding(observation(R"("value":"a")"), "structure Observation");
    expect_finding(observation(R"("valueAddress":{"city":"x"})"), "structure Observation");
}

TEST(Validate, ChecksExtensions) {
    const auto extension = [](const std::string& text) {
        return patient(R"("extension":[{)" + text + "}]");
    };
    EXPECT_THAT(findings(extension(R"("url":"http://x","valueString":"a")")), IsEmpty());
    EXPECT_THAT(findings(extension(R"("url":"http://x","_valueString":{"id":"a"})")), IsEmpty());
    expect_finding(extension(R"("valueString":"a")"), "required Patient.extension[0].url");
    expect_finding(extension(R"("url":"http://x")"), "invariant Patient.extension[0]");
    expect_finding(
        extension(R"("url":"u","valueString":"a","extension":[{"url":"v","valueCode":"b"}])"),
        "invariant Patient.extension[0]");
}

TEST(Validate, AlignsExtensionsOfPrimitives) {
    const std::string e = R"({"extension":[{"url":"http://x","valueCode":"a"}]})";
    EXPECT_THAT(findings(patient(R"("_birthDate":)" + e)), IsEmpty());
    EXPECT_THAT(findings(patient(R"("name":[{"given":["a",null],"_given":[null,)" + e + "]}]")),
                IsEmpty());
    expect_finding(patient(R"("name":[{"given":["a",null]}])"),
                   "structure Patient.name[0].given[1]");
    expect_finding(patient(R"("name":[{"given":["a"],"_given":[null,)" + e + "]}]"),
                   "structure Patient.name[0].given");
    expect_finding(patient(R"("name":[{"_given":[null]}])"), "structure Patient.name[0].given[0]");
    expect_finding(patient(R"("_birthDate":{"value":"x"})"), "structure Patient.birthDate");
    expect_finding(patient(R"("_birthDate":{})"), "structure Patient.birthDate");
}

TEST(Validate, ManyHolesCostNoMoreThanTheirNumber) {
    std::string nulls = "null";
    std::string ids = R"({"id":"a"})";
    for (int i = 0; i < 200'000; ++i) {
        nulls += ",null";
        ids += R"(,{"id":"a"})";
    }
    // Quadratic work would take minutes here.
    EXPECT_THAT(
        findings(patient(R"("name":[{"given":[)" + nulls + R"(],"_given":[)" + ids + "]}]")),
        IsEmpty());
}

TEST(Validate, GoesIntoContainedResources) {
    EXPECT_THAT(findings(patient(R"("contained":[{"resourceType":"Organization","id":"o"}])")),
                IsEmpty());
    expect_finding(
        patient(R"("contained":[{"resourceType":"Observation","id":"o","status":"final"}])"),
        "required Patient.contained[0].code");
    expect_finding(patient(R"("contained":[{"resourceType":"Zebra"}])"),
                   "structure Patient.contained[0]");
    expect_finding(patient(R"("contained":[{"resourceType":"Patient","contained":[)"
                           R"({"resourceType":"Organization","id":"o"}]}])"),
                   "invariant Patient.contained[0].contained[0]");
    expect_finding(
        R"({"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":)"
        R"("Patient","gender":"x"}}]})",
        "code-invalid Bundle.entry[0].resource.gender");
}

TEST(Validate, NeedsAResource) {
    expect_finding("{}", "structure ");
    expect_finding("[]", "structure ");
    expect_finding(R"({"resourceType":"Resource"})", "structure ");
    expect_finding(R"({"resourceType":7})", "structure ");
}

TEST(Validate, ReportsABoundedNumberAndNoValue) {
    std::string names;
    for (int i = 0; i < 200; ++i)
        names += std::string(i == 0 ? "" : ",") + R"({"family":"","SECRET":"SECRET"})";
    const auto document =
        JsonDocument::parse(patient(R"("gender":"SECRET","name":[)" + names + "]"));
    const auto issues = validate(document->root());
    EXPECT_THAT(issues, SizeIs(limits::kIssues));
    EXPECT_THAT(operation_outcome(issues), Not(HasSubstr("SECRET")));
}

/// Cuts one thing out of a good resource or puts a wrong one in: never a crash, and a finding
/// whenever something required went or something unknown came.
TEST(Validate, MutationsAreFound) {
    const test::DataArchive data("synthea-r4-compact.tar.xz");
    const auto documents = data.documents();
    if (documents.empty()) GTEST_SKIP() << "no Synthea bundles: set SALUS_DATA";
    std::vector<JsonView> resources;
    for (const JsonDocument& document : documents)
        for (const JsonView resource : test::resources_of(document))
            resources.push_back(resource);
    EXPECT_TRUE(rc::check("a member of another name, or a value of another type, is found", [&] {
        const JsonView resource = resources[*rc::gen::inRange<std::size_t>(0, resources.size())];
        std::string text;
        write_json(resource, text);
        const bool rename = *rc::gen::arbitrary<bool>();
        std::vector<std::size_t> places;
        const std::string mark = rename ? "\":" : ":\"";
        for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1))
            places.push_back(at);
        const std::size_t at = places[*rc::gen::inRange<std::size_t>(0, places.size())];
        if (rename)
            text.insert(at, "Q");
        else
            text.replace(at, 2, ":[\"").insert(text.find('"', at + 3) + 1, "]");
        const auto document = JsonDocument::parse(text);
        RC_PRE(document.has_value());
        RC_ASSERT(!validate(document->root()).empty());
    }));
}

TEST(Outcome, IsAValidOperationOutcome) {
    const std::vector<Issue> issues = {
        {"required", "A required element is missing.", "Patient.link[0].type"}};
    const std::string found = operation_outcome(issues);
    EXPECT_THAT(findings(found), IsEmpty());
    EXPECT_THAT(found, HasSubstr(R"("expression":["Patient.link[0].type"])"));
    const std::string error =
        operation_outcome(Error(Errc::gone, "It was deleted.", "Ask for a version."));
    EXPECT_THAT(findings(error), IsEmpty());
    EXPECT_THAT(error, HasSubstr(R"("code":"deleted")"));
}

}  // namespace
}  // namespace salus::fhir
