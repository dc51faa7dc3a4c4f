#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "salus/cli/commands.h"
#include "salus/cli/import_run.h"
#include "salus/cli/machine_client.h"
#include "salus/cli/terminal.h"

namespace salus::cli {
namespace {

constexpr std::size_t kRefusalsShown = 20;
constexpr std::size_t kParallelMost = 64;

/// One more than the cores, so that none waits for the disk: three on two cores import fastest.
/// More than eight only queue up at the server.
std::size_t parallel_default() {
    return std::min<std::size_t>(std::thread::hardware_concurrency() + 1, 8);
}

struct FhirOptions {
    std::vector<std::string> paths;
    std::string tenant;
    std::string token_file;
    std::size_t parallel = parallel_default();
};

/// The given token file, else the log-in to that tenant, else a machine client made for this
/// import.
Outcome<std::string> import_token(const Context& context, const FhirOptions& options) {
    if (!options.token_file.empty()) return context.token_from(options.token_file);
    if (const auto session = context.session(); session && session->tenant == options.tenant)
        return session->token;
    CLI_TRY(std::string token,
            make_machine_client(context, options.tenant, "import", "system/*.cruds"));
    fmt::print(stderr, "Importing as a machine client made for this run (audited as such).\n");
    return token;
}

std::string progress_text(const ImportSummary& summary, const ReadProgress& progress,
                          double seconds) {
    const double fraction =
        progress.bytes_total == 0
            ? 0
            : static_cast<double>(progress.bytes_read) / static_cast<double>(progress.bytes_total);
    const auto rate = static_cast<std::uint64_t>(static_cast<double>(summary.resources) /
                                                 std::max(seconds, 0.001));
    return fmt::format("{} {:3.0f} %  {} resources  {}/s{}", bar(fraction), fraction * 100,
                       with_thousands(summary.resources), with_thousands(rate),
                       summary.refused == 0 ? "" : fmt::format("  {} refused", summary.refused));
}

std::string summary_json(const FhirOptions& options, const ImportSummary& summary) {
    JsonWriter json;
    json.begin_object().member("tenant", options.tenant).member("documents", summary.documents);
    json.member("unchanged", summary.unchanged);
    json.member("resources", static_cast<std::int64_t>(summary.resources));
    json.member("refused", static_cast<std::int64_t>(summary.refused));
    json.key("seconds").raw(fmt::format("{:.2f}", summary.seconds));
    json.key("resources_per_second")
        .raw(fmt::format(
            "{:.0f}", static_cast<double>(summary.resources) / std::max(summary.seconds, 0.001)));
    json.key("types").begin_object();
    for (const auto& [type, count] : summary.types)
        json.member(type, static_cast<std::int64_t>(count));
    json.end_object().key("refusals").begin_array();
    for (const ImportRefusal& refusal : summary.refusals) {
        json.begin_object().member("file", refusal.file).member("entry", refusal.entry);
        json.member("status", refusal.status).member("text", refusal.text).end_object();
    }
    json.end_array().end_object();
    return std::move(json).str();
}

void print_summary(const FhirOptions& options, const ImportSummary& summary) {
    fmt::print("Stored {} resources in {:.1f} s ({}/s) in {}.\n", with_thousands(summary.resources),
               summary.seconds,
               with_thousands(static_cast<std::uint64_t>(static_cast<double>(summary.resources) /
                                                         std::max(summary.seconds, 0.001))),
               options.tenant);
    if (summary.unchanged > 0)
        fmt::print("{} of {} files were stored before, and are unchanged.\n", summary.unchanged,
                   summary.documents);
    for (const auto& [type, count] : summary.types)
        fmt::print("  {:<28} {:>10}\n", type, with_thousands(count));
    if (summary.refused == 0) return;
    fmt::print("\nRefused: {}\n", with_thousands(summary.refused));
    for (std::size_t i = 0; i < std::min(kRefusalsShown, summary.refusals.size()); ++i) {
        const ImportRefusal& refusal = summary.refusals[i];
        fmt::print("  {}{}: {}\n", refusal.file,
                   refusal.entry.empty() ? "" : " [" + refusal.entry + "]", refusal.text);
    }
    if (summary.refused > kRefusalsShown) fmt::print("  … the rest with -o json\n");
}

Outcome<int> import(const Context& context, const FhirOptions& options) {
    ImportOptions import_options;
    import_options.paths = options.paths;
    import_options.tenant = options.tenant;
    import_options.parallel = options.parallel;
    CLI_TRY(std::string token, import_token(context, options));
    CLI_TRY(import_options.target, context.public_target(std::move(token)));
    const auto start = std::chrono::steady_clock::now();
    ProgressLine line;
    Import run(std::move(import_options), [&line, start](const ImportSummary& summary,
                                                         const ReadProgress& progress) {
        if (!line.wanted()) return;
        const std::chrono::duration<double> past = std::chrono::steady_clock::now() - start;
        line.show(progress_text(summary, progress, past.count()));
    });
    CLI_TRY(const ImportSummary summary, run.run());
    line.clear();
    if (context.format() == Format::table)
        print_summary(options, summary);
    else
        print_data(summary_json(options, summary), context.format(), {});
    return summary.refused == 0 ? 0 : 1;
}

Outcome<int> get(const Context& context, const FhirOptions& options) {
    std::string path = options.paths.front();
    if (!path.starts_with("/")) path.insert(0, "/");
    if (!path.starts_with("/fhir")) path.insert(0, "/fhir");
    CLI_TRY(std::string token, context.token_from(options.token_file));
    CLI_TRY(HttpTarget target, context.public_target(std::move(token)));
    HttpClient client(std::move(target));
    CLI_TRY(const HttpAnswer answer,
            client.send("GET", path, {}, {{"Accept", "application/fhir+json"}}));
    if (answer.status >= 400) return failed(failure_of_answer(answer.status, answer.body));
    print_data(answer.body, context.format() == Format::yaml ? Format::yaml : Format::json, {});
    return 0;
}

}  // namespace

void add_fhir_commands(CLI::App& app, Context& context) {
    CLI::App* noun = add_noun(app, "fhir", "Patient records in FHIR R4",
                              {"salus fhir import bundles/ --tenant riverside",
                               "salus fhir get Patient?birthdate=1961-04-02"});
    const auto options =
        std::make_shared<FhirOptions>();  // shared: the actions outlive this function
    CLI::App* command = add_command(
        *noun, "import", "Store files: Bundles, resources, NDJSON; plain, packed, or in archives",
        {"salus fhir import export/ --tenant riverside",
         "salus fhir import patients.ndjson.gz --tenant riverside --parallel 8",
         "salus fhir import synthea.tar.xz --tenant riverside --token-file token -o json"});
    command->add_option("PATH", options->paths, "Files and folders; \"0-…\" files go first")
        ->required();
    command->add_option("--tenant,-t", options->tenant, "The clinic")->required();
    command->add_option("--token-file", options->token_file, "A machine client's token");
    command
        ->add_option("--parallel", options->parallel, "Connections (default: cores + 1, at most 8)")
        ->check(CLI::Range(std::size_t{1}, kParallelMost));
    command->callback([&context, options] {
        context.action = [&context, options] { return import(context, *options); };
    });
    command = add_command(
        *noun, "get", "Read or search, as whoever is logged in",
        {"salus fhir get Patient", "salus fhir get 'Observation?patient=ID&code=8867-4'",
         "salus fhir get metadata --token-file token"});
    command->add_option("PATH", options->paths, "Below /fhir")->required()->expected(1);
    command->add_option("--token-file", options->token_file, "A machine client's token");
    command->callback([&context, options] {
        context.action = [&context, options] { return get(context, *options); };
    });
}

}  // namespace salus::cli
