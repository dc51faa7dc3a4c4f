#include "salus/cli/import_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "salus/core/encoding.h"
#include "salus/crypto/mac.h"

namespace salus::cli {
namespace {

constexpr std::size_t kQueueBytes = 24U << 20;
constexpr int kTries = 10;
constexpr std::size_t kIssuesPerDocument = 5;

/// Waits that a busy or restarting server is given: 0.2, 0.4, … at most 5 seconds.
std::chrono::milliseconds pause_before(int attempt, int retry_after_seconds) {
    if (retry_after_seconds > 0) return std::chrono::seconds(std::min(retry_after_seconds, 10));
    return std::chrono::milliseconds(std::min(5000, 200 << std::min(attempt, 5)));
}

bool is_busy(int status) {
    return status == 429 || status == 503 || status == 504;
}
/// A reference that leads nowhere yet: what it names may come with another file.
bool may_pass_later(int status) {
    return status == 412 || status == 422 || status == 404;
}

std::string_view type_of_location(std::string_view location) {
    // "Patient/123/_history/1", perhaps below the server's base.
    const std::size_t history = location.find("/_history/");
    location = location.substr(0, history);
    const std::size_t id = location.rfind('/');
    if (id == std::string_view::npos) return {};
    location = location.substr(0, id);
    const std::size_t type = location.rfind('/');
    return type == std::string_view::npos ? location : location.substr(type + 1);
}

std::string diagnostics_of(JsonView outcome) {
    for (const JsonView issue : outcome["issue"]) {
        std::string text(issue.string("diagnostics"));
        for (const JsonView path : issue["expression"])
            return fmt::format("{} ({})", text, path.text());
        return text;
    }
    return "The server gave no reason.";
}

/// "Bundle.entry[12].resource…" -> 12.
std::string entry_of(JsonView issue) {
    for (const JsonView expression : issue["expression"]) {
        const std::string_view path = expression.text();
        const std::size_t open = path.find("entry[");
        const std::size_t close = path.find(']', open);
        if (open != std::string_view::npos && close != std::string_view::npos)
            return std::string(path.substr(open + 6, close - open - 6));
    }
    return {};
}

}  // namespace

Import::Import(ImportOptions options, Progress progress)
    : options_(std::move(options)), progress_(std::move(progress)) {}

Import::~Import() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        queue_.clear();
    }
    changed_.notify_all();
    for (std::thread& worker : workers_)
        worker.join();
}

Outcome<ImportSummary> Import::run() {
    const auto start = std::chrono::steady_clock::now();
    CLI_TRY(DocumentReader reader, DocumentReader::open(options_.paths));
    for (std::size_t i = 0; i < std::max<std::size_t>(1, options_.parallel); ++i)
        workers_.emplace_back([this] { work(); });
    CLI_CHECK(pass(reader));
    for (std::uint64_t before = 0; !retry_.empty() && summary_.resources > before;) {
        before = summary_.resources;
        only_ = std::exchange(retry_, {});
        const auto again = [this](const ImportRefusal& refusal) {
            return may_pass_later(refusal.status) && only_.contains(refusal.file);
        };
        summary_.refused -= std::erase_if(summary_.refusals, again);
        CLI_CHECK(pass(reader));
    }
    summary_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return summary_;
}

Outcome<void> Import::pass(DocumentReader& reader) {
    reader.read(
        [&](Document&& document, const ReadProgress& progress) {
            if (!only_.empty() && !only_.contains(document.name)) return true;
            const bool more = push(std::move(document));
            const std::lock_guard lock(mutex_);
            progress_(summary_, progress);
            return more;
        },
        [&](const std::string& name, const std::string& why) {
            if (only_.empty()) refuse({name, {}, 0, why});
        });
    std::unique_lock lock(mutex_);
    wait_until_idle(lock);
    if (aborted_) return failed(*aborted_);
    return {};
}

/// Blocks while the queue is full; a seed document also waits for all before it, and all after wait
/// for it.
bool Import::push(Document&& document) {
    std::unique_lock lock(mutex_);
    const bool seed = document.is_seed();
    if (seed) wait_until_idle(lock);
    changed_.wait(lock, [&] { return queued_bytes_ < kQueueBytes || aborted_.has_value(); });
    if (aborted_) return false;
    queued_bytes_ += document.text.size();
    if (only_.empty()) ++summary_.documents;
    queue_.push_back(std::move(document));
    changed_.notify_all();
    if (seed) wait_until_idle(lock);
    return !aborted_.has_value();
}

void Import::wait_until_idle(std::unique_lock<std::mutex>& lock) {
    changed_.wait(lock, [this] { return aborted_.has_value() || (queue_.empty() && busy_ == 0); });
}

void Import::work() {
    HttpClient client(options_.target);
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return closed_ || (!queue_.empty() && !aborted_); });
        if (closed_) return;
        Document document = std::move(queue_.front());
        queue_.pop_front();
        queued_bytes_ -= document.text.size();
        ++busy_;
        changed_.notify_all();
        lock.unlock();
        store(client, std::move(document));
        lock.lock();
        --busy_;
        changed_.notify_all();
    }
}

Outcome<HttpAnswer> Import::send(HttpClient& client, const std::string& body) {
    const std::string keyed = options_.tenant + '\n';
    const crypto::Digest content = crypto::sha256(as_bytes(body));
    Bytes message = to_bytes(keyed);
    append(message, content);
    const std::string key = to_hex(crypto::sha256(message));
    for (int attempt = 0;; ++attempt) {
        auto answer = client.send("POST", "/fhir", body,
                                  {{"Content-Type", "application/fhir+json"},
                                   {"Prefer", "return=minimal"},
                                   {"X-Request-Key", key}});
        const bool again = answer ? is_busy(answer->status)
                                  : answer.error().code == info(Errc::unavailable).name ||
                                        answer.error().code == info(Errc::timeout).name;
        if (!again || attempt + 1 == kTries) return answer;
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, pause_before(attempt, answer ? answer->retry_after_seconds : 0),
                          [this] { return closed_ || aborted_.has_value(); });
        if (closed_ || aborted_) return answer;
    }
}

void Import::store(HttpClient& client, Document&& document) {
    Document head{document.kind, document.name, {}, document.first_line};
    auto prepared = prepare(std::move(document));
    if (!prepared) return refuse({head.name, {}, 0, prepared.error().text});
    if (const auto again = only_.find(head.name); again != only_.end() && !again->second.empty())
        narrow(*prepared, again->second);
    auto answer = send(client, prepared->body);
    if (!answer) return abort(std::move(answer.error()));
    // One bad resource must not keep the others of a wrapped piece out, and has to be named.
    if (prepared->wrapped && answer->status >= 400 && answer->status < 500 &&
        answer->status != 401 && answer->status != 403) {
        narrow(*prepared, {});
        answer = send(client, prepared->body);
        if (!answer) return abort(std::move(answer.error()));
    }
    note_answer(head, *prepared, *answer);
}

void Import::note_answer(const Document& document, const Prepared& prepared,
                         const HttpAnswer& answer) {
    if (answer.status == 401 || answer.status == 403 || answer.status == 507 ||
        is_busy(answer.status))
        return abort(failure_of_answer(answer.status, answer.body));
    const auto body = JsonDocument::parse(answer.body);
    if (answer.status < 300) {
        if (body && body->root()["entry"].size() > 0)
            return note_entries(document, prepared, body->root());
        const std::lock_guard lock(mutex_);
        ++summary_.unchanged;
        return;
    }
    std::size_t named = 0;
    if (body)
        for (const JsonView issue : body->root()["issue"]) {
            if (++named > kIssuesPerDocument) break;
            refuse({document.name, entry_of(issue), answer.status,
                    std::string(issue.string("diagnostics"))});
        }
    if (named == 0) refuse({document.name, {}, answer.status, "The server gave no reason."});
    if (may_pass_later(answer.status)) try_again(document.name, std::nullopt);
}

void Import::note_entries(const Document& document, const Prepared& prepared, JsonView bundle) {
    std::map<std::string, std::uint64_t, std::less<>> types;
    std::uint64_t stored = 0;
    std::size_t index = 0;
    for (const JsonView entry : bundle["entry"]) {
        const std::size_t position = prepared.position(index++);
        const JsonView response = entry["response"];
        const std::string_view status = response.string("status");
        if (status.starts_with('2')) {
            ++stored;
            const std::string_view type = type_of_location(response.string("location"));
            const auto known = types.find(type);
            if (known != types.end())
                ++known->second;
            else
                types.emplace(type.empty() ? "?" : type, 1);
        } else {
            const int code = std::atoi(std::string(status.substr(0, 3)).c_str());
            const std::string place = document.kind == Document::Kind::lines && prepared.wrapped
                                          ? fmt::format("line {}", document.first_line + position)
                                          : std::to_string(position);
            refuse({document.name, place, code, diagnostics_of(response["outcome"])});
            if (may_pass_later(code)) try_again(document.name, position);
        }
    }
    const std::lock_guard lock(mutex_);
    summary_.resources += stored;
    for (const auto& [type, count] : types)
        summary_.types[type] += count;
}

void Import::refuse(ImportRefusal refusal) {
    const std::lock_guard lock(mutex_);
    ++summary_.refused;
    if (summary_.refusals.size() < ImportSummary::kMaximumRefusals)
        summary_.refusals.push_back(std::move(refusal));
}

void Import::try_again(const std::string& file, std::optional<std::size_t> entry) {
    const std::lock_guard lock(mutex_);
    std::set<std::size_t>& entries = retry_[file];
    if (entry) entries.insert(*entry);
}

void Import::abort(Failure failure) {
    const std::lock_guard lock(mutex_);
    if (!aborted_) aborted_ = std::move(failure);
    changed_.notify_all();
}

}  // namespace salus::cli
