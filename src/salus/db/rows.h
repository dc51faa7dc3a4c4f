#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "salus/core/bytes.h"
#include "salus/core/id.h"

namespace salus::db {

/// A result in binary form. Views live as long as the Rows. Column types must match what is asked
/// (an assertion, not an error: the SQL is ours).
class Rows {
  public:
    Rows();
    explicit Rows(void* pg_result);  ///< takes over the PGresult
    Rows(Rows&&) noexcept;
    Rows& operator=(Rows&&) noexcept;
    ~Rows();
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] std::size_t affected() const;  ///< rows an INSERT, UPDATE or DELETE touched
    [[nodiscard]] bool is_null(std::size_t row, int column) const;
    [[nodiscard]] std::int16_t i16(std::size_t row, int column) const;
    [[nodiscard]] std::int32_t i32(std::size_t row, int column) const;
    [[nodiscard]] std::int64_t i64(std::size_t row, int column) const;
    [[nodiscard]] bool boolean(std::size_t row, int column) const;
    [[nodiscard]] ByteView bytes(std::size_t row, int column) const;
    [[nodiscard]] std::string_view text(std::size_t row, int column) const;
    [[nodiscard]] Uuid uuid(std::size_t row, int column) const;

  private:
    void* result_;
};

}  // namespace salus::db
