#include <algorithm>

#include "salus/core/limits.h"
#include "salus/fhir/query.h"

namespace salus::fhir {
namespace {

tl::unexpected<Error> bad_form() {
    return fail(Errc::invalid, "The search is not valid form data.",
                "Send name=value pairs in UTF-8, percent-encoded, joined by '&'.");
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF; and no NUL.
bool is_text(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto byte = [&](std::size_t i) {
            return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
        };
        const unsigned lead = byte(0);
        if (lead == 0) return false;
        if (lead < 0x80) {
            ++at;
            continue;
        }
        const std::size_t length = lead >= 0xf0 ? 4 : (lead >= 0xe0 ? 3 : 2);
        if (lead < 0xc2 || lead > 0xf4) return false;
        for (std::size_t i = 1; i < length; ++i)
            if ((byte(i) & 0xc0) != 0x80) return false;
        const unsigned second = byte(1);
        if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
            (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f))
            return false;
        at += length;
    }
    return true;
}

bool decode(std::string_view text, std::string& out) {
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '+') {
            out.push_back(' ');
        } else if (c == '%') {
            if (i + 2 >= text.size()) return false;
            const int high = hex_digit(text[i + 1]);
            const int low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0) return false;
            out.push_back(static_cast<char>(high * 16 + low));
            i += 2;
        } else {
            out.push_back(c);
        }
    }
    return is_text(out);
}

}  // namespace

Result<QueryPairs> parse_form(std::string_view text) {
    QueryPairs pairs;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('&'), text.size());
        const std::string_view pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t mark = pair.find('=');
        if (mark == std::string_view::npos || mark == 0) return bad_form();
        if (pairs.size() >= limits::kSearchParameters)
            return fail(Errc::too_large, "A search has too many parameters.", "Search in parts.");
        auto& [name, value] = pairs.emplace_back();
        if (!decode(pair.substr(0, mark), name) || !decode(pair.substr(mark + 1), value))
            return bad_form();
    }
    return pairs;
}

}  // namespace salus::fhir
