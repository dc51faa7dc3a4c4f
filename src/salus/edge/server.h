#pragma once

#include <memory>
#include <string>

#include "salus/core/log.h"
#include "salus/core/result.h"
#include "salus/edge/http.h"

namespace salus::edge {

class Metrics;

struct ServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0: any free port, see port()
    std::string certificate_file;
    std::string key_file;
    std::string operator_socket;  ///< path; empty: none
};

/// HTTPS/1.1 by Boost.Beast over TLS 1.3 with the two suites of the encryption policy
/// (TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256), keep-alive, the limits of core/limits.h, and a
/// graceful drain. Every answer carries the security headers. Asio stays inside.
class Server {
  public:
    Server(ServerOptions options, Handler handler, Metrics& metrics, Logger& log);
    ~Server();
    /// Binds and serves on its own threads. Errors: conflict (port in use), invalid (certificate).
    Result<void> start();
    [[nodiscard]] std::uint16_t port() const;
    /// Stops accepting, lets requests in flight finish (limits::kDrainSeconds), closes.
    void drain();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace salus::edge
