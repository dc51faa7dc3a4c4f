#pragma once

#include <string>
#include <string_view>

#include "salus/core/bytes.h"
#include "salus/core/result.h"

namespace salus::fhir {

/// The text of a resource as the plaintext that is sealed: format (1) | length of the frame (3,
/// little-endian) | zstd frame without its magic number | zeros up to a multiple of kPaddingBytes.
/// The dictionary belongs to the format byte. Only whole resources are compressed, so that no
/// attacker-chosen text meets a secret in one field; the padding hides the length below its step.
inline constexpr std::size_t kPaddingBytes = 32;

/// Replaces `out`. Thread-safe: contexts are per thread.
void pack_body(std::string_view json, Bytes& out);
/// Errors: integrity (not what pack_body makes).
Result<std::string> unpack_body(Bytes packed);

/// The bytes of catalog/fhir/zstd-v1.dict, compiled in.
ByteView body_dictionary();

}  // namespace salus::fhir
