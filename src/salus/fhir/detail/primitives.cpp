#include "salus/fhir/detail/primitives.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace salus::fhir::detail {
namespace {

constexpr std::size_t kDecimalChars = 64;  ///< longer numbers are an attack, not a measurement

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Two digits in a range; -1 when they are not.
int two_digits(std::string_view text, std::size_t at, int low, int high) {
    if (at + 2 > text.size() || !is_digit(text[at]) || !is_digit(text[at + 1])) return -1;
    const int value = (text[at] - '0') * 10 + (text[at + 1] - '0');
    return value >= low && value <= high ? value : -1;
}

int days_in_month(int year, int month) {
    constexpr std::array<int, 13> kDays = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : kDays[static_cast<std::size_t>(month)];
}

bool is_full_date(std::string_view text) {
    return text.size() == 10 && is_date(text);
}

/// hh:mm:ss(.s+)? at `at`; on success moves `at` behind it. A leap second is R4's ":60".
bool skip_time(std::string_view text, std::size_t& at) {
    if (text.size() < at + 8 || text[at + 2] != ':' || text[at + 5] != ':') return false;
    if (two_digits(text, at, 0, 23) < 0 || two_digits(text, at + 3, 0, 59) < 0 ||
        two_digits(text, at + 6, 0, 60) < 0)
        return false;
    at += 8;
    if (at == text.size() || text[at] != '.') return true;
    const std::size_t fraction = ++at;
    while (at < text.size() && is_digit(text[at]))
        ++at;
    return at > fraction && at - fraction <= 9;
}

/// Z or ±hh:mm up to 14:00, to the end.
bool is_zone(std::string_view text) {
    if (text == "Z") return true;
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return false;
    const int hours = two_digits(text, 1, 0, 14);
    const int minutes = two_digits(text, 4, 0, 59);
    return hours >= 0 && minutes >= 0 && (hours < 14 || minutes == 0);
}

bool is_time(std::string_view text) {
    std::size_t at = 0;
    return skip_time(text, at) && at == text.size();
}

/// Characters of a string: no control characters but tab, line feed, carriage return.
bool is_string(std::string_view text) {
    return !text.empty() && std::none_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
    });
}

/// [^\s]+(\s[^\s]+)*
bool is_code(std::string_view text) {
    if (!is_string(text) || is_space(text.front()) || is_space(text.back())) return false;
    for (std::size_t i = 1; i < text.size(); ++i)
        if (is_space(text[i]) && is_space(text[i - 1])) return false;
    return true;
}

/// \S+ (the definition's \S* with the rule that nothing is empty).
bool is_uri(std::string_view text) {
    return is_string(text) && std::none_of(text.begin(), text.end(), is_space);
}

bool is_id_text(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
               c == '.';
    });
}

/// urn:oid:[0-2](\.(0|[1-9][0-9]*))+
bool is_oid(std::string_view text) {
    constexpr std::string_view kPrefix = "urn:oid:";
    if (!text.starts_with(kPrefix)) return false;
    text.remove_prefix(kPrefix.size());
    if (text.empty() || text[0] < '0' || text[0] > '2') return false;
    std::size_t at = 1;
    int parts = 0;
    for (; at < text.size() && text[at] == '.'; ++parts) {
        const std::size_t start = ++at;
        while (at < text.size() && is_digit(text[at]))
            ++at;
        if (at == start || (text[start] == '0' && at > start + 1)) return false;
    }
    return parts > 0 && at == text.size();
}

bool is_uuid(std::string_view text) {
    constexpr std::string_view kPrefix = "urn:uuid:";
    if (!text.starts_with(kPrefix) || text.size() != kPrefix.size() + 36) return false;
    text.remove_prefix(kPrefix.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const char c = text[i];
        const bool hex = is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (dash ? c != '-' : !hex) return false;
    }
    return true;
}

constexpr auto kBase64Class = [] {
    std::array<std::uint8_t, 256> table{};  // 0: refused, 1: digit, 2: padding, 3: space
    for (int c = '0'; c <= '9'; ++c)
        table[static_cast<std::size_t>(c)] = 1;
    for (int c = 'A'; c <= 'Z'; ++c)
        table[static_cast<std::size_t>(c)] = 1;
    for (int c = 'a'; c <= 'z'; ++c)
        table[static_cast<std::size_t>(c)] = 1;
    table['+'] = table['/'] = 1;
    table['='] = 2;
    table[' '] = table['\t'] = table['\n'] = table['\r'] = 3;
    return table;
}();

/// RFC 4648 section 4 with padding; whitespace may stand between the characters.
bool is_base64(std::string_view text) {
    std::size_t digits = 0;
    std::size_t padding = 0;
    for (const char c : text) {
        switch (kBase64Class[static_cast<std::uint8_t>(c)]) {
            case 0:
                return false;
            case 1:
                if (padding > 0) return false;
                ++digits;
                break;
            case 2:
                ++padding;
                break;
            default:
                break;
        }
    }
    return digits > 0 && padding <= 2 && (digits + padding) % 4 == 0;
}

bool is_integer(std::string_view literal, std::int64_t low) {
    std::int32_t value = 0;
    const auto [end, error] =
        std::from_chars(literal.data(), literal.data() + literal.size(), value);
    // The literal is a JSON number already; what stops the scan is a fraction or an exponent.
    return error == std::errc() && end == literal.data() + literal.size() && value >= low &&
           (low < 0 || literal.front() != '-');
}

/// The exponent is bounded so that comparing two decimals stays cheap.
bool is_decimal(std::string_view literal) {
    if (literal.size() > kDecimalChars) return false;
    const std::size_t mark = literal.find_first_of("eE");
    if (mark == std::string_view::npos) return true;
    const auto digits =
        std::count_if(literal.begin() + static_cast<std::ptrdiff_t>(mark), literal.end(), is_digit);
    return digits <= 3;
}

}  // namespace

bool is_date(std::string_view text) {
    if (text.size() != 4 && text.size() != 7 && text.size() != 10) return false;
    int year = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        if (!is_digit(text[i])) return false;
        year = year * 10 + (text[i] - '0');
    }
    if (year == 0) return false;
    if (text.size() == 4) return true;
    const int month = two_digits(text, 5, 1, 12);
    if (text[4] != '-' || month < 0) return false;
    if (text.size() == 7) return true;
    return text[7] == '-' && two_digits(text, 8, 1, days_in_month(year, month)) > 0;
}

bool is_instant(std::string_view text) {
    if (text.size() < 20 || text[10] != 'T' || !is_full_date(text.substr(0, 10))) return false;
    std::size_t at = 11;
    return skip_time(text, at) && is_zone(text.substr(at));
}

bool is_date_time(std::string_view text) {
    return is_date(text) || is_instant(text);
}

bool is_valid_text(Kind kind, std::string_view text) {
    switch (kind) {
        case Kind::string:
        case Kind::markdown:
            return is_string(text);
        case Kind::code:
            return is_code(text);
        case Kind::id:
            return is_id_text(text);
        case Kind::uri:
        case Kind::url:
        case Kind::canonical:
            return is_uri(text);
        case Kind::oid:
            return is_oid(text);
        case Kind::uuid:
            return is_uuid(text);
        case Kind::base64:
            return is_base64(text);
        case Kind::date:
            return is_date(text);
        case Kind::date_time:
            return is_date_time(text);
        case Kind::instant:
            return is_instant(text);
        case Kind::time:
            return is_time(text);
        case Kind::xhtml:
            return is_safe_xhtml(text);
        default:
            return false;
    }
}

bool is_valid_number(Kind kind, std::string_view literal) {
    switch (kind) {
        case Kind::decimal:
            return is_decimal(literal);
        case Kind::integer:
            return is_integer(literal, INT32_MIN);
        case Kind::positive_int:
            return is_integer(literal, 1);
        case Kind::unsigned_int:
            return is_integer(literal, 0);
        default:
            return false;
    }
}

}  // namespace salus::fhir::detail
