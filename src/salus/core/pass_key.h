#pragma once

namespace salus {

/// A key that only `Owner` can make: a constructor that takes one can be called by nobody else.
template <typename Owner>
class PassKey {
    friend Owner;
    constexpr PassKey() = default;
};

}  // namespace salus
