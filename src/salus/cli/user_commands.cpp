#include <fmt/format.h>

#include <memory>

#include "salus/cli/commands.h"

namespace salus::cli {
namespace {

struct UserOptions {
    std::string tenant;
    std::string username;
    std::string role;
    std::string practitioner;
    std::string confirm;
};

Outcome<int> invite(const Context& context, const UserOptions& options) {
    JsonWriter body;
    body.begin_object().member("username", options.username).member("role", options.role);
    if (!options.practitioner.empty()) body.member("practitioner", options.practitioner);
    body.end_object();
    CLI_TRY(const std::string answer,
            context.operator_call("POST", "tenants/" + path_segment(options.tenant) + "/users",
                                  body.str()));
    print_data(
        answer, context.format(),
        {{"username", "USERNAME"}, {"password", "PASSWORD"}, {"totp_secret", "TOTP SECRET"}});
    fmt::print(stderr, "Shown once: hand them over on two different ways.\n");
    return 0;
}

Outcome<int> list(const Context& context, const UserOptions& options) {
    CLI_TRY(const std::string answer,
            context.operator_call("GET", "tenants/" + path_segment(options.tenant) + "/users"));
    CLI_TRY(const JsonDocument document, JsonDocument::parse(answer));
    fmt::print("{}", render(document.root()["users"], context.format(),
                            {{"username", "USERNAME"},
                             {"role", "ROLE"},
                             {"active", "ACTIVE"},
                             {"practitioner", "PRACTITIONER"},
                             {"id", "ID"}}));
    return 0;
}

Outcome<int> disable(const Context& context, const UserOptions& options) {
    if (options.confirm != options.username)
        return failed(Errc::usage, "Disabling ends the person's sessions at once.",
                      fmt::format("Repeat the name to confirm: --confirm {}", options.username));
    CLI_CHECK(context.operator_call("POST", "tenants/" + path_segment(options.tenant) + "/users/" +
                                                path_segment(options.username) + "/disable"));
    return list(context, options);
}

}  // namespace

void add_user_commands(CLI::App& app, Context& context) {
    CLI::App* noun = add_noun(app, "user", "The people of a clinic",
                              {"salus user invite --tenant riverside --role nurse n.okonjo",
                               "salus user list --tenant riverside"});
    const auto options =
        std::make_shared<UserOptions>();  // shared: the actions outlive this function
    const auto add = [&](const char* name, const char* summary, const char* example, auto run) {
        CLI::App* command = add_command(*noun, name, summary, {example});
        command->add_option("--tenant,-t", options->tenant, "The clinic")->required();
        command->callback([&context, options, run] {
            context.action = [&context, options, run] { return run(context, *options); };
        });
        return command;
    };
    CLI::App* command =
        add("invite", "Make a person's account; prints password and TOTP secret once",
            "salus user invite --tenant riverside --role physician --practitioner UUID a.birkwood",
            invite);
    command->add_option("USERNAME", options->username, "How they log in")->required();
    command
        ->add_option("--role", options->role, "physician, nurse, admin_staff or security_officer")
        ->required()
        ->check(CLI::IsMember({"physician", "nurse", "admin_staff", "security_officer"}));
    command->add_option("--practitioner", options->practitioner,
                        "Id of their Practitioner resource: care relationships name it");
    add("list", "Everybody of a clinic", "salus user list --tenant riverside -o json", list);
    command = add("disable", "Shut a person out, within a second",
                  "salus user disable --tenant riverside n.okonjo --confirm n.okonjo", disable);
    command->add_option("USERNAME", options->username, "Who")->required();
    command->add_option("--confirm", options->confirm, "The name again");
}

}  // namespace salus::cli
