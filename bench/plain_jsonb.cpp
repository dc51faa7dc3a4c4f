// salus_plain_jsonb: the baseline of the import: a bare client inserts the same resources in the
// clear as jsonb with a GIN index, in multi-row statements, and prints how fast.
//
//   salus_plain_jsonb --dsn DSN --input RESOURCES.ndjson [--batch 500] [--connections 1]

#include <libpq-fe.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "salus/core/json.h"

namespace {

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;

void check(PGresult* result) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> owned(result, &PQclear);
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        throw std::runtime_error(PQresultErrorMessage(result));
}

/// {"…","…"}: an array literal of JSON texts.
std::string array_literal(const std::vector<std::string>& lines, std::size_t from, std::size_t to) {
    std::string out = "{";
    for (std::size_t i = from; i < to; ++i) {
        out += i == from ? "\"" : ",\"";
        for (const char c : lines[i]) {
            if (c == '"' || c == '\\') out.push_back('\\');
            out.push_back(c);
        }
        out.push_back('"');
    }
    return out + "}";
}

class Import {
  public:
    Import(std::vector<std::string> lines, std::size_t batch)
        : lines_(std::move(lines)), batch_(batch) {}

    void drive(const std::string& dsn) {
        const Connection connection(PQconnectdb(dsn.c_str()), &PQfinish);
        if (PQstatus(connection.get()) != CONNECTION_OK)
            throw std::runtime_error(PQerrorMessage(connection.get()));
        while (true) {
            const std::size_t from = next_.fetch_add(batch_);
            if (from >= lines_.size()) return;
            const std::string bodies =
                array_literal(lines_, from, std::min(from + batch_, lines_.size()));
            const char* values[] = {bodies.c_str()};
            check(PQexecParams(connection.get(),
                               "INSERT INTO plain (id, body) SELECT gen_random_uuid(), b "
                               "FROM unnest($1::jsonb[]) AS b",
                               1, nullptr, values, nullptr, nullptr, 0));
        }
    }

  private:
    std::vector<std::string> lines_;
    std::size_t batch_;
    std::atomic<std::size_t> next_{0};
};

std::vector<std::string> read_lines(const std::string& path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);)
        lines.push_back(std::move(line));
    return lines;
}

int run(std::map<std::string, std::string> options) {
    std::vector<std::string> lines = read_lines(options["input"]);
    const std::size_t count = lines.size();
    const std::size_t batch = options.contains("batch") ? std::stoul(options["batch"]) : 500;
    const std::size_t width =
        options.contains("connections") ? std::stoul(options["connections"]) : 1;
    Import import(std::move(lines), batch);
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    std::atomic<bool> failed{false};
    for (std::size_t i = 0; i < width; ++i)
        threads.emplace_back([&] {
            try {
                import.drive(options["dsn"]);
            } catch (const std::exception& error) {
                std::cerr << "salus_plain_jsonb: " << error.what() << "\n";
                failed = true;
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    salus::JsonWriter json;
    json.begin_object().member("resources", count).member("seconds", seconds);
    json.member("resources_per_second", static_cast<double>(count) / seconds).end_object();
    std::cout << json.str() << "\n";
    return failed ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
    std::map<std::string, std::string> options;
    for (int i = 1; i + 1 < argc; i += 2)
        options[std::string(argv[i]).substr(2)] = argv[i + 1];
    return run(std::move(options));
}
