#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "salus/core/bytes.h"
#include "salus/core/id.h"

namespace salus::db {

/// Typed parameters $1, $2, … in binary form. Values are copied. Not thread-safe.
class Params {
  public:
    Params& i16(std::int16_t v);
    Params& i32(std::int32_t v);
    Params& i64(std::int64_t v);
    Params& i64(std::optional<std::int64_t> v);
    Params& boolean(bool v);
    Params& text(std::string_view v);
    Params& bytes(ByteView v);
    Params& uuid(const Uuid& v);
    Params& uuid(const std::optional<Uuid>& v);
    // One-dimensional arrays, for unnest() and = ANY().
    Params& i16s(std::span<const std::int16_t> v);
    Params& i32s(std::span<const std::int32_t> v);
    Params& i64s(std::span<const std::int64_t> v);
    Params& uuids(std::span<const Uuid> v);
    Params& uuids(std::span<const std::optional<Uuid>> v);
    Params& bytea_array(std::span<const Bytes> v);
    Params& texts(std::span<const std::string> v);

    [[nodiscard]] std::size_t size() const { return oids_.size(); }

  private:
    friend class Connection;
    template <typename Write>
    Params& add(std::uint32_t oid, Write write);
    Params& add_null(std::uint32_t oid);
    /// Where the bytes of a parameter lie; null for NULL.
    [[nodiscard]] const std::uint8_t* value(std::size_t index) const;

    std::vector<std::uint32_t> oids_;
    std::vector<std::size_t> offsets_;  ///< into buffer_; SIZE_MAX: NULL
    std::vector<int> lengths_;
    Bytes buffer_;
};

}  // namespace salus::db
