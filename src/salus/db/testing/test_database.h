#pragma once

#include <memory>
#include <string>

#include "salus/core/log.h"
#include "salus/core/tenant_context.h"
#include "salus/db/pool.h"
#include "salus/db/private_postgres.h"

namespace salus::db {

/// A real PostgreSQL for tests, one per process: started and migrated at the first use, in a
/// temporary folder that goes with it. Nothing in it is durable. Tests keep apart by using tenants
/// of their own.
class TestDatabase {
  public:
    static TestDatabase& instance();
    ~TestDatabase();
    TestDatabase(const TestDatabase&) = delete;
    TestDatabase& operator=(const TestDatabase&) = delete;

    [[nodiscard]] Pool& pool() { return *pool_; }
    [[nodiscard]] Logger& log() { return log_; }
    [[nodiscard]] PrivatePostgres& server() { return *server_; }
    [[nodiscard]] std::string owner_dsn() const { return server_->dsn("salus_owner"); }
    /// Row security does not stop this one: to look behind the scenes, and to break things.
    [[nodiscard]] std::string super_dsn() const { return server_->dsn("salus_super"); }
    /// A folder for the test's own files.
    [[nodiscard]] const std::string& folder() const { return folder_; }

    /// A new tenant, with its row in the directory of tenants.
    TenantContext make_tenant();

  private:
    TestDatabase();
    std::string folder_;
    Logger log_;
    std::unique_ptr<PrivatePostgres> server_;
    std::unique_ptr<Pool> pool_;
};

}  // namespace salus::db
