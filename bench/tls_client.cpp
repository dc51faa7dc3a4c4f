#include "tls_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <charconv>
#include <stdexcept>

namespace salus::bench {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

int connect_to(const std::string& host, std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    const int one = 1;
    if (fd < 0 || ::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1 ||
        ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0)
        throw std::runtime_error("can't connect to the server");
    return fd;
}

std::size_t content_length(std::string_view head) {
    constexpr std::string_view kName = "content-length:";
    for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
         at = head.find("\r\n", at + 2)) {
        std::string_view line = head.substr(at + 2);
        if (line.size() < kName.size() ||
            ::strncasecmp(line.data(), kName.data(), kName.size()) != 0)
            continue;
        line.remove_prefix(kName.size());
        while (!line.empty() && line.front() == ' ')
            line.remove_prefix(1);
        std::size_t length = 0;
        std::from_chars(line.data(), line.data() + line.size(), length);
        return length;
    }
    return 0;
}

}  // namespace

TlsContext::TlsContext(const std::string& ca_file) : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context_, TLS1_3_VERSION);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    if (SSL_CTX_load_verify_locations(context_, ca_file.c_str(), nullptr) != 1)
        throw std::runtime_error("can't read the CA file");
}
TlsContext::~TlsContext() {
    SSL_CTX_free(context_);
}

TlsClient::TlsClient(const TlsContext& context, const std::string& host, std::uint16_t port)
    : socket_(connect_to(host, port)), ssl_(SSL_new(context.get())) {
    SSL_set_fd(ssl_, socket_);
    if (SSL_connect(ssl_) != 1) throw std::runtime_error("the TLS handshake failed");
}

TlsClient::~TlsClient() {
    SSL_shutdown(ssl_);
    SSL_free(ssl_);
    ::close(socket_);
}

std::size_t TlsClient::read_more() {
    const std::size_t had = buffer_.size();
    buffer_.resize(had + kReadBytes);
    const int n = SSL_read(ssl_, buffer_.data() + had, static_cast<int>(kReadBytes));
    if (n <= 0) throw std::runtime_error("the server closed the connection");
    buffer_.resize(had + static_cast<std::size_t>(n));
    return static_cast<std::size_t>(n);
}

Answer TlsClient::exchange(std::string_view request) {
    for (std::size_t sent = 0; sent < request.size();) {
        const int n =
            SSL_write(ssl_, request.data() + sent, static_cast<int>(request.size() - sent));
        if (n <= 0) throw std::runtime_error("the request could not be sent");
        sent += static_cast<std::size_t>(n);
    }
    buffer_.clear();
    std::size_t end = std::string::npos;
    while (end == std::string::npos) {
        read_more();
        end = buffer_.find("\r\n\r\n");
    }
    const std::size_t length = content_length(std::string_view(buffer_).substr(0, end + 2));
    while (buffer_.size() < end + 4 + length)
        read_more();
    Answer answer;
    std::from_chars(buffer_.data() + 9, buffer_.data() + 12, answer.status);
    answer.body = std::string_view(buffer_).substr(end + 4, length);
    return answer;
}

}  // namespace salus::bench
