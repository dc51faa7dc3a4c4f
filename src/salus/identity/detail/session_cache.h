#pragma once

#include <array>
#include <cstring>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "salus/crypto/mac.h"
#include "salus/identity/caller.h"

namespace salus::identity::detail {

/// Verified tokens by hash, for at most limits::kIdentityCacheMs. Bounded. Thread-safe.
///
/// A reader of the database takes a ticket before it reads and hands it in with what it found: when
/// anything was dropped in between, the finding may be out of date and is not kept. So a log-out on
/// this node takes effect at once.
class SessionCache {
  public:
    using Ticket = std::uint64_t;

    [[nodiscard]] std::optional<Caller> find(const crypto::Digest& hash, TimeUs now_us) const;
    [[nodiscard]] Ticket ticket(const crypto::Digest& hash) const;
    /// Kept from `checked_us` to `until_us` at most.
    struct Span {
        TimeUs checked_us;
        TimeUs until_us;
    };
    void put(const crypto::Digest& hash, const Caller& caller, Span span, Ticket ticket);
    void drop(const crypto::Digest& hash);
    void drop(TenantId tenant);

  private:
    struct Entry {
        Caller caller;
        Span span;
    };
    struct DigestHash {
        std::size_t operator()(const crypto::Digest& digest) const noexcept {
            std::size_t value;  // Already uniform: the digest of a random token.
            std::memcpy(&value, digest.data(), sizeof value);
            return value;
        }
    };
    struct alignas(64) Shard {
        mutable std::mutex mutex;
        std::unordered_map<crypto::Digest, Entry, DigestHash> entries;
        Ticket drops = 0;
    };
    static constexpr std::size_t kShards = 16;

    [[nodiscard]] const Shard& shard(const crypto::Digest& hash) const {
        return shards_[hash.back() % kShards];
    }
    [[nodiscard]] Shard& shard(const crypto::Digest& hash) {
        return shards_[hash.back() % kShards];
    }
    static bool fresh(const Entry& entry, TimeUs now_us) {
        return entry.span.checked_us <= now_us && now_us < entry.span.until_us;
    }

    std::array<Shard, kShards> shards_;
};

}  // namespace salus::identity::detail
