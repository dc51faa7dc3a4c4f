#pragma once

#include <cstddef>
#include <cstdint>

/// Every queue, body, loop over input and cache has its bound here, by name, with the reason.
namespace salus::limits {

// HTTP
inline constexpr std::size_t kHeaderBytes = 16 * 1024;       ///< request line and headers
inline constexpr std::size_t kBodyBytes = 64 * 1024 * 1024;  ///< 25,000 entries at 2 KB, with room
inline constexpr std::size_t kApiBodyBytes = 64 * 1024;      ///< /auth and /api bodies
inline constexpr std::size_t kTargetBytes = 8 * 1024;        ///< request target
inline constexpr std::size_t kConnections = 4096;
inline constexpr std::size_t kConnectionsPerAddress = 1024;
inline constexpr int kHandshakeTimeoutSeconds = 10;
inline constexpr int kHeaderTimeoutSeconds = 15;
inline constexpr int kBodyTimeoutSeconds = 120;
inline constexpr int kIdleTimeoutSeconds = 75;
inline constexpr int kDrainSeconds = 20;
inline constexpr std::size_t kBodyBytesInFlight = 192 * 1024 * 1024;  ///< over all connections
inline constexpr std::size_t kWorkerThreads = 16;                     ///< requests that run at once
inline constexpr std::size_t kReservedThreads = 2;   ///< beside the workers: handshakes, /healthz
inline constexpr std::size_t kHeaderFields = 64;     ///< header lines of one request
inline constexpr int kSlotTimeoutSeconds = 10;       ///< a request's wait for a worker
inline constexpr int kResponseTimeoutSeconds = 120;  ///< for a client to take one answer
inline constexpr int kLingerSeconds = 2;             ///< reading on after a refusal, so it arrives
inline constexpr std::size_t kBodyBytesPerSecond =
    8 * 1024;                                    ///< slower senders and readers are cut
inline constexpr int kBodyGraceSeconds = 10;     ///< before that rate is asked for
inline constexpr std::size_t kLoginsAtOnce = 6;  ///< log-ins hash; they must not take every worker

// JSON and FHIR
inline constexpr std::size_t kJsonDepth = 64;
inline constexpr std::size_t kBundleEntries = 30'000;
inline constexpr std::size_t kResourceBytes = 8 * 1024 * 1024;
inline constexpr std::size_t kIssues = 50;  ///< reported per resource

// Search
inline constexpr std::size_t kSearchParameters = 64;
inline constexpr std::size_t kSearchValues = 256;  ///< OR values over all parameters
inline constexpr std::size_t kPageDefault = 50;
inline constexpr std::size_t kPageMax = 1000;
inline constexpr std::size_t kCandidates = 2'000'000;  ///< opened or counted for one search

// Database
inline constexpr int kStatementTimeoutMs = 30'000;
inline constexpr int kLockTimeoutMs = 10'000;
inline constexpr std::size_t kGatherJobs = 64;      ///< requests in one shared transaction
inline constexpr std::size_t kGatherOps = 2'000;    ///< resources in one shared transaction
inline constexpr std::size_t kGatherQueue = 4'096;  ///< waiting requests of a tenant

// Keys
inline constexpr std::size_t kKeystoreBytes = 64 * 1024 * 1024;  ///< 8,000 tenants after 7 years
inline constexpr std::size_t kKeyGenerations = 1'000;            ///< of one tenant
inline constexpr std::size_t kTenantKeysCached = 10'000;         ///< snapshots, a few KB each
inline constexpr int kKeystoreLockMs = 10'000;                   ///< a wait for another process

// Audit
inline constexpr std::size_t kAuditEntryBytes = 60'000;  ///< C2SP tlog-tiles: below 65,536
inline constexpr std::size_t kAuditBatch = 4'096;        ///< outbox rows a sequencer step takes
inline constexpr int kAuditMergeDelayMs = 250;

// Identity
inline constexpr int kSessionIdleSeconds = 15 * 60;
inline constexpr int kSessionAbsoluteSeconds = 12 * 3600;
inline constexpr std::size_t kPasswordBytes = 256;
inline constexpr std::size_t kPasswordHashesAtOnce = 2;  ///< Argon2id uses 19 MiB each
inline constexpr int kLoginFailures = 5;                 ///< then a pause
inline constexpr int kLoginPauseSeconds = 300;
inline constexpr int kLoginFailureFloorMs = 150;  ///< no failed log-in is answered sooner
inline constexpr int kSessionSeenSeconds = 60;    ///< how often activity is written down
inline constexpr int kIdentityCacheMs = 1000;     ///< verified sessions and care lists
inline constexpr std::size_t kSessionCacheEntries = 65'536;
inline constexpr std::size_t kCareCacheEntries = 1'024;  ///< practitioners, each with a panel
inline constexpr std::size_t kScopesPerClient = 64;
inline constexpr std::size_t kScopeBytes = 4'096;  ///< all scopes of a client, as text

}  // namespace salus::limits
