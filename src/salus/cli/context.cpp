#include "salus/cli/context.h"

#include <fmt/format.h>

#include <cstdlib>
#include <iostream>

#include "salus/cli/config.h"
#include "salus/core/fs.h"

namespace salus::cli {
namespace {

constexpr std::size_t kSmallFileBytes = 64 * 1024;

void choose(std::string& value, const char* variable, const std::string& from_file,
            const std::string& built_in = {}) {
    const char* environment = variable ? std::getenv(variable) : nullptr;
    if (!value.empty()) return;
    if (environment && *environment)
        value = environment;
    else
        value = from_file.empty() ? built_in : from_file;
}

std::optional<SavedSession> load_session() {
    const auto text = read_file(session_file(), kSmallFileBytes);
    if (!text) return std::nullopt;
    const auto document = JsonDocument::parse(as_text(*text));
    if (!document) return std::nullopt;
    const JsonView root = document->root();
    return SavedSession{std::string(root.string("server")),   std::string(root.string("ca")),
                        std::string(root.string("home")),     std::string(root.string("tenant")),
                        std::string(root.string("username")), std::string(root.string("token"))};
}

}  // namespace

std::string session_file() {
    return ops::state_folder() + "/session";
}

Outcome<void> Context::complete() {
    CLI_TRY(const FileConfig file, merged_config());
    choose(home, "SALUS_HOME", file.home, ops::default_home());
    choose(listen, "SALUS_LISTEN", file.listen, "127.0.0.1:8443");
    choose(dsn, "SALUS_DSN", file.dsn);
    choose(passphrase_file, "SALUS_PASSPHRASE_FILE", file.passphrase_file);
    choose(output, "SALUS_OUTPUT", file.output, "table");
    choose(server, "SALUS_SERVER", file.server);
    choose(ca, "SALUS_CA", file.ca);
    if (output != "table" && output != "json" && output != "yaml")
        return failed(Errc::usage, "The output is table, json or yaml.");
    return {};
}

Format Context::format() const {
    if (output == "json") return Format::json;
    return output == "yaml" ? Format::yaml : Format::table;
}

Outcome<ops::Home> Context::open_home() const {
    CLI_TRY(auto result, ops::Home::open(home));
    return result;
}

Outcome<JsonDocument> Context::running_server() const {
    CLI_TRY(const ops::Home place, open_home());
    if (!ops::running_server(place))
        return failed(Errc::unavailable, "No server runs on this home.",
                      "Start one: salus up --home " + place.root());
    const auto text = read_file(place.server_json(), kSmallFileBytes);
    if (!text)
        return failed(Errc::unavailable, "The server is still starting.", "Try again in a moment.");
    CLI_TRY(auto document, JsonDocument::parse(as_text(*text)));
    return document;
}

std::optional<SavedSession> Context::session() const {
    auto saved = load_session();
    if (!saved) return std::nullopt;
    const auto place = open_home();
    const bool same = !server.empty() ? saved->server == server
                      : place         ? saved->home == place->root()
                                      : saved->home.empty();
    return same ? std::move(saved) : std::nullopt;
}

Outcome<std::string> Context::token_from(const std::string& token_file) const {
    if (!token_file.empty()) {
        CLI_TRY(std::string line, read_line_of(token_file));
        if (!line.starts_with("{")) return line;
        // What `salus client create -o json` printed may be given as it is.
        CLI_TRY(const Bytes text, read_file(token_file, kSmallFileBytes));
        CLI_TRY(const JsonDocument document, JsonDocument::parse(as_text(text)));
        return std::string(document.root().string("token"));
    }
    const auto saved = session();
    if (!saved)
        return failed(Errc::unauthenticated, "Nobody is logged in to this server.",
                      "Log in with: salus login --tenant NAME, or give --token-file FILE");
    return saved->token;
}

Outcome<HttpTarget> Context::public_target(std::string token) const {
    if (!server.empty()) return HttpTarget{server, ca, {}, std::move(token)};
    const auto saved = session();
    if (saved && saved->home.empty())
        return HttpTarget{saved->server, saved->ca, {}, std::move(token)};
    CLI_TRY(const JsonDocument running, running_server());
    return HttpTarget{std::string(running.root().string("url")),
                      ca.empty() ? std::string(running.root().string("ca")) : ca,
                      {},
                      std::move(token)};
}

Outcome<std::string> Context::operator_call(std::string_view method, const std::string& path,
                                            std::string_view body) const {
    CLI_TRY(const JsonDocument running, running_server());
    HttpClient client(
        {"http://operator", {}, std::string(running.root().string("operator_socket")), {}});
    if (method == "POST" && body.empty()) body = "";  // a body of no bytes: Content-Length: 0
    CLI_TRY(HttpAnswer answer, client.send(method, "/api/operator/" + path, body,
                                           {{"Content-Type", "application/json"}}));
    if (answer.status >= 400) return failed(failure_of_answer(answer.status, answer.body));
    return std::move(answer.body);
}

Outcome<std::string> read_line_of(const std::string& path) {
    std::string line;
    if (path == "-") {
        std::getline(std::cin, line);
    } else {
        const auto text = read_file(path, kSmallFileBytes);
        if (!text)
            return failed(Failure(text.error().code(),
                                  fmt::format("{}: {}", path, text.error().text()),
                                  std::string(text.error().next_step())));
        line = as_text(*text);
        line.resize(std::min(line.find('\n'), line.size()));
    }
    while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
        line.pop_back();
    if (line.empty()) return failed(Errc::invalid, fmt::format("{}: The file is empty.", path));
    return line;
}

}  // namespace salus::cli
