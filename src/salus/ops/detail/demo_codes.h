#pragma once

#include <string_view>

// Public code systems' codes, as US Core uses them.
namespace salus::ops::detail {

struct Code {
    std::string_view system;
    std::string_view code;
    std::string_view display;
};

inline constexpr std::string_view kLoinc = "http://loinc.org";
inline constexpr std::string_view kSnomed = "http://snomed.info/sct";
inline constexpr std::string_view kRxNorm = "http://www.nlm.nih.gov/research/umls/rxnorm";
inline constexpr std::string_view kCvx = "http://hl7.org/fhir/sid/cvx";
inline constexpr std::string_view kUnits = "http://unitsofmeasure.org";

enum class Lab { none, diabetes, metabolic, lipids };

/// A chronic illness of the demo, its usual medicine, and the laboratory test that follows it.
struct Illness {
    Code code;
    Code medicine;
    std::string_view dosage;
    Lab lab;
};
inline constexpr Illness kIllnesses[] = {
    {{kSnomed, "44054006", "Diabetes mellitus type 2"},
     {kRxNorm, "860975", "24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet"},
     "Take one tablet with the evening meal.",
     Lab::diabetes},
    {{kSnomed, "38341003", "Hypertensive disorder"},
     {kRxNorm, "314076", "lisinopril 10 MG Oral Tablet"},
     "Take one tablet every morning.",
     Lab::metabolic},
    {{kSnomed, "55822004", "Hyperlipidemia"},
     {kRxNorm, "617311", "atorvastatin 40 MG Oral Tablet"},
     "Take one tablet at bedtime.",
     Lab::lipids},
    {{kSnomed, "195967001", "Asthma"},
     {kRxNorm, "2123111", "albuterol 0.09 MG/ACTUAT Metered Dose Inhaler"},
     "Two puffs when needed, at most every four hours.",
     Lab::none},
    {{kSnomed, "370143000", "Major depressive disorder"},
     {kRxNorm, "312941", "sertraline 50 MG Oral Tablet"},
     "Take one tablet every morning.",
     Lab::none},
    {{kSnomed, "235595009", "Gastroesophageal reflux disease"},
     {kRxNorm, "198051", "omeprazole 20 MG Delayed Release Oral Capsule"},
     "Take one capsule before breakfast.",
     Lab::none},
};

inline constexpr Code kAllergies[] = {{kSnomed, "91936005", "Allergy to penicillin"},
                                      {kSnomed, "91935009", "Allergy to peanut"},
                                      {kSnomed, "300916003", "Allergy to latex"}};
inline constexpr Code kVaccines[] = {
    {kCvx, "140", "Influenza, seasonal, injectable, preservative free"},
    {kCvx, "115", "Tdap"},
    {kCvx, "33", "Pneumococcal polysaccharide vaccine, 23 valent"}};
inline constexpr Code kProcedures[] = {{kSnomed, "73761001", "Colonoscopy"},
                                       {kSnomed, "71651007", "Mammography"},
                                       {kSnomed, "29303009", "Electrocardiographic procedure"}};

inline constexpr std::string_view kObservationCategory =
    "http://terminology.hl7.org/CodeSystem/observation-category";

}  // namespace salus::ops::detail
