#include "salus/cli/tour.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "salus/audit/verify.h"
#include "salus/cli/demo_people.h"
#include "salus/cli/terminal.h"
#include "salus/core/fs.h"
#include "salus/ops/scan.h"

namespace salus::cli {
namespace {

/// Somebody of the demo who is logged in.
struct Actor {
    DemoLogin person;
    HttpClient client;
    [[nodiscard]] std::string title() const {
        return fmt::format("{} ({}, {})", person.name, person.role, person.tenant);
    }
};

class Tour {
  public:
    Tour(const Context& context, const std::function<void(const TourStep&)>& tell)
        : context_(context), tell_(tell) {}

    Outcome<std::vector<TourStep>> run() {
        CLI_CHECK(physician_opens_her_patient());
        CLI_CHECK(physician_is_refused_another());
        CLI_CHECK(front_desk_sees_the_limited_view());
        CLI_CHECK(security_officer_sees_the_trail());
        CLI_CHECK(other_clinic_sees_nothing());
        CLI_CHECK(operator_reads_the_files());
        CLI_CHECK(anybody_verifies_the_log());
        return std::move(steps_);
    }

  private:
    void note(std::string title, std::string request, std::string seen, bool as_promised) {
        steps_.push_back({std::move(title), std::move(request), std::move(seen), as_promised});
        tell_(steps_.back());
    }

    Outcome<Actor> enter(const std::string& who) {
        CLI_TRY(DemoLogin person, find_demo_person(context_, who));
        CLI_TRY(HttpTarget target, context_.public_target({}));
        HttpClient door(target);
        CLI_TRY(const std::string answer, log_in(door, person));
        CLI_TRY(const JsonDocument session, JsonDocument::parse(answer));
        target.token = session.root().string("token");
        return Actor{std::move(person), HttpClient(std::move(target))};
    }

    /// Every patient of a clinic, as HOME/demo.json lists them.
    Outcome<std::vector<std::string>> patients_of(const std::string& tenant) {
        CLI_TRY(const ops::Home home, context_.open_home());
        CLI_TRY(const Bytes text, read_file(home.demo_json()));
        CLI_TRY(const JsonDocument document, JsonDocument::parse(as_text(text)));
        std::vector<std::string> ids;
        for (const JsonView clinic : document.root()["tenants"])
            if (clinic.string("name") == tenant)
                for (const JsonView id : clinic["patients"])
                    ids.emplace_back(id.text());
        return ids;
    }

    Outcome<void> physician_opens_her_patient() {
        CLI_TRY(Actor physician, enter("riverside/physician"));
        CLI_TRY(const HttpAnswer panel, physician.client.send("GET", "/fhir/Patient?_count=100"));
        CLI_TRY(const JsonDocument bundle, JsonDocument::parse(panel.body));
        for (const JsonView entry : bundle.root()["entry"])
            panel_.emplace_back(entry["resource"].string("id"));
        if (panel_.empty()) return failed(Errc::internal, "The demo's physician has no patients.");
        CLI_TRY(const HttpAnswer chart, physician.client.send("GET", "/fhir/Patient/" + panel_[0]));
        CLI_TRY(const JsonDocument patient, JsonDocument::parse(chart.body));
        keep_facts(patient.root());
        CLI_TRY(const HttpAnswer results,
                physician.client.send("GET", "/fhir/Observation?_count=200&patient=" + panel_[0]));
        CLI_TRY(const JsonDocument observations, JsonDocument::parse(results.body));
        const std::size_t count = observations.root()["entry"].size();
        note(physician.title() + " opens a patient of hers",
             "GET /fhir/Patient, /fhir/Patient/{hers}, /fhir/Observation?patient={hers}",
             fmt::format("{} patients on her panel; the chart opens, with {} observations",
                         panel_.size(), count),
             chart.status == 200 && count > 0);
        physician_.emplace(std::move(physician));
        return {};
    }

    /// Texts of the record that name one person: what the operator will look for on the disk.
    void keep_facts(JsonView patient) {
        for (const JsonView identifier : patient["identifier"])
            facts_.emplace_back(identifier.string("value"));
        for (const JsonView contact : patient["telecom"])
            facts_.emplace_back(contact.string("value"));
        for (const JsonView address : patient["address"])
            for (const JsonView line : address["line"])
                facts_.emplace_back(line.text());
    }

    Outcome<void> physician_is_refused_another() {
        CLI_TRY(const std::vector<std::string> all, patients_of("riverside"));
        const auto other = std::find_if(all.begin(), all.end(), [this](const std::string& id) {
            return std::find(panel_.begin(), panel_.end(), id) == panel_.end();
        });
        if (other == all.end()) return failed(Errc::internal, "The physician sees every patient.");
        CLI_TRY(const HttpAnswer answer, physician_->client.send("GET", "/fhir/Patient/" + *other));
        note("She asks for a colleague's patient", "GET /fhir/Patient/{another's}",
             fmt::format("HTTP {}: as if it did not exist; the attempt is recorded", answer.status),
             answer.status == 404);
        return {};
    }

    Outcome<void> front_desk_sees_the_limited_view() {
        CLI_TRY(Actor desk, enter("riverside/admin_staff"));
        CLI_TRY(const HttpAnswer who, desk.client.send("GET", "/fhir/Patient/" + panel_[0]));
        CLI_TRY(const HttpAnswer when,
                desk.client.send("GET", "/fhir/Appointment?patient=" + panel_[0]));
        CLI_TRY(const HttpAnswer results,
                desk.client.send("GET", "/fhir/Observation?patient=" + panel_[0]));
        note(desk.title() + " works at the front desk",
             "GET /fhir/Patient/{id}, /fhir/Appointment?patient={id}, "
             "/fhir/Observation?patient={id}",
             fmt::format("demographics: HTTP {}, appointments: HTTP {}, results: HTTP {}",
                         who.status, when.status, results.status),
             who.status == 200 && when.status == 200 && results.status == 403);
        return {};
    }

    Outcome<void> security_officer_sees_the_trail() {
        CLI_TRY(Actor officer, enter("riverside/security_officer"));
        CLI_TRY(const HttpAnswer chart, officer.client.send("GET", "/fhir/Patient/" + panel_[0]));
        CLI_TRY(const HttpAnswer trail, officer.client.send("GET", "/api/audit?limit=100"));
        CLI_TRY(const JsonDocument document, JsonDocument::parse(trail.body));
        const std::size_t entries = document.root()["entries"].size();
        const bool leaks = std::any_of(facts_.begin(), facts_.end(), [&](const std::string& fact) {
            return trail.body.find(fact) != std::string::npos;
        });
        note(officer.title() + " reviews", "GET /api/audit, /fhir/Patient/{id}",
             fmt::format("{} entries of the trail, patients as pseudonyms; the chart: HTTP {}",
                         entries, chart.status),
             trail.status == 200 && entries > 0 && !leaks && chart.status == 403);
        return {};
    }

    Outcome<void> other_clinic_sees_nothing() {
        CLI_TRY(Actor neighbour, enter("lakeview/physician"));
        CLI_TRY(const HttpAnswer chart, neighbour.client.send("GET", "/fhir/Patient/" + panel_[0]));
        CLI_TRY(const HttpAnswer list,
                neighbour.client.send("GET", "/fhir/Patient?_id=" + panel_[0]));
        CLI_TRY(const JsonDocument bundle, JsonDocument::parse(list.body));
        note(neighbour.title() + " tries the first clinic's ids",
             "GET /fhir/Patient/{theirs}, /fhir/Patient?_id={theirs}",
             fmt::format("HTTP {}, and {} search results", chart.status,
                         bundle.root()["entry"].size()),
             chart.status == 404 && bundle.root()["entry"].size() == 0);
        return {};
    }

    Outcome<void> operator_reads_the_files() {
        CLI_TRY(const ops::Home home, context_.open_home());
        CLI_TRY(const JsonDocument running, context_.running_server());
        const std::string admin_dsn(running.root().string("admin_dsn"));
        if (!admin_dsn.empty()) CLI_CHECK(ops::checkpoint(admin_dsn));
        ops::Needles needles;
        for (const std::string& fact : facts_)
            needles.add(fact);
        CLI_TRY(const ops::ScanReport report, ops::scan_tree(home.root(), needles));
        note("The operator reads every byte of the database, WAL, logs and audit files",
             fmt::format("look for {} facts of that patient in {} forms", facts_.size(),
                         needles.forms()),
             fmt::format("{} files, {}: {} found", report.files, human_bytes(report.bytes),
                         report.hits.size()),
             report.hits.empty());
        return {};
    }

    Outcome<void> anybody_verifies_the_log() {
        CLI_TRY(const ops::Home home, context_.open_home());
        std::error_code code;
        std::uint64_t entries = 0;
        bool whole = true;
        for (const auto& log : std::filesystem::directory_iterator(home.audit(), code)) {
            if (!log.is_directory(code)) continue;
            const auto report = audit::verify_log(log.path());
            whole = whole && report && report->ok;
            if (report) entries += report->tree_size;
        }
        note("Anybody verifies the record of all this", "salus audit verify",
             fmt::format("{} entries, every hash and signature {}", entries,
                         whole ? "holds" : "does NOT hold"),
             whole && entries > 0);
        return {};
    }

    const Context& context_;
    const std::function<void(const TourStep&)>& tell_;
    std::vector<TourStep> steps_;
    std::vector<std::string> panel_;
    std::vector<std::string> facts_;
    std::optional<Actor> physician_;
};

}  // namespace

Outcome<std::vector<TourStep>> run_tour(const Context& context,
                                        const std::function<void(const TourStep&)>& tell) {
    return Tour(context, tell).run();
}

}  // namespace salus::cli
