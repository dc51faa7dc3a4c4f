#include "salus/core/secret.h"
#include "salus/edge/detail/problem.h"
#include "salus/edge/detail/route.h"

namespace salus::edge::detail {
namespace {

/// Log-ins hash passwords on their worker; this keeps most workers for those who are in already.
class LoginTurn {
  public:
    explicit LoginTurn(std::atomic<std::size_t>& running)
        : running_(running), taken_(running_.fetch_add(1) < limits::kLoginsAtOnce) {}
    ~LoginTurn() { --running_; }
    LoginTurn(const LoginTurn&) = delete;
    LoginTurn& operator=(const LoginTurn&) = delete;
    [[nodiscard]] bool taken() const { return taken_; }

  private:
    std::atomic<std::size_t>& running_;
    bool taken_;
};

std::string scope_text(const identity::ClientScope& scope) {
    std::string text = "system/" + scope.resource_type + ".";
    if (scope.create) text += 'c';
    if (scope.read) text += 'r';
    if (scope.update) text += 'u';
    if (scope.remove) text += 'd';
    if (scope.search) text += 's';
    return text;
}

}  // namespace

HttpResponse log_in(const Call& call) {
    const std::string_view path = call.request.path;
    const LoginTurn turn(call.state.logins);
    if (!turn.taken()) {
        call.parts().metrics.refused("logins");
        return problem(path,
                       Error(Errc::too_many_requests, "Too many people log in at this moment.",
                             "Try again in a moment."));
    }
    const auto body = StringObject::parse(call.request, {"tenant", "username", "password", "totp"});
    if (!body) return problem(path, body.error());
    identity::LoginRequest request{std::string((*body)["tenant"]), std::string((*body)["username"]),
                                   std::string((*body)["password"]), std::string((*body)["totp"])};
    const auto answer = call.parts().sessions.login(request);
    wipe(request.password.data(), request.password.size());
    if (!answer) return problem(path, answer.error());
    JsonWriter json;
    json.begin_object().member("token", answer->token).member("token_type", "Bearer");
    json.member("expires_at", to_instant(answer->expires_us));
    json.member("role", identity::name(answer->role)).end_object();
    return json_answer(200, std::move(json));
}

HttpResponse log_out(const Call& call) {
    const std::string_view path = call.request.path;
    const auto caller = verified_caller(call.parts().sessions, call.request);
    if (!caller) return problem(path, caller.error());
    if (const auto empty = expect_no_body(call.request); !empty)
        return problem(path, empty.error());
    const auto done = call.parts().sessions.logout(*bearer_token(call.request));
    return done ? no_content() : problem(path, done.error());
}

HttpResponse who_am_i(const Call& call) {
    const auto caller = verified_caller(call.parts().sessions, call.request);
    if (!caller) return problem(call.request.path, caller.error());
    JsonWriter json;
    json.begin_object().member("tenant", caller->tenant().id().value());
    if (const auto* person = caller->person(); person != nullptr) {
        json.member("kind", "person").member("id", person->id.value());
        json.member("role", identity::name(person->role));
        if (person->practitioner)
            json.member("practitioner", person->practitioner->value().to_string());
    } else if (const auto* client = caller->client(); client != nullptr) {
        json.member("kind", "client").member("id", client->id.value());
        json.key("scopes").begin_array();
        for (const identity::ClientScope& scope : client->scopes)
            json.value(scope_text(scope));
        json.end_array();
    }
    json.end_object();
    return json_answer(200, std::move(json));
}

}  // namespace salus::edge::detail
