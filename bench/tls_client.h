#pragma once

#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace salus::bench {

/// The least HTTP client that can load a server: one blocking TLS 1.3 connection, keep-alive,
/// answers framed by Content-Length. Throws std::runtime_error: a benchmark that fails should stop.
class TlsContext {
  public:
    explicit TlsContext(const std::string& ca_file);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;
    [[nodiscard]] ssl_ctx_st* get() const { return context_; }

  private:
    ssl_ctx_st* context_;
};

struct Answer {
    int status = 0;
    std::string_view body;  ///< valid until the next request
};

class TlsClient {
  public:
    TlsClient(const TlsContext& context, const std::string& host, std::uint16_t port);
    ~TlsClient();
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;
    /// Sends a finished request (head and body) and reads the whole answer.
    Answer exchange(std::string_view request);

  private:
    std::size_t read_more();
    int socket_ = -1;
    ssl_st* ssl_ = nullptr;
    std::string buffer_;
};

}  // namespace salus::bench
