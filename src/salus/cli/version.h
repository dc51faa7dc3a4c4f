#pragma once

#include <string_view>

namespace salus::cli {

inline constexpr std::string_view kVersion = SALUS_VERSION;

}  // namespace salus::cli
