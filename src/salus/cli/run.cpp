#include "salus/cli/run.h"

#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "salus/cli/commands.h"
#include "salus/cli/process.h"
#include "salus/cli/version.h"

namespace salus::cli {
namespace {

void add_global_options(CLI::App& app, Context& context) {
    app.add_option("--home", context.home,
                   "The installation's folder (default /var/lib/salus as root)");
    app.add_option("-o,--output", context.output, "table (default), json or yaml");
    app.add_option("--server", context.server, "Another server: https://host:8443");
    app.add_option("--ca", context.ca, "What --server's certificate is checked against");
    app.set_version_flag("--version", std::string("salus ") + std::string(kVersion));
    app.require_subcommand(1);
    app.fallthrough();
    app.get_formatter()->column_width(34);
    app.footer(
        "Examples:\n"
        "  salus up --demo                            two synthetic clinics on this machine\n"
        "  salus demo tour                            the story in under a minute\n"
        "  salus tenant create riverside              a clinic of your own\n"
        "  salus fhir import export/ -t riverside     load its records\n"
        "  salus audit verify                         prove who saw what\n"
        "\nExit codes: 0 ok, 1 failure, 2 usage, 3 findings, 4 denied, 5 not found, 6 conflict,\n"
        "7 unavailable, 8 integrity broken, 130 interrupted.");
}

int report_usage(const CLI::App& app, const CLI::ParseError& error) {
    // Help and version are no errors: CLI11 prints them to stdout.
    if (error.get_exit_code() == 0) return app.exit(error);
    fmt::print(stderr, "salus: {}: {}\n  next: salus --help, or --help behind any command\n",
               info(Errc::usage).name, error.what());
    return info(Errc::usage).exit_code;
}

int execute(Context& context) {
    auto ready = context.complete();
    if (!ready) {
        print(ready.error());
        return ready.error().exit_code;
    }
    const auto result = context.action();
    if (result) return *result;
    print(result.error());
    return result.error().exit_code;
}

}  // namespace

int run(int argc, const char* const* argv) {
    harden_process();
    Context context;
    CLI::App app("HIPAA compliance built in: encrypted, isolated, audited patient records",
                 "salus");
    add_global_options(app, context);
    add_server_commands(app, context);
    add_tenant_commands(app, context);
    add_user_commands(app, context);
    add_client_commands(app, context);
    add_session_commands(app, context);
    add_fhir_commands(app, context);
    add_audit_commands(app, context);
    add_keys_commands(app, context);
    add_verify_commands(app, context);
    add_demo_commands(app, context);
    add_completion_command(app, context);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return report_usage(app, error);
    }
    try {
        return execute(context);
    } catch (const std::exception&) {
        // Third parties throw; what they say may hold values of a record, so it is not shown.
        print(
            Failure(Errc::internal, "The command ended unexpectedly.", "Report this as a defect."));
        return info(Errc::internal).exit_code;
    }
}

}  // namespace salus::cli
