#pragma once

#include <string>

#include "salus/core/json.h"
#include "salus/ops/demo_clinic.h"
#include "salus/ops/detail/demo_codes.h"
#include "salus/ops/detail/demo_random.h"

namespace salus::ops::detail {

/// Writes one patient's transaction, resource after resource.
class DemoChart {
  public:
    DemoChart(const DemoClinic& clinic, std::size_t index, TimeUs now_us);
    std::string write();

  private:
    // demo_chart.cpp: who the patient is, and who cares for them.
    void write_patient();
    void write_names_and_address();
    void write_race();
    void write_coverage();
    void write_care_team();
    void write_appointment();
    void write_allergy();
    void write_conditions();
    void write_medicines();
    // demo_visit.cpp: what happened at a visit.
    void write_visit(int days_ago);
    void write_encounter();
    void write_vitals();
    void write_blood_pressure();
    void write_labs();
    void write_smoking_status();
    void write_immunization();
    void write_procedure();
    void write_note();

    struct Measure {
        Code code;
        std::string number;
        std::string_view unit;
    };
    std::string write_observation(std::string_view profile, const Code& category,
                                  const Measure& measure);
    void write_panel(const Code& panel, std::initializer_list<Measure> measures);

    /// Starts an entry; returns its urn:uuid. `finish` closes it.
    std::string begin(std::string_view type, std::string_view profile);
    void finish(std::string_view type);
    void subject();

    [[nodiscard]] bool has(Lab lab) const;
    [[nodiscard]] std::string day(int days_ago) const;      ///< YYYY-MM-DD
    [[nodiscard]] std::string instant(int days_ago) const;  ///< in opening hours

    const DemoClinic& clinic_;
    std::size_t index_;
    TimeUs now_us_;
    DemoRandom random_;
    JsonWriter json_;
    std::string patient_;    ///< urn:uuid:…
    std::string encounter_;  ///< of the visit being written
    std::string physician_;  ///< Practitioner/…
    std::string nurse_;
    std::string organization_;
    std::vector<const Illness*> illnesses_;
    bool woman_ = false;
    int age_ = 0;
    int height_cm_ = 0;
    int weight_kg_ = 0;
    int visit_days_ago_ = 0;
    std::string visit_start_;
};

}  // namespace salus::ops::detail
