#pragma once

#include <cstdint>

/// Object ids of the built-in types that salus sends and reads: fixed in every PostgreSQL
/// (pg_type.dat), and the same on Aurora, RDS and Citus.
namespace salus::db::detail {

inline constexpr std::uint32_t kBool = 16;
inline constexpr std::uint32_t kBytea = 17;
inline constexpr std::uint32_t kInt8 = 20;
inline constexpr std::uint32_t kInt2 = 21;
inline constexpr std::uint32_t kInt4 = 23;
inline constexpr std::uint32_t kText = 25;
inline constexpr std::uint32_t kUuid = 2950;
inline constexpr std::uint32_t kByteaArray = 1001;
inline constexpr std::uint32_t kInt2Array = 1005;
inline constexpr std::uint32_t kInt4Array = 1007;
inline constexpr std::uint32_t kTextArray = 1009;
inline constexpr std::uint32_t kInt8Array = 1016;
inline constexpr std::uint32_t kUuidArray = 2951;

}  // namespace salus::db::detail
