#include "salus/fhir/detail/care_links.h"

#include <algorithm>
#include <array>

#include "salus/fhir/detail/time_range.h"
#include "salus/fhir/resource_key.h"

namespace salus::fhir::detail {
namespace {

// After an encounter there is documentation and follow-up; before an appointment, preparation.
constexpr TimeUs kAfterEncounter = 30 * kDayUs;
constexpr TimeUs kAfterAppointment = 30 * kDayUs;
constexpr TimeUs kBeforeAppointment = 7 * kDayUs;
constexpr TimeUs kAlways = INT64_MAX;

struct Span {
    TimeUs from_us = 0;
    TimeUs until_us = kAlways;
};

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& list) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

/// From the start to the end of a Period, each end open where it is not said.
Span span_of(JsonView period) {
    Span span;
    if (const auto start = parse_time(period.string("start"))) span.from_us = start->from;
    if (const auto end = parse_time(period.string("end"))) span.until_us = end->to;
    return span;
}

class Links {
  public:
    Links(const std::vector<PatientId>& patients, const crypto::HmacKey& index)
        : patients_(patients), index_(index) {}

    /// A Reference to a Practitioner; a PractitionerRole names none by itself.
    void add(JsonView reference, const Span& span) {
        const Reference target = parse_reference(reference.string("reference"));
        if (target.type != ResourceType::Practitioner || span.until_us <= span.from_us) return;
        const PractitionerId practitioner(
            resource_key(index_, ResourceType::Practitioner, target.id));
        for (const PatientId& patient : patients_)
            links_.push_back({practitioner, patient, span.from_us, span.until_us});
    }
    std::vector<access::CareLink> take() && { return std::move(links_); }

  private:
    const std::vector<PatientId>& patients_;
    const crypto::HmacKey& index_;
    std::vector<access::CareLink> links_;
};

void from_care_team(JsonView team, Links& links) {
    // R4 CareTeam.status: what is proposed, suspended, inactive or an error gives no access.
    const std::string_view status = team.string("status");
    if (!status.empty() && status != "active") return;
    const Span whole = span_of(team["period"]);
    for (const JsonView participant : team["participant"]) {
        const Span own = span_of(participant["period"]);
        links.add(participant["member"],
                  {std::max(whole.from_us, own.from_us), std::min(whole.until_us, own.until_us)});
    }
}

void from_encounter(JsonView encounter, Links& links) {
    constexpr std::array<std::string_view, 5> kHappening = {"arrived", "triaged", "in-progress",
                                                            "onleave", "finished"};
    const std::string_view status = encounter.string("status");
    if (!is_one_of(status, kHappening)) return;
    Span span = span_of(encounter["period"]);
    if (span.until_us != kAlways)
        span.until_us += kAfterEncounter;
    else if (status == "finished")
        span.until_us = span.from_us + kAfterEncounter;
    for (const JsonView participant : encounter["participant"])
        links.add(participant["individual"], span);
}

void from_appointment(JsonView appointment, Links& links) {
    constexpr std::array<std::string_view, 4> kBooked = {"booked", "arrived", "checked-in",
                                                         "fulfilled"};
    if (!is_one_of(appointment.string("status"), kBooked)) return;
    const auto start = parse_time(appointment.string("start"));
    const auto end = parse_time(appointment.string("end"));
    if (!start) return;
    const Span span = {start->from - kBeforeAppointment,
                       (end ? end->to : start->to) + kAfterAppointment};
    for (const JsonView participant : appointment["participant"])
        if (participant.string("status") != "declined") links.add(participant["actor"], span);
}

}  // namespace

std::vector<access::CareLink> care_links(ResourceType type, JsonView resource,
                                         const std::vector<PatientId>& patients,
                                         const crypto::HmacKey& index) {
    Links links(patients, index);
    switch (type) {
        case ResourceType::CareTeam:
            from_care_team(resource, links);
            break;
        case ResourceType::Encounter:
            from_encounter(resource, links);
            break;
        case ResourceType::Appointment:
            from_appointment(resource, links);
            break;
        case ResourceType::Patient:
            for (const JsonView reference : resource["generalPractitioner"])
                links.add(reference, {});
            break;
        default:
            break;
    }
    return std::move(links).take();
}

}  // namespace salus::fhir::detail
