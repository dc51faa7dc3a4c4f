#pragma once

#include <array>

#include "salus/db/rows.h"
#include "salus/fhir/store.h"

namespace salus::fhir {

/// The columns every statement on resources hands out first, in this order.
///     type, id, version, updated_us, patient, more_patients, body
#define SALUS_ROW_COLUMNS(r)                                                                     \
    r ".type, " r ".id, " r ".version, " r ".updated_us, " r ".patient, " r ".more_patients, " r \
      ".body"
inline constexpr int kRowColumns = 7;

/// Reads them, from column 0 on.
SealedRow read_row(const db::Rows& rows, std::size_t row);
/// The patients of the columns patient and more_patients.
std::vector<PatientId> read_patients(const db::Rows& rows, std::size_t row, int patient, int more);

/// The row's part of the associated data: type | id | version, so that a body moved to another
/// resource, or to another version of the same one, does not open.
std::array<std::uint8_t, 22> row_place(const RowKey& key, std::int32_t version);

}  // namespace salus::fhir
