#include "salus/core/secret.h"

#include <string.h>
#include <sys/mman.h>

#include <cstring>

namespace salus {

void wipe(void* data, std::size_t size) noexcept {
    if (size > 0) explicit_bzero(data, size);  // an empty vector's pointer may be null
}

Secret::Secret(std::size_t size) : data_(size ? new std::uint8_t[size]() : nullptr), size_(size) {
    // Best effort: RLIMIT_MEMLOCK may refuse, and the secret is still wiped on destruction.
    if (data_) (void)mlock(data_, size_);
}

Secret::Secret(Bytes&& bytes) : Secret(bytes.size()) {
    if (size_) std::memcpy(data_, bytes.data(), size_);
    salus::wipe(bytes.data(), bytes.size());
    bytes.clear();
}

Secret Secret::zeros(std::size_t size) {
    return Secret(size);
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe();
        data_ = std::exchange(other.data_, nullptr);
        size_ = std::exchange(other.size_, 0);
    }
    return *this;
}

Secret::~Secret() {
    wipe();
}

Secret Secret::clone() const {
    Secret copy(size_);
    if (size_) std::memcpy(copy.data_, data_, size_);
    return copy;
}

void Secret::wipe() noexcept {
    if (!data_) return;
    // No munlock: it would unlock the whole page, which other secrets may share.
    salus::wipe(data_, size_);
    delete[] data_;
    data_ = nullptr;
    size_ = 0;
}

}  // namespace salus
