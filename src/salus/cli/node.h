#pragma once

#include <memory>
#include <string>

#include "salus/cli/failure.h"
#include "salus/cli/process.h"
#include "salus/core/clock.h"
#include "salus/ops/home.h"

namespace salus::cli {

struct NodeOptions {
    ListenAddress listen;         ///< claimed
    std::string dsn;              ///< an external PostgreSQL; empty: the private one
    std::string passphrase_file;  ///< empty: HOME/keys/passphrase, made on the first start
    bool demo = false;
    bool log_to_file = false;  ///< HOME/log/salus.log instead of stderr
};

/// The composition root: builds every part of a server, passes each to those that need it, and
/// takes them down in the reverse order. The home is locked while it lives.
class Node {
  public:
    /// Returns when /healthz would answer, with the demo loaded if it was asked for, and
    /// HOME/run/server.json written.
    static Outcome<std::unique_ptr<Node>> start(const ops::Home& home, NodeOptions options);
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// What HOME/run/server.json says.
    [[nodiscard]] const std::string& description() const;
    /// Lets requests finish, moves the last audit records under a checkpoint, stops PostgreSQL.
    void stop();

  private:
    struct Parts;
    explicit Node(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace salus::cli
