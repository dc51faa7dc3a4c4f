#include <fmt/format.h>

#include <memory>

#include "salus/cli/commands.h"

namespace salus::cli {
namespace {

std::vector<Column> columns() {
    return {{"name", "NAME"}, {"id", "ID"}, {"state", "STATE"}, {"created_at", "CREATED"}};
}

Outcome<int> create(const Context& context, const std::string& name) {
    JsonWriter body;
    body.begin_object().member("name", name).end_object();
    CLI_TRY(const std::string answer, context.operator_call("POST", "tenants", body.str()));
    print_data(answer, context.format(), columns());
    return 0;
}

Outcome<int> list(const Context& context) {
    CLI_TRY(const std::string answer, context.operator_call("GET", "tenants"));
    CLI_TRY(const JsonDocument document, JsonDocument::parse(answer));
    fmt::print("{}", render(document.root()["tenants"], context.format(), columns()));
    return 0;
}

Outcome<int> show(const Context& context, const std::string& name) {
    CLI_TRY(const std::string answer,
            context.operator_call("GET", "tenants/" + path_segment(name)));
    print_data(answer, context.format(), columns());
    return 0;
}

Outcome<int> change(const Context& context, const std::string& name, const std::string& verb) {
    CLI_CHECK(context.operator_call("POST", "tenants/" + path_segment(name) + "/" + verb));
    return show(context, name);
}

/// A suspended clinic's people are all shut out at once: the name is typed twice.
Outcome<int> suspend(const Context& context, const std::string& name,
                     const std::string& confirmed) {
    if (name != confirmed)
        return failed(Errc::usage, "Suspending shuts out everybody of the tenant.",
                      fmt::format("Repeat the name to confirm: --confirm {}", name));
    return change(context, name, "suspend");
}

}  // namespace

std::string path_segment(std::string_view name) {
    std::string out;
    for (const char c : name) {
        const bool plain = ::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' ||
                           c == '_' || c == '~';
        if (plain)
            out.push_back(c);
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

void add_tenant_commands(CLI::App& app, Context& context) {
    CLI::App* noun = add_noun(app, "tenant", "The clinics on this server",
                              {"salus tenant create riverside", "salus tenant list"});
    const auto name = std::make_shared<std::string>();       // shared: the actions outlive this
    const auto confirmed = std::make_shared<std::string>();  // function
    CLI::App* command = add_command(*noun, "create", "Make a tenant and its keys",
                                    {"salus tenant create riverside"});
    command->add_option("NAME", *name, "Lower-case letters, digits and '-', at most 63")
        ->required();
    command->callback(
        [&context, name] { context.action = [&context, name] { return create(context, *name); }; });
    add_command(*noun, "list", "Every tenant", {"salus tenant list -o json"})->callback([&context] {
        context.action = [&context] { return list(context); };
    });
    command = add_command(*noun, "show", "One tenant", {"salus tenant show riverside"});
    command->add_option("NAME", *name, "The tenant")->required();
    command->callback(
        [&context, name] { context.action = [&context, name] { return show(context, *name); }; });
    command = add_command(*noun, "suspend", "Shut out everybody of a tenant, within a second",
                          {"salus tenant suspend riverside --confirm riverside"});
    command->add_option("NAME", *name, "The tenant")->required();
    command->add_option("--confirm", *confirmed, "The tenant's name again");
    command->callback([&context, name, confirmed] {
        context.action = [&context, name, confirmed] {
            return suspend(context, *name, *confirmed);
        };
    });
    command = add_command(*noun, "resume", "Let a suspended tenant in again",
                          {"salus tenant resume riverside"});
    command->add_option("NAME", *name, "The tenant")->required();
    command->callback([&context, name] {
        context.action = [&context, name] { return change(context, *name, "resume"); };
    });
}

}  // namespace salus::cli
