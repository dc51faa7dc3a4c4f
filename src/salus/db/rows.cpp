#include "salus/db/rows.h"

#include <libpq-fe.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "salus/db/detail/oids.h"

namespace salus::db {
namespace {

PGresult* as_result(void* result) {
    return static_cast<PGresult*>(result);
}

/// The SQL is ours and so is the code that reads its result: a mismatch is a defect, never input.
void require(bool holds) {
    if (holds) return;
    std::fputs("salus: a column was read that the statement does not return in that type\n",
               stderr);
    std::abort();
}

/// The bytes of a value whose type must be `oid`.
const char* cell(void* result, std::size_t row, int column, Oid oid) {
    const PGresult* rows = as_result(result);
    require(rows != nullptr && column >= 0 && column < PQnfields(rows));
    require(row < static_cast<std::size_t>(PQntuples(rows)) && PQftype(rows, column) == oid);
    require(PQgetisnull(rows, static_cast<int>(row), column) == 0);
    return PQgetvalue(rows, static_cast<int>(row), column);
}

template <typename T>
T number(const char* from) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
        value = value << 8 | static_cast<std::uint8_t>(from[i]);
    return static_cast<T>(value);
}

std::size_t length(void* result, std::size_t row, int column) {
    return static_cast<std::size_t>(PQgetlength(as_result(result), static_cast<int>(row), column));
}

}  // namespace

Rows::Rows() : result_(nullptr) {}
Rows::Rows(void* pg_result) : result_(pg_result) {}
Rows::Rows(Rows&& other) noexcept : result_(std::exchange(other.result_, nullptr)) {}
Rows& Rows::operator=(Rows&& other) noexcept {
    if (this != &other) {
        PQclear(as_result(result_));
        result_ = std::exchange(other.result_, nullptr);
    }
    return *this;
}
Rows::~Rows() {
    PQclear(as_result(result_));
}

std::size_t Rows::size() const {
    return result_ == nullptr ? 0 : static_cast<std::size_t>(PQntuples(as_result(result_)));
}

std::size_t Rows::affected() const {
    if (result_ == nullptr) return 0;
    return std::strtoull(PQcmdTuples(as_result(result_)), nullptr, 10);
}

bool Rows::is_null(std::size_t row, int column) const {
    require(row < size() && column >= 0 && column < PQnfields(as_result(result_)));
    return PQgetisnull(as_result(result_), static_cast<int>(row), column) != 0;
}

std::int16_t Rows::i16(std::size_t row, int column) const {
    return number<std::int16_t>(cell(result_, row, column, detail::kInt2));
}
std::int32_t Rows::i32(std::size_t row, int column) const {
    return number<std::int32_t>(cell(result_, row, column, detail::kInt4));
}
std::int64_t Rows::i64(std::size_t row, int column) const {
    return number<std::int64_t>(cell(result_, row, column, detail::kInt8));
}
bool Rows::boolean(std::size_t row, int column) const {
    return *cell(result_, row, column, detail::kBool) != 0;
}
ByteView Rows::bytes(std::size_t row, int column) const {
    const char* from = cell(result_, row, column, detail::kBytea);
    return {reinterpret_cast<const std::uint8_t*>(from), length(result_, row, column)};
}
std::string_view Rows::text(std::size_t row, int column) const {
    const char* from = cell(result_, row, column, detail::kText);
    return {from, length(result_, row, column)};
}
Uuid Rows::uuid(std::size_t row, int column) const {
    const char* from = cell(result_, row, column, detail::kUuid);
    std::array<std::uint8_t, 16> bytes;
    std::memcpy(bytes.data(), from, bytes.size());
    return Uuid(bytes);
}

}  // namespace salus::db
