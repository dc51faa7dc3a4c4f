// What the audit room reads back from places others can write to: outbox rows, checkpoints, keys,
// and entry bundles. The first byte says which.

#include <cstdlib>

#include "salus/audit/detail/audit_event.h"
#include "salus/audit/detail/note.h"
#include "salus/audit/detail/record_codec.h"
#include "salus/audit/detail/tiles.h"

namespace {

using namespace salus;

void require(bool holds) {
    if (!holds) std::abort();
}

void try_row(ByteView input) {
    const auto record = audit::decode(input);
    if (!record) return;
    std::string event;
    audit::render(*record, Uuid(), event);
    require(event.starts_with("{\"resourceType\":\"AuditEvent\"") && event.ends_with('}'));
}

void try_note(ByteView input) {
    const auto key = audit::VerifierKey::parse(as_text(input));
    if (key) require(audit::VerifierKey::parse(key->to_string()).has_value());
    // Nobody but the holder of the key makes a checkpoint that verifies.
    require(!audit::verify_checkpoint(as_text(input), {"salus/audit/1", {}}));
}

void try_bundle(ByteView input) {
    const auto entries = audit::split_entries(input, audit::kTileWidth);
    Bytes again;
    for (const ByteView entry : entries)
        audit::append_entry(again, entry);
    require(again.size() <= input.size());
    require(as_text(again) == as_text(input.first(again.size())));
    require(audit::fills(input, entries) == (again.size() == input.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const ByteView input(data + 1, size - 1);
    switch (data[0] % 3) {
        case 0:
            try_row(input);
            break;
        case 1:
            try_note(input);
            break;
        default:
            try_bundle(input);
            break;
    }
    return 0;
}
