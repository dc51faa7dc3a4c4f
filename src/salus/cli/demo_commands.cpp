#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "salus/cli/commands.h"
#include "salus/cli/demo_people.h"
#include "salus/cli/tour.h"
#include "salus/core/clock.h"
#include "salus/core/encoding.h"
#include "salus/crypto/password.h"

namespace salus::cli {
namespace {

Outcome<int> tour(const Context& context) {
    const bool table = context.format() == Format::table;
    std::size_t number = 0;
    CLI_TRY(const std::vector<TourStep> steps, run_tour(context, [&](const TourStep& step) {
                if (!table) return;
                fmt::print("{}. {}\n   {}\n   {} {}\n\n", ++number, step.title, step.request,
                           step.as_promised ? "✓" : "✗ NOT AS PROMISED:", step.seen);
                std::fflush(stdout);
            }));
    const bool all = std::all_of(steps.begin(), steps.end(),
                                 [](const TourStep& step) { return step.as_promised; });
    if (!table) {
        JsonWriter json;
        json.begin_array();
        for (const TourStep& step : steps) {
            json.begin_object().member("step", step.title).member("request", step.request);
            json.member("seen", step.seen).member("as_promised", step.as_promised).end_object();
        }
        json.end_array();
        print_data(json.str(), context.format(), {});
    }
    if (!all)
        return failed(Errc::internal, "A step did not go as promised.", "Report this as a defect.");
    return 0;
}

Outcome<int> people(const Context& context) {
    CLI_TRY(const std::vector<DemoLogin> found, demo_people(context));
    JsonWriter json;
    json.begin_array();
    for (const DemoLogin& person : found) {
        json.begin_object().member("tenant", person.tenant).member("role", person.role);
        json.member("username", person.username).member("name", person.name);
        json.member("password", person.password).end_object();
    }
    json.end_array();
    print_data(json.str(), context.format(),
               {{"tenant", "TENANT"},
                {"role", "ROLE"},
                {"username", "USERNAME"},
                {"name", "NAME"},
                {"password", "PASSWORD"}});
    return 0;
}

Outcome<int> code(const Context& context, const std::string& who) {
    CLI_TRY(const DemoLogin person, find_demo_person(context, who));
    const auto secret = from_base32(person.totp_secret);
    if (!secret) return failed(Errc::invalid, "The demo file holds no TOTP secret.");
    fmt::print("{}\n", crypto::totp_code(*secret, SystemClock().now_us() / kSecondUs));
    return 0;
}

}  // namespace

void add_demo_commands(CLI::App& app, Context& context) {
    CLI::App* noun = add_noun(app, "demo", "The two synthetic clinics of: salus up --demo",
                              {"salus demo tour", "salus demo people"});
    add_command(*noun, "tour", "The story, told by real requests, in under a minute",
                {"salus demo tour"})
        ->callback([&context] { context.action = [&context] { return tour(context); }; });
    add_command(*noun, "people", "Who is there, and their passwords", {"salus demo people -o json"})
        ->callback([&context] { context.action = [&context] { return people(context); }; });
    const auto who = std::make_shared<std::string>();  // shared: the action outlives this function
    CLI::App* command = add_command(*noun, "code", "Somebody's code of this half minute",
                                    {"salus demo code riverside/physician"});
    command->add_option("PERSON", *who, "USERNAME or TENANT/ROLE")->required();
    command->callback(
        [&context, who] { context.action = [&context, who] { return code(context, *who); }; });
}

}  // namespace salus::cli
