#include "salus/core/errc.h"

#include <array>

namespace salus {
namespace {

constexpr std::array<ErrcInfo, 20> kTable = {{
    {"usage", 400, "invalid", 2},
    {"invalid", 400, "invalid", 1},
    {"unsupported", 400, "not-supported", 1},
    {"too-large", 413, "too-long", 1},
    {"too-many-requests", 429, "throttled", 7},
    {"unauthenticated", 401, "login", 4},
    {"denied", 403, "forbidden", 4},
    {"not-found", 404, "not-found", 5},
    {"gone", 410, "deleted", 5},
    {"conflict", 409, "conflict", 6},
    {"version-conflict", 412, "conflict", 6},
    {"precondition", 412, "multiple-matches", 6},
    {"unprocessable", 422, "processing", 1},
    {"unavailable", 503, "transient", 7},
    {"timeout", 504, "timeout", 7},
    {"integrity", 500, "exception", 8},
    {"storage-full", 507, "no-store", 7},
    {"wrong-passphrase", 500, "security", 4},
    {"wrong-version", 500, "exception", 6},
    {"internal", 500, "exception", 1},
}};
static_assert(kTable.size() == static_cast<std::size_t>(Errc::internal) + 1);

}  // namespace

const ErrcInfo& info(Errc code) {
    return kTable.at(static_cast<std::size_t>(code));
}

}  // namespace salus
