#include <charconv>

#include "salus/edge/detail/problem.h"
#include "salus/edge/detail/route.h"

// The operator's socket decides who comes here (see Listener); these routes only translate. None of
// them can reach PHI: identity::Tenants sees none.
namespace salus::edge::detail {
namespace {

void write_tenant(JsonWriter& json, const identity::TenantInfo& tenant) {
    json.begin_object().member("id", tenant.id.value()).member("name", tenant.name);
    json.member("state", tenant.state == identity::TenantState::active ? "active" : "suspended");
    json.member("created_at", to_instant(tenant.created_us)).end_object();
}

HttpResponse tenant_answer(const Call& call, int status,
                           const Result<identity::TenantInfo>& tenant) {
    if (!tenant) return problem(call.request.path, tenant.error());
    JsonWriter json;
    write_tenant(json, *tenant);
    return json_answer(status, std::move(json));
}

/// A change that answers with nothing but success.
HttpResponse change(const Call& call, Result<void> (identity::Tenants::*verb)(std::string_view)) {
    if (const auto empty = expect_no_body(call.request); !empty)
        return problem(call.request.path, empty.error());
    const auto done = (call.parts().tenants.*verb)(call.captured[0]);
    return done ? no_content() : problem(call.request.path, done.error());
}

Result<identity::Invitation> parse_invitation(const HttpRequest& request) {
    SALUS_TRY(const StringObject body,
              StringObject::parse(request, {"username", "role", "practitioner?"}));
    const auto role = identity::parse_role(body["role"]);
    if (!role)
        return fail(Errc::invalid, "The role is unknown.",
                    "Use physician, nurse, admin_staff or security_officer.");
    identity::Invitation invitation{std::string(body["username"]), *role, std::nullopt};
    if (const std::string_view text = body["practitioner"]; !text.empty()) {
        const auto id = Uuid::parse(text);
        if (!id)
            return fail(Errc::invalid, "The practitioner is not a UUID in canonical form.",
                        "Give the id of the person's Practitioner resource.");
        invitation.practitioner = PractitionerId(*id);
    }
    return invitation;
}

/// Kilobytes resident, from the kernel: the second number of /proc/self/statm counts pages.
std::int64_t resident_bytes() {
    constexpr std::int64_t kPage = 4096;
    char text[128];
    std::int64_t pages = 0;
    std::FILE* file = std::fopen("/proc/self/statm", "re");
    if (file == nullptr) return 0;
    const std::size_t size = std::fread(text, 1, sizeof text, file);
    std::fclose(file);
    const std::string_view line(text, size);
    const std::size_t space = line.find(' ');
    if (space != std::string_view::npos) std::from_chars(text + space + 1, text + size, pages);
    return pages * kPage;
}

}  // namespace

HttpResponse list_tenants(const Call& call) {
    const auto tenants = call.parts().tenants.list();
    if (!tenants) return problem(call.request.path, tenants.error());
    JsonWriter json;
    json.begin_object().key("tenants").begin_array();
    for (const identity::TenantInfo& tenant : *tenants)
        write_tenant(json, tenant);
    json.end_array().end_object();
    return json_answer(200, std::move(json));
}

HttpResponse create_tenant(const Call& call) {
    const auto body = StringObject::parse(call.request, {"name"});
    if (!body) return problem(call.request.path, body.error());
    return tenant_answer(call, 201, call.parts().tenants.create((*body)["name"]));
}

HttpResponse show_tenant(const Call& call) {
    return tenant_answer(call, 200, call.parts().tenants.find(call.captured[0]));
}

HttpResponse suspend_tenant(const Call& call) {
    return change(call, &identity::Tenants::suspend);
}
HttpResponse resume_tenant(const Call& call) {
    return change(call, &identity::Tenants::resume);
}
HttpResponse rotate_keys(const Call& call) {
    return change(call, &identity::Tenants::rotate_keys);
}

HttpResponse list_keys(const Call& call) {
    const auto tenant = call.parts().tenants.find(call.captured[0]);
    if (!tenant) return problem(call.request.path, tenant.error());
    const auto generations = call.parts().keystore.generations(tenant->id);
    if (!generations) return problem(call.request.path, generations.error());
    JsonWriter json;
    json.begin_object().key("generations").begin_array();
    for (const keys::GenerationInfo& generation : *generations) {
        json.begin_object();
        json.member("generation", static_cast<std::int64_t>(generation.generation));
        json.member("created_at", to_instant(generation.created_us)).end_object();
    }
    json.end_array().end_object();
    return json_answer(200, std::move(json));
}

HttpResponse list_people(const Call& call) {
    const auto people = call.parts().tenants.people(call.captured[0]);
    if (!people) return problem(call.request.path, people.error());
    JsonWriter json;
    json.begin_object().key("users").begin_array();
    for (const identity::PersonInfo& person : *people) {
        json.begin_object().member("id", person.id.value()).member("username", person.username);
        json.member("role", identity::name(person.role)).member("active", person.active);
        if (person.practitioner)
            json.member("practitioner", person.practitioner->value().to_string());
        json.end_object();
    }
    json.end_array().end_object();
    return json_answer(200, std::move(json));
}

HttpResponse invite_person(const Call& call) {
    const auto invitation = parse_invitation(call.request);
    if (!invitation) return problem(call.request.path, invitation.error());
    const auto credentials = call.parts().tenants.invite(call.captured[0], *invitation);
    if (!credentials) return problem(call.request.path, credentials.error());
    JsonWriter json;
    json.begin_object().member("username", credentials->username);
    json.member("role", identity::name(invitation->role));
    json.member("password", credentials->password);
    json.member("totp_secret", credentials->totp_secret_base32).end_object();
    return json_answer(201, std::move(json));
}

HttpResponse disable_person(const Call& call) {
    if (const auto empty = expect_no_body(call.request); !empty)
        return problem(call.request.path, empty.error());
    const auto done = call.parts().tenants.disable(call.captured[0], call.captured[1]);
    return done ? no_content() : problem(call.request.path, done.error());
}

HttpResponse create_client(const Call& call) {
    const auto body = StringObject::parse(call.request, {"name", "scopes"});
    if (!body) return problem(call.request.path, body.error());
    const auto made =
        call.parts().tenants.create_client(call.captured[0], (*body)["name"], (*body)["scopes"]);
    if (!made) return problem(call.request.path, made.error());
    JsonWriter json;
    json.begin_object().member("id", made->id.value()).member("token", made->token).end_object();
    return json_answer(201, std::move(json));
}

HttpResponse show_status(const Call& call) {
    const Parts& parts = call.parts();
    const auto tenants = parts.tenants.list();
    JsonWriter json;
    json.begin_object().member("status", tenants ? "ok" : "degraded");
    json.member("version", parts.version);
    json.member("uptime_seconds", (parts.clock.now_us() - call.state.started_us) / kSecondUs);
    json.member("database", tenants ? std::string_view("ok") : info(tenants.error().code()).name);
    if (tenants) json.member("tenants", tenants->size());
    json.member("connections", static_cast<std::int64_t>(parts.metrics.open_connections()));
    json.member("requests", static_cast<std::int64_t>(parts.metrics.requests()));
    json.member("resident_bytes", resident_bytes()).end_object();
    return json_answer(200, std::move(json));
}

HttpResponse shut_down(const Call& call) {
    if (const auto empty = expect_no_body(call.request); !empty)
        return problem(call.request.path, empty.error());
    if (!call.parts().shutdown)
        return problem(call.request.path,
                       Error(Errc::not_found, "There is nothing at this address."));
    call.parts().shutdown();
    JsonWriter json;
    json.begin_object().member("status", "stopping").end_object();
    return json_answer(202, std::move(json));
}

}  // namespace salus::edge::detail
