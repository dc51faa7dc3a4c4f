#include "salus/identity/detail/session_cache.h"

#include "salus/core/limits.h"

namespace salus::identity::detail {

std::optional<Caller> SessionCache::find(const crypto::Digest& hash, TimeUs now_us) const {
    const Shard& s = shard(hash);
    const std::lock_guard lock(s.mutex);
    const auto it = s.entries.find(hash);
    // A clock that was set back makes an entry look as if it came from the future: not fresh
    // either.
    if (it == s.entries.end() || !fresh(it->second, now_us)) return std::nullopt;
    return it->second.caller;
}

SessionCache::Ticket SessionCache::ticket(const crypto::Digest& hash) const {
    const Shard& s = shard(hash);
    const std::lock_guard lock(s.mutex);
    return s.drops;
}

void SessionCache::put(const crypto::Digest& hash, const Caller& caller, Span span, Ticket ticket) {
    Shard& s = shard(hash);
    const std::lock_guard lock(s.mutex);
    if (s.drops != ticket) return;
    if (s.entries.size() >= limits::kSessionCacheEntries / kShards) {
        std::erase_if(s.entries,
                      [&](const auto& item) { return !fresh(item.second, span.checked_us); });
        if (s.entries.size() >= limits::kSessionCacheEntries / kShards) s.entries.clear();
    }
    s.entries.insert_or_assign(hash, Entry{caller, span});
}

void SessionCache::drop(const crypto::Digest& hash) {
    Shard& s = shard(hash);
    const std::lock_guard lock(s.mutex);
    ++s.drops;
    s.entries.erase(hash);
}

void SessionCache::drop(TenantId tenant) {
    for (Shard& s : shards_) {
        const std::lock_guard lock(s.mutex);
        ++s.drops;
        std::erase_if(s.entries,
                      [&](const auto& item) { return item.second.caller.tenant().id() == tenant; });
    }
}

}  // namespace salus::identity::detail
