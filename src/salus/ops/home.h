#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "salus/core/result.h"

namespace salus::ops {

/// The home directory of one installation:
///
///     HOME/version        the layout's version
///     HOME/keys/          keystore, passphrase
///     HOME/pg/            the private PostgreSQL's data
///     HOME/run/           server.json, salus.pid (the lock), operator.sock
///     HOME/log/  HOME/tls/  HOME/audit/
///     HOME/demo.json      credentials of the demo clinics
///
/// Everything is for the owner alone; the top folder may be passed through (x), because PostgreSQL
/// runs as an unprivileged user when salus is started by root. Immutable, thread-safe.
class Home {
  public:
    /// Opens, or lays out an empty or absent folder. Errors: wrong_version (another layout),
    /// conflict (a folder with other things in it), denied (another owner, or others may read it),
    /// storage_full, unavailable.
    static Result<Home> open_or_create(const std::string& path);
    /// Errors: not_found, and those above.
    static Result<Home> open(const std::string& path);

    [[nodiscard]] const std::string& root() const { return root_; }
    [[nodiscard]] std::string keys() const { return root_ + "/keys"; }
    [[nodiscard]] std::string keystore() const { return keys() + "/keystore"; }
    [[nodiscard]] std::string passphrase() const { return keys() + "/passphrase"; }
    [[nodiscard]] std::string pg() const { return root_ + "/pg"; }
    [[nodiscard]] std::string run() const { return root_ + "/run"; }
    [[nodiscard]] std::string log() const { return root_ + "/log"; }
    [[nodiscard]] std::string tls() const { return root_ + "/tls"; }
    [[nodiscard]] std::string ca() const { return tls() + "/ca.pem"; }
    [[nodiscard]] std::string audit() const { return root_ + "/audit"; }
    [[nodiscard]] std::string server_json() const { return run() + "/server.json"; }
    [[nodiscard]] std::string lock_file() const { return run() + "/salus.pid"; }
    [[nodiscard]] std::string demo_json() const { return root_ + "/demo.json"; }
    /// HOME/run/operator.sock, or a private folder of /tmp where that path is longer than a Unix
    /// socket address takes (sun_path: 107 bytes).
    [[nodiscard]] std::string operator_socket() const;
    /// The folder of operator_socket(), made when it is the one outside the home. Errors: denied
    /// (that folder belongs to somebody else), unavailable.
    Result<void> prepare_operator_socket() const;
    /// Takes that folder away again, when it is the one outside the home.
    void remove_operator_socket() const;

  private:
    explicit Home(std::string root) : root_(std::move(root)) {}
    std::string root_;
};

/// --home, else /var/lib/salus for root, else $XDG_STATE_HOME/salus (~/.local/state/salus).
std::string default_home();
/// $XDG_STATE_HOME/salus: where a person's own session is kept.
std::string state_folder();

/// Held while a server runs on the home: an advisory lock that the kernel drops with the process.
class HomeLock {
  public:
    /// Writes this process's id. Errors: conflict (a server runs), unavailable.
    static Result<HomeLock> take(const Home& home);
    HomeLock(HomeLock&& other) noexcept;
    HomeLock& operator=(HomeLock&&) = delete;
    ~HomeLock();

  private:
    explicit HomeLock(int fd) : fd_(fd) {}
    int fd_;
};

/// The process that holds the home's lock, if any.
std::optional<pid_t> running_server(const Home& home);
/// Asks the server to end and waits until it has. Errors: not_found (none runs), timeout, denied.
Result<void> stop_server(const Home& home, int timeout_ms);

}  // namespace salus::ops
