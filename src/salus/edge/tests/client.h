#pragma once

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace salus::edge::testing {

struct Answer {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;
    std::string raw_head;
};

/// A blocking client that sends what it is told, well-formed or not, and reads answers one by one.
class Client {
  public:
    struct TlsOptions {
        std::string ca_file;
        int min_version = TLS1_3_VERSION;
        int max_version = TLS1_3_VERSION;
        const char* suites = nullptr;
        const char* alpn = nullptr;  ///< wire format
    };

    static Client tcp(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        Client client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        client.connect_to(reinterpret_cast<sockaddr*>(&address), sizeof address);
        return client;
    }
    static Client unix_socket(const std::string& path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        Client client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        client.connect_to(reinterpret_cast<sockaddr*>(&address), sizeof address);
        return client;
    }
    static Client tls(std::uint16_t port, const TlsOptions& options) {
        Client client = tcp(port);
        client.start_tls(options);
        return client;
    }

    Client(Client&& other) noexcept { *this = std::move(other); }
    Client& operator=(Client&& other) noexcept {
        std::swap(fd_, other.fd_);
        std::swap(connected_, other.connected_);
        std::swap(context_, other.context_);
        std::swap(ssl_, other.ssl_);
        std::swap(buffer_, other.buffer_);
        return *this;
    }
    ~Client() { close(); }

    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] bool secure() const { return ssl_ != nullptr; }
    [[nodiscard]] SSL* ssl() { return ssl_.get(); }
    void close() {
        ssl_.reset();
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }

    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const int n =
                ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                     : static_cast<int>(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
            if (n <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }

    /// The next answer; nothing when the connection ended or nothing came for ten seconds.
    std::optional<Answer> read(bool head_only = false) {
        std::size_t end;
        while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
            if (!more()) return std::nullopt;
        Answer answer;
        answer.raw_head = buffer_.substr(0, end + 4);
        buffer_.erase(0, end + 4);
        answer.status = std::stoi(answer.raw_head.substr(9, 3));
        parse_headers(answer);
        const auto length = answer.headers.find("content-length");
        if (head_only || length == answer.headers.end()) return answer;
        const std::size_t size = std::stoul(length->second);
        while (buffer_.size() < size)
            if (!more()) return std::nullopt;
        answer.body = buffer_.substr(0, size);
        buffer_.erase(0, size);
        return answer;
    }
    std::optional<Answer> ask(std::string_view request) {
        send(request);  // a refusal may come, and the connection end, before all of it is sent
        return read();
    }
    /// True when the server has ended the connection and sent nothing more.
    bool ended() { return buffer_.empty() && !more(); }

  private:
    struct Free {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };
    explicit Client(int fd) : fd_(fd) {
        timeval ten{10, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &ten, sizeof ten);
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &ten, sizeof ten);
    }
    void connect_to(const sockaddr* address, socklen_t size) {
        connected_ = ::connect(fd_, address, size) == 0;
    }
    void start_tls(const TlsOptions& options) {
        context_.reset(SSL_CTX_new(TLS_client_method()));
        SSL_CTX_set_min_proto_version(context_.get(), options.min_version);
        SSL_CTX_set_max_proto_version(context_.get(), options.max_version);
        if (options.suites != nullptr) SSL_CTX_set_ciphersuites(context_.get(), options.suites);
        if (!options.ca_file.empty()) {
            SSL_CTX_load_verify_locations(context_.get(), options.ca_file.c_str(), nullptr);
            SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
        }
        ssl_.reset(SSL_new(context_.get()));
        if (options.alpn != nullptr)
            SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(options.alpn),
                                static_cast<unsigned>(std::strlen(options.alpn)));
        SSL_set_fd(ssl_.get(), fd_);
        SSL_set1_host(ssl_.get(), "localhost");
        if (SSL_connect(ssl_.get()) != 1) ssl_.reset();
    }
    bool more() {
        char part[16 * 1024];
        const int n = ssl_ ? SSL_read(ssl_.get(), part, sizeof part)
                           : static_cast<int>(::recv(fd_, part, sizeof part, 0));
        if (n <= 0) return false;
        buffer_.append(part, static_cast<std::size_t>(n));
        return true;
    }
    static void parse_headers(Answer& answer) {
        std::size_t at = answer.raw_head.find("\r\n") + 2;
        while (at + 2 < answer.raw_head.size()) {
            const std::size_t end = answer.raw_head.find("\r\n", at);
            const std::string line = answer.raw_head.substr(at, end - at);
            const std::size_t colon = line.find(':');
            std::string name = line.substr(0, colon);
            for (char& c : name)
                c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            answer.headers[name] = line.substr(std::min(colon + 2, line.size()));
            at = end + 2;
        }
    }

    int fd_ = -1;
    bool connected_ = false;
    std::unique_ptr<SSL_CTX, Free> context_;
    std::unique_ptr<SSL, Free> ssl_;
    std::string buffer_;
};

}  // namespace salus::edge::testing
