// JSON from clients: what parses must write out as JSON that parses to the same text again.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "salus/core/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace salus;
    const auto document =
        JsonDocument::parse(std::string_view(reinterpret_cast<const char*>(data), size));
    if (!document) return 0;
    std::string once;
    write_json(document->root(), once);
    const auto again = JsonDocument::parse(once);
    if (!again) std::abort();
    std::string twice;
    write_json(again->root(), twice);
    if (once != twice) std::abort();
    return 0;
}
