#include "salus/edge/detail/request_head.h"

namespace salus::edge::detail {
namespace {

constexpr Refusal kTarget{400, "The request target is not a plain path with an optional query.",
                          "Send an origin-form target without dot segments (RFC 9112 3.2.1)."};

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Decodes one character at `i` and moves past it; -1 for a broken escape.
int next_decoded(std::string_view text, std::size_t& i) {
    const char c = text[i++];
    if (c != '%') return static_cast<unsigned char>(c);
    if (i + 2 > text.size()) return -1;
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    i += 2;
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool clean_query(std::string_view query) {
    for (std::size_t i = 0; i < query.size();)
        if (next_decoded(query, i) <= 0) return false;
    return true;
}

bool clean_path(std::string_view path) {
    std::size_t length = 0;  // of the segment so far, decoded
    bool only_dots = true;
    const auto closes_well = [&] { return length > 0 && !(only_dots && length <= 2); };
    for (std::size_t i = 1; i < path.size();) {
        const bool escaped = path[i] == '%';
        const int c = next_decoded(path, i);
        if (c <= 0 || c == '\\' || (escaped && c == '/')) return false;
        if (c == '/') {
            if (!closes_well()) return false;
            length = 0;
            only_dots = true;
            continue;
        }
        ++length;
        only_dots = only_dots && c == '.';
    }
    // A trailing slash leaves an empty last segment; the root is nothing else.
    return length == 0 || closes_well();
}

}  // namespace

std::optional<Refusal> split_target(std::string_view target, std::string_view& path,
                                    std::string_view& query) {
    if (target.empty() || target[0] != '/') return kTarget;
    for (const char c : target)
        if (c <= 0x20 || c >= 0x7f || c == '#') return kTarget;
    const std::size_t mark = target.find('?');
    path = target.substr(0, mark);
    query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
    if (!clean_path(path) || !clean_query(query)) return kTarget;
    return std::nullopt;
}

}  // namespace salus::edge::detail
