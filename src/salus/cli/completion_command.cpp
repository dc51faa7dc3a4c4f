#include <fmt/format.h>

#include <memory>

#include "salus/cli/commands.h"

namespace salus::cli {
namespace {

/// What may follow each command: its verbs, or its options, the global ones included.
struct Words {
    std::string path;  ///< "fhir import"; empty for the program itself
    std::string words;
};

void collect(const CLI::App& app, const std::string& path, const std::string& global,
             std::vector<Words>& into) {
    Words here{path, {}};
    for (const CLI::App* child : app.get_subcommands({})) {
        here.words += child->get_name() + " ";
        collect(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), global,
                into);
    }
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames())
            here.words += "--" + name + " ";
    }
    if (!path.empty()) here.words += global;
    into.push_back(std::move(here));
}

std::string global_options(const CLI::App& app) {
    std::string words;
    for (const CLI::Option* option : app.get_options())
        for (const std::string& name : option->get_lnames())
            words += "--" + name + " ";
    return words;
}

std::string bash(const std::vector<Words>& commands) {
    std::string cases;
    for (const Words& command : commands)
        cases += fmt::format("    \"{}\") words=\"{}\" ;;\n", command.path, command.words);
    return fmt::format(R"(_salus() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" path="" words="" i
  for ((i = 1; i < COMP_CWORD && i < 3; i++)); do
    [[ "${{COMP_WORDS[i]}}" == -* ]] && break
    path="${{path:+$path }}${{COMP_WORDS[i]}}"
  done
  case "$path" in
{}    *) words="" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ ${{#COMPREPLY[@]}} -eq 0 ]] && COMPREPLY=($(compgen -f -- "$current"))
}}
complete -o filenames -F _salus salus
)",
                       cases);
}

std::string fish(const std::vector<Words>& commands) {
    std::string script = "complete -c salus -e\n";
    for (const Words& command : commands) {
        std::string condition = "__fish_use_subcommand";
        for (std::size_t start = 0; !command.path.empty() && start < command.path.size();) {
            const std::size_t end = std::min(command.path.find(' ', start), command.path.size());
            const std::string one =
                "__fish_seen_subcommand_from " + command.path.substr(start, end - start);
            condition = start == 0 ? one : condition + "; and " + one;
            start = end + 1;
        }
        script += fmt::format("complete -c salus -n '{}' -a '{}'\n", condition, command.words);
    }
    return script;
}

Outcome<int> completion(const CLI::App& app, const std::string& shell) {
    std::vector<Words> commands;
    collect(app, {}, global_options(app), commands);
    if (shell == "fish")
        fmt::print("{}", fish(commands));
    else if (shell == "zsh")
        fmt::print("autoload -U +X bashcompinit && bashcompinit\n{}", bash(commands));
    else
        fmt::print("{}", bash(commands));
    return 0;
}

}  // namespace

void add_completion_command(CLI::App& app, Context& context) {
    const auto shell =
        std::make_shared<std::string>();  // shared: the action outlives this function
    CLI::App* command =
        add_command(app, "completion", "A completion script for your shell",
                    {"source <(salus completion bash)", "salus completion fish | source"});
    command->add_option("SHELL", *shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    command->callback([&app, &context, shell] {
        context.action = [&app, shell] { return completion(app, *shell); };
    });
}

}  // namespace salus::cli
