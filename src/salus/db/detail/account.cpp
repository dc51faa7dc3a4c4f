#include "salus/db/detail/account.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace salus::db::detail {
namespace {

constexpr std::size_t kPasswdBytes = 16 * 1024;  ///< names and paths of one entry
constexpr int kGroups = 64;

template <typename Lookup>
bool look_up(Account& account, Lookup lookup) {
    std::vector<char> buffer(kPasswdBytes);
    passwd entry{};
    passwd* found = nullptr;
    if (lookup(entry, buffer, found) != 0 || found == nullptr) return false;
    account.name = found->pw_name;
    account.uid = found->pw_uid;
    account.gid = found->pw_gid;
    account.groups.resize(kGroups);
    int count = kGroups;
    if (::getgrouplist(found->pw_name, found->pw_gid, account.groups.data(), &count) < 0)
        count = kGroups;  // the first ones do
    account.groups.resize(static_cast<std::size_t>(count));
    return true;
}

bool find_user(Account& account, const char* name) {
    return look_up(account, [name](passwd& entry, std::vector<char>& buffer, passwd*& found) {
        return ::getpwnam_r(name, &entry, buffer.data(), buffer.size(), &found);
    });
}

bool find_user(Account& account, uid_t uid) {
    return look_up(account, [uid](passwd& entry, std::vector<char>& buffer, passwd*& found) {
        return ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
    });
}

/// Runs `work` as the account in a child; true when it returned true. The process has threads, so
/// `work` may only call what is async-signal-safe.
template <typename Work>
bool run_as(const Account& account, const Work& work) {
    const pid_t child = ::fork();
    if (child < 0) return false;
    if (child == 0) ::_exit((!account.is_other() || account.become()) && work() ? 0 : 1);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

bool Account::is_other() const {
    return uid != ::geteuid();
}

bool Account::become() const {
    return ::setgroups(groups.size(), groups.data()) == 0 && ::setresgid(gid, gid, gid) == 0 &&
           ::setresuid(uid, uid, uid) == 0;
}

Result<Account> choose_account(const std::string& data_dir) {
    Account account;
    struct stat info {};
    const bool exists = ::stat(data_dir.c_str(), &info) == 0;
    if (::geteuid() != 0) {
        if (!find_user(account, ::geteuid()))
            return fail(Errc::unavailable, "This user has no entry in the user database.",
                        "Run salus as a user that `id -un` can name.");
        if (exists && info.st_uid != account.uid)
            return fail(Errc::conflict, "The data directory belongs to another user.",
                        "Run salus as the user that owns it.");
        return account;
    }
    if (exists && info.st_uid != 0 && find_user(account, info.st_uid)) return account;
    if (find_user(account, "salus") || find_user(account, "postgres")) return account;
    return fail(Errc::unavailable, "PostgreSQL needs an unprivileged user to run as.",
                "Create the user salus: useradd --system salus.");
}

Result<std::string> own_name() {
    Account account;
    if (find_user(account, ::geteuid())) return account.name;
    return fail(Errc::unavailable, "This user has no entry in the user database.",
                "Run salus as a user that `id -un` can name.");
}

bool can_reach(const Account& account, const std::string& path) {
    const char* name = path.c_str();
    return run_as(account, [name] { return ::access(name, R_OK | W_OK | X_OK) == 0; });
}

bool write_as(const Account& account, int directory_fd, const std::string& name,
              const std::string& content) {
    const std::string temporary = name + ".new";
    return run_as(account, [&] {
        ::unlinkat(directory_fd, temporary.c_str(), 0);
        const int fd = ::openat(directory_fd, temporary.c_str(),
                                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0) return false;
        for (std::size_t done = 0; done < content.size();) {
            const ssize_t n = ::write(fd, content.data() + done, content.size() - done);
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return false;
            done += static_cast<std::size_t>(n);
        }
        return ::fsync(fd) == 0 && ::close(fd) == 0 &&
               ::renameat(directory_fd, temporary.c_str(), directory_fd, name.c_str()) == 0;
    });
}

}  // namespace salus::db::detail
