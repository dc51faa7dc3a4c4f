#include <algorithm>
#include <array>

#include "salus/access/detail/roles_table.h"
#include "salus/access/gate.h"

namespace salus::access {
namespace {

// Roles count from 1; row 0 grants nothing.
constexpr std::size_t kRoles = 5;
constexpr std::size_t kActions = 5;
constexpr std::size_t kClasses = 5;
using Matrix = std::array<std::array<std::array<Reach, kActions>, kClasses>, kRoles>;

constexpr Matrix make_matrix() {
    Matrix matrix{};  // Reach::none: what is not granted is denied.
    for (const detail::Grant& grant : detail::kRoleGrants)
        matrix[static_cast<std::size_t>(grant.role)][static_cast<std::size_t>(grant.data_class)]
              [static_cast<std::size_t>(grant.action)] = grant.reach;
    return matrix;
}
constexpr Matrix kMatrix = make_matrix();
static_assert(Reach{} == Reach::none);

bool permits(const identity::ClientScope& scope, Action action) {
    switch (action) {
        case Action::read:
            return scope.read;
        case Action::search:
            return scope.search;
        case Action::create:
            return scope.create;
        case Action::update:
            return scope.update;
        case Action::remove:
            return scope.remove;
    }
    return false;
}

Reach client_reach(const identity::Caller::Client& client, Action action,
                   std::string_view resource_type) {
    const bool permitted =
        std::any_of(client.scopes.begin(), client.scopes.end(), [&](const auto& scope) {
            return (scope.resource_type == "*" || scope.resource_type == resource_type) &&
                   permits(scope, action);
        });
    return permitted ? Reach::tenant : Reach::none;
}

}  // namespace

Reach reach(const identity::Caller& caller, Action action, DataClass data_class,
            std::string_view resource_type) {
    const auto action_index = static_cast<std::size_t>(action);
    const auto class_index = static_cast<std::size_t>(data_class);
    if (action_index >= kActions || class_index >= kClasses) return Reach::none;
    if (const auto* client = caller.client()) return client_reach(*client, action, resource_type);
    const auto* person = caller.person();
    const std::size_t role_index = person ? static_cast<std::size_t>(person->role) : 0;
    if (role_index >= kRoles) return Reach::none;
    for (const detail::TypeGrant& grant : detail::kTypeGrants)
        if (grant.role == person->role && grant.action == action &&
            grant.resource_type == resource_type)
            return grant.reach;
    return kMatrix[role_index][class_index][action_index];
}

}  // namespace salus::access
