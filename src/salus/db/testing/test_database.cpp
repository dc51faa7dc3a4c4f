#include "salus/db/testing/test_database.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "salus/db/migrations.h"
#include "tests/support/test_access.h"

namespace salus::db {
namespace {

/// A test can't go on without its database.
[[noreturn]] void give_up(const Error& error) {
    std::fprintf(stderr, "test database: %.*s %.*s\n", static_cast<int>(error.text().size()),
                 error.text().data(), static_cast<int>(error.next_step().size()),
                 error.next_step().data());
    std::exit(1);
}

std::string temporary_folder() {
    std::string path = (std::filesystem::temp_directory_path() / "salus-test-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr)
        give_up(Error(Errc::unavailable, "No temporary folder."));
    return path;
}

}  // namespace

TestDatabase& TestDatabase::instance() {
    static TestDatabase database;
    return database;
}

TestDatabase::TestDatabase() : folder_(temporary_folder()), log_(folder_ + "/salus.log") {
    PostgresOptions options;
    options.data_dir = folder_ + "/pg";
    options.socket_dir = folder_ + "/run";
    options.log_file = folder_ + "/postgres.log";
    options.fast_unsafe_for_tests = true;
    auto server = PrivatePostgres::start(options, log_);
    if (!server) give_up(server.error());
    server_ = std::move(*server);
    if (const auto migrated = migrate(owner_dsn(), log_); !migrated) give_up(migrated.error());
    PoolOptions pool;
    pool.dsn_app = server_->dsn("salus_app");
    pool.dsn_operator = server_->dsn("salus_operator");
    pool_ = std::make_unique<Pool>(std::move(pool), log_);
}

TestDatabase::~TestDatabase() {
    pool_.reset();
    server_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

TenantContext TestDatabase::make_tenant() {
    auto tx = pool_->platform();
    if (!tx) give_up(tx.error());
    auto rows = tx->query(
        "INSERT INTO tenant (name, created_us) "
        "SELECT 'tenant-' || gen_random_uuid(), 0 RETURNING tenant_id");
    if (!rows) give_up(rows.error());
    if (const auto done = tx->commit(); !done) give_up(done.error());
    return {TestAccess::key(), TenantId(rows->i64(0, 0))};
}

}  // namespace salus::db
