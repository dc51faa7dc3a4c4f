#pragma once

#include "salus/keys/detail/wrap.h"

namespace salus::keys::detail {

/// The keys that outlive rotations: tokens, pseudonyms and the log's signatures stay comparable.
struct FixedKeys {
    Secret index;
    Secret audit;
    Secret signing;
};

/// Draws a new tenant with its first generation.
TenantRecord new_tenant(const Wrapper& root, TenantId tenant, TimeUs now_us);

/// Adds a generation and wraps the fixed keys under it. Errors: integrity, too_large.
Result<void> add_generation(const Wrapper& root, TenantId tenant, TimeUs now_us,
                            TenantRecord& record);

/// Unwraps the fixed keys with the newest tenant key. Errors: integrity.
Result<FixedKeys> unwrap_fixed(const Secret& newest, TenantId tenant, const TenantRecord& record);

}  // namespace salus::keys::detail
