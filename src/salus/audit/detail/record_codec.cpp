#include "salus/audit/detail/record_codec.h"

#include <algorithm>
#include <optional>
#include <span>

#include "salus/core/limits.h"
#include "salus/crypto/random.h"

namespace salus::audit {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kUuidBytes = 16;

// What one log entry holds. An entity takes 27 characters there, a patient 22, a byte of the query
// 4/3; together with 150 type names and the frame (kFrameBytes) that stays below
// limits::kAuditEntryBytes.
struct Room {
    std::size_t entities;
    std::size_t patients;
    std::size_t query_bytes;
};
constexpr Room kWithoutQuery{1'400, 200, 0};
constexpr Room kWithQuery{400, 100, 24'000};
constexpr std::size_t kFrameBytes = 12'000;
constexpr std::size_t kTextBytes = 200;  ///< a type's name or a reason, which are constants

constexpr bool fits(const Room& room) {
    return room.entities * 27 + room.patients * 22 + room.query_bytes * 4 / 3 + kFrameBytes <
           limits::kAuditEntryBytes;
}
static_assert(fits(kWithoutQuery) && fits(kWithQuery));

class Writer {
  public:
    explicit Writer(Bytes& out) : out_(out) {}

    void byte(std::uint8_t value) { out_.push_back(value); }
    /// Seven bits a byte, the lowest first; the high bit says that more follow.
    void number(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7)
            byte(static_cast<std::uint8_t>(value | 0x80));
        byte(static_cast<std::uint8_t>(value));
    }
    void text(std::string_view value) { bytes(as_bytes(value)); }
    void bytes(ByteView value) {
        number(value.size());
        append(out_, value);
    }
    void uuid(const Uuid& value) { append(out_, value.bytes()); }

  private:
    Bytes& out_;
};

/// After a failed read every further one answers zero, and `ok` says so in the end.
class Reader {
  public:
    explicit Reader(ByteView in) : in_(in) {}

    std::uint8_t byte() { return take(1) ? last_[0] : 0; }
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint8_t part = byte();
            value |= static_cast<std::uint64_t>(part & 0x7F) << shift;
            if ((part & 0x80) == 0) return value;
        }
        ok_ = false;
        return 0;
    }
    /// A count of things that take at least `size` bytes each: never more than can follow.
    std::size_t count(std::size_t size) {
        const std::uint64_t value = number();
        if (value > in_.size() / size) ok_ = false;
        return ok_ ? static_cast<std::size_t>(value) : 0;
    }
    ByteView bytes() { return take(count(1)) ? last_ : ByteView(); }
    std::string_view text() { return as_text(bytes()); }
    Uuid uuid() {
        std::array<std::uint8_t, kUuidBytes> value{};
        if (take(kUuidBytes)) std::copy(last_.begin(), last_.end(), value.begin());
        return Uuid(value);
    }
    void refuse() { ok_ = false; }
    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool done() const { return ok_ && in_.empty(); }

  private:
    bool take(std::size_t size) {
        if (!ok_ || in_.size() < size) {
            ok_ = false;
            return false;
        }
        last_ = in_.first(size);
        in_ = in_.subspan(size);
        return true;
    }

    ByteView in_;
    ByteView last_;
    bool ok_ = true;
};

/// A part of a record that fits into one log entry.
struct Part {
    std::span<const PatientId> patients;
    std::span<const Entity> entities;
    Uuid request_id;
};

template <typename T>
std::span<const T> chunk(std::span<const T> all, std::size_t number, std::size_t size) {
    const std::size_t begin = std::min(all.size(), number * size);
    return all.subspan(begin, std::min(size, all.size() - begin));
}

/// Each type's name once; then type, key and version of every entity.
void write_entities(std::span<const Entity> entities, const keys::TenantKeys& keys, Writer& out) {
    std::vector<std::string_view> types;
    std::vector<std::size_t> numbers;
    numbers.reserve(entities.size());
    for (const Entity& entity : entities) {
        const auto found = std::find(types.begin(), types.end(), entity.type);
        numbers.push_back(static_cast<std::size_t>(found - types.begin()));
        if (found == types.end()) types.push_back(entity.type);
    }
    out.number(types.size());
    for (const std::string_view type : types)
        out.text(type.substr(0, kTextBytes));
    out.number(entities.size());
    for (std::size_t i = 0; i < entities.size(); ++i) {
        const Entity& entity = entities[i];
        out.number(numbers[i]);
        out.uuid(entity.type == "Patient" ? pseudonym(keys, entity.key) : entity.key);
        out.number(static_cast<std::uint32_t>(entity.version));
    }
}

void write(const Record& record, const Part& part, const keys::TenantKeys& keys, Bytes& row) {
    row.reserve(64 + kUuidBytes * part.patients.size() + 20 * part.entities.size() +
                record.sealed_query.size() + record.reason.size());
    Writer out(row);
    out.byte(kFormat);
    out.byte(static_cast<std::uint8_t>(record.event));
    out.byte(static_cast<std::uint8_t>(record.outcome));
    out.byte(static_cast<std::uint8_t>(record.agent.kind));
    out.number(static_cast<std::uint64_t>(record.agent.id));
    out.number(static_cast<std::uint64_t>(record.at_us));
    out.byte(part.request_id.is_nil() ? 0 : 1);
    if (!part.request_id.is_nil()) out.uuid(part.request_id);
    out.number(part.patients.size());
    for (const PatientId& patient : part.patients)
        out.uuid(pseudonym(keys, patient.value()));
    out.text(record.resource_type.substr(0, kTextBytes));
    out.text(record.reason.substr(0, kTextBytes));
    out.bytes(record.sealed_query);
    write_entities(part.entities, keys, out);
}

template <typename Enum>
Enum read_enum(Reader& in, Enum last) {
    const std::uint8_t value = in.byte();
    if (value > static_cast<std::uint8_t>(last)) in.refuse();
    return in.ok() ? static_cast<Enum>(value) : last;
}

void read_entities(Reader& in, StoredRecord& record) {
    std::vector<std::string_view> types(in.count(1));
    for (std::string_view& type : types)
        type = in.text();
    record.entities.resize(in.count(kUuidBytes + 2));
    for (Entity& entity : record.entities) {
        const std::uint64_t type = in.number();
        if (type >= types.size()) return in.refuse();
        entity.type = types[type];
        entity.key = in.uuid();
        entity.version = static_cast<std::int32_t>(in.number());
    }
}

}  // namespace

Pseudonym pseudonym(const keys::TenantKeys& keys, const Uuid& patient) {
    const crypto::Digest mac = keys.audit().mac(patient.bytes());
    std::array<std::uint8_t, kUuidBytes> first{};
    std::copy_n(mac.begin(), first.size(), first.begin());
    return Uuid(first);
}

Result<void> encode(const Record& record, const keys::TenantKeys& keys, std::vector<Bytes>& rows) {
    const Room& room = record.sealed_query.empty() ? kWithoutQuery : kWithQuery;
    if (record.sealed_query.size() > room.query_bytes)
        return fail(Errc::too_large, "The query is too long to be recorded.");
    const auto parts_of = [](std::size_t all, std::size_t size) { return (all + size - 1) / size; };
    const std::size_t parts =
        std::max({std::size_t{1}, parts_of(record.entities.size(), room.entities),
                  parts_of(record.patients.size(), room.patients)});
    Uuid request_id = record.request_id;
    if (parts > 1 && request_id.is_nil()) request_id = crypto::new_uuid_v7(record.at_us);
    for (std::size_t i = 0; i < parts; ++i) {
        const Part part{chunk(std::span(record.patients), i, room.patients),
                        chunk(std::span(record.entities), i, room.entities), request_id};
        write(record, part, keys, rows.emplace_back());
    }
    return {};
}

Result<StoredRecord> decode(ByteView row) {
    Reader in(row);
    StoredRecord record;
    if (in.byte() != kFormat) in.refuse();
    record.event = read_enum(in, Event::key_change);
    record.outcome = read_enum(in, Outcome::failed);
    record.agent.kind = read_enum(in, Agent::Kind::unknown);
    record.agent.id = static_cast<std::int64_t>(in.number());
    record.at_us = static_cast<TimeUs>(in.number());
    if (in.byte() != 0) record.request_id = in.uuid();
    record.patients.resize(in.count(kUuidBytes));
    for (Pseudonym& patient : record.patients)
        patient = in.uuid();
    record.resource_type = in.text();
    record.reason = in.text();
    record.sealed_query = in.bytes();
    read_entities(in, record);
    if (!in.done()) return fail(Errc::integrity, "A waiting audit record is damaged.");
    return record;
}

}  // namespace salus::audit
