#pragma once

#include <functional>
#include <optional>
#include <string>

#include "salus/cli/failure.h"
#include "salus/cli/http_client.h"
#include "salus/cli/output.h"
#include "salus/core/json.h"
#include "salus/ops/home.h"

namespace salus::cli {

/// The saved log-in of this person.
struct SavedSession {
    std::string server;
    std::string ca;
    std::string home;  ///< of the server, when it was found through its home
    std::string tenant;
    std::string username;
    std::string token;
};
std::string session_file();

/// What every command shares: the global options, and the way to the home and the server. Filled by
/// the parser, then completed from the environment and the files of the configuration.
struct Context {
    std::string home;
    std::string server;
    std::string ca;
    std::string output;
    std::string listen;
    std::string dsn;
    std::string passphrase_file;

    /// The chosen command; main runs it after parsing.
    std::function<Outcome<int>()> action;

    /// Flags > SALUS_* > ./salus.yaml > $XDG_CONFIG_HOME/salus/config.yaml > /etc/salus/salus.yaml
    /// > built-in values. Errors: invalid (a file of the configuration).
    Outcome<void> complete();

    [[nodiscard]] Format format() const;
    [[nodiscard]] Outcome<ops::Home> open_home() const;
    /// HOME/run/server.json of the running server. Errors: unavailable.
    [[nodiscard]] Outcome<JsonDocument> running_server() const;

    /// The saved log-in, if it is one to the server that this command is about: a token goes to
    /// nobody but the server that gave it.
    [[nodiscard]] std::optional<SavedSession> session() const;
    /// A token from a file, or the saved log-in's. Errors: unauthenticated, not_found.
    [[nodiscard]] Outcome<std::string> token_from(const std::string& token_file) const;
    /// The public interface: --server and --ca, else the home's running server, else (no home here)
    /// the saved log-in's server.
    [[nodiscard]] Outcome<HttpTarget> public_target(std::string token) const;
    /// Calls /api/operator/<path> over the home's socket; an answer of 400 and above is a failure.
    [[nodiscard]] Outcome<std::string> operator_call(std::string_view method,
                                                     const std::string& path,
                                                     std::string_view body = {}) const;
};

/// The first line of a small file, "-" for stdin. Errors: not_found, denied, too_large.
Outcome<std::string> read_line_of(const std::string& path);

}  // namespace salus::cli
