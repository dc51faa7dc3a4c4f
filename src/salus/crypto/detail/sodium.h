#pragma once

namespace salus::crypto::detail {

/// Lets libsodium choose its implementations for this processor. Cheap after the first call.
void start_sodium();

}  // namespace salus::crypto::detail
