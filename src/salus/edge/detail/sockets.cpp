#include "salus/edge/detail/sockets.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace salus::edge::detail {
namespace {

constexpr int kBacklog = 1024;

Error bind_error() {
    if (errno == EADDRINUSE)
        return {Errc::conflict, "The port is in use.",
                "Stop the other program, or choose another port with --listen ADDR:PORT."};
    if (errno == EACCES)
        return {Errc::denied, "The port needs privileges that this user does not have.",
                "Choose a port above 1023 with --listen ADDR:PORT."};
    return {Errc::invalid, "The listen address is not one of this machine.",
            "Choose another with --listen ADDR:PORT."};
}

struct AddressFree {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

/// Opens accept's descriptor; sets `exhausted` when there are none left.
Fd accept_any(int listener, sockaddr* address, socklen_t* size, bool& exhausted) {
    while (true) {
        const int fd = ::accept4(listener, address, size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
        exhausted =
            fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM);
        return Fd(fd);
    }
}

void set_address(Accepted& accepted, const sockaddr_storage& address) {
    if (address.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
        std::memcpy(accepted.address.data() + 12, &v4.sin_addr, 4);
        accepted.loopback = (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
    } else if (address.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
            std::memcpy(accepted.address.data() + 12, v6.sin6_addr.s6_addr + 12, 4);
            accepted.loopback = v6.sin6_addr.s6_addr[12] == 127;
        } else {
            std::memcpy(accepted.address.data(), v6.sin6_addr.s6_addr, 8);
            accepted.loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) != 0;
        }
    }
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
    if (this != &other) {
        if (fd_ >= 0) ::close(fd_);
        fd_ = other.release();
    }
    return *this;
}

Fd::~Fd() {
    if (fd_ >= 0) ::close(fd_);
}

Result<Fd> listen_tcp(const std::string& address, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
        return fail(Errc::invalid, "The listen address can't be resolved.",
                    "Choose another with --listen ADDR:PORT.");
    const std::unique_ptr<addrinfo, AddressFree> list(found);
    Fd fd(::socket(list->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.ok()) return fail(Errc::unavailable, "A socket can't be opened.");
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd.get(), list->ai_addr, list->ai_addrlen) != 0 || ::listen(fd.get(), kBacklog) != 0)
        return fail(bind_error());
    return fd;
}

std::uint16_t local_port(const Fd& listener) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
    if (address.ss_family == AF_INET)
        return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

Result<Fd> listen_unix(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return fail(Errc::invalid, "The path of the operator's socket is too long.",
                    "Choose a home directory with a shorter path.");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    {
        const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (::connect(probe.get(), where, sizeof address) == 0 || errno == EAGAIN)
            return fail(Errc::conflict, "Another server uses this home.",
                        "Stop it with \"salus down\".");
        if (errno == ECONNREFUSED) ::unlink(path.c_str());
    }
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    // The mode of the socket's own inode is what bind gives the file; nobody can connect before
    // listen.
    if (!fd.ok() || ::fchmod(fd.get(), 0600) != 0 || ::bind(fd.get(), where, sizeof address) != 0 ||
        ::chmod(path.c_str(), 0600) != 0 || ::listen(fd.get(), kBacklog) != 0)
        return fail(Errc::unavailable, "The operator's socket can't be made.",
                    "Check the owner and the permissions of the home directory.");
    return fd;
}

Accepted accept_tcp(int listener, bool& exhausted) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    Accepted accepted;
    accepted.fd = accept_any(listener, reinterpret_cast<sockaddr*>(&address), &size, exhausted);
    if (!accepted.fd.ok()) return accepted;
    const int on = 1;
    ::setsockopt(accepted.fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    set_address(accepted, address);
    return accepted;
}

Accepted accept_unix(int listener, bool& exhausted) {
    while (true) {
        Accepted accepted;
        accepted.fd = accept_any(listener, nullptr, nullptr, exhausted);
        if (!accepted.fd.ok()) return accepted;
        ucred peer{};
        socklen_t size = sizeof peer;
        if (::getsockopt(accepted.fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
            (peer.uid == 0 || peer.uid == ::geteuid()))
            return accepted;
    }
}

}  // namespace salus::edge::detail
