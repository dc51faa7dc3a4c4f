#include "salus/cli/config.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <utility>

#include "salus/core/fs.h"

namespace salus::cli {
namespace {

constexpr std::size_t kConfigBytes = 64 * 1024;

std::string* member(FileConfig& config, std::string_view key) {
    const std::pair<std::string_view, std::string*> members[] = {
        {"home", &config.home},     {"listen", &config.listen},
        {"dsn", &config.dsn},       {"passphrase_file", &config.passphrase_file},
        {"output", &config.output}, {"server", &config.server},
        {"ca", &config.ca}};
    for (const auto& [name, place] : members)
        if (name == key) return place;
    return nullptr;
}

Outcome<FileConfig> parse(const std::string& path, std::string_view text) {
    const auto wrong = [&path](const char* what) {
        return failed(Errc::invalid, fmt::format("{}: {}", path, what),
                      "Known keys: home, listen, dsn, passphrase_file, output, server, ca.");
    };
    FileConfig config;
    try {
        const YAML::Node root = YAML::Load(std::string(text));
        if (root.IsNull()) return config;
        if (!root.IsMap()) return wrong("The file is no list of settings.");
        for (const auto& pair : root) {
            std::string* place = member(config, pair.first.as<std::string>());
            if (!place) return wrong("A key is not known.");
            if (!pair.second.IsScalar()) return wrong("A setting is not a text.");
            *place = pair.second.as<std::string>();
        }
    } catch (const YAML::Exception&) {
        return wrong("The file is not valid YAML.");
    }
    return config;
}

}  // namespace

Outcome<FileConfig> read_config(const std::string& path) {
    const auto text = read_file(path, kConfigBytes);
    if (!text) {
        if (text.error().code() == Errc::not_found) return FileConfig{};
        return failed(Errc::invalid, fmt::format("{}: The file can't be read.", path));
    }
    return parse(path, as_text(*text));
}

Outcome<FileConfig> merged_config() {
    const char* xdg = std::getenv("XDG_CONFIG_HOME");
    const char* user = std::getenv("HOME");
    const std::string folder = xdg && *xdg ? xdg : std::string(user ? user : "") + "/.config";
    FileConfig result;
    for (const std::string& path : {std::string("salus.yaml"), folder + "/salus/config.yaml",
                                    std::string("/etc/salus/salus.yaml")}) {
        CLI_TRY(FileConfig config, read_config(path));
        for (const std::string_view key :
             {"home", "listen", "dsn", "passphrase_file", "output", "server", "ca"}) {
            std::string* place = member(result, key);
            if (place->empty()) *place = std::move(*member(config, key));
        }
    }
    return result;
}

}  // namespace salus::cli
