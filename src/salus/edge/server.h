#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "salus/core/limits.h"
#include "salus/core/log.h"
#include "salus/core/result.h"
#include "salus/edge/http.h"

namespace salus::edge {

class Metrics;

/// The limits of core/limits.h, as a value so that tests can reach them quickly.
struct ServerLimits {
    using Milliseconds = std::chrono::milliseconds;
    using Seconds = std::chrono::seconds;
    Milliseconds handshake = Seconds(limits::kHandshakeTimeoutSeconds);
    Milliseconds header = Seconds(limits::kHeaderTimeoutSeconds);
    Milliseconds body = Seconds(limits::kBodyTimeoutSeconds);
    Milliseconds body_grace = Seconds(limits::kBodyGraceSeconds);
    Milliseconds response = Seconds(limits::kResponseTimeoutSeconds);
    Milliseconds idle = Seconds(limits::kIdleTimeoutSeconds);
    Milliseconds linger = Seconds(limits::kLingerSeconds);
    Milliseconds slot = Seconds(limits::kSlotTimeoutSeconds);
    Milliseconds drain = Seconds(limits::kDrainSeconds);
    std::size_t connections = limits::kConnections;
    std::size_t connections_per_address = limits::kConnectionsPerAddress;
    std::size_t body_bytes = limits::kBodyBytes;
    std::size_t api_body_bytes = limits::kApiBodyBytes;
    std::size_t body_bytes_in_flight = limits::kBodyBytesInFlight;
    std::size_t workers = limits::kWorkerThreads;
};

struct ServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0: any free port, see port()
    std::string certificate_file;
    std::string key_file;
    std::string operator_socket;  ///< path; empty: none
    /// Answered from memory: they never wait for a worker that others keep busy.
    std::vector<std::string> light_paths = {"/healthz", "/metrics", "/fhir/metadata"};
    /// Paths under these prefixes take limits.body_bytes, all others limits.api_body_bytes.
    std::vector<std::string> large_body_prefixes = {"/fhir"};
    Admission admission;  ///< none: every body within its limit is taken in
    ServerLimits limits;
};

/// HTTPS/1.1 by Boost.Beast over TLS 1.3 with the two suites of the encryption policy
/// (TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256), keep-alive, the limits of core/limits.h,
/// and a graceful drain. Every answer carries the security headers. Asio stays inside.
///
/// A connection is a coroutine that never runs on two threads at once. Its handler runs on the
/// thread that read the request; when limits.workers handlers run, further requests wait in order,
/// at most limits.slot, and are then answered with 503. limits::kReservedThreads stay free for
/// handshakes and the light paths.
class Server {
  public:
    Server(ServerOptions options, Handler handler, Metrics& metrics, Logger& log);
    ~Server();  ///< drains
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    /// Binds and serves on its own threads. Errors: conflict (port or socket in use), invalid
    /// (certificate, address), denied (port needs privileges), unavailable.
    Result<void> start();
    [[nodiscard]] std::uint16_t port() const;
    /// Stops accepting, lets requests in flight finish (limits.drain), closes. Once; blocks.
    void drain();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace salus::edge
