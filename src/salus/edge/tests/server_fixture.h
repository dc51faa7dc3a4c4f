#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "salus/edge/metrics.h"
#include "salus/edge/server.h"
#include "salus/edge/tests/client.h"
#include "salus/edge/tls_material.h"

namespace salus::edge::testing {

/// A folder that goes with the test.
class TempFolder {
  public:
    TempFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "salus-edge-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    ~TempFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

/// A server on a free port with a handler of the test's own.
class ServerTest : public ::testing::Test {
  protected:
    static void SetUpTestSuite() {
        ::signal(SIGPIPE, SIG_IGN);  // the test's own clients write to connections that were cut
        folder_ = std::make_unique<TempFolder>();
        material_ = ensure_tls(folder_->path(), {}).value();
    }
    static void TearDownTestSuite() { folder_.reset(); }

    static HttpResponse echo(const HttpRequest& request) {
        HttpResponse response;
        response.body = std::string(request.method) + " " + std::string(request.path) + "?" +
                        std::string(request.query) + " " + std::to_string(request.body.size());
        return response;
    }
    void start(Handler handler = echo) {
        options_.certificate_file = material_.certificate_file;
        options_.key_file = material_.key_file;
        server_ = std::make_unique<Server>(options_, std::move(handler), metrics_, log_);
        ASSERT_TRUE(server_->start());
    }
    Client connect() { return Client::tls(server_->port(), {material_.ca_file}); }
    std::optional<Answer> ask(std::string_view request) { return connect().ask(request); }
    static std::string get(std::string_view target, std::string_view more = "") {
        return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" +
               std::string(more) + "\r\n";
    }
    static std::string post(std::string_view target, std::string_view body,
                            std::string_view more = "") {
        return "POST " + std::string(target) +
               " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
               "\r\n" + std::string(more) + "\r\n" + std::string(body);
    }
    /// The counters reach this within ten seconds: the server counts behind what its peers see.
    [[nodiscard]] bool counted(std::string_view series_and_value) const {
        const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (metrics_.render().find(series_and_value) == std::string::npos) {
            if (std::chrono::steady_clock::now() > give_up) return false;
            std::this_thread::yield();
        }
        return true;
    }

    static inline std::unique_ptr<TempFolder> folder_;
    static inline TlsMaterial material_;
    ServerOptions options_;
    Metrics metrics_;
    Logger log_;
    std::unique_ptr<Server> server_;
};

}  // namespace salus::edge::testing
