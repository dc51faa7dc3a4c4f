#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "salus/core/result.h"

namespace salus::edge::detail {

/// A file descriptor with an owner.
class Fd {
  public:
    explicit Fd(int fd = -1) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(other.release()) {}
    Fd(const Fd&) = delete;
    Fd& operator=(Fd&& other) noexcept;
    ~Fd();
    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool ok() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }

  private:
    int fd_;
};

/// What connections are counted by: an IPv4 address, or the /64 of an IPv6 one, which is what one
/// customer is given (RFC 6177). The Unix socket's peers have none.
using AddressKey = std::array<std::uint8_t, 16>;

struct Accepted {
    Fd fd;
    AddressKey address{};
    bool loopback = false;
};

/// A listening, non-blocking TCP socket; `port` 0 takes a free one. Errors: conflict (in use),
/// denied (needs privileges), invalid (no such address).
Result<Fd> listen_tcp(const std::string& address, std::uint16_t port);
std::uint16_t local_port(const Fd& listener);

/// A listening Unix socket, mode 0600. A file left over by a dead process is replaced. Errors:
/// conflict (a live one), invalid (path too long), unavailable.
Result<Fd> listen_unix(const std::string& path);

/// Takes one waiting connection; not ok when there is none. `exhausted`: this process is out of
/// descriptors.
Accepted accept_tcp(int listener, bool& exhausted);
/// The same for the Unix socket; peers other than root and this process's user are hung up on.
Accepted accept_unix(int listener, bool& exhausted);

}  // namespace salus::edge::detail
