#include "salus/identity/caller.h"

#include <algorithm>
#include <utility>

#include "salus/core/limits.h"

namespace salus::identity {
namespace {

constexpr std::pair<Role, std::string_view> kRoles[] = {
    {Role::physician, "physician"},
    {Role::nurse, "nurse"},
    {Role::admin_staff, "admin_staff"},
    {Role::security_officer, "security_officer"},
};

constexpr std::size_t kTypeNameBytes = 64;

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// "*" or the form of a FHIR type name. Whether the type exists is the FHIR room's knowledge; a
/// scope for a type that does not exist reaches nothing.
bool is_type(std::string_view text) {
    if (text == "*") return true;
    return !text.empty() && text.size() <= kTypeNameBytes && text[0] >= 'A' && text[0] <= 'Z' &&
           std::all_of(text.begin(), text.end(), is_letter);
}

/// SMART App Launch 2, "Scopes for requesting FHIR Resources": the letters of "cruds", in this
/// order, each at most once, at least one.
bool read_permissions(std::string_view letters, ClientScope& scope) {
    const std::pair<char, bool ClientScope::*> kOrder[] = {{'c', &ClientScope::create},
                                                           {'r', &ClientScope::read},
                                                           {'u', &ClientScope::update},
                                                           {'d', &ClientScope::remove},
                                                           {'s', &ClientScope::search}};
    std::size_t next = 0;
    for (const auto& [letter, member] : kOrder) {
        if (next == letters.size() || letters[next] != letter) continue;
        scope.*member = true;
        ++next;
    }
    return next > 0 && next == letters.size();
}

Result<ClientScope> parse_scope(std::string_view text) {
    constexpr std::string_view kContext = "system/";
    const std::size_t dot = text.rfind('.');
    if (!text.starts_with(kContext) || dot == std::string_view::npos || dot < kContext.size())
        return fail(Errc::invalid, "A scope has another form than system/TYPE.cruds.",
                    "Use scopes such as system/Patient.rs or system/*.cruds.");
    const std::string_view type = text.substr(kContext.size(), dot - kContext.size());
    ClientScope scope;
    scope.resource_type = std::string(type);
    if (!is_type(type))
        return fail(Errc::invalid, "A scope names no resource type.",
                    "Use a FHIR type such as Patient, or * for all types.");
    if (!read_permissions(text.substr(dot + 1), scope))
        return fail(Errc::invalid, "A scope's permissions are not letters of cruds in that order.",
                    "Use c, r, u, d and s, each at most once and in this order.");
    return scope;
}

}  // namespace

std::optional<Role> parse_role(std::string_view name) {
    for (const auto& [role, role_name] : kRoles)
        if (role_name == name) return role;
    return std::nullopt;
}

std::string_view name(Role role) {
    for (const auto& [known, role_name] : kRoles)
        if (known == role) return role_name;
    return "unknown";
}

Result<std::vector<ClientScope>> parse_scopes(std::string_view text) {
    if (text.size() > limits::kScopeBytes) return fail(Errc::too_large, "The scopes are too long.");
    std::vector<ClientScope> scopes;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (end > 0) {
            SALUS_TRY(ClientScope scope, parse_scope(text.substr(0, end)));
            scopes.push_back(std::move(scope));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (scopes.empty()) return fail(Errc::invalid, "A client needs at least one scope.");
    if (scopes.size() > limits::kScopesPerClient)
        return fail(Errc::too_large, "A client has too many scopes.");
    return scopes;
}

Caller::Caller(PassKey<Sessions>, TenantContext tenant, Person person)
    : tenant_(tenant), person_(person) {}
Caller::Caller(PassKey<Sessions>, TenantContext tenant, Client client)
    : tenant_(tenant), client_(std::move(client)) {}
Caller::Caller(PassKey<TestAccess>, TenantContext tenant, Person person)
    : tenant_(tenant), person_(person) {}
Caller::Caller(PassKey<TestAccess>, TenantContext tenant, Client client)
    : tenant_(tenant), client_(std::move(client)) {}

audit::Agent Caller::agent() const {
    if (person_) return {audit::Agent::Kind::person, person_->id.value()};
    return {audit::Agent::Kind::client, client_->id.value()};
}

}  // namespace salus::identity
