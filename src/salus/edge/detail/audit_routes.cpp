#include <algorithm>
#include <charconv>

#include "salus/audit/verify.h"
#include "salus/core/fs.h"
#include "salus/edge/detail/problem.h"
#include "salus/edge/detail/route.h"

namespace salus::edge::detail {
namespace {

constexpr std::uint64_t kEntriesDefault = 100;
constexpr std::uint64_t kEntriesMax = 1000;
constexpr std::size_t kCheckpointBytes = 4096;

struct Range {
    std::optional<std::uint64_t> from;
    std::uint64_t limit = kEntriesDefault;
};

/// "from=N&limit=N", each at most once.
Result<Range> parse_range(std::string_view query) {
    Range range;
    bool limited = false;
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        const std::size_t equals = pair.find('=');
        const std::string_view name = pair.substr(0, equals);
        const std::string_view text =
            equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
        std::uint64_t number = 0;
        const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
        const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
        if (whole && name == "from" && !range.from) {
            range.from = number;
        } else if (whole && name == "limit" && !limited && number >= 1 && number <= kEntriesMax) {
            range.limit = number;
            limited = true;
        } else {
            return fail(Errc::invalid, "The query takes \"from\" and \"limit\" (1 to 1000) alone.");
        }
    }
    return range;
}

/// 45 CFR 164.312(b): who looks at the trail leaves one; so does who was not let to.
Result<void> record_access(const Call& call, const identity::Caller& caller, bool allowed) {
    audit::Record record;
    record.at_us = call.parts().clock.now_us();
    record.event = audit::Event::search;
    record.outcome = allowed ? audit::Outcome::success : audit::Outcome::denied;
    record.agent = caller.agent();
    record.resource_type = "AuditEvent";
    record.reason = allowed ? "security officer reads the audit log" : "not a security officer";
    return call.parts().recorder.record(caller.tenant(), {&record, 1});
}

Result<JsonWriter> render_log(const std::string& log_dir, const Range& range) {
    SALUS_TRY(const std::uint64_t size, audit::log_size(log_dir));
    const std::uint64_t from = range.from.value_or(size - std::min(size, range.limit));
    std::vector<std::string> entries;
    std::string checkpoint;
    if (size > 0) {
        SALUS_TRY(const Bytes text, read_file(log_dir + "/checkpoint", kCheckpointBytes));
        checkpoint = as_text(text);
    }
    if (from < size) {
        SALUS_TRY(entries, audit::read_entries(log_dir, from, std::min(range.limit, size - from)));
    }
    JsonWriter json;
    json.begin_object().member("size", static_cast<std::int64_t>(size));
    json.member("from", static_cast<std::int64_t>(from)).member("checkpoint", checkpoint);
    json.key("entries").begin_array();
    for (const std::string& entry : entries)
        json.raw(entry);
    json.end_array().end_object();
    return json;
}

}  // namespace

HttpResponse read_audit(const Call& call) {
    const std::string_view path = call.request.path;
    const auto caller = verified_caller(call.parts().sessions, call.request);
    if (!caller) return problem(path, caller.error());
    const auto range = parse_range(call.request.query);
    if (!range) return problem(path, range.error());
    const auto* person = caller->person();
    const bool allowed = person != nullptr && person->role == identity::Role::security_officer;
    // Recorded first: nothing is shown whose showing is not on record.
    if (const auto recorded = record_access(call, *caller, allowed); !recorded)
        return problem(path, recorded.error());
    if (!allowed)
        return problem(path, Error(Errc::denied, "The audit log is for security officers."));
    const std::string log_dir =
        call.parts().audit_root + "/" + std::to_string(caller->tenant().id().value());
    auto json = render_log(log_dir, *range);
    return json ? json_answer(200, std::move(*json)) : problem(path, json.error());
}

}  // namespace salus::edge::detail
