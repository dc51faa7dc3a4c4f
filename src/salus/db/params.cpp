#include "salus/db/params.h"

#include <algorithm>
#include <climits>
#include <limits>

#include "salus/db/detail/oids.h"

namespace salus::db {
namespace {

constexpr std::size_t kNull = std::numeric_limits<std::size_t>::max();

/// Binary values are in network byte order (PostgreSQL, "Frontend/Backend Protocol", formats).
template <typename T>
void put(Bytes& to, T value) {
    for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8)
        to.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> shift));
}

void put_length(Bytes& to, std::size_t length) {
    put(to, static_cast<std::int32_t>(std::min<std::size_t>(length, INT_MAX)));
}

/// The header of array_recv(): dimensions, whether NULLs follow, element type, size, lower bound.
void put_array_header(Bytes& to, std::uint32_t element, std::size_t size, bool has_nulls) {
    put<std::int32_t>(to, size == 0 ? 0 : 1);
    put<std::int32_t>(to, has_nulls ? 1 : 0);
    put(to, static_cast<std::int32_t>(element));
    if (size == 0) return;
    put_length(to, size);
    put<std::int32_t>(to, 1);
}

template <typename T>
void put_numbers(Bytes& to, std::uint32_t element, std::span<const T> values) {
    to.reserve(to.size() + 20 + values.size() * (4 + sizeof(T)));
    put_array_header(to, element, values.size(), false);
    for (const T value : values) {
        put_length(to, sizeof(T));
        put(to, value);
    }
}

template <typename T, typename View>
void put_blobs(Bytes& to, std::uint32_t element, std::span<const T> values, View view) {
    std::size_t total = 20 + values.size() * 4;
    for (const T& value : values)
        total += value.size();
    to.reserve(to.size() + total);
    put_array_header(to, element, values.size(), false);
    for (const T& value : values) {
        put_length(to, value.size());
        append(to, view(value));
    }
}

}  // namespace

/// Adds one parameter whose bytes `write` appends.
template <typename Write>
Params& Params::add(std::uint32_t oid, Write write) {
    oids_.push_back(oid);
    offsets_.push_back(buffer_.size());
    write(buffer_);
    const std::size_t length = buffer_.size() - offsets_.back();
    lengths_.push_back(static_cast<int>(std::min<std::size_t>(length, INT_MAX)));
    return *this;
}

Params& Params::add_null(std::uint32_t oid) {
    oids_.push_back(oid);
    offsets_.push_back(kNull);
    lengths_.push_back(0);
    return *this;
}

Params& Params::i16(std::int16_t v) {
    return add(detail::kInt2, [v](Bytes& to) { put(to, v); });
}
Params& Params::i32(std::int32_t v) {
    return add(detail::kInt4, [v](Bytes& to) { put(to, v); });
}
Params& Params::i64(std::int64_t v) {
    return add(detail::kInt8, [v](Bytes& to) { put(to, v); });
}
Params& Params::i64(std::optional<std::int64_t> v) {
    return v ? i64(*v) : add_null(detail::kInt8);
}
Params& Params::boolean(bool v) {
    return add(detail::kBool, [v](Bytes& to) { to.push_back(v ? 1 : 0); });
}
Params& Params::text(std::string_view v) {
    return add(detail::kText, [v](Bytes& to) { append(to, as_bytes(v)); });
}
Params& Params::bytes(ByteView v) {
    return add(detail::kBytea, [v](Bytes& to) { append(to, v); });
}
Params& Params::uuid(const Uuid& v) {
    return add(detail::kUuid, [&v](Bytes& to) { append(to, v.bytes()); });
}
Params& Params::uuid(const std::optional<Uuid>& v) {
    return v ? uuid(*v) : add_null(detail::kUuid);
}

Params& Params::i16s(std::span<const std::int16_t> v) {
    return add(detail::kInt2Array, [v](Bytes& to) { put_numbers(to, detail::kInt2, v); });
}
Params& Params::i32s(std::span<const std::int32_t> v) {
    return add(detail::kInt4Array, [v](Bytes& to) { put_numbers(to, detail::kInt4, v); });
}
Params& Params::i64s(std::span<const std::int64_t> v) {
    return add(detail::kInt8Array, [v](Bytes& to) { put_numbers(to, detail::kInt8, v); });
}
Params& Params::uuids(std::span<const Uuid> v) {
    return add(detail::kUuidArray, [v](Bytes& to) {
        to.reserve(to.size() + 20 + v.size() * 20);
        put_array_header(to, detail::kUuid, v.size(), false);
        for (const Uuid& value : v) {
            put_length(to, value.bytes().size());
            append(to, value.bytes());
        }
    });
}
Params& Params::uuids(std::span<const std::optional<Uuid>> v) {
    return add(detail::kUuidArray, [v](Bytes& to) {
        const bool has_nulls = std::any_of(v.begin(), v.end(), [](const auto& u) { return !u; });
        to.reserve(to.size() + 20 + v.size() * 20);
        put_array_header(to, detail::kUuid, v.size(), has_nulls);
        for (const auto& value : v) {
            if (!value) {
                put<std::int32_t>(to, -1);
                continue;
            }
            put_length(to, value->bytes().size());
            append(to, value->bytes());
        }
    });
}
Params& Params::bytea_array(std::span<const Bytes> v) {
    return add(detail::kByteaArray, [v](Bytes& to) {
        put_blobs(to, detail::kBytea, v, [](const Bytes& b) { return ByteView(b); });
    });
}
Params& Params::texts(std::span<const std::string> v) {
    return add(detail::kTextArray, [v](Bytes& to) {
        put_blobs(to, detail::kText, v, [](const std::string& s) { return as_bytes(s); });
    });
}

const std::uint8_t* Params::value(std::size_t index) const {
    // libpq takes a null pointer for NULL, so an empty value still needs an address.
    static constexpr std::uint8_t kEmpty = 0;
    if (offsets_[index] == kNull) return nullptr;
    return lengths_[index] == 0 ? &kEmpty : buffer_.data() + offsets_[index];
}

}  // namespace salus::db
