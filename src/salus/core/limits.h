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
inline constexpr std::size_t kWorkerThreads = 16;  ///< requests that run at once

// JSON and FHIR
inline constexpr std::size_t kJsonDepth = 64;
inline constexpr std::size_t kBundleEntries = 30'000;
inline constexpr std::size_t kResourceBytes = 8 * 1024 * 1024;
inline constexpr std::size_t kIssues = 50;  ///< reported per resource

// Search
inline constexpr std::size_t kSearchParameters = 64;
inline constexpr std::size_t kSearchValues = 256;       ///< OR values over all parameters
inline constexpr std::size_t kPageDefault = 50;
inline constexpr std::size_t kPageMax = 1000;
inline constexpr std::size_t kCandidates = 2'000'000;  ///< opened or counted for one search

// Database
inline constexpr int kStatementTimeoutMs = 30'000;
inline constexpr int kLockTimeoutMs = 10'000;
inline constexpr std::size_t kGatherJobs = 64;      ///< requests in one shared transaction
inline constexpr std::size_t kGatherOps = 2'000;    ///< resources in one shared transaction
inline constexpr std::size_t kGatherQueue = 4'096;  ///< waiting requests of a tenant

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

}  // namespace salus::limits
