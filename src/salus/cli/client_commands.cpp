#include <fmt/format.h>

#include <memory>

#include "salus/cli/commands.h"

namespace salus::cli {
namespace {

struct ClientOptions {
    std::string tenant;
    std::string name;
    std::vector<std::string> scopes;
};

Outcome<int> create(const Context& context, const ClientOptions& options) {
    JsonWriter body;
    body.begin_object().member("name", options.name);
    body.member("scopes", fmt::format("{}", fmt::join(options.scopes, " "))).end_object();
    CLI_TRY(const std::string answer,
            context.operator_call("POST", "tenants/" + path_segment(options.tenant) + "/clients",
                                  body.str()));
    print_data(answer, context.format(), {});
    fmt::print(stderr, "Shown once: keep the token in a file that only its user can read.\n");
    return 0;
}

}  // namespace

void add_client_commands(CLI::App& app, Context& context) {
    constexpr std::string_view kExample =
        "salus client create lab-feed --tenant riverside --scope 'system/Observation.cru' -o json "
        "> token";
    CLI::App* noun = add_noun(app, "client", "Machine clients of a clinic", {kExample});
    const auto options =
        std::make_shared<ClientOptions>();  // shared: the action outlives this function
    CLI::App* command =
        add_command(*noun, "create", "Make a machine client; prints its token once", {kExample});
    command->add_option("NAME", options->name, "What it is called in the audit log")->required();
    command->add_option("--tenant,-t", options->tenant, "The clinic")->required();
    command
        ->add_option("--scope", options->scopes,
                     "SMART v2 scope: system/TYPE.cruds ('*': every type); may be repeated")
        ->required();
    command->callback([&context, options] {
        context.action = [&context, options] { return create(context, *options); };
    });
}

}  // namespace salus::cli
