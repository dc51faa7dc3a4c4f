#include "salus/cli/demo_people.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "salus/core/clock.h"
#include "salus/core/encoding.h"
#include "salus/core/fs.h"
#include "salus/crypto/password.h"

namespace salus::cli {
namespace {

constexpr std::int64_t kTotpStepSeconds = 30;

}  // namespace

Outcome<std::vector<DemoLogin>> demo_people(const Context& context) {
    CLI_TRY(const ops::Home home, context.open_home());
    const auto text = read_file(home.demo_json());
    if (!text)
        return failed(Errc::not_found, "This home has no demo.", "Make it with: salus up --demo");
    CLI_TRY(const JsonDocument document, JsonDocument::parse(as_text(*text)));
    std::vector<DemoLogin> people;
    for (const JsonView tenant : document.root()["tenants"])
        for (const JsonView person : tenant["people"])
            people.push_back(
                {std::string(tenant.string("name")), std::string(person.string("role")),
                 std::string(person.string("username")), std::string(person.string("password")),
                 std::string(person.string("totp_secret")), std::string(person.string("name"))});
    return people;
}

Outcome<DemoLogin> find_demo_person(const Context& context, const std::string& who) {
    CLI_TRY(const std::vector<DemoLogin> people, demo_people(context));
    for (const DemoLogin& person : people)
        if (who == person.username || who == person.tenant + "/" + person.username ||
            who == person.tenant + "/" + person.role)
            return person;
    return failed(Errc::not_found, "Nobody of that name is in the demo.",
                  "See who is: salus demo people");
}

Outcome<std::string> log_in_with(HttpClient& client, const std::string& tenant,
                                 const std::string& username, const std::string& password,
                                 const std::string& code) {
    JsonWriter json;
    json.begin_object().member("tenant", tenant).member("username", username);
    json.member("password", password).member("totp", code).end_object();
    CLI_TRY(HttpAnswer answer,
            client.send("POST", "/auth/login", json.str(), {{"Content-Type", "application/json"}}));
    if (answer.status >= 400) return failed(failure_of_answer(answer.status, answer.body));
    return std::move(answer.body);
}

Outcome<std::string> log_in(HttpClient& client, const DemoLogin& person) {
    const auto secret = from_base32(person.totp_secret);
    if (!secret) return failed(Errc::invalid, "The demo file holds no TOTP secret.");
    for (int attempt = 0;; ++attempt) {
        const std::int64_t now = SystemClock().now_us() / kSecondUs;
        // First this step's code, then the next one's, then again when a new step has begun.
        const std::int64_t at = attempt == 0 ? now : now + kTotpStepSeconds;
        auto answer = log_in_with(client, person.tenant, person.username, person.password,
                                  crypto::totp_code(*secret, at));
        if (answer || answer.error().code != info(Errc::unauthenticated).name || attempt == 2)
            return answer;
        if (attempt == 1) {
            fmt::print(stderr, "Waiting for a fresh code of {} …\n", person.username);
            std::this_thread::sleep_for(
                std::chrono::seconds(kTotpStepSeconds - now % kTotpStepSeconds));
        }
    }
}

}  // namespace salus::cli
