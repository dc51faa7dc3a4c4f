#include "salus/fhir/bundle.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "salus/core/encoding.h"
#include "salus/fhir/detail/service_http.h"

namespace salus::fhir {
namespace {

constexpr std::array<std::string_view, 11> kBundleMembers = {
    "resourceType", "id",        "meta",  "implicitRules", "language", "identifier",
    "type",         "timestamp", "total", "entry",         "link"};
constexpr std::array<std::string_view, 6> kEntryMembers = {"id",      "extension", "link",
                                                           "fullUrl", "resource",  "request"};
constexpr std::array<std::string_view, 8> kRequestMembers = {
    "id", "extension", "method", "url", "ifNoneMatch", "ifModifiedSince", "ifMatch", "ifNoneExist"};
constexpr std::size_t kRequestKeyBytes = 32;

/// One entry: a write (its change) or a read (carried out afterwards).
struct Entry {
    std::optional<std::size_t> change;
    std::string_view read_url;
    std::string_view if_none_match;
};

class BundleRun {
  public:
    BundleRun(StoreParts& parts, const identity::Caller& caller, const Request& request,
              const Handle& handle)
        : parts_(parts), request_(request), handle_(handle), caller_(caller) {}

    Response run();

  private:
    Result<void> read_shell(JsonView root);
    Result<Response> run_entries(JsonView root);
    void read_entry(JsonView entry, std::size_t position, ChangeSet& set);
    static void read_write(JsonView request, std::string_view method, Change& change);
    Response refusal(const ChangeSet& set) const;
    std::string response_of(const ChangeSet& set);
    void write_change(const Change& change, std::string& out) const;
    void write_read(const Entry& entry, std::string& out) const;

    StoreParts& parts_;
    const Request& request_;
    const Handle& handle_;
    const identity::Caller& caller_;
    bool transaction_ = false;
    bool representation_ = false;
    std::vector<Entry> entries_;
};

template <std::size_t N>
bool only_members(JsonView object, const std::array<std::string_view, N>& known) {
    if (!object.is(JsonKind::object)) return false;
    for (const JsonView member : object)
        if (std::find(known.begin(), known.end(), member.key()) == known.end()) return false;
    return true;
}

Response BundleRun::run() {
    if (!is_json_body(request_.content_type))
        return status_response(415, "The body's media type is not one that salus takes.",
                               "Send application/fhir+json in UTF-8.");
    const auto document = JsonDocument::parse(request_.body);
    if (!document) return error_response(document.error());
    if (const auto good = read_shell(document->root()); !good) return error_response(good.error());
    auto response = run_entries(document->root());
    return response ? std::move(*response) : error_response(response.error());
}

Result<void> BundleRun::read_shell(JsonView root) {
    if (root.string("resourceType") != "Bundle")
        return fail(Errc::invalid, "The body is not a Bundle.",
                    "Send a Bundle of the type transaction or batch to this address.");
    const std::string_view type = root.string("type");
    if (type != "transaction" && type != "batch")
        return fail(Errc::invalid, "The Bundle is neither a transaction nor a batch.");
    transaction_ = type == "transaction";
    if (!only_members(root, kBundleMembers))
        return fail(Errc::invalid, "The Bundle has an element that such a Bundle can't have.");
    const JsonView entries = root["entry"];
    if (entries.exists() && !entries.is(JsonKind::array))
        return fail(Errc::invalid, "Bundle.entry is not an array.");
    if (entries.size() > limits::kBundleEntries)
        return fail(Errc::too_large, "The Bundle has more entries than the limit kBundleEntries.",
                    "Split it.");
    representation_ = preferred_return(request_.prefer) == Return::representation;
    return {};
}

Result<Response> BundleRun::run_entries(JsonView root) {
    using Mode = ChangeSet::Mode;
    ChangeSet set(parts_, caller_, transaction_ ? Mode::atomic : Mode::each);
    set.want_text = representation_;
    if (!request_.request_key.empty()) {
        const auto key = from_hex(request_.request_key);
        if (!key || key->size() != kRequestKeyBytes)
            return fail(Errc::invalid, "X-Request-Key is not 64 hex digits.");
        set.request_key = *key;
    }
    set.changes.reserve(root["entry"].size());
    entries_.reserve(root["entry"].size());
    std::size_t position = 0;
    for (const JsonView entry : root["entry"])
        read_entry(entry, position++, set);
    SALUS_CHECK(set.run());
    if (set.applied_before()) {
        Response response;
        response.body = information("This request was applied before.");
        return response;
    }
    if (transaction_ && set.refused()) return refusal(set);
    Response response;
    response.body = response_of(set);
    return response;
}

void BundleRun::read_entry(JsonView entry, std::size_t position, ChangeSet& set) {
    Entry& out = entries_.emplace_back();
    const JsonView request = entry["request"];
    const std::string_view method = request.string("method");
    const std::string_view url = request.string("url");
    const bool known = only_members(entry, kEntryMembers) && only_members(request, kRequestMembers);
    if (known && !url.empty() && method == "GET") {
        out.read_url = url;
        out.if_none_match = request.string("ifNoneMatch");
        return;
    }
    out.change = set.changes.size();
    Change& change = set.changes.emplace_back();
    change.entry = position;
    change.full_url = entry.string("fullUrl");
    change.resource = entry["resource"];
    if (!known || url.empty())
        return change.refuse(
            Error(Errc::invalid, "The entry is not one of a transaction or batch."));
    read_write(request, method, change);
}

void BundleRun::read_write(JsonView request, std::string_view method, Change& change) {
    std::string_view url = request.string("url");
    const std::size_t mark = std::min(url.find('?'), url.size());
    const std::string_view query = url.substr(std::min(mark + 1, url.size()));
    url = url.substr(0, mark);
    const std::size_t slash = std::min(url.find('/'), url.size());
    const auto type = parse_type(url.substr(0, slash));
    const std::string_view id = url.substr(std::min(slash + 1, url.size()));
    if (!type || (slash < url.size() && !is_id(id)))
        return change.refuse(Error(Errc::invalid, "The entry's URL names no type or resource."));
    change.type = *type;
    const bool conditional = id.empty() && mark < request.string("url").size();
    if (const std::string_view match = request.string("ifMatch"); !match.empty()) {
        change.if_match = version_of(match);
        if (!change.if_match)
            return change.refuse(
                Error(Errc::version_conflict, "The entry's ifMatch names no version."));
    }
    if (method == "POST") {
        change.kind = Change::Kind::create;
        change.condition_text = request.string("ifNoneExist");
        if (!id.empty() || conditional)
            return change.refuse(Error(Errc::invalid, "A POST entry's URL is a type alone."));
    } else if (method == "PUT" || method == "DELETE") {
        change.kind = method == "PUT" ? Change::Kind::update : Change::Kind::remove;
        change.id = id;
        change.condition_text = conditional ? query : std::string_view();
        if (id.empty() && !conditional)
            return change.refuse(
                Error(Errc::invalid, "The entry's URL names no resource and no condition."));
    } else {
        return change.refuse(
            Error(Errc::unsupported, "The entry's method is not one that salus knows."));
    }
    if (change.kind == Change::Kind::remove) {
        change.resource = JsonView();
        change.full_url = {};
    } else if (!change.resource.is(JsonKind::object)) {
        change.refuse(Error(Errc::invalid, "The entry has no resource."));
    }
}

/// All that stands against the transaction, up to limits::kIssues.
Response BundleRun::refusal(const ChangeSet& set) const {
    Problem all{Error(Errc::invalid, "The transaction can't be carried out."), {}};
    bool first = true;
    for (const Change& change : set.changes) {
        if (!change.problem) continue;
        if (first) all.error = change.problem->error;
        first = false;
        for (const Issue& issue : change.problem->issues)
            if (all.issues.size() < limits::kIssues) all.issues.push_back(issue);
    }
    return problem_response(all);
}

std::string BundleRun::response_of(const ChangeSet& set) {
    std::string out = fmt::format(R"({{"resourceType":"Bundle","type":"{}-response")",
                                  transaction_ ? "transaction" : "batch");
    out.reserve(entries_.size() * 224);
    bool first = true;
    for (const Entry& entry : entries_) {
        out += first ? R"(,"entry":[)" : ",";
        first = false;
        if (entry.change)
            write_change(set.changes[*entry.change], out);
        else
            write_read(entry, out);
    }
    out += first ? "}" : "]}";
    return out;
}

void BundleRun::write_change(const Change& change, std::string& out) const {
    const auto into = std::back_inserter(out);
    if (change.problem) {
        const Response refused = problem_response(*change.problem);
        fmt::format_to(into, R"({{"response":{{"status":"{}","outcome":{}}}}})",
                       status_line(refused.status), refused.body);
        return;
    }
    out += '{';
    if (change.kind == Change::Kind::remove) {
        fmt::format_to(into, R"("response":{{"status":"{}"}}}})", status_line(change.status));
        return;
    }
    if (!change.text.empty())
        fmt::format_to(into, R"("fullUrl":"{}/{}","resource":{},)", parts_.base_url,
                       change.reference(), change.text);
    fmt::format_to(into,
                   R"("response":{{"status":"{}","location":"{}/_history/{}","etag":"W/\"{}\"",)",
                   status_line(change.status), change.reference(), change.version, change.version);
    fmt::format_to(into, R"("lastModified":"{}"}}}})", to_instant(change.updated_us));
}

void BundleRun::write_read(const Entry& entry, std::string& out) const {
    Request request;
    const std::size_t mark = std::min(entry.read_url.find('?'), entry.read_url.size());
    request.path = entry.read_url.substr(0, mark);
    request.query = entry.read_url.substr(std::min(mark + 1, entry.read_url.size()));
    request.if_none_match = entry.if_none_match;
    const Response response = handle_(request);
    const auto into = std::back_inserter(out);
    out += '{';
    const bool good = response.status < 300;
    if (good && !response.body.empty()) fmt::format_to(into, R"("resource":{},)", response.body);
    fmt::format_to(into, R"("response":{{"status":"{}")", status_line(response.status));
    if (!response.etag.empty()) {
        out += R"(,"etag":)";
        write_json_string(response.etag, out);
    }
    if (!good && !response.body.empty()) fmt::format_to(into, R"(,"outcome":{})", response.body);
    out += "}}";
}

}  // namespace

Response run_bundle(StoreParts& parts, const identity::Caller& caller, const Request& request,
                    const Handle& handle) {
    return BundleRun(parts, caller, request, handle).run();
}

}  // namespace salus::fhir
