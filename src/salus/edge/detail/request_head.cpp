#include "salus/edge/detail/request_head.h"

#include <algorithm>
#include <array>
#include <boost/beast/http/basic_parser.hpp>

#include "salus/core/limits.h"

namespace salus::edge::detail {
namespace {

namespace http = boost::beast::http;

constexpr Refusal kMalformed{400, "The request is not well-formed HTTP/1.1.",
                             "Send one that follows RFC 9112."};
constexpr Refusal kFraming{400, "The length of the request's body is not stated in one clear way.",
                           "Send either one Content-Length or \"Transfer-Encoding: chunked\"."};
constexpr Refusal kHost{400, "The request must carry exactly one valid Host header."};

/// Gathers what Beast finds. Given the whole head as one block, it hands out views into that block.
class HeadParser final : public http::basic_parser<true> {
  public:
    explicit HeadParser(RequestHead& head) : head_(head) {}
    [[nodiscard]] std::string_view target() const { return target_; }
    [[nodiscard]] int version() const { return version_; }

  private:
    using Code = boost::beast::error_code;
    using View = boost::beast::string_view;
    static std::string_view std_view(View v) { return {v.data(), v.size()}; }

    void on_request_impl(http::verb, View method, View target, int version, Code&) override {
        head_.method = std_view(method);
        target_ = std_view(target);
        version_ = version;
    }
    void on_response_impl(int, View, int, Code&) override {}
    void on_field_impl(http::field, View name, View value, Code& code) override {
        if (head_.headers.size() == limits::kHeaderFields)
            code = http::error::header_limit;
        else
            head_.headers.emplace_back(std_view(name), std_view(value));
    }
    void on_header_impl(Code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
    std::size_t on_body_impl(View, Code&) override { return 0; }
    void on_chunk_header_impl(std::uint64_t, View, Code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, View, Code&) override { return 0; }
    void on_finish_impl(Code&) override {}

    RequestHead& head_;
    std::string_view target_;
    int version_ = 0;
};

/// Line ends are CRLF, no line begins with white space (obs-fold), no control characters but HTAB.
bool clean_lines(std::span<const char> block) {
    char before = '\0';
    bool line_start = true;
    for (const char c : block) {
        const auto byte = static_cast<unsigned char>(c);
        if (before == '\r' && c != '\n') return false;
        if (line_start && (c == ' ' || c == '\t')) return false;
        if (byte < 0x20 && c != '\t' && c != '\r' && (c != '\n' || before != '\r')) return false;
        if (byte == 0x7f) return false;
        line_start = c == '\n';
        before = c;
    }
    return true;
}

bool equal_ignoring_case(std::string_view a, std::string_view lower) {
    return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
        return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + 32) : x) == y;
    });
}

/// A request line that is in order but for its version.
bool names_other_version(std::string_view block) {
    const std::string_view line = block.substr(0, block.find("\r\n"));
    const std::size_t at = line.rfind(" HTTP/");
    return at != std::string_view::npos && !line.ends_with(" HTTP/1.1") &&
           !line.ends_with(" HTTP/1.0");
}

std::optional<std::uint64_t> parse_length(std::string_view text) {
    if (text.empty() || text.size() > 18) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

/// uri-host [ ":" port ]: the characters of names, addresses and IPv6 literals (RFC 3986 3.2.2).
bool is_host(std::string_view text) {
    return !text.empty() && text.size() <= 262 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
    });
}

/// Headers that decide something here or in a route: a second one would be read by one reader and
/// not by the next.
bool is_single(std::string_view name) {
    static constexpr std::array<std::string_view, 10> kSingle = {
        "host",          "content-length", "transfer-encoding", "expect",       "authorization",
        "if-none-match", "if-match",       "if-none-exist",     "content-type", "x-request-key"};
    return std::ranges::find(kSingle, name) != kSingle.end();
}

std::optional<Refusal> check_fields(RequestHead& head, int version) {
    std::size_t hosts = 0;
    for (auto field = head.headers.begin(); field != head.headers.end(); ++field) {
        const auto& [name, value] = *field;
        if (is_single(name) &&
            std::any_of(head.headers.begin(), field,
                        [&name = name](const auto& other) { return other.first == name; }))
            return name == "host"                                            ? kHost
                   : name == "content-length" || name == "transfer-encoding" ? kFraming
                                                                             : kMalformed;
        if (name == "host") {
            if (!is_host(value)) return kHost;
            ++hosts;
        } else if (name == "content-length") {
            head.content_length = parse_length(value);
            if (!head.content_length) return kFraming;
        } else if (name == "transfer-encoding") {
            if (!equal_ignoring_case(value, "chunked")) return kFraming;
            head.chunked = true;
        } else if (name == "expect") {
            if (!equal_ignoring_case(value, "100-continue"))
                return Refusal{417, "The expectation of the request is unknown."};
            head.expects_continue = true;
        }
    }
    // RFC 9112 6.1: a Transfer-Encoding from HTTP/1.0 is faulty framing; 6.3: so is one beside a
    // length.
    if (head.chunked && (head.content_length || version == 10)) return kFraming;
    if (hosts == 0 && version == 11) return kHost;
    if (version == 10) head.expects_continue = head.keep_alive = false;
    return std::nullopt;
}

std::optional<Refusal> check_method(RequestHead& head) {
    static constexpr std::array<std::string_view, 6> kMethods = {"GET", "HEAD",  "POST",
                                                                 "PUT", "PATCH", "DELETE"};
    if (std::ranges::find(kMethods, head.method) == kMethods.end())
        return Refusal{501, "The method is none that salus answers."};
    head.is_head = head.method == "HEAD";
    if (head.is_head) head.method = "GET";
    // RFC 9110 9.3.1: content in a GET has no meaning and is used to smuggle requests.
    if (head.method == "GET" && (head.chunked || head.content_length.value_or(0) > 0))
        return Refusal{400, "A GET request can't carry a body."};
    return std::nullopt;
}

}  // namespace

std::string_view RequestHead::header(std::string_view lower_case_name) const {
    for (const auto& [name, value] : headers)
        if (name == lower_case_name) return value;
    return {};
}

std::size_t find_head_end(std::string_view data, std::size_t from) {
    const std::size_t at = data.find("\r\n\r\n", from > 3 ? from - 3 : 0);
    return at == std::string_view::npos ? 0 : at + 4;
}

Refusal oversized_head(std::string_view data) {
    const std::size_t line = data.find("\r\n");
    if (line == std::string_view::npos || line > limits::kTargetBytes)
        return {414, "The request target is longer than the limit.",
                "Send a search by POST to _search."};
    return {431, "The request headers are larger than the limit."};
}

std::optional<Refusal> parse_head(std::span<char> block, RequestHead& head) {
    head.headers.clear();
    head.content_length.reset();
    head.chunked = head.keep_alive = head.expects_continue = head.is_head = false;
    if (!clean_lines(block)) return kMalformed;

    HeadParser parser(head);
    parser.header_limit(static_cast<std::uint32_t>(2 * limits::kHeaderBytes));
    parser.body_limit(boost::none);
    boost::beast::error_code code;
    parser.put({block.data(), block.size()}, code);
    if (code == http::error::header_limit)
        return Refusal{431, "The request has more header lines than the limit."};
    if (code == http::error::bad_version && names_other_version({block.data(), block.size()}))
        return Refusal{505, "The version of HTTP is not supported.", "Use HTTP/1.1."};
    if (code == http::error::multiple_content_length || code == http::error::bad_content_length ||
        code == http::error::bad_transfer_encoding)
        return kFraming;
    if (code || !parser.is_header_done()) return kMalformed;
    if (parser.target().size() > limits::kTargetBytes) return oversized_head({});

    head.keep_alive = parser.keep_alive();
    for (auto& [name, value] : head.headers)
        for (char& c :
             block.subspan(static_cast<std::size_t>(name.data() - block.data()), name.size()))
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (auto refusal = check_fields(head, parser.version())) return refusal;
    if (auto refusal = split_target(parser.target(), head.path, head.query)) return refusal;
    return check_method(head);
}

}  // namespace salus::edge::detail
