// HTTP request heads: whatever is let through has one reading.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "salus/edge/detail/request_head.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace salus::edge::detail;
    std::string block(reinterpret_cast<const char*>(data), size);
    const std::size_t end = find_head_end(block, 0);
    if (end == 0 || end > block.size()) {
        static_cast<void>(oversized_head(block));
        return 0;
    }
    block.resize(end);
    RequestHead head;
    if (parse_head(std::span<char>(block), head)) return 0;
    // RFC 9112 6.1: a length and a transfer coding together are how requests are smuggled.
    if (head.chunked && head.content_length) std::abort();
    if (head.path.empty() || head.path.front() != '/') std::abort();
    if (head.path.find("/../") != std::string_view::npos) std::abort();
    return 0;
}
