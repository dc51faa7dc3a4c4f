// salus_load: drives a running salus over HTTPS and prints one JSON line of what it measured.
//
//   salus_load get  --input TARGETS.txt   one request target a line
//   salus_load post --input BODIES.ndjson --target /fhir/Observation
//   salus_load transaction --input FOLDER one bundle a file; {{…}} parts are made fresh each time
//
// Common: --host 127.0.0.1 --port P --ca FILE --token-file FILE --connections N --seconds S |
// --requests N

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "salus/core/id.h"
#include "salus/core/json.h"
#include "tls_client.h"

namespace salus::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Options {
    std::string mode;
    std::map<std::string, std::string> values;
    [[nodiscard]] std::string get(const std::string& name, const std::string& fallback) const {
        const auto found = values.find(name);
        return found == values.end() ? fallback : found->second;
    }
    [[nodiscard]] long number(const std::string& name, long fallback) const {
        return std::stol(get(name, std::to_string(fallback)));
    }
};

struct Item {
    std::string text;           ///< target or body
    std::size_t resources = 1;  ///< for transactions: entries
    std::string renew;          ///< a UUID to replace by a fresh one on every send, or empty
};

std::string read_all(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream out;
    out << file.rdbuf();
    return std::move(out).str();
}

std::vector<Item> read_lines(const std::string& path) {
    std::ifstream file(path);
    std::vector<Item> items;
    for (std::string line; std::getline(file, line);)
        if (!line.empty()) items.push_back({line, 1, {}});
    return items;
}

/// A bundle of Synthea names everything of its patient by the patient's UUID: a fresh UUID makes a
/// new patient of the same record.
std::vector<Item> read_bundles(const std::string& folder) {
    std::vector<Item> items;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
        Item item{read_all(file.path()), 0, {}};
        const auto document = JsonDocument::parse(item.text);
        if (!document) throw std::runtime_error("a bundle is not JSON");
        item.resources = document->root()["entry"].size();
        const std::string stem = file.path().stem().string();
        if (Uuid::parse(stem)) item.renew = stem;
        items.push_back(std::move(item));
    }
    std::sort(items.begin(), items.end(),
              [](const Item& a, const Item& b) { return a.text < b.text; });
    return items;
}

std::string fresh_uuid(std::mt19937_64& random) {
    char text[37];
    std::snprintf(text, sizeof text, "%08x-%04x-4%03x-8%03x-%012llx",
                  static_cast<unsigned>(random()), static_cast<unsigned>(random() & 0xffff),
                  static_cast<unsigned>(random() & 0xfff), static_cast<unsigned>(random() & 0xfff),
                  static_cast<unsigned long long>(random() & 0xffffffffffffULL));
    return text;
}

class Load {
  public:
    Load(const Options& options, std::vector<Item> items)
        : options_(options),
          items_(std::move(items)),
          context_(options.get("ca", "")),
          requests_(options.number("requests", 0)),
          deadline_(SteadyClock::now() + std::chrono::seconds(options.number("seconds", 5))) {
        std::ifstream token(options.get("token-file", ""));
        token >> token_;
    }

    void run() {
        const auto start = SteadyClock::now();
        std::vector<std::thread> threads;
        for (long i = 0; i < options_.number("connections", 8); ++i)
            threads.emplace_back([this, i] { guarded(static_cast<std::uint64_t>(i)); });
        for (std::thread& thread : threads)
            thread.join();
        report(std::chrono::duration<double>(SteadyClock::now() - start).count());
    }

  private:
    void guarded(std::uint64_t number) {
        try {
            drive(number);
        } catch (const std::exception& error) {
            std::cerr << "salus_load: " << error.what() << "\n";
            ++errors_;
        }
    }

    void drive(std::uint64_t number) {
        TlsClient client(context_, options_.get("host", "127.0.0.1"),
                         static_cast<std::uint16_t>(options_.number("port", 8443)));
        std::mt19937_64 random(std::random_device{}() ^ (number << 32));
        std::vector<double> times;
        std::size_t resources = 0;
        while (true) {
            const std::size_t turn = next_++;
            if (requests_ > 0 ? turn >= static_cast<std::size_t>(requests_)
                              : SteadyClock::now() >= deadline_)
                break;
            const bool sequential = options_.mode != "get";
            const Item& item = items_[(sequential ? turn : random()) % items_.size()];
            const std::string request = make(item, random);
            const auto start = SteadyClock::now();
            const Answer answer = client.exchange(request);
            times.push_back(
                std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count());
            if (answer.status >= 300) {
                if (errors_++ == 0) std::cerr << "salus_load: HTTP " << answer.status << "\n";
            } else {
                resources += item.resources;
            }
        }
        const std::lock_guard lock(mutex_);
        times_.insert(times_.end(), times.begin(), times.end());
        resources_ += resources;
    }

    std::string make(const Item& item, std::mt19937_64& random) const {
        const bool get = options_.mode == "get";
        std::string body = get ? std::string() : item.text;
        if (!item.renew.empty()) {
            const std::string fresh = fresh_uuid(random);
            for (std::size_t at = body.find(item.renew); at != std::string::npos;
                 at = body.find(item.renew, at + fresh.size()))
                body.replace(at, fresh.size(), fresh);
        }
        std::string request = get ? "GET " + item.text : "POST " + options_.get("target", "/fhir");
        request += " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token_ +
                   "\r\nAccept: application/fhir+json\r\n";
        if (!get)
            request +=
                "Content-Type: application/fhir+json\r\nPrefer: "
                "return=minimal\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n";
        return request + "\r\n" + body;
    }

    void report(double seconds) {
        std::sort(times_.begin(), times_.end());
        const auto quantile = [&](double q) {
            return times_.empty() ? 0.0
                                  : times_[static_cast<std::size_t>(
                                        q * static_cast<double>(times_.size() - 1))];
        };
        JsonWriter json;
        json.begin_object();
        json.member("requests", times_.size()).member("resources", resources_);
        json.member("errors", static_cast<std::int64_t>(errors_.load())).member("seconds", seconds);
        json.member("requests_per_second", static_cast<double>(times_.size()) / seconds);
        json.member("resources_per_second", static_cast<double>(resources_) / seconds);
        json.member("p50_ms", quantile(0.5)).member("p99_ms", quantile(0.99)).end_object();
        std::cout << json.str() << "\n";
    }

    const Options& options_;
    std::vector<Item> items_;
    TlsContext context_;
    std::string token_;
    long requests_;
    SteadyClock::time_point deadline_;
    std::atomic<std::size_t> next_{0};
    std::atomic<long> errors_{0};
    std::mutex mutex_;
    std::vector<double> times_;
    std::size_t resources_ = 0;
};

Options parse(int argc, char** argv) {
    if (argc < 2) throw std::runtime_error("usage: salus_load get|post|transaction --input PATH …");
    Options options{argv[1], {}};
    for (int i = 2; i + 1 < argc; i += 2)
        options.values[std::string(argv[i]).substr(2)] = argv[i + 1];
    return options;
}

}  // namespace
}  // namespace salus::bench

int main(int argc, char** argv) {
    using namespace salus::bench;
    try {
        const Options options = parse(argc, argv);
        const std::string input = options.get("input", "");
        std::vector<Item> items =
            options.mode == "transaction" ? read_bundles(input) : read_lines(input);
        if (items.empty()) throw std::runtime_error("the input is empty");
        Load(options, std::move(items)).run();
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "salus_load: " << error.what() << "\n";
        return 1;
    }
}
