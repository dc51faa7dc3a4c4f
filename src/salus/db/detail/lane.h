#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "salus/core/result.h"
#include "salus/db/detail/connection.h"

namespace salus::db::detail {

class Lane;

/// A connection taken from a lane; goes back when this ends.
class Lease {
  public:
    Lease(Lane& lane, std::unique_ptr<Connection> connection)
        : lane_(&lane), connection_(std::move(connection)) {}
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Connection* operator->() const { return connection_.get(); }

  private:
    Lane* lane_;
    std::unique_ptr<Connection> connection_;
};

/// The connections of one role. Thread-safe; outlives its leases.
class Lane {
  public:
    Lane(std::string dsn, std::size_t limit) : dsn_(std::move(dsn)), limit_(limit) {}
    /// An idle connection, or a new one while fewer than the limit are open, or waits for one.
    /// Errors: unavailable, wrong_version, denied (Connection::open); timeout (none became free).
    Result<Lease> take();

  private:
    friend class Lease;
    void give_back(std::unique_ptr<Connection> connection);

    const std::string dsn_;
    const std::size_t limit_;
    std::mutex mutex_;
    std::condition_variable freed_;
    std::vector<std::unique_ptr<Connection>> idle_;  ///< the last used one is taken first
    std::size_t open_ = 0;                           ///< idle and lent
};

}  // namespace salus::db::detail
