#include "salus/edge/detail/response_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace salus::edge::detail {
namespace {

/// Every answer is data for one caller: never stored, never framed, never sniffed, never executed.
constexpr std::string_view kSecurityHeaders =
    "Strict-Transport-Security: max-age=63072000; includeSubDomains\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Cache-Control: no-store\r\n"
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

struct Phrase {
    int status;
    std::string_view text;
};
constexpr std::array<Phrase, 31> kPhrases = {{
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
}};

std::string_view phrase(int status) {
    const auto found = std::ranges::find(kPhrases, status, &Phrase::status);
    return found == kPhrases.end() ? std::string_view() : found->text;
}

bool is_clean(std::string_view text) {
    return std::ranges::none_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
}

}  // namespace

bool may_have_body(int status) {
    return status >= 200 && status != 204 && status != 304;
}

bool write_response_head(const HttpResponse& response, bool keep_alive, std::string& out) {
    if (!is_clean(response.content_type)) return false;
    for (const auto& [name, value] : response.headers)
        if (!is_clean(name) || !is_clean(value)) return false;

    fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", response.status,
                   phrase(response.status));
    out += kSecurityHeaders;
    if (may_have_body(response.status)) {
        if (!response.body.empty()) out.append("Content-Type: ").append(response.content_type);
        fmt::format_to(std::back_inserter(out), "{}Content-Length: {}\r\n",
                       response.body.empty() ? "" : "\r\n", response.body.size());
    }
    for (const auto& [name, value] : response.headers)
        out.append(name).append(": ").append(value).append("\r\n");
    if (!keep_alive) out += "Connection: close\r\n";
    out += "\r\n";
    return true;
}

}  // namespace salus::edge::detail
