#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "salus/core/result.h"

struct ssl_st;
struct ssl_ctx_st;

namespace salus::edge::detail {

struct SslFree {
    void operator()(ssl_st* ssl) const;
    void operator()(ssl_ctx_st* context) const;
};
using SslContext = std::unique_ptr<ssl_ctx_st, SslFree>;

/// A server context: TLS 1.3 alone with the two suites of the encryption policy, ALPN "http/1.1",
/// stateless tickets, no early data, no renegotiation, no compression. Errors: invalid (files that
/// don't load or don't belong together).
Result<SslContext> make_tls_context(const std::string& certificate_file,
                                    const std::string& key_file);

/// What a step on a non-blocking stream came to: bytes moved, or what to wait for.
enum class Io : std::uint8_t { done, want_read, want_write, closed };
struct IoResult {
    Io state;
    std::size_t bytes = 0;
};

/// Non-blocking TLS, or plain bytes for the Unix socket, over a descriptor that somebody else owns
/// and waits on. OpenSSL reads and writes the socket itself, which saves the copies of a memory
/// BIO. Not thread-safe.
class Stream {
  public:
    Stream(int fd, ssl_ctx_st* context);  ///< no context: plain
    /// False when there was no memory for it.
    [[nodiscard]] bool ok() const { return plain_ || ssl_ != nullptr; }
    IoResult handshake();
    IoResult read(std::span<char> into);
    IoResult write(std::string_view bytes);
    /// Says that nothing more will be written (close_notify), then ends the socket's sending side.
    void finish_writing();
    /// Bytes that have left the socket already: waiting on it would wait for others.
    [[nodiscard]] bool has_buffered() const;

  private:
    IoResult result_of(int returned) const;
    int fd_;
    bool plain_;
    bool broken_ = false;  ///< after a fatal error SSL_shutdown must not be called
    std::unique_ptr<ssl_st, SslFree> ssl_;
};

}  // namespace salus::edge::detail
