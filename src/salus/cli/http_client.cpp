#include "salus/cli/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <charconv>
#include <mutex>

namespace salus::cli {
namespace {

constexpr long kConnectTimeoutMs = 10'000;
constexpr long kRequestTimeoutMs = 300'000;
constexpr std::size_t kAnswerBytes = 256U << 20;

std::size_t receive(char* data, std::size_t size, std::size_t count, void* user) {
    auto* body = static_cast<std::string*>(user);
    if (body->size() + size * count > kAnswerBytes) return 0;
    body->append(data, size * count);
    return size * count;
}

class HeaderList {
  public:
    HeaderList() = default;
    HeaderList(const HeaderList&) = delete;
    HeaderList& operator=(const HeaderList&) = delete;
    ~HeaderList() { curl_slist_free_all(list_); }
    void add(const std::string& line) { list_ = curl_slist_append(list_, line.c_str()); }
    [[nodiscard]] curl_slist* get() const { return list_; }

  private:
    curl_slist* list_ = nullptr;
};

Failure failure_of(CURLcode code) {
    switch (code) {
        case CURLE_COULDNT_CONNECT:
        case CURLE_COULDNT_RESOLVE_HOST:
            return {Errc::unavailable, "The server can't be reached.",
                    "Is it running? Look with: salus status, start it with: salus up"};
        case CURLE_OPERATION_TIMEDOUT:
            return {Errc::timeout, "The server did not answer in time.", "Try again."};
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
            return {Errc::denied, "The server's certificate is not from the trusted authority.",
                    "Name its CA with --ca FILE (HOME/tls/ca.pem)."};
        case CURLE_SSL_CONNECT_ERROR:
            return {Errc::unavailable, "No TLS 1.3 connection could be made.",
                    "Check the address: salus speaks HTTPS alone."};
        case CURLE_URL_MALFORMAT:
            return {Errc::usage, "The server's address is no URL.",
                    "Write it like https://host:8443"};
        default:
            return {Errc::unavailable, "The connection to the server broke.", "Try again."};
    }
}

}  // namespace

struct HttpClient::Impl {
    HttpTarget target;
    CURL* curl = nullptr;
};

HttpClient::HttpClient(HttpTarget target) : impl_(std::make_unique<Impl>()) {
    // curl_global_init must come first and is not thread-safe in the libcurl of Debian 12.
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    impl_->target = std::move(target);
    impl_->curl = curl_easy_init();
    CURL* curl = impl_->curl;
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY,
                     "");  // PHI never takes a detour of the environment's choice
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_3));
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR,
                     impl_->target.unix_socket.empty() ? "https" : "http");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, kRequestTimeoutMs);
    curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &receive);
    if (!impl_->target.ca_file.empty()) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, impl_->target.ca_file.c_str());
        curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
    }
    if (!impl_->target.unix_socket.empty())
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, impl_->target.unix_socket.c_str());
}

HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() {
    if (impl_) curl_easy_cleanup(impl_->curl);
}

Outcome<HttpAnswer> HttpClient::send(std::string_view method, std::string_view path,
                                     std::string_view body, const Headers& headers) {
    CURL* curl = impl_->curl;
    const std::string url = fmt::format("{}{}", impl_->target.base_url, path);
    const std::string verb(method);
    HttpAnswer answer;
    HeaderList list;
    list.add("Expect:");  // a round trip before each large body buys nothing on a trusted server
    if (!impl_->target.token.empty()) list.add("Authorization: Bearer " + impl_->target.token);
    for (const auto& [name, value] : headers)
        list.add(fmt::format("{}: {}", name, value));
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list.get());
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
    if (body.data() != nullptr) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    } else {
        curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, verb.c_str());
    const CURLcode code = curl_easy_perform(curl);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, nullptr);
    if (code != CURLE_OK) return failed(failure_of(code));
    long status = 0;
    const char* type = nullptr;
    curl_off_t retry_after = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after);
    answer.status = static_cast<int>(status);
    answer.content_type = type ? type : "";
    answer.retry_after_seconds = static_cast<int>(retry_after);
    return answer;
}

}  // namespace salus::cli
