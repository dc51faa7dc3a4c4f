#pragma once

#include "salus/core/pass_key.h"

namespace salus {

/// The key that opens test-only doors. Lives under tests/: the product can't include it.
class TestAccess {
  public:
    static PassKey<TestAccess> key() { return {}; }
};

}  // namespace salus
