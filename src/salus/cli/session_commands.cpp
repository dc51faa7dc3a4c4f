#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "salus/cli/commands.h"
#include "salus/cli/demo_people.h"
#include "salus/cli/terminal.h"
#include "salus/core/clock.h"
#include "salus/core/encoding.h"
#include "salus/core/fs.h"
#include "salus/crypto/password.h"

namespace salus::cli {
namespace {

struct LoginOptions {
    std::string tenant;
    std::string user;
    std::string password_file;
    std::string totp_file;
    std::string demo;
};

/// A file may hold the code of the moment, or the secret (base32) that makes it.
Outcome<std::string> code_from(const std::string& text) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (text.size() == 6 && std::all_of(text.begin(), text.end(), digit)) return text;
    const auto secret = from_base32(text);
    if (!secret)
        return failed(Errc::invalid, "The TOTP file holds neither a code nor a secret.",
                      "Six digits, or the secret in base32.");
    return crypto::totp_code(*secret, SystemClock().now_us() / kSecondUs);
}

/// From files, else from the terminal, else (no terminal) a line each from stdin.
Outcome<std::string> password_of(const LoginOptions& options) {
    if (!options.password_file.empty()) return read_line_of(options.password_file);
    return ::isatty(STDIN_FILENO) == 1 ? ask_secret("Password: ") : read_line_of("-");
}
Outcome<std::string> totp_of(const LoginOptions& options) {
    if (!options.totp_file.empty()) {
        CLI_TRY(const std::string text, read_line_of(options.totp_file));
        return code_from(text);
    }
    if (::isatty(STDIN_FILENO) == 1) return ask("Code: ");
    CLI_TRY(const std::string text, read_line_of("-"));
    return code_from(text);
}

Outcome<void> save(const SavedSession& session) {
    CLI_CHECK(make_dirs(ops::state_folder()));
    JsonWriter json;
    json.begin_object().member("server", session.server).member("ca", session.ca);
    json.member("home", session.home);
    json.member("tenant", session.tenant).member("username", session.username);
    json.member("token", session.token).end_object();
    CLI_CHECK(write_file_atomic(session_file(), as_bytes(json.str()), 0600));
    return {};
}

Outcome<int> login(const Context& context, const LoginOptions& options) {
    CLI_TRY(const HttpTarget target, context.public_target({}));
    SavedSession session{target.base_url, target.ca_file, {}, options.tenant, options.user, {}};
    if (context.server.empty())
        if (const auto home = context.open_home()) session.home = home->root();
    HttpClient client(target);
    std::string answer;
    if (!options.demo.empty()) {
        CLI_TRY(const DemoLogin person, find_demo_person(context, options.demo));
        session.tenant = person.tenant;
        session.username = person.username;
        CLI_TRY(answer, log_in(client, person));
    } else {
        if (session.tenant.empty())
            return failed(Errc::usage, "Which clinic?", "Add --tenant NAME");
        if (session.username.empty()) {
            CLI_TRY(session.username, ask("Username: "));
        }
        CLI_TRY(const std::string password, password_of(options));
        CLI_TRY(const std::string code, totp_of(options));
        CLI_TRY(answer, log_in_with(client, session.tenant, session.username, password, code));
    }
    CLI_TRY(const JsonDocument document, JsonDocument::parse(answer));
    session.token = document.root().string("token");
    CLI_CHECK(save(session));
    fmt::print(stderr, "Logged in to {} as {} ({}), until {}.\n", session.tenant, session.username,
               document.root().string("role"), document.root().string("expires_at"));
    return 0;
}

Outcome<int> logout(const Context& context) {
    CLI_TRY(const std::string token, context.token_from({}));
    CLI_TRY(HttpTarget target, context.public_target(token));
    HttpClient client(std::move(target));
    CLI_TRY(const HttpAnswer answer, client.send("POST", "/auth/logout", ""));
    std::error_code code;
    std::filesystem::remove(session_file(), code);
    // A session that has ended by itself is as good as logged out.
    if (answer.status >= 400 && answer.status != 401)
        return failed(failure_of_answer(answer.status, answer.body));
    fmt::print(stderr, "Logged out.\n");
    return 0;
}

Outcome<int> whoami(const Context& context, const std::string& token_file) {
    CLI_TRY(const std::string token, context.token_from(token_file));
    CLI_TRY(HttpTarget target, context.public_target(token));
    HttpClient client(std::move(target));
    CLI_TRY(const HttpAnswer answer, client.send("GET", "/auth/whoami"));
    if (answer.status >= 400) return failed(failure_of_answer(answer.status, answer.body));
    print_data(answer.body, context.format(), {});
    return 0;
}

}  // namespace

void add_session_commands(CLI::App& app, Context& context) {
    const auto options =
        std::make_shared<LoginOptions>();  // shared: the actions outlive this function
    CLI::App* command = add_command(
        app, "login", "Log in with password and second factor",
        {"salus login --tenant riverside --user a.birkwood",
         "salus login --tenant riverside --user a.birkwood --password-file pw --totp-file totp",
         "salus login --demo riverside/physician"});
    command->add_option("--tenant,-t", options->tenant, "The clinic");
    command->add_option("--user,-u", options->user, "Username");
    command->add_option("--password-file", options->password_file,
                        "First line is the password; - for stdin");
    command->add_option("--totp-file", options->totp_file,
                        "A code, or the secret in base32; - for stdin");
    command->add_option("--demo", options->demo,
                        "A person of HOME/demo.json: USERNAME or TENANT/ROLE");
    command->callback([&context, options] {
        context.action = [&context, options] { return login(context, *options); };
    });
    add_command(app, "logout", "End the session", {"salus logout"})->callback([&context] {
        context.action = [&context] { return logout(context); };
    });
    const auto token_file = std::make_shared<std::string>();
    command = add_command(app, "whoami", "Whose session or token this is",
                          {"salus whoami", "salus whoami --token-file token"});
    command->add_option("--token-file", *token_file, "A machine client's token");
    command->callback([&context, token_file] {
        context.action = [&context, token_file] { return whoami(context, *token_file); };
    });
}

}  // namespace salus::cli
