#include "salus/ops/detail/demo_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "salus/ops/detail/demo_json.h"
#include "salus/ops/detail/demo_names.h"

namespace salus::ops::detail {
namespace {

constexpr std::string_view kRaceSystem = "urn:oid:2.16.840.1.113883.6.238";
constexpr Code kRaces[] = {{kRaceSystem, "2106-3", "White"},
                           {kRaceSystem, "2054-5", "Black or African American"},
                           {kRaceSystem, "2028-9", "Asian"}};
constexpr Code kEthnicities[] = {{kRaceSystem, "2186-5", "Not Hispanic or Latino"},
                                 {kRaceSystem, "2135-2", "Hispanic or Latino"}};
constexpr std::string_view kIdentifierType = "http://terminology.hl7.org/CodeSystem/v2-0203";
constexpr TimeUs kHourUs = 3600 * kSecondUs;

}  // namespace

DemoChart::DemoChart(const DemoClinic& clinic, std::size_t index, TimeUs now_us)
    : clinic_(clinic), index_(index), now_us_(now_us), random_(clinic.seed + 7919 * (index + 1)) {
    const std::size_t team = index % DemoClinic::kTeams;
    physician_ = "Practitioner/" + clinic.physician(team).practitioner->to_string();
    nurse_ = "Practitioner/" + clinic.nurse(team).practitioner->to_string();
    organization_ = "Organization/" + clinic.organization.to_string();
    woman_ = random_.chance(50);
    age_ = random_.between(19, 88);
    height_cm_ = random_.between(152, 178) + (woman_ ? 0 : 10);
    weight_kg_ = random_.between(54, 104);
    for (const Illness& illness : kIllnesses)
        if (random_.chance(age_ > 50 ? 45 : 20)) illnesses_.push_back(&illness);
}

std::string DemoChart::write() {
    json_.begin_object().member("resourceType", "Bundle").member("type", "transaction");
    json_.key("entry").begin_array();
    write_patient();
    write_coverage();
    write_care_team();
    write_allergy();
    write_conditions();
    write_medicines();
    // Every half year up to a few weeks ago, and the next one is booked.
    for (int days_ago = 560; days_ago > 0; days_ago -= 180)
        write_visit(days_ago - random_.between(0, 14));
    write_appointment();
    json_.end_array().end_object();
    return std::move(json_).str();
}

std::string DemoChart::begin(std::string_view type, std::string_view profile) {
    std::string urn = "urn:uuid:" + random_.uuid().to_string();
    json_.begin_object().member("fullUrl", urn).key("resource").begin_object();
    json_.member("resourceType", type);
    if (!profile.empty()) profile_member(json_, profile);
    return urn;
}

void DemoChart::finish(std::string_view type) {
    json_.end_object().key("request").begin_object().member("method", "POST");
    json_.member("url", type).end_object().end_object();
}

void DemoChart::subject() {
    reference_member(json_, "subject", patient_);
}

bool DemoChart::has(Lab lab) const {
    return std::any_of(illnesses_.begin(), illnesses_.end(),
                       [lab](const Illness* illness) { return illness->lab == lab; });
}

std::string DemoChart::instant(int days_ago) const {
    const TimeUs day_start = (now_us_ / kDayUs - days_ago) * kDayUs;
    return to_instant(day_start + (14 + static_cast<TimeUs>(index_ % 8)) * kHourUs);
}
std::string DemoChart::day(int days_ago) const {
    return instant(days_ago).substr(0, 10);
}

void DemoChart::write_race() {
    json_.key("extension").begin_array();
    const auto one = [this](std::string_view name, const Code& code) {
        json_.begin_object().member(
            "url", "http://hl7.org/fhir/us/core/StructureDefinition/us-core-" + std::string(name));
        json_.key("extension").begin_array().begin_object().member("url", "ombCategory");
        json_.key("valueCoding");
        write_coding(json_, code);
        json_.end_object().begin_object().member("url", "text").member("valueString", code.display);
        json_.end_object().end_array().end_object();
    };
    one("race", random_.pick(kRaces));
    one("ethnicity", random_.pick(kEthnicities));
    json_.begin_object().member("url",
                                "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex");
    json_.member("valueCode", woman_ ? "F" : "M").end_object();
    json_.end_array();
}

void DemoChart::write_names_and_address() {
    const std::string_view family = kFamilies[(index_ * 3 + clinic_.seed) % std::size(kFamilies)];
    const std::string_view given = woman_ ? random_.pick(kWomen) : random_.pick(kMen);
    json_.key("name").begin_array().begin_object().member("use", "official");
    json_.member("family", family).key("given").begin_array().value(given);
    json_.value(woman_ ? random_.pick(kWomen) : random_.pick(kMen)).end_array();
    json_.end_object().end_array();
    // 555-01xx is set aside for fiction.
    json_.key("telecom").begin_array().begin_object().member("system", "phone");
    json_.member("value", fmt::format("({}) 555-01{:02}", random_.between(201, 989),
                                      random_.between(0, 99)));
    json_.member("use", "home").end_object().begin_object().member("system", "email");
    json_.member("value", fmt::format("patient{}@{}.example", index_ + 1, clinic_.tenant));
    json_.end_object().end_array();
    json_.member("gender", woman_ ? "female" : "male");
    json_.member("birthDate", day(age_ * 365 + age_ / 4 + random_.between(1, 360)));
    json_.key("address").begin_array().begin_object().member("use", "home");
    json_.key("line").begin_array().value(
        fmt::format("{} {}", random_.between(2, 998), random_.pick(kStreets)));
    json_.end_array().member("city", clinic_.city).member("state", "NY");
    json_.member("postalCode", fmt::format("{:05}", random_.between(501, 599)));
    json_.member("country", "US").end_object().end_array();
}

void DemoChart::write_patient() {
    patient_ = begin("Patient", "us-core-patient");
    write_race();
    json_.key("identifier").begin_array().begin_object();
    concept_member(json_, "type", {kIdentifierType, "MR", "Medical Record Number"});
    json_.member("system", fmt::format("urn:salus:demo:{}:mrn", clinic_.tenant));
    json_.member("value", fmt::format("MRN-{:04}-{:06}", index_ + 1, random_.between(1, 999999)));
    json_.end_object().begin_object();
    concept_member(json_, "type", {kIdentifierType, "SS", "Social Security Number"});
    // Area 666 has never been and will never be assigned (SSA, POMS RM 10201.035).
    json_.member("system", "http://hl7.org/fhir/sid/us-ssn");
    json_.member("value",
                 fmt::format("666-{:02}-{:04}", random_.between(1, 99), random_.between(1, 9999)));
    json_.end_object().end_array().member("active", true);
    write_names_and_address();
    json_.key("communication").begin_array().begin_object();
    concept_member(json_, "language", {"urn:ietf:bcp:47", "en-US", "English (United States)"});
    json_.member("preferred", true).end_object().end_array();
    references_member(json_, "generalPractitioner", {physician_});
    reference_member(json_, "managingOrganization", organization_);
    finish("Patient");
}

void DemoChart::write_coverage() {
    begin("Coverage", "us-core-coverage");
    json_.key("identifier").begin_array().begin_object();
    concept_member(json_, "type", {kIdentifierType, "MB", "Member Number"});
    json_.member("system", "urn:salus:demo:evergreen");
    json_.member("value", fmt::format("EVG{:08}", random_.between(1, 99999999)));
    json_.end_object().end_array().member("status", "active");
    concept_member(json_, "type",
                   {"http://terminology.hl7.org/CodeSystem/v3-ActCode", "HIP",
                    "health insurance plan policy"});
    reference_member(json_, "beneficiary", patient_);
    concept_member(
        json_, "relationship",
        {"http://terminology.hl7.org/CodeSystem/subscriber-relationship", "self", "Self"});
    period_member(json_, "period", day(700), "");
    references_member(json_, "payor", {"Organization/" + clinic_.insurer.to_string()});
    finish("Coverage");
}

void DemoChart::write_care_team() {
    begin("CareTeam", "us-core-careteam");
    json_.member("status", "active").member("name", "Primary care team");
    subject();
    period_member(json_, "period", day(600), "");
    json_.key("participant").begin_array();
    const auto member = [this](const Code& role, std::string_view who) {
        json_.begin_object();
        concepts_member(json_, "role", role);
        reference_member(json_, "member", who);
        json_.end_object();
    };
    member({kSnomed, "446050000", "Primary care physician"}, physician_);
    member({kSnomed, "224535009", "Registered nurse"}, nurse_);
    json_.end_array();
    references_member(json_, "managingOrganization", {organization_});
    finish("CareTeam");
}

void DemoChart::write_appointment() {
    const int in_days = random_.between(3, 40);
    const std::string start = instant(-in_days);
    begin("Appointment", "");
    json_.member("status", "booked");
    concepts_member(
        json_, "serviceType",
        {"http://terminology.hl7.org/CodeSystem/service-type", "124", "General Practice"});
    json_.member("description", "Follow-up visit");
    json_.member("start", start).member("end", start.substr(0, 14) + "30:00.000Z");
    json_.key("participant").begin_array();
    for (const std::string& actor :
         {patient_, physician_, "Location/" + clinic_.location.to_string()}) {
        json_.begin_object();
        reference_member(json_, "actor", actor);
        json_.member("status", "accepted").end_object();
    }
    json_.end_array();
    finish("Appointment");
}

void DemoChart::write_allergy() {
    if (!random_.chance(40)) return;
    begin("AllergyIntolerance", "us-core-allergyintolerance");
    concept_member(
        json_, "clinicalStatus",
        {"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active", "Active"});
    concept_member(json_, "verificationStatus",
                   {"http://terminology.hl7.org/CodeSystem/allergyintolerance-verification",
                    "confirmed", "Confirmed"});
    json_.member("type", "allergy").member("criticality", "low");
    concept_member(json_, "code", random_.pick(kAllergies));
    reference_member(json_, "patient", patient_);
    json_.member("recordedDate", day(560));
    finish("AllergyIntolerance");
}

void DemoChart::write_conditions() {
    for (const Illness* illness : illnesses_) {
        begin("Condition", "us-core-condition-problems-health-concerns");
        concept_member(
            json_, "clinicalStatus",
            {"http://terminology.hl7.org/CodeSystem/condition-clinical", "active", "Active"});
        concept_member(json_, "verificationStatus",
                       {"http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed",
                        "Confirmed"});
        concepts_member(json_, "category",
                        {"http://terminology.hl7.org/CodeSystem/condition-category",
                         "problem-list-item", "Problem List Item"});
        concept_member(json_, "code", illness->code);
        subject();
        json_.member("onsetDateTime", day(random_.between(600, 3000)));
        json_.member("recordedDate", day(560));
        finish("Condition");
    }
}

void DemoChart::write_medicines() {
    for (const Illness* illness : illnesses_) {
        begin("MedicationRequest", "us-core-medicationrequest");
        json_.member("status", "active").member("intent", "order");
        concept_member(json_, "medicationCodeableConcept", illness->medicine);
        subject();
        json_.member("authoredOn", instant(200));
        reference_member(json_, "requester", physician_);
        json_.key("dosageInstruction").begin_array().begin_object();
        json_.member("text", illness->dosage).end_object().end_array();
        finish("MedicationRequest");
    }
}

}  // namespace salus::ops::detail

namespace salus::ops {

std::string demo_patient_bundle(const DemoClinic& clinic, std::size_t index, TimeUs now_us) {
    return detail::DemoChart(clinic, index, now_us).write();
}

}  // namespace salus::ops
