#pragma once

#include <CLI/CLI.hpp>
#include <initializer_list>
#include <string>
#include <string_view>

#include "salus/cli/context.h"

namespace salus::cli {

// One function for each noun (or group of verbs without one): adds its commands to the parser. A
// command sets Context::action when it is chosen; nothing runs while the line is still being
// parsed.
void add_server_commands(CLI::App& app, Context& context);
void add_tenant_commands(CLI::App& app, Context& context);
void add_user_commands(CLI::App& app, Context& context);
void add_client_commands(CLI::App& app, Context& context);
void add_session_commands(CLI::App& app, Context& context);
void add_fhir_commands(CLI::App& app, Context& context);
void add_audit_commands(CLI::App& app, Context& context);
void add_keys_commands(CLI::App& app, Context& context);
void add_verify_commands(CLI::App& app, Context& context);
void add_demo_commands(CLI::App& app, Context& context);
void add_completion_command(CLI::App& app, Context& context);

/// A command with its examples below its help.
inline CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& summary,
                             std::initializer_list<std::string_view> examples) {
    CLI::App* command = parent.add_subcommand(name, summary);
    std::string footer = "Examples:";
    for (const std::string_view example : examples)
        footer += "\n  " + std::string(example);
    command->footer(footer);
    return command;
}

/// A noun: its verbs are the commands.
inline CLI::App* add_noun(CLI::App& parent, const std::string& name, const std::string& summary,
                          std::initializer_list<std::string_view> examples) {
    CLI::App* noun = add_command(parent, name, summary, examples);
    noun->require_subcommand(1);
    return noun;
}

/// A name as one segment of a URL's path.
std::string path_segment(std::string_view name);

}  // namespace salus::cli
