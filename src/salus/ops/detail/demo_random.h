#pragma once

#include <cstdint>
#include <span>

#include "salus/core/id.h"

namespace salus::ops::detail {

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers from the same seed on every machine,
/// which the standard's distributions do not promise. Not for secrets.
class DemoRandom {
  public:
    explicit DemoRandom(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15ULL;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }
    /// In [0, bound).
    std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }
    /// In [low, high].
    int between(int low, int high) {
        return low + static_cast<int>(below(static_cast<std::size_t>(high - low + 1)));
    }
    bool chance(int percent) { return between(1, 100) <= percent; }
    template <typename T, std::size_t N>
    const T& pick(const T (&items)[N]) {
        return items[below(N)];
    }
    /// RFC 9562 version 8: neither random nor of a time.
    Uuid uuid() {
        std::array<std::uint8_t, 16> bytes{};
        for (std::size_t i = 0; i < 16; i += 8)
            for (std::uint64_t value = next(), k = 0; k < 8; ++k)
                bytes[i + k] = static_cast<std::uint8_t>(value >> (8 * k));
        bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x80);
        bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
        return Uuid(bytes);
    }

  private:
    std::uint64_t state_;
};

}  // namespace salus::ops::detail
