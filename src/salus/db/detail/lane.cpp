#include "salus/db/detail/lane.h"

#include <chrono>

#include "salus/core/limits.h"

namespace salus::db::detail {

Lease::~Lease() {
    if (connection_) lane_->give_back(std::move(connection_));
}

Result<Lease> Lane::take() {
    std::unique_lock lock(mutex_);
    const auto free = [this] { return !idle_.empty() || open_ < limit_; };
    if (!freed_.wait_for(lock, std::chrono::milliseconds(limits::kLockTimeoutMs), free))
        return fail(Errc::timeout, "No database connection became free in time.",
                    "Try again; allow more connections when this happens often.");
    while (!idle_.empty()) {
        std::unique_ptr<Connection> connection = std::move(idle_.back());
        idle_.pop_back();
        if (connection->still_open()) return Lease(*this, std::move(connection));
        --open_;  // closed by the server while it lay idle
    }
    ++open_;
    lock.unlock();
    auto connection = Connection::open(dsn_);
    if (connection) return Lease(*this, std::move(*connection));
    lock.lock();
    --open_;
    lock.unlock();
    freed_.notify_one();
    return fail(connection.error());
}

void Lane::give_back(std::unique_ptr<Connection> connection) {
    {
        const std::lock_guard lock(mutex_);
        if (connection->usable())
            idle_.push_back(std::move(connection));
        else
            --open_;
    }
    freed_.notify_one();
}

}  // namespace salus::db::detail
