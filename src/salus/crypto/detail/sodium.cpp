#include "salus/crypto/detail/sodium.h"

#include <sodium.h>

#include "salus/crypto/detail/openssl.h"

namespace salus::crypto::detail {

void start_sodium() {
    static const bool started = sodium_init() >= 0;
    must(started);
}

}  // namespace salus::crypto::detail
