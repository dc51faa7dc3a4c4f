#include "salus/crypto/random.h"

#include <openssl/rand.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <cstring>

#include "salus/crypto/detail/openssl.h"

namespace salus::crypto {
namespace {

using detail::must;

constexpr std::size_t kBlockBytes = 1024;  // about 40 nonces for the price of one draw
constexpr std::size_t kLargestBuffered = 64;

// The number of forks between the first process and this one. Process-wide by nature: a fork copies
// every thread-local buffer, and the child must not hand out what its parent will.
std::atomic<std::uint64_t> forks{0};

void count_fork() {
    forks.fetch_add(1, std::memory_order_relaxed);
}

void watch_forks() {
    static const bool watching = pthread_atfork(nullptr, nullptr, &count_fork) == 0;
    must(watching);
}

class Block {
  public:
    Block() { watch_forks(); }
    ~Block() { wipe(bytes_.data(), bytes_.size()); }
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;

    void take(std::span<std::uint8_t> out) {
        const std::uint64_t now = forks.load(std::memory_order_relaxed);
        if (forks_ != now || bytes_.size() - used_ < out.size()) {
            must(RAND_bytes(bytes_.data(), detail::to_int(bytes_.size())) == 1);
            used_ = 0;
            forks_ = now;
        }
        std::memcpy(out.data(), bytes_.data() + used_, out.size());
        // Given bytes are forgotten at once: a later look at this memory tells nothing about them.
        std::memset(bytes_.data() + used_, 0, out.size());
        used_ += out.size();
    }

  private:
    std::array<std::uint8_t, kBlockBytes> bytes_{};
    std::size_t used_ = kBlockBytes;
    std::uint64_t forks_ = 0;
};

}  // namespace

void fill_random(std::span<std::uint8_t> out) {
    if (out.empty()) return;
    if (out.size() > kLargestBuffered) {
        must(RAND_bytes(out.data(), detail::to_int(out.size())) == 1);
        return;
    }
    static thread_local Block block;
    block.take(out);
}

Secret random_secret(std::size_t size) {
    Secret secret = Secret::zeros(size);
    // Keys come from OpenSSL's private generator, and never pass through the buffer above.
    if (size > 0) must(RAND_priv_bytes(secret.writable().data(), detail::to_int(size)) == 1);
    return secret;
}

Uuid new_uuid_v7(TimeUs now_us) {
    std::array<std::uint8_t, 16> bytes;
    fill_random(bytes);
    const auto time_us = static_cast<std::uint64_t>(now_us < 0 ? 0 : now_us);
    const std::uint64_t milliseconds = time_us / 1000;
    for (std::size_t i = 0; i < 6; ++i)
        bytes[i] = static_cast<std::uint8_t>(milliseconds >> (40 - 8 * i));
    // RFC 9562 section 6.2, method 3: the fraction of the millisecond takes the place of rand_a, so
    // ids of one millisecond are in order as well.
    const std::uint64_t fraction = time_us % 1000 * 4096 / 1000;
    bytes[6] = static_cast<std::uint8_t>(0x70U | (fraction >> 8U));
    bytes[7] = static_cast<std::uint8_t>(fraction);
    bytes[8] = static_cast<std::uint8_t>(0x80U | (bytes[8] & 0x3fU));
    return Uuid(bytes);
}

}  // namespace salus::crypto
