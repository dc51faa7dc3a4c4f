#include <fmt/format.h>

#include "salus/core/encoding.h"
#include "salus/ops/detail/demo_chart.h"
#include "salus/ops/detail/demo_json.h"

namespace salus::ops::detail {
namespace {

constexpr Code kVitalSigns{kObservationCategory, "vital-signs", "Vital Signs"};
constexpr Code kLaboratory{kObservationCategory, "laboratory", "Laboratory"};
constexpr Code kSocialHistory{kObservationCategory, "social-history", "Social History"};

}  // namespace

void DemoChart::write_visit(int days_ago) {
    visit_days_ago_ = days_ago;
    visit_start_ = instant(days_ago);
    write_encounter();
    write_vitals();
    if (days_ago < 360) write_labs();
    if (days_ago > 400) write_smoking_status();
    write_immunization();
    write_procedure();
    write_note();
}

void DemoChart::write_encounter() {
    encounter_ = begin("Encounter", "us-core-encounter");
    json_.member("status", "finished").key("class");
    write_coding(json_, {"http://terminology.hl7.org/CodeSystem/v3-ActCode", "AMB", "ambulatory"});
    concepts_member(json_, "type", {kSnomed, "162673000", "General examination of patient"});
    subject();
    json_.key("participant").begin_array();
    for (const std::string& who : {physician_, nurse_}) {
        json_.begin_object();
        reference_member(json_, "individual", who);
        json_.end_object();
    }
    json_.end_array();
    period_member(json_, "period", visit_start_, visit_start_.substr(0, 14) + "30:00.000Z");
    json_.key("location").begin_array().begin_object();
    reference_member(json_, "location", "Location/" + clinic_.location.to_string());
    json_.end_object().end_array();
    reference_member(json_, "serviceProvider", organization_);
    finish("Encounter");
}

std::string DemoChart::write_observation(std::string_view profile, const Code& category,
                                         const Measure& measure) {
    std::string urn = begin("Observation", profile);
    json_.member("status", "final");
    concepts_member(json_, "category", category);
    concept_member(json_, "code", measure.code);
    subject();
    reference_member(json_, "encounter", encounter_);
    json_.member("effectiveDateTime", visit_start_).member("issued", visit_start_);
    quantity_member(json_, "valueQuantity", measure.number, measure.unit);
    finish("Observation");
    return urn;
}

void DemoChart::write_blood_pressure() {
    const bool high = has(Lab::metabolic);
    const int systolic = high ? random_.between(132, 158) : random_.between(104, 128);
    const int diastolic = high ? random_.between(84, 96) : random_.between(64, 82);
    begin("Observation", "us-core-blood-pressure");
    json_.member("status", "final");
    concepts_member(json_, "category", kVitalSigns);
    concept_member(json_, "code",
                   {kLoinc, "85354-9", "Blood pressure panel with all children optional"});
    subject();
    reference_member(json_, "encounter", encounter_);
    json_.member("effectiveDateTime", visit_start_).key("component").begin_array();
    const auto component = [this](const Code& code, int value) {
        json_.begin_object();
        concept_member(json_, "code", code);
        quantity_member(json_, "valueQuantity", std::to_string(value), "mm[Hg]");
        json_.end_object();
    };
    component({kLoinc, "8480-6", "Systolic blood pressure"}, systolic);
    component({kLoinc, "8462-4", "Diastolic blood pressure"}, diastolic);
    json_.end_array();
    finish("Observation");
}

void DemoChart::write_vitals() {
    write_blood_pressure();
    weight_kg_ += random_.between(-2, 2);
    const double metres = height_cm_ / 100.0;
    const std::string bmi = fmt::format("{:.1f}", weight_kg_ / (metres * metres));
    const Measure measures[] = {
        {{kLoinc, "8867-4", "Heart rate"}, std::to_string(random_.between(58, 92)), "/min"},
        {{kLoinc, "8310-5", "Body temperature"},
         fmt::format("36.{}", random_.between(4, 9)),
         "Cel"},
        {{kLoinc, "29463-7", "Body weight"}, std::to_string(weight_kg_), "kg"},
        {{kLoinc, "8302-2", "Body height"}, std::to_string(height_cm_), "cm"},
        {{kLoinc, "39156-5", "Body mass index (BMI) [Ratio]"}, bmi, "kg/m2"}};
    constexpr std::string_view kProfiles[] = {"us-core-heart-rate", "us-core-body-temperature",
                                              "us-core-body-weight", "us-core-body-height",
                                              "us-core-bmi"};
    for (std::size_t i = 0; i < std::size(measures); ++i)
        write_observation(kProfiles[i], kVitalSigns, measures[i]);
}

void DemoChart::write_panel(const Code& panel, std::initializer_list<Measure> measures) {
    std::vector<std::string> results;
    for (const Measure& measure : measures)
        results.push_back(write_observation("us-core-observation-lab", kLaboratory, measure));
    begin("DiagnosticReport", "us-core-diagnosticreport-lab");
    json_.member("status", "final");
    concepts_member(json_, "category",
                    {"http://terminology.hl7.org/CodeSystem/v2-0074", "LAB", "Laboratory"});
    concept_member(json_, "code", panel);
    subject();
    reference_member(json_, "encounter", encounter_);
    json_.member("effectiveDateTime", visit_start_).member("issued", visit_start_);
    references_member(json_, "performer", {organization_});
    json_.key("result").begin_array();
    for (const std::string& result : results)
        json_.begin_object().member("reference", result).end_object();
    json_.end_array();
    finish("DiagnosticReport");
}

void DemoChart::write_labs() {
    const bool diabetes = has(Lab::diabetes);
    const std::string a1c = diabetes
                                ? fmt::format("{}.{}", random_.between(6, 8), random_.between(5, 9))
                                : fmt::format("5.{}", random_.between(0, 6));
    const int glucose = diabetes ? random_.between(128, 190) : random_.between(76, 99);
    write_panel(
        {kLoinc, "51990-0", "Basic metabolic panel - Blood"},
        {{{kLoinc, "2339-0", "Glucose [Mass/volume] in Blood"}, std::to_string(glucose), "mg/dL"},
         {{kLoinc, "2160-0", "Creatinine [Mass/volume] in Serum or Plasma"},
          fmt::format("0.{}", random_.between(70, 99)),
          "mg/dL"},
         {{kLoinc, "4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood"}, a1c, "%"}});
    if (!has(Lab::lipids)) return;
    write_panel({kLoinc, "24331-1", "Lipid 1996 panel - Serum or Plasma"},
                {{{kLoinc, "2093-3", "Cholesterol [Mass/volume] in Serum or Plasma"},
                  std::to_string(random_.between(190, 260)),
                  "mg/dL"},
                 {{kLoinc, "2085-9", "Cholesterol in HDL [Mass/volume] in Serum or Plasma"},
                  std::to_string(random_.between(36, 58)),
                  "mg/dL"}});
}

void DemoChart::write_smoking_status() {
    begin("Observation", "us-core-smokingstatus");
    json_.member("status", "final");
    concepts_member(json_, "category", kSocialHistory);
    concept_member(json_, "code", {kLoinc, "72166-2", "Tobacco smoking status"});
    subject();
    json_.member("effectiveDateTime", visit_start_);
    const Code never{kSnomed, "266919005", "Never smoked tobacco"};
    const Code former{kSnomed, "8517006", "Ex-smoker"};
    concept_member(json_, "valueCodeableConcept", random_.chance(70) ? never : former);
    finish("Observation");
}

void DemoChart::write_immunization() {
    if (!random_.chance(60)) return;
    begin("Immunization", "us-core-immunization");
    json_.member("status", "completed");
    concept_member(json_, "vaccineCode", random_.pick(kVaccines));
    reference_member(json_, "patient", patient_);
    reference_member(json_, "encounter", encounter_);
    json_.member("occurrenceDateTime", visit_start_).member("primarySource", true);
    finish("Immunization");
}

void DemoChart::write_procedure() {
    if (!random_.chance(25)) return;
    begin("Procedure", "us-core-procedure");
    json_.member("status", "completed");
    const Code& code = kProcedures[woman_ ? random_.below(3) : 2 * random_.below(2)];
    concept_member(json_, "code", code);
    subject();
    reference_member(json_, "encounter", encounter_);
    json_.member("performedDateTime", visit_start_);
    finish("Procedure");
}

void DemoChart::write_note() {
    std::string note = fmt::format("Visit of {}. {}-year-old {} in for a routine examination.",
                                   day(visit_days_ago_), age_, woman_ ? "woman" : "man");
    for (const Illness* illness : illnesses_)
        note += fmt::format(" {}: stable, continues {}.", illness->code.display,
                            illness->medicine.display);
    note += " Feels well otherwise. Back in six months.";
    begin("DocumentReference", "us-core-documentreference");
    json_.member("status", "current");
    concept_member(json_, "type", {kLoinc, "11506-3", "Progress note"});
    concepts_member(json_, "category",
                    {"http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
                     "clinical-note", "Clinical Note"});
    subject();
    json_.member("date", visit_start_);
    references_member(json_, "author", {physician_});
    json_.key("content").begin_array().begin_object().key("attachment").begin_object();
    json_.member("contentType", "text/plain; charset=utf-8");
    json_.member("data", to_base64(as_bytes(note))).end_object().end_object().end_array();
    json_.key("context").begin_object();
    references_member(json_, "encounter", {encounter_});
    json_.end_object();
    finish("DocumentReference");
}

}  // namespace salus::ops::detail
