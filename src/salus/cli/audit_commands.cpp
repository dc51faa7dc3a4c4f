#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <thread>

#include "salus/audit/verify.h"
#include "salus/cli/commands.h"
#include "salus/cli/terminal.h"

namespace salus::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kEntriesMost = 10'000;
constexpr std::chrono::milliseconds kFollowInterval(500);

struct AuditOptions {
    std::string tenant;
    std::size_t number = 20;
    bool follow = false;
};

struct Log {
    std::string tenant;  ///< its name where the server says it, else its number
    std::string folder;
};

/// Number -> name, as far as a running server tells: the logs themselves name nobody.
std::map<std::string, std::string> tenant_names(const Context& context) {
    std::map<std::string, std::string> names;
    const auto answer = context.operator_call("GET", "tenants");
    if (!answer) return names;
    const auto document = JsonDocument::parse(*answer);
    if (!document) return names;
    for (const JsonView tenant : document->root()["tenants"])
        names.emplace(tenant["id"].text(), tenant.string("name"));
    return names;
}

Outcome<std::vector<Log>> logs(const Context& context, const std::string& tenant) {
    CLI_TRY(const ops::Home home, context.open_home());
    const auto names = tenant_names(context);
    std::vector<Log> found;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(home.audit(), code)) {
        if (!entry.is_directory(code)) continue;
        const std::string number = entry.path().filename();
        const auto name = names.find(number);
        const Log log{name == names.end() ? number : name->second, entry.path()};
        if (tenant.empty() || tenant == log.tenant || tenant == number) found.push_back(log);
    }
    if (code)
        return failed(Errc::denied, "The audit logs can't be read.", "Run as the server's user.");
    if (found.empty() && !tenant.empty())
        return failed(Errc::not_found, "There is no audit log of that tenant.",
                      names.empty() ? "The server does not run: name the tenant by its number."
                                    : "See the names: salus tenant list");
    std::sort(found.begin(), found.end(),
              [](const Log& a, const Log& b) { return a.tenant < b.tenant; });
    return found;
}

/// The lines of the table: what an AuditEvent says, in a few words. Patients appear as pseudonyms.
void write_row(const Log& log, JsonView event, JsonWriter& json) {
    json.begin_object().member("tenant", log.tenant).member("recorded", event.string("recorded"));
    std::string_view what;
    for (const JsonView subtype : event["subtype"])
        what = subtype.string("code");
    // DICOM names logging in and out by number (DCM 110122, 110123).
    if (what == "110122") what = "login";
    if (what == "110123") what = "logout";
    json.member("event", what.empty() ? event["type"].string("code") : what);
    json.member("action", event.string("action"));
    json.member("outcome", event.string("outcome") == "0" ? "ok" : "refused");
    std::string who;
    for (const JsonView agent : event["agent"]) {
        if (agent["requestor"].text() == "true" || who.empty())
            who = agent["who"]["identifier"].string("value");
    }
    json.member("who", who);
    std::string things;
    std::size_t count = 0;
    for (const JsonView entity : event["entity"]) {
        const JsonView target = entity["what"];
        const std::string_view text = target.string("reference").empty()
                                          ? target["identifier"].string("value")
                                          : target.string("reference");
        if (!text.empty() && ++count <= 2)
            things += (things.empty() ? "" : ", ") + std::string(text);
    }
    if (count > 2) things += fmt::format(", and {} more", count - 2);
    json.member("what", things).member("why", event.string("outcomeDesc")).end_object();
}

Outcome<void> print_entries(const Context& context, const Log& log, std::uint64_t from,
                            std::size_t number) {
    CLI_TRY(const std::vector<std::string> entries, audit::read_entries(log.folder, from, number));
    if (context.format() != Format::table) {
        for (const std::string& entry : entries)
            print_data(entry, context.format(), {});
        return {};
    }
    JsonWriter json;
    json.begin_array();
    for (const std::string& entry : entries)
        if (const auto event = JsonDocument::parse(entry)) write_row(log, event->root(), json);
    json.end_array();
    print_data(json.str(), Format::table,
               {{"recorded", "RECORDED"},
                {"tenant", "TENANT"},
                {"event", "EVENT"},
                {"outcome", "OUTCOME"},
                {"who", "WHO"},
                {"what", "WHAT"},
                {"why", "WHY"}});
    std::fflush(stdout);
    return {};
}

Outcome<int> tail(const Context& context, const AuditOptions& options) {
    CLI_TRY(const std::vector<Log> found, logs(context, options.tenant));
    std::map<std::string, std::uint64_t> shown;
    for (const Log& log : found) {
        CLI_TRY(const std::uint64_t size, audit::log_size(log.folder));
        const std::uint64_t from = size - std::min<std::uint64_t>(size, options.number);
        if (size > from) CLI_CHECK(print_entries(context, log, from, size - from));
        shown[log.folder] = size;
    }
    while (options.follow) {
        std::this_thread::sleep_for(kFollowInterval);
        for (const Log& log : found) {
            CLI_TRY(const std::uint64_t size, audit::log_size(log.folder));
            if (size > shown[log.folder])
                CLI_CHECK(print_entries(context, log, shown[log.folder], size - shown[log.folder]));
            shown[log.folder] = size;
        }
    }
    return 0;
}

Outcome<int> verify(const Context& context, const AuditOptions& options) {
    CLI_TRY(const std::vector<Log> found, logs(context, options.tenant));
    bool broken = false;
    JsonWriter json;
    json.begin_array();
    for (const Log& log : found) {
        json.begin_object().member("tenant", log.tenant);
        const auto report = audit::verify_log(log.folder);
        broken = broken || !report || !report->ok;
        json.member("state", report && report->ok ? "whole" : "BROKEN");
        if (report) {
            json.member("entries", static_cast<std::int64_t>(report->tree_size));
            json.member("root", report->root_hash_base64);
            json.member("place", report->place).member("problem", report->problem);
        } else {
            json.member("place", log.folder).member("problem", report.error().text());
        }
        json.end_object();
    }
    json.end_array();
    print_data(json.str(), context.format(),
               {{"tenant", "TENANT"},
                {"state", "STATE"},
                {"entries", "ENTRIES"},
                {"root", "ROOT HASH"},
                {"place", "PLACE"},
                {"problem", "PROBLEM"}});
    if (!broken) return 0;
    return failed(Errc::integrity, "An audit log does not verify: the place is in the table.",
                  "Keep the folder as it is, and compare it with your last backup.");
}

}  // namespace

void add_audit_commands(CLI::App& app, Context& context) {
    CLI::App* noun = add_noun(app, "audit", "Who saw what, provably",
                              {"salus audit tail --tenant riverside", "salus audit verify"});
    const auto options =
        std::make_shared<AuditOptions>();  // shared: the actions outlive this function
    CLI::App* command = add_command(*noun, "tail", "The newest entries",
                                    {"salus audit tail --tenant riverside -n 50",
                                     "salus audit tail --follow", "salus audit tail -o json"});
    command->add_option("--tenant,-t", options->tenant, "One clinic (default: every)");
    command->add_option("-n,--number", options->number, "How many (default 20)")
        ->check(CLI::Range(std::size_t{1}, kEntriesMost));
    command->add_flag("--follow,-f", options->follow, "Go on with what comes");
    command->callback([&context, options] {
        context.action = [&context, options] { return tail(context, *options); };
    });
    command =
        add_command(*noun, "verify", "Recompute every hash and check every signature, offline",
                    {"salus audit verify", "salus audit verify --tenant riverside -o json"});
    command->add_option("--tenant,-t", options->tenant, "One clinic (default: every)");
    command->callback([&context, options] {
        context.action = [&context, options] { return verify(context, *options); };
    });
}

}  // namespace salus::cli
