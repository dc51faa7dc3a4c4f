#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "salus/core/result.h"

namespace salus::edge::detail {

/// Why a request is not served, before any route sees it. Constant texts: nothing of the request.
struct Refusal {
    int status;
    ConstText text;
    ConstText next_step = {};
};

/// The request line and headers (RFC 9112). Views into the block that was parsed. Kept and reused
/// for the requests of a connection, so that `headers` keeps its memory.
struct RequestHead {
    std::string_view method;
    std::string_view path;  ///< origin-form, still percent-encoded, checked by split_target
    std::string_view query;
    std::vector<std::pair<std::string_view, std::string_view>> headers;  ///< names in lower case
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool keep_alive = false;
    bool expects_continue = false;
    bool is_head = false;  ///< a HEAD request; `method` says GET

    [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;
};

/// One past the blank line that ends the head in `data`, or 0. `from` is where the last search
/// ended.
std::size_t find_head_end(std::string_view data, std::size_t from);

/// Parses one head, blank line included; names are put in lower case in place. Beast's parser does
/// the grammar; what it lets pass and two parsers could read in two ways is refused here: obs-fold,
/// bare LF, control characters, a second Content-Length or Transfer-Encoding, both of them, any
/// coding but "chunked", HTTP/1.1 without exactly one Host (RFC 9112 3.2, 5.2, 6.1, 6.3). The
/// answer to a refusal is the connection's last.
std::optional<Refusal> parse_head(std::span<char> block, RequestHead& head);

/// What to answer when the head is over its limit: the request line's fault (414) or the headers'
/// (431).
Refusal oversized_head(std::string_view data);

/// Takes a request target in origin-form apart. Refused: other forms, fragments, bytes outside
/// printable ASCII, broken escapes, an escaped NUL anywhere; in the path, dot segments, empty
/// segments, backslashes, and the escapes of those and of the slash: a path has one spelling.
std::optional<Refusal> split_target(std::string_view target, std::string_view& path,
                                    std::string_view& query);

}  // namespace salus::edge::detail
