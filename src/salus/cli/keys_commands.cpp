#include <fmt/format.h>

#include <charconv>
#include <memory>

#include "salus/cli/commands.h"
#include "salus/core/clock.h"

namespace salus::cli {
namespace {

Outcome<int> status(const Context& context, const std::string& tenant) {
    CLI_TRY(const std::string answer,
            context.operator_call("GET", "tenants/" + path_segment(tenant) + "/keys"));
    CLI_TRY(const JsonDocument document, JsonDocument::parse(answer));
    fmt::print("{}", render(document.root()["generations"], context.format(),
                            {{"generation", "GENERATION"}, {"created_at", "CREATED"}}));
    return 0;
}

Outcome<int> rotate(const Context& context, const std::string& tenant) {
    CLI_CHECK(context.operator_call("POST", "tenants/" + path_segment(tenant) + "/rotate-keys"));
    fmt::print(stderr, "{} seals under a new key from now on; no row was rewritten.\n", tenant);
    return status(context, tenant);
}

}  // namespace

void add_keys_commands(CLI::App& app, Context& context) {
    CLI::App* noun =
        add_noun(app, "keys", "The keys of a clinic",
                 {"salus keys status --tenant riverside", "salus keys rotate --tenant riverside"});
    const auto tenant =
        std::make_shared<std::string>();  // shared: the actions outlive this function
    CLI::App* command = add_command(*noun, "status", "The generations of a clinic's key",
                                    {"salus keys status --tenant riverside -o json"});
    command->add_option("--tenant,-t", *tenant, "The clinic")->required();
    command->callback([&context, tenant] {
        context.action = [&context, tenant] { return status(context, *tenant); };
    });
    command = add_command(*noun, "rotate", "Start a new generation; older ones still open",
                          {"salus keys rotate --tenant riverside"});
    command->add_option("--tenant,-t", *tenant, "The clinic")->required();
    command->callback([&context, tenant] {
        context.action = [&context, tenant] { return rotate(context, *tenant); };
    });
}

}  // namespace salus::cli
