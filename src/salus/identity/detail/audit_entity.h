#pragma once

#include <string_view>

#include "salus/audit/record.h"

namespace salus::identity::detail {

/// The key of an audit entity that is not a resource: the number of its row in the last seven bytes
/// of a UUID (RFC 9562 version 8, "custom").
inline Uuid row_key(std::int64_t number) {
    std::array<std::uint8_t, 16> bytes{};
    bytes[6] = 0x80;
    bytes[8] = 0x80;
    auto rest = static_cast<std::uint64_t>(number);
    for (std::size_t i = 15; i > 8; --i, rest >>= 8)
        bytes[i] = static_cast<std::uint8_t>(rest & 0xff);
    return Uuid(bytes);
}

/// A change by the platform's operator, whose access the Unix socket proves (the edge checks it).
inline audit::Record operator_change(TimeUs at_us, audit::Event event, audit::Outcome outcome,
                                     audit::Entity entity, std::string_view reason) {
    audit::Record record;
    record.at_us = at_us;
    record.event = event;
    record.outcome = outcome;
    record.agent = {audit::Agent::Kind::platform_operator, 0};
    record.entities.push_back(entity);
    record.reason = reason;
    return record;
}

}  // namespace salus::identity::detail
