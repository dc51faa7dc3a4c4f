#pragma once

#include <cstdint>
#include <string>

#include "salus/cli/failure.h"

namespace salus::cli {

/// For every command: files for the owner alone, no core dump, no reading by a debugger.
void harden_process();
/// For the server as well: no new privileges through exec, few malloc arenas, SIGPIPE ignored, and
/// SIGTERM, SIGINT, SIGHUP blocked, for wait_for_end(). Before any thread starts.
void harden_server();
/// Blocks until SIGTERM or SIGINT.
void wait_for_end();

/// "127.0.0.1:8443", "[::1]:8443"; port 0: any that is free.
struct ListenAddress {
    std::string address;
    std::uint16_t port = 0;
    /// https://host:port as a client of this machine reaches it.
    [[nodiscard]] std::string url() const;
};
Outcome<ListenAddress> parse_listen(const std::string& text);
/// Says early whether the address can be bound, and picks the port where it is 0.
/// Errors: conflict, denied, invalid.
Outcome<void> claim(ListenAddress& listen);

/// The two ends of a server that was sent to the background. The parent waits for a line of the
/// child: the running server's description, or its failure.
class Detached {
  public:
    /// Forks; the child gets a session of its own and has its talk in `log_file`. Before any
    /// thread.
    static Outcome<Detached> fork(const std::string& log_file);
    [[nodiscard]] bool is_parent() const { return parent_; }
    /// Parent: what the child reported. Errors: the child's; internal when it died without a word.
    Outcome<std::string> wait() const;
    /// Child: once.
    void report(const std::string& description);
    void report(const Failure& failure);

  private:
    Detached(bool parent, int fd) : parent_(parent), fd_(fd) {}
    void send(const std::string& line);
    bool parent_;
    int fd_;
};

}  // namespace salus::cli
