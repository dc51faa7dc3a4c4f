#pragma once

#include <string>

#include "salus/cli/failure.h"

namespace salus::cli {

/// What a file of the configuration may say. Empty: not said.
struct FileConfig {
    std::string home;
    std::string listen;
    std::string dsn;
    std::string passphrase_file;
    std::string output;
    std::string server;
    std::string ca;
};

/// Reads a YAML file of flat `key: text` pairs; an absent file says nothing. An unknown key is
/// refused: a misspelt one would be a setting that silently does not hold. Errors: invalid, denied.
Outcome<FileConfig> read_config(const std::string& path);

/// The files, the strongest first: ./salus.yaml, $XDG_CONFIG_HOME/salus/config.yaml,
/// /etc/salus/salus.yaml.
Outcome<FileConfig> merged_config();

}  // namespace salus::cli
