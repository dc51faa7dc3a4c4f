#pragma once

#include <span>

#include "salus/core/clock.h"
#include "salus/core/id.h"
#include "salus/core/secret.h"

namespace salus::crypto {

/// Fills with bytes from OpenSSL's CSPRNG, drawn in blocks per thread; a fork never repeats them.
/// Aborts when the generator fails: nothing safe can follow. Thread-safe.
void fill_random(std::span<std::uint8_t> out);
Secret random_secret(std::size_t size);
/// RFC 9562 section 5.7: ordered by time, so that new rows land at the end of an index.
Uuid new_uuid_v7(TimeUs now_us);

}  // namespace salus::crypto
