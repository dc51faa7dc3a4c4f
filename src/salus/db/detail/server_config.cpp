#include "salus/db/detail/server_config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace salus::db::detail {
namespace {

constexpr char kSettings[] = R"(# Written by salus at each start: changes here are lost.
listen_addresses = ''                     # Unix socket only
unix_socket_permissions = 0770
max_connections = 40
shared_preload_libraries = ''

# Durable unless it crashes in the disk itself.
wal_level = replica                       # online backups
max_wal_senders = 4
max_wal_size = 4GB
min_wal_size = 128MB
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
wal_compression = off                     # sealed bodies do not compress
wal_buffers = 16MB

# Short statements, prepared once.
jit = off
max_parallel_workers_per_gather = 0
random_page_cost = 1.1
effective_io_concurrency = 64
autovacuum = on
autovacuum_naptime = 20s

# The log carries no statement, no parameter and no row (45 CFR 164.312(a)(1)).
log_destination = 'stderr'
logging_collector = off
log_line_prefix = '%m [%p] '
log_min_messages = warning
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_statement = 'none'
log_min_duration_statement = -1
log_checkpoints = off
log_lock_waits = off
log_autovacuum_min_duration = -1
log_timezone = 'UTC'
timezone = 'UTC'
lc_messages = 'C'
datestyle = 'iso, ymd'
password_encryption = 'scram-sha-256'
)";

constexpr char kUnsafe[] = R"(
# A test's server: its data is thrown away.
fsync = off
full_page_writes = off
synchronous_commit = off
)";

constexpr char kSafe[] = R"(
fsync = on
full_page_writes = on
synchronous_commit = on
)";

constexpr std::int64_t kMiB = 1024 * 1024;

/// A sixteenth of the memory, at most 256 MB: the system's own cache holds the rest, and a box that
/// runs salus runs other things too.
std::int64_t shared_buffers_mb() {
    const std::int64_t memory = static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) *
                                static_cast<std::int64_t>(::sysconf(_SC_PAGESIZE));
    return std::clamp<std::int64_t>(memory / 16 / kMiB, 64, 256);
}

/// A value of postgresql.conf or a word of pg_ident.conf: quotes are doubled.
std::string doubled(const std::string& value, char quote) {
    std::string out(1, quote);
    for (const char c : value) {
        if (c == quote) out += quote;
        out += c;
    }
    return out + quote;
}

}  // namespace

std::string postgresql_conf(const std::string& socket_folder, bool unsafe_for_tests) {
    return fmt::format("{}unix_socket_directories = {}\nshared_buffers = {}MB\n{}", kSettings,
                       doubled(socket_folder, '\''), shared_buffers_mb(),
                       unsafe_for_tests ? kUnsafe : kSafe);
}

std::string pg_hba_conf() {
    return "# Written by salus at each start. TYPE DATABASE USER METHOD\n"
           "local salus,postgres salus_super peer map=salus\n"
           "local salus salus_owner,salus_app,salus_operator peer map=salus\n"
           "local replication salus_super peer map=salus\n"
           "local all all reject\n";
}

std::string pg_ident_conf(const std::string& own_name, const Account& account) {
    std::string out = "# Written by salus at each start. MAP SYSTEM-USER ROLE\n";
    for (const char* role : {kSuperRole, "salus_owner", "salus_app", "salus_operator"}) {
        out += fmt::format("salus {} {}\n", doubled(own_name, '"'), role);
        if (account.name != own_name)
            out += fmt::format("salus {} {}\n", doubled(account.name, '"'), role);
    }
    return out;
}

std::string quoted(const std::string& value) {
    std::string out = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

}  // namespace salus::db::detail
