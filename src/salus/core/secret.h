#pragma once

#include <utility>

#include "salus/core/bytes.h"

namespace salus {

/// Bytes that must not be printed, compared or left in memory. Move-only; zeroised on destruction;
/// locked in RAM where the system allows. No formatter, no `<<`, no `==`: compare in constant time
/// with crypto::equal. Not thread-safe for writing; safe to read from many threads.
class Secret {
  public:
    Secret() = default;
    /// Takes over and wipes the source.
    explicit Secret(Bytes&& bytes);
    /// `size` zero bytes, to be filled through `writable()`.
    static Secret zeros(std::size_t size);
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret();

    /// An explicit copy, where two owners are really meant.
    [[nodiscard]] Secret clone() const;
    /// The bytes, for a cryptographic call and nothing else.
    [[nodiscard]] ByteView expose() const { return {data_, size_}; }
    [[nodiscard]] std::span<std::uint8_t> writable() { return {data_, size_}; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }

  private:
    explicit Secret(std::size_t size);
    void wipe() noexcept;
    std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Overwrites memory in a way the optimiser keeps.
void wipe(void* data, std::size_t size) noexcept;

/// Protected health information: opened values travel inside it, so that a log line or an error
/// can't take one by accident. No formatter, no `<<`, no `==`. `disclose()` marks the places that
/// hand it on.
template <typename T>
class Phi {
  public:
    explicit Phi(T value) : value_(std::move(value)) {}
    Phi(Phi&&) noexcept = default;
    Phi& operator=(Phi&&) noexcept = default;
    Phi(const Phi&) = delete;
    Phi& operator=(const Phi&) = delete;
    [[nodiscard]] const T& disclose() const& { return value_; }
    [[nodiscard]] T&& disclose() && { return std::move(value_); }

  private:
    T value_;
};

}  // namespace salus
