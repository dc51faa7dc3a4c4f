#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "salus/cli/commands.h"
#include "salus/cli/node.h"
#include "salus/cli/version.h"
#include "salus/db/migrations.h"
#include "salus/ops/doctor.h"

namespace salus::cli {
namespace {

constexpr int kStopTimeoutMs = 90'000;

struct UpOptions {
    bool demo = false;
    bool detach = false;
};

void say_what_next(const Context& context, JsonView server) {
    const std::string_view url = server.string("url");
    const std::string home =
        context.home == ops::default_home() ? "" : " --home " + std::string(server.string("home"));
    fmt::print("salus {} answers on {}\n", kVersion, url);
    fmt::print("  FHIR R4   {}/fhir\n", url);
    fmt::print("  trust     {}\n", server.string("ca"));
    if (server["demo"].exists()) {
        fmt::print("  people    {}\n\nTry next:\n", server.string("demo"));
        fmt::print("  salus demo tour{}\n  salus demo people{}\n", home, home);
        fmt::print("  salus verify encryption{}\n", home);
    } else {
        fmt::print("\nTry next:\n  salus tenant create NAME{}\n", home);
        fmt::print("  salus user invite --tenant NAME --role physician USERNAME{}\n", home);
        fmt::print("  salus fhir import PATH --tenant NAME{}\n", home);
    }
    fmt::print("  salus status{}\n  salus down{}\n", home, home);
    std::fflush(stdout);
}

void announce(const Context& context, const std::string& description) {
    const auto document = JsonDocument::parse(description);
    if (document && context.format() == Format::table)
        say_what_next(context, document->root());
    else
        print_data(description, context.format(), {});
    std::fflush(stdout);
}

/// The parent of a detached server: it has ended its own work when the child answers over TLS.
Outcome<int> await_child(const Context& context, const Detached& detached) {
    CLI_TRY(const std::string description, detached.wait());
    CLI_TRY(const JsonDocument document, JsonDocument::parse(description));
    HttpClient client({std::string(document.root().string("url")),
                       std::string(document.root().string("ca")),
                       {},
                       {}});
    CLI_TRY(const HttpAnswer answer, client.send("GET", "/healthz"));
    if (answer.status != 200) return failed(failure_of_answer(answer.status, answer.body));
    announce(context, description);
    return 0;
}

Outcome<int> serve(const Context& context, const ops::Home& home, NodeOptions options,
                   Detached* detached) {
    harden_server();
    auto node = Node::start(home, std::move(options));
    if (!node) {
        if (!detached) return failed(std::move(node.error()));
        detached->report(node.error());
        return node.error().exit_code;
    }
    if (detached)
        detached->report((*node)->description());
    else
        announce(context, (*node)->description());
    wait_for_end();
    (*node)->stop();
    return 0;
}

Outcome<int> up(const Context& context, const UpOptions& up_options) {
    CLI_TRY(const ops::Home home, ops::Home::open_or_create(context.home));
    if (ops::running_server(home))
        return failed(Errc::conflict, "A server runs on this home already.",
                      "Look at it with: salus status, stop it with: salus down");
    NodeOptions options;
    CLI_TRY(options.listen, parse_listen(context.listen));
    CLI_CHECK(claim(options.listen));
    options.dsn = context.dsn;
    options.passphrase_file = context.passphrase_file;
    options.demo = up_options.demo;
    options.log_to_file = up_options.detach;
    if (!up_options.detach) return serve(context, home, std::move(options), nullptr);
    CLI_TRY(Detached detached, Detached::fork(home.log() + "/salus.log"));
    if (detached.is_parent()) return await_child(context, detached);
    return serve(context, home, std::move(options), &detached);
}

Outcome<int> down(const Context& context) {
    CLI_TRY(const ops::Home home, context.open_home());
    if (const auto stopped = ops::stop_server(home, kStopTimeoutMs); !stopped) {
        if (stopped.error().code() != Errc::not_found) return failed(Failure(stopped.error()));
        fmt::print(stderr, "No server runs on {}.\n", home.root());
        return 0;
    }
    fmt::print(stderr, "The server on {} has ended.\n", home.root());
    return 0;
}

Outcome<int> status(const Context& context) {
    CLI_TRY(const JsonDocument running, context.running_server());
    CLI_TRY(const std::string answer, context.operator_call("GET", "status"));
    CLI_TRY(const JsonDocument live, JsonDocument::parse(answer));
    JsonWriter json;
    json.begin_object();
    for (const JsonDocument* part : {&running, &live})
        for (const JsonView member : part->root()) {
            // What the server says of itself wins over what it wrote down when it started.
            if (part == &running && live.root()[member.key()].exists()) continue;
            if (member.key() == "admin_dsn") continue;
            std::string text;
            write_json(member, text);
            json.key(member.key()).raw(text);
        }
    json.end_object();
    print_data(json.str(), context.format(), {});
    return 0;
}

Outcome<int> doctor(const Context& context) {
    CLI_TRY(const ops::Home home, context.open_home());
    std::vector<ops::Finding> findings = ops::examine(home, SystemClock());
    ops::Finding server{"server", ops::Health::ok, "It answers.", ""};
    if (!ops::running_server(home))
        server = {"server", ops::Health::warning, "None runs on this home.", "Start one: salus up"};
    else if (!context.operator_call("GET", "status"))
        server = {"server", ops::Health::failure, "It does not answer.",
                  "Look at HOME/log/salus.log"};
    findings.push_back(server);
    constexpr std::string_view kNames[] = {"ok", "warning", "failure"};
    bool failed_any = false;
    JsonWriter json;
    json.begin_array();
    for (const ops::Finding& finding : findings) {
        failed_any = failed_any || finding.health == ops::Health::failure;
        json.begin_object().member("subject", finding.subject);
        json.member("health", kNames[static_cast<std::size_t>(finding.health)]);
        json.member("text", finding.text).member("next", finding.next_step).end_object();
    }
    json.end_array();
    print_data(
        json.str(), context.format(),
        {{"subject", "SUBJECT"}, {"health", "HEALTH"}, {"text", "FINDING"}, {"next", "NEXT STEP"}});
    return failed_any ? 1 : 0;
}

Outcome<int> version(const Context& context) {
    JsonWriter json;
    json.begin_object().member("version", kVersion);
    json.member("schema", static_cast<std::int64_t>(db::schema_version()));
    json.member("fhir", "4.0.1").end_object();
    if (context.format() == Format::table)
        fmt::print("salus {} (schema {}, FHIR R4 4.0.1)\n", kVersion, db::schema_version());
    else
        print_data(json.str(), context.format(), {});
    return 0;
}

}  // namespace

void add_server_commands(CLI::App& app, Context& context) {
    const auto options =
        std::make_shared<UpOptions>();  // shared: the action outlives this function
    CLI::App* command =
        add_command(app, "up", "Start the server (and its private PostgreSQL)",
                    {"salus up --demo", "salus up --detach --home /srv/salus --listen 0.0.0.0:8443",
                     "salus up --dsn 'host=db.internal dbname=salus sslmode=verify-full'"});
    command->add_flag("--demo", options->demo,
                      "Make two synthetic clinics; credentials in HOME/demo.json");
    command->add_flag("--detach", options->detach, "Return as soon as the server answers");
    command->add_option("--listen", context.listen,
                        "ADDRESS:PORT (default 127.0.0.1:8443; port 0: any)");
    command->add_option("--dsn", context.dsn, "Use this PostgreSQL (passwords: ~/.pgpass)");
    command->add_option("--passphrase-file", context.passphrase_file,
                        "What opens the keystore (default HOME/keys/passphrase)");
    command->callback([&context, options] {
        context.action = [&context, options] { return up(context, *options); };
    });
    add_command(app, "down", "Stop the server: requests in flight finish first",
                {"salus down", "salus down --home /srv/salus"})
        ->callback([&context] { context.action = [&context] { return down(context); }; });
    add_command(app, "status", "What runs here", {"salus status", "salus status -o json"})
        ->callback([&context] { context.action = [&context] { return status(context); }; });
    add_command(app, "doctor", "Look for what is wrong or weak here",
                {"salus doctor", "salus doctor -o json"})
        ->callback([&context] { context.action = [&context] { return doctor(context); }; });
    add_command(app, "version", "The version of this program",
                {"salus version", "salus version -o json"})
        ->callback([&context] { context.action = [&context] { return version(context); }; });
}

}  // namespace salus::cli
