#include "salus/fhir/detail/store_rows.h"

#include <algorithm>

#include "salus/fhir/detail/store_codec.h"
#include "salus/fhir/detail/store_open.h"

namespace salus::fhir {

std::vector<PatientId> read_patients(const db::Rows& rows, std::size_t row, int patient, int more) {
    std::vector<PatientId> patients;
    if (rows.is_null(row, patient)) return patients;
    patients.emplace_back(rows.uuid(row, patient));
    if (rows.is_null(row, more)) return patients;
    const ByteView bytes = rows.bytes(row, more);
    std::array<std::uint8_t, 16> key{};
    for (std::size_t at = 0; at + key.size() <= bytes.size(); at += key.size()) {
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), key.size(), key.begin());
        patients.emplace_back(Uuid(key));
    }
    return patients;
}

SealedRow read_row(const db::Rows& rows, std::size_t row) {
    SealedRow out;
    out.key = {static_cast<ResourceType>(rows.i16(row, 0)), rows.uuid(row, 1)};
    out.version = rows.i32(row, 2);
    out.updated_us = rows.i64(row, 3);
    out.patients = read_patients(rows, row, 4, 5);
    if (!rows.is_null(row, 6)) {
        const ByteView body = rows.bytes(row, 6);
        out.body.assign(body.begin(), body.end());
    }
    return out;
}

std::array<std::uint8_t, 22> row_place(const RowKey& key, std::int32_t version) {
    std::array<std::uint8_t, 22> place{};
    const auto type = static_cast<std::uint16_t>(key.type);
    place[0] = static_cast<std::uint8_t>(type >> 8);
    place[1] = static_cast<std::uint8_t>(type);
    std::copy(key.id.bytes().begin(), key.id.bytes().end(), place.begin() + 2);
    for (std::size_t i = 0; i < 4; ++i)
        place[18 + i] =
            static_cast<std::uint8_t>(static_cast<std::uint32_t>(version) >> (8 * (3 - i)));
    return place;
}

access::Target target_of(const SealedRow& row) {
    return {name(row.key.type), data_class(row.key.type), row.key.id, row.version, row.patients};
}

bool in_scope(const access::SearchScope& scope, ResourceType type,
              std::span<const PatientId> patients) {
    if (scope.reach() == access::Reach::tenant) return true;
    if (scope.reach() != access::Reach::under_care) return false;
    if (patients.empty()) return data_class(type) == access::DataClass::reference;
    return std::all_of(patients.begin(), patients.end(), [&](PatientId patient) {
        return std::binary_search(scope.patients().begin(), scope.patients().end(), patient);
    });
}

namespace {

Result<Phi<std::string>> open_body(const keys::TenantKeys& keys, const SealedRow& row) {
    const auto place = row_place(row.key, row.version);
    SALUS_TRY(Bytes packed,
              keys.open({keys::Table::resource, keys::Column::body, place}, row.body));
    SALUS_TRY(std::string text, unpack_body(std::move(packed)));
    return Phi<std::string>(std::move(text));
}

bool decided(const access::AccessDecision& decision, TenantId tenant, const Uuid& key) {
    return decision.covers(tenant, key, access::Action::read) ||
           decision.covers(tenant, key, access::Action::search);
}

}  // namespace

Result<Phi<std::string>> open_candidate(const keys::TenantKeys& keys, const SealedRow& row,
                                        const access::SearchScope& scope) {
    if (keys.tenant() != scope.tenant() || !in_scope(scope, row.key.type, row.patients))
        return fail(Errc::denied, "A candidate lies outside the scope of the search.");
    return open_body(keys, row);
}

Bytes seal_body(const keys::TenantKeys& keys, const RowKey& key, std::int32_t version,
                std::string_view json) {
    thread_local Bytes packed;
    pack_body(json, packed);
    const auto place = row_place(key, version);
    Bytes sealed = keys.seal({keys::Table::resource, keys::Column::body, place}, packed);
    wipe(packed.data(), packed.size());
    return sealed;
}

Result<std::vector<Phi<std::string>>> open_decided(const keys::TenantKeys& keys,
                                                   std::span<const SealedRow> rows,
                                                   access::AccessDecision&& decision) {
    const access::AccessDecision spent = std::move(decision);
    std::vector<Phi<std::string>> texts;
    texts.reserve(rows.size());
    for (const SealedRow& row : rows) {
        if (!decided(spent, keys.tenant(), row.key.id))
            return fail(Errc::denied, "The decision does not cover what was to be opened.");
        SALUS_TRY(Phi<std::string> text, open_body(keys, row));
        texts.push_back(std::move(text));
    }
    return texts;
}

}  // namespace salus::fhir
