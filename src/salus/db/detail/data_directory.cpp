#include "salus/db/detail/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "salus/core/fs.h"
#include "salus/db/detail/leftovers.h"
#include "salus/db/detail/server_config.h"

namespace salus::db::detail {
namespace {

namespace fs = std::filesystem;

Error folder_error() {
    return {Errc::unavailable, "The data directory can't be opened.",
            "Check the owner and the permissions of the home directory."};
}

/// The major version of an existing database; nullopt for an absent or empty folder.
Result<std::optional<int>> existing_major(const std::string& path) {
    std::error_code error;
    if (!fs::exists(path, error) || fs::is_empty(path, error)) {
        if (error) return fail(folder_error());
        return std::optional<int>();
    }
    auto text = read_file(path + "/PG_VERSION", 64);
    if (!text)
        return fail(Errc::conflict, "The data directory holds other files than a database.",
                    "Name an empty folder, or the home directory of a salus.");
    const char* const begin = reinterpret_cast<const char*>(text->data());
    int major = 0;
    if (std::from_chars(begin, begin + text->size(), major).ec != std::errc())
        return fail(Errc::wrong_version, "The data directory's version can't be read.",
                    "Restore the home directory from a backup.");
    return std::optional<int>(major);
}

Result<Descriptor> open_folder(const std::string& path) {
    Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder.ok()) return fail(folder_error());
    return folder;
}

Result<Descriptor> lock(const std::string& path) {
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.ok()) return fail(folder_error());
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
        return fail(Errc::conflict, "Another salus runs this home directory.",
                    "Stop it with salus down, or name another --home.");
    return file;
}

}  // namespace

Result<void> ensure_folder(const std::string& path, unsigned mode) {
    std::error_code error;
    if (fs::is_directory(path, error)) return {};
    return make_dirs(path, mode);
}

Result<DataDirectory> DataDirectory::open(const std::string& path, int log_fd,
                                          bool unsafe_for_tests, Logger& log) {
    DataDirectory self;
    std::error_code error;
    const fs::path absolute = fs::absolute(path, error).lexically_normal();
    if (error) return fail(folder_error());
    self.path_ = absolute.string();
    SALUS_CHECK(ensure_folder(absolute.parent_path().string(), 0700));
    SALUS_TRY(self.lock_, lock(self.path_ + ".lock"));
    SALUS_TRY(self.account_, choose_account(self.path_));
    SALUS_TRY(const std::optional<int> major, existing_major(self.path_));
    SALUS_TRY(self.binaries_, find_binaries(major, self.account_));
    if (!major) {
        log.info("Making the database.");
        SALUS_CHECK(self.initialise(log_fd, unsafe_for_tests));
    }
    SALUS_TRY(self.folder_, open_folder(self.path_));
    self.reachable_ = can_reach(self.account_, self.path_);
    return self;
}

Result<void> DataDirectory::initialise(int log_fd, bool unsafe_for_tests) {
    const std::string unfinished = path_ + ".new";
    std::error_code error;
    fs::remove_all(unfinished, error);
    if (error || ::mkdir(unfinished.c_str(), 0700) != 0) return fail(folder_error());
    SALUS_TRY(const Descriptor folder, open_folder(unfinished));
    if (account_.is_other() && ::fchown(folder.get(), account_.uid, account_.gid) != 0)
        return fail(folder_error());

    Command command;
    command.account = account_;
    command.output_fd = log_fd;
    command.directory_fd = folder.get();
    command.death_signal = SIGKILL;
    command.argv = {binaries_.initdb,  "-D",
                    kGivenDirectory,   "-U",
                    kSuperRole,        "--locale=C",
                    "--encoding=UTF8", "--data-checksums",
                    "--auth=reject",   "--no-instructions"};
    if (unsafe_for_tests) command.argv.emplace_back("--no-sync");
    SALUS_CHECK(run(command));
    // rename(2) puts it over an empty folder, too.
    if (::rename(unfinished.c_str(), path_.c_str()) != 0) return fail(folder_error());
    SALUS_TRY(const Descriptor parent, open_folder(fs::path(path_).parent_path().string()));
    if (::fsync(parent.get()) != 0) return fail(folder_error());
    return {};
}

std::string DataDirectory::server_path() const {
    return reachable_ ? path_ : kGivenDirectory;
}

Result<void> DataDirectory::end_leftovers(Logger& log) const {
    return detail::end_leftovers(folder_.get(), log);
}

}  // namespace salus::db::detail
