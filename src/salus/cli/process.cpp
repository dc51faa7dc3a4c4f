#include "salus/cli/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <netdb.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <memory>

#include "salus/core/json.h"

namespace salus::cli {
namespace {

// Resident memory during imports: each arena keeps free pages of its own, and without a fixed
// threshold glibc comes to keep the bodies of requests too, which are large and short-lived.
constexpr int kMallocArenas = 4;
constexpr int kMmapThresholdBytes = 1 << 20;

sigset_t end_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP})
        sigaddset(&set, signal);
    return set;
}

class Socket {
  public:
    explicit Socket(int fd) : fd_(fd) {}
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

}  // namespace

void harden_process() {
    ::umask(077);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void harden_server() {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::mallopt(M_ARENA_MAX, kMallocArenas);
    ::mallopt(M_MMAP_THRESHOLD, kMmapThresholdBytes);
    ::signal(SIGPIPE, SIG_IGN);
    const sigset_t set = end_signals();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void wait_for_end() {
    const sigset_t set = end_signals();
    int signal = 0;
    // A hang-up is the terminal's end, not the server's.
    while (::sigwait(&set, &signal) != 0 || signal == SIGHUP) {
    }
}

std::string ListenAddress::url() const {
    if (address == "0.0.0.0") return fmt::format("https://127.0.0.1:{}", port);
    if (address == "::") return fmt::format("https://[::1]:{}", port);
    return address.find(':') == std::string::npos ? fmt::format("https://{}:{}", address, port)
                                                  : fmt::format("https://[{}]:{}", address, port);
}

Outcome<ListenAddress> parse_listen(const std::string& text) {
    const auto wrong = [] {
        return failed(Errc::usage, "The address to listen on is not understood.",
                      "Write it like 127.0.0.1:8443 or [::1]:8443");
    };
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) return wrong();
    ListenAddress listen{text.substr(0, colon), 0};
    if (listen.address.starts_with("[") && listen.address.ends_with("]"))
        listen.address = listen.address.substr(1, listen.address.size() - 2);
    const char* end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data() + colon + 1, end, listen.port);
    in6_addr address{};
    const bool numeric = ::inet_pton(AF_INET, listen.address.c_str(), &address) == 1 ||
                         ::inet_pton(AF_INET6, listen.address.c_str(), &address) == 1;
    if (code != std::errc() || stop != end || !numeric) return wrong();
    return listen;
}

Outcome<void> claim(ListenAddress& listen) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(listen.address.c_str(), std::to_string(listen.port).c_str(), &hints,
                      &found) != 0)
        return failed(Errc::usage, "The address to listen on is not understood.");
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, &::freeaddrinfo);
    const Socket probe(::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(probe.get(), list->ai_addr, list->ai_addrlen) != 0 ||
        ::listen(probe.get(), 1) != 0) {
        if (errno == EADDRINUSE)
            return failed(Errc::conflict, "Another program listens on this address already.",
                          "Choose another one: --listen 127.0.0.1:PORT (0: any free port)");
        if (errno == EACCES)
            return failed(Errc::denied, "Ports below 1024 need privileges.",
                          "Choose a higher one: --listen 127.0.0.1:8443");
        return failed(Errc::invalid, "This machine has no such address.",
                      "Choose one of its own: --listen 127.0.0.1:8443");
    }
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    ::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&bound), &size);
    listen.port =
        ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port
                                          : reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
    return {};
}

Outcome<Detached> Detached::fork(const std::string& log_file) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return failed(Errc::unavailable, "No pipe could be made.");
    const pid_t child = ::fork();
    if (child < 0) return failed(Errc::unavailable, "No process could be started.");
    if (child > 0) {
        ::close(ends[1]);
        return Detached(true, ends[0]);
    }
    ::close(ends[0]);
    ::setsid();
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int log =
        ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    ::dup2(null, STDIN_FILENO);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    return Detached(false, ends[1]);
}

Outcome<std::string> Detached::wait() const {
    std::string text;
    char buffer[4096];
    for (;;) {
        const ssize_t n = ::read(fd_, buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        text.append(buffer, static_cast<std::size_t>(n));
    }
    const auto document = JsonDocument::parse(text);
    if (!document)
        return failed(Errc::internal, "The server ended while it was starting.",
                      "Its log says more: HOME/log/salus.log");
    const JsonView error = document->root()["failure"];
    if (!error.exists()) return text;
    Failure failure(Errc::internal, std::string(error.string("text")),
                    std::string(error.string("next")));
    failure.code = error.string("code");
    const std::string_view exit_code = error.string("exit_code");
    std::from_chars(exit_code.data(), exit_code.data() + exit_code.size(), failure.exit_code);
    return failed(std::move(failure));
}

void Detached::send(const std::string& line) {
    for (std::size_t done = 0; done < line.size();) {
        const ssize_t n = ::write(fd_, line.data() + done, line.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        done += static_cast<std::size_t>(n);
    }
    ::close(fd_);
}

void Detached::report(const std::string& description) {
    send(description);
}

void Detached::report(const Failure& failure) {
    JsonWriter json;
    json.begin_object().key("failure").begin_object().member("code", failure.code);
    json.member("text", failure.text).member("next", failure.next_step);
    json.member("exit_code", std::to_string(failure.exit_code)).end_object().end_object();
    send(json.str());
}

}  // namespace salus::cli
