#include "salus/fhir/detail/service_http.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "salus/core/encoding.h"

namespace salus::fhir {
namespace {

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

bool same(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

/// Takes the part up to `separator` off the text.
std::string_view next_part(std::string_view& text, char separator) {
    const std::size_t at = text.find(separator);
    const std::string_view part = text.substr(0, at);
    text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
    return trim(part);
}

/// "charset=utf-8", "fhirVersion=4.0", "q=0.9": those that change what we would send refuse.
bool known_parameters(std::string_view parameters) {
    while (!parameters.empty()) {
        const std::string_view parameter = next_part(parameters, ';');
        const std::size_t equals = parameter.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string_view name = trim(parameter.substr(0, equals));
        std::string_view value = trim(parameter.substr(equals + 1));
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
            value = value.substr(1, value.size() - 2);
        if (same(name, "charset") && !same(value, "utf-8")) return false;
        if (same(name, "fhirVersion") && value != "4.0") return false;
        if (same(name, "q") && (value == "0" || value.starts_with("0.0"))) return false;
    }
    return true;
}

bool is_media_type(std::string_view header, std::initializer_list<std::string_view> types) {
    const std::string_view type = next_part(header, ';');
    const bool known = std::any_of(types.begin(), types.end(),
                                   [&](std::string_view wanted) { return same(type, wanted); });
    return known && known_parameters(header);
}

}  // namespace

std::string_view status_line(int status) {
    switch (status) {
        case 200:
            return "200 OK";
        case 201:
            return "201 Created";
        case 204:
            return "204 No Content";
        case 304:
            return "304 Not Modified";
        case 400:
            return "400 Bad Request";
        case 401:
            return "401 Unauthorized";
        case 403:
            return "403 Forbidden";
        case 404:
            return "404 Not Found";
        case 405:
            return "405 Method Not Allowed";
        case 406:
            return "406 Not Acceptable";
        case 409:
            return "409 Conflict";
        case 410:
            return "410 Gone";
        case 412:
            return "412 Precondition Failed";
        case 413:
            return "413 Content Too Large";
        case 415:
            return "415 Unsupported Media Type";
        case 422:
            return "422 Unprocessable Content";
        case 429:
            return "429 Too Many Requests";
        case 501:
            return "501 Not Implemented";
        case 503:
            return "503 Service Unavailable";
        case 504:
            return "504 Gateway Timeout";
        case 507:
            return "507 Insufficient Storage";
        default:
            return "500 Internal Server Error";
    }
}

Response error_response(const Error& error) {
    Response response;
    response.status = info(error.code()).http_status;
    response.body = operation_outcome(error);
    return response;
}

Response problem_response(const Problem& problem) {
    if (problem.issues.empty()) return error_response(problem.error);
    Response response;
    response.status = info(problem.error.code()).http_status;
    response.body = operation_outcome(problem.issues);
    return response;
}

Response status_response(int status, ConstText text, ConstText next_step) {
    Response response = error_response(Error(Errc::unsupported, text, next_step));
    response.status = status;
    return response;
}

std::string information(ConstText text) {
    JsonWriter json;
    json.begin_object().member("resourceType", "OperationOutcome").key("issue").begin_array();
    json.begin_object().member("severity", "information").member("code", "informational");
    json.member("diagnostics", text.view()).end_object().end_array().end_object();
    return std::move(json).str();
}

std::string etag_of(std::int32_t version) {
    return fmt::format("W/\"{}\"", version);
}

std::optional<std::int32_t> version_of(std::string_view etag) {
    etag = trim(etag);
    if (etag.starts_with("W/")) etag.remove_prefix(2);
    if (etag.size() < 3 || etag.front() != '"' || etag.back() != '"') return std::nullopt;
    etag = etag.substr(1, etag.size() - 2);
    std::int32_t version = 0;
    const auto [end, error] = std::from_chars(etag.data(), etag.data() + etag.size(), version);
    if (error != std::errc() || end != etag.data() + etag.size() || version < 1)
        return std::nullopt;
    return version;
}

std::string http_date(TimeUs at_us) {
    constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
    constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t seconds = at_us / kSecondUs;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                       kDays.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                       kMonths.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900,
                       utc.tm_hour, utc.tm_min, utc.tm_sec);
}

bool accepts_json(std::string_view accept) {
    if (trim(accept).empty()) return true;
    while (!accept.empty())
        if (is_media_type(next_part(accept, ','),
                          {"application/fhir+json", "application/json", "application/*", "*/*"}))
            return true;
    return false;
}

bool is_json_format(std::string_view format) {
    return same(format, "json") ||
           is_media_type(format, {"application/fhir+json", "application/json"});
}

bool is_json_body(std::string_view content_type) {
    return is_media_type(content_type, {"application/fhir+json", "application/json"});
}

bool is_form_body(std::string_view content_type) {
    return is_media_type(content_type, {"application/x-www-form-urlencoded"});
}

std::optional<Return> preferred_return(std::string_view prefer) {
    while (!prefer.empty()) {
        std::string_view part = next_part(prefer, ',');
        part = next_part(part, ';');
        if (part == "return=minimal") return Return::minimal;
        if (part == "return=representation") return Return::representation;
        if (part == "return=OperationOutcome") return Return::outcome;
    }
    return std::nullopt;
}

Result<std::vector<std::string>> split_path(std::string_view path) {
    constexpr ConstText kInvalid = "The path is not a valid URL path.";
    std::vector<std::string> out;
    if (path.starts_with('/')) path.remove_prefix(1);
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string_view part = path.substr(0, slash);
        path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
        std::string& segment = out.emplace_back();
        for (std::size_t i = 0; i < part.size(); ++i) {
            if (part[i] != '%') {
                segment += part[i];
                continue;
            }
            std::string digits(part.substr(i + 1, 2));
            std::transform(digits.begin(), digits.end(), digits.begin(),
                           [](char c) { return c >= 'A' && c <= 'F' ? char(c + 32) : c; });
            const auto byte = from_hex(digits);
            if (!byte || byte->size() != 1 || byte->front() == 0)
                return fail(Errc::invalid, kInvalid);
            segment += static_cast<char>(byte->front());
            i += 2;
        }
        if (segment.empty() && !path.empty()) return fail(Errc::invalid, kInvalid);
    }
    if (!out.empty() && out.back().empty()) out.pop_back();
    return out;
}

std::string encode_form(const QueryPairs& pairs) {
    std::string out;
    const auto encode = [&out](std::string_view text) {
        for (const char c : text) {
            const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                               (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                               c == '~';
            if (plain)
                out += c;
            else
                out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    };
    for (const auto& [name, value] : pairs) {
        if (!out.empty()) out += '&';
        encode(name);
        out += '=';
        encode(value);
    }
    return out;
}

}  // namespace salus::fhir
