#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "salus/cli/http_client.h"
#include "salus/cli/import_bundle.h"

namespace salus::cli {

struct ImportRefusal {
    std::string file;
    std::string entry;  ///< "12" (of the Bundle) or "line 34"; empty: the whole file
    int status = 0;     ///< HTTP; 0: it was never sent
    std::string text;   ///< the server's diagnostics: constant sentences, never a value
};

struct ImportSummary {
    std::size_t documents = 0;
    std::size_t unchanged = 0;  ///< documents that were stored by an earlier run
    std::uint64_t resources = 0;
    std::map<std::string, std::uint64_t> types;
    std::uint64_t refused = 0;
    std::vector<ImportRefusal> refusals;  ///< at most kMaximumRefusals of them
    static constexpr std::size_t kMaximumRefusals = 10'000;
    double seconds = 0;
};

struct ImportOptions {
    std::vector<std::string> paths;
    std::string tenant;
    std::size_t parallel = 4;
    HttpTarget target;
};

/// Sends documents over several connections. Seed documents go alone and first; what was refused
/// because it names something not there yet is tried again, as long as a pass over the input stores
/// something new. Each request carries X-Request-Key, the SHA-256 of tenant and content: a
/// repetition, after a lost answer or by another run, changes nothing. Waits and tries again while
/// the server is busy or away.
class Import {
  public:
    using Progress = std::function<void(const ImportSummary&, const ReadProgress&)>;

    Import(ImportOptions options, Progress progress);
    ~Import();
    Import(const Import&) = delete;
    Import& operator=(const Import&) = delete;
    /// Errors: not_found (a path), unauthenticated, denied, unavailable (for too long).
    Outcome<ImportSummary> run();

  private:
    /// Documents to try again, and which of their entries; no entries: the whole document.
    using Retry = std::map<std::string, std::set<std::size_t>>;
    Outcome<void> pass(DocumentReader& reader);
    bool push(Document&& document);
    void wait_until_idle(std::unique_lock<std::mutex>& lock);
    void work();
    void store(HttpClient& client, Document&& document);
    Outcome<HttpAnswer> send(HttpClient& client, const std::string& body);
    void note_answer(const Document& document, const Prepared& prepared, const HttpAnswer& answer);
    void note_entries(const Document& document, const Prepared& prepared, JsonView bundle);
    void refuse(ImportRefusal refusal);
    void try_again(const std::string& file, std::optional<std::size_t> entry);
    void abort(Failure failure);

    ImportOptions options_;
    Progress progress_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Document> queue_;
    std::size_t queued_bytes_ = 0;
    std::size_t busy_ = 0;
    bool closed_ = false;
    std::optional<Failure> aborted_;
    ImportSummary summary_;
    Retry retry_;  ///< refused for a reference, in this pass
    Retry only_;   ///< what this pass is about; empty: everything
    std::vector<std::thread> workers_;
};

}  // namespace salus::cli
