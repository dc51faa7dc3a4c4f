#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "salus/edge/detail/request_head.h"

namespace salus::edge::detail {

/// Bytes that all connections together may hold for bodies. Thread-safe.
class ByteBudget {
  public:
    explicit ByteBudget(std::size_t limit) : limit_(limit) {}
    [[nodiscard]] bool take(std::size_t bytes);
    void give_back(std::size_t bytes) { used_ -= bytes; }
    [[nodiscard]] std::size_t used() const { return used_; }

  private:
    const std::size_t limit_;
    std::atomic<std::size_t> used_{0};
};

/// Memory for one body, straight from the kernel: untouched pages cost nothing, so a stated length
/// can be reserved at once, and freed pages go back instead of staying in an arena. The budget is
/// charged as bytes arrive. Not thread-safe.
class BodyBuffer {
  public:
    explicit BodyBuffer(ByteBudget& budget) : budget_(budget) {}
    ~BodyBuffer();
    BodyBuffer(const BodyBuffer&) = delete;
    BodyBuffer& operator=(const BodyBuffer&) = delete;

    /// Room for `bytes` in all. False: no memory.
    [[nodiscard]] bool reserve(std::size_t bytes);
    /// The free room, to be written to.
    [[nodiscard]] std::span<char> room() { return {data_ + size_, capacity_ - size_}; }
    /// `bytes` of the room are filled now. False: over the budget.
    [[nodiscard]] bool commit(std::size_t bytes);
    [[nodiscard]] bool append(std::string_view bytes);
    [[nodiscard]] std::string_view view() const { return {data_, size_}; }
    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    ByteBudget& budget_;
    char* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
    std::size_t charged_ = 0;
};

/// Decodes "Transfer-Encoding: chunked" (RFC 9112 7.1) strictly: CRLF line ends, a size of at most
/// eight hexadecimal digits, no chunk extensions and no trailer fields, for which salus has no use
/// and which parsers are known to read differently. (Beast's own decoder asserts on a last chunk
/// that comes in pieces.)
class ChunkDecoder {
  public:
    enum class State : std::uint8_t { more, done, malformed, too_large, over_budget };
    explicit ChunkDecoder(std::size_t limit) : limit_(limit) {}
    /// Takes what it can from the front of `data`, which it shortens, and appends to `body`.
    State feed(std::string_view& data, BodyBuffer& body);

  private:
    enum class Part : std::uint8_t {
        size_start,
        size,
        size_lf,
        data,
        data_cr,
        data_lf,
        last_cr,
        last_lf
    };
    State step(char c);
    const std::size_t limit_;
    std::size_t total_ = 0;
    std::size_t left_ = 0;  ///< of the chunk
    int digits_ = 0;
    Part part_ = Part::size_start;
};

}  // namespace salus::edge::detail
