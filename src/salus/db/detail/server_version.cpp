#include "salus/db/detail/server_version.h"

#include <iterator>

namespace salus::db::detail {
namespace {

struct Major {
    int major;
    int oldest_minor;     ///< older ones are refused
    int preferred_minor;  ///< older ones are warned about
};

constexpr Major kMajors[] = {{15, 9, 19}, {16, 5, 15}, {17, 1, 11}, {18, 0, 5}};

}  // namespace

Result<void> check_server_version(int version) {
    const int major = version / 10'000;
    for (const Major& known : kMajors)
        if (major == known.major && version % 10'000 >= known.oldest_minor) return {};
    if (major > kMajors[std::size(kMajors) - 1].major) return {};
    return fail(Errc::wrong_version, "This PostgreSQL release has known holes in row security.",
                "Install PostgreSQL 15.9, 16.5, 17.1 or newer.");
}

bool is_preferred(int version) {
    for (const Major& known : kMajors)
        if (version / 10'000 == known.major) return version % 10'000 >= known.preferred_minor;
    return version / 10'000 > kMajors[0].major;
}

}  // namespace salus::db::detail
