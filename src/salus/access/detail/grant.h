#pragma once

#include <string_view>

#include "salus/access/vocabulary.h"
#include "salus/identity/caller.h"

namespace salus::access::detail {

/// A line of catalog/access/roles.yaml.
struct Grant {
    identity::Role role;
    DataClass data_class;
    Action action;
    Reach reach;
};
/// A line of its `types`: overrides the class for one resource type.
struct TypeGrant {
    identity::Role role;
    std::string_view resource_type;
    Action action;
    Reach reach;
};

}  // namespace salus::access::detail
