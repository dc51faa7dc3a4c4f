#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "salus/db/detail/connection.h"
#include "salus/db/detail/lane.h"
#include "salus/db/pool.h"

namespace salus::db {

/// What a transaction holds: its connection (given back with the state), the rows that were waited
/// for and not yet taken, and the first error.
struct Tx::State {
    detail::Lease connection;
    std::optional<TenantId> tenant;
    std::vector<Rows> results;
    std::optional<Error> error;
    std::size_t sent = 0;   ///< statements of the caller
    bool open = false;      ///< BEGIN was queued, and neither COMMIT nor ROLLBACK has ended it
    bool finished = false;  ///< committed

    void begin();
    /// Sends the tenant ahead of the statements: set for this transaction alone, so that a
    /// connection that goes back to the pool carries none, and a statement outside a transaction
    /// sees no row.
    Result<void> send_tenant();
    void note(const Result<void>& done);
};

}  // namespace salus::db
