#pragma once

#include <string>
#include <string_view>

namespace salus::fhir::detail {

/// Text as string search compares it: without case and accents for Latin, Greek and Cyrillic (R4
/// search.html 3.1.1.4.5), everything else as it is. `text` is valid UTF-8.
std::string fold(std::string_view text);

/// The first `count` code points of folded text, or absent (empty view) where there are fewer.
std::string_view prefix_of(std::string_view folded, std::size_t count);

}  // namespace salus::fhir::detail
