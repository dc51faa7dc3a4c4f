#include "salus/edge/detail/connections.h"

#include <sys/socket.h>

#include <cstring>
#include <ctime>

namespace salus::edge::detail {

std::int64_t now_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

std::size_t Connections::AddressHash::operator()(const AddressKey& key) const noexcept {
    std::uint64_t half[2];
    std::memcpy(half, key.data(), sizeof half);
    return (half[0] ^ half[1]) * 0x9e3779b97f4a7c15ULL >> 7;
}

Connections::Admission Connections::add(ConnectionEntry& entry, bool counted) {
    const std::lock_guard lock(mutex_);
    if (draining_ || open_.size() >= limits_.connections) return Admission::too_many;
    if (counted) {
        std::size_t& count = by_address_[entry.address_];
        if (count >= limits_.connections_per_address) return Admission::too_many_of_address;
        ++count;
    }
    open_.emplace(&entry, counted);
    return Admission::admitted;
}

void Connections::remove(ConnectionEntry& entry) {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(&entry);
    if (found == open_.end()) return;
    if (found->second) {
        const auto count = by_address_.find(entry.address_);
        if (--count->second == 0) by_address_.erase(count);
    }
    open_.erase(found);
    if (open_.empty()) emptied_.notify_all();
}

std::size_t Connections::sweep(std::int64_t at_ms) {
    const std::lock_guard lock(mutex_);
    std::size_t cut = 0;
    for (const auto& [entry, counted] : open_) {
        std::int64_t deadline = entry->deadline_ms_.load(std::memory_order_relaxed);
        // Cut once: the coroutine may set another deadline on its way out.
        if (deadline > at_ms ||
            !entry->deadline_ms_.compare_exchange_strong(deadline, ConnectionEntry::kNever))
            continue;
        ::shutdown(entry->fd_, SHUT_RDWR);
        ++cut;
    }
    return cut;
}

void Connections::start_drain() {
    draining_ = true;
    const std::lock_guard lock(mutex_);
    // With its receiving side shut, a connection still reads what had arrived, and then the end.
    for (const auto& [entry, counted] : open_)
        if (entry->idle_) ::shutdown(entry->fd_, SHUT_RD);
    if (open_.empty()) emptied_.notify_all();
}

bool Connections::wait_until_empty(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    return emptied_.wait_for(lock, timeout, [this] { return open_.empty(); });
}

void Connections::wait_until_empty() {
    std::unique_lock lock(mutex_);
    emptied_.wait(lock, [this] { return open_.empty(); });
}

void Connections::cut_all() {
    const std::lock_guard lock(mutex_);
    for (const auto& [entry, counted] : open_)
        ::shutdown(entry->fd_, SHUT_RDWR);
}

}  // namespace salus::edge::detail
