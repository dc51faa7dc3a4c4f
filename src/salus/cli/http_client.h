#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "salus/cli/failure.h"

namespace salus::cli {

struct HttpAnswer {
    int status = 0;
    std::string body;
    std::string content_type;
    int retry_after_seconds = 0;
};

struct HttpTarget {
    std::string base_url;     ///< "https://127.0.0.1:8443"; "http://operator" for the socket
    std::string ca_file;      ///< trusted beside nothing else; empty: the system's
    std::string unix_socket;  ///< talk over this socket instead of TCP
    std::string token;        ///< Bearer; empty: none
};

/// One keep-alive connection to one server, over TLS 1.3 and nothing less. Not thread-safe: one for
/// each thread.
class HttpClient {
  public:
    explicit HttpClient(HttpTarget target);
    ~HttpClient();
    HttpClient(HttpClient&&) noexcept;

    using Headers = std::vector<std::pair<std::string_view, std::string_view>>;
    /// An answer, whatever its status. Errors: unavailable (no connection, TLS), timeout, denied
    /// (the server's certificate is not from the trusted CA).
    Outcome<HttpAnswer> send(std::string_view method, std::string_view path,
                             std::string_view body = {}, const Headers& headers = {});

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace salus::cli
