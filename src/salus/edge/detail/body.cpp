#include "salus/edge/detail/body.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

namespace salus::edge::detail {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kChargeStep = 64 * 1024;  ///< the budget is charged in steps of this

}  // namespace

bool ByteBudget::take(std::size_t bytes) {
    if (used_.fetch_add(bytes) + bytes <= limit_) return true;
    used_ -= bytes;
    return false;
}

BodyBuffer::~BodyBuffer() {
    if (data_ != nullptr) ::munmap(data_, capacity_);
    budget_.give_back(charged_);
}

bool BodyBuffer::reserve(std::size_t bytes) {
    if (bytes <= capacity_) return true;
    const std::size_t wanted = (bytes + kPage - 1) / kPage * kPage;
    void* memory = data_ == nullptr ? ::mmap(nullptr, wanted, PROT_READ | PROT_WRITE,
                                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                                    : ::mremap(data_, capacity_, wanted, MREMAP_MAYMOVE);
    if (memory == MAP_FAILED) return false;
    data_ = static_cast<char*>(memory);
    capacity_ = wanted;
    return true;
}

bool BodyBuffer::commit(std::size_t bytes) {
    size_ += bytes;
    if (size_ <= charged_) return true;
    const std::size_t step = (size_ - charged_ + kChargeStep - 1) / kChargeStep * kChargeStep;
    if (!budget_.take(step)) return false;
    charged_ += step;
    return true;
}

bool BodyBuffer::append(std::string_view bytes) {
    if (bytes.empty()) return true;
    if (size_ + bytes.size() > capacity_ &&
        !reserve(std::max(size_ + bytes.size(), capacity_ + capacity_ / 2)))
        return false;
    std::memcpy(data_ + size_, bytes.data(), bytes.size());
    return commit(bytes.size());
}

ChunkDecoder::State ChunkDecoder::feed(std::string_view& data, BodyBuffer& body) {
    while (!data.empty()) {
        if (part_ == Part::data) {
            const std::size_t taken = std::min(left_, data.size());
            if (!body.append(data.substr(0, taken))) return State::over_budget;
            data.remove_prefix(taken);
            left_ -= taken;
            if (left_ == 0) part_ = Part::data_cr;
            continue;
        }
        const State state = step(data.front());
        data.remove_prefix(1);
        if (state != State::more) return state;
    }
    return State::more;
}

/// Everything but the chunks' data, a character at a time.
ChunkDecoder::State ChunkDecoder::step(char c) {
    const auto expect = [&](char wanted, Part next) {
        part_ = next;
        return c == wanted ? State::more : State::malformed;
    };
    switch (part_) {
        case Part::size_start:
            left_ = 0;
            digits_ = 0;
            part_ = Part::size;
            [[fallthrough]];
        case Part::size: {
            if (c == '\r' && digits_ > 0) {
                part_ = Part::size_lf;
                return State::more;
            }
            const int digit = c >= '0' && c <= '9'   ? c - '0'
                              : c >= 'a' && c <= 'f' ? c - 'a' + 10
                              : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                     : -1;
            if (digit < 0 || ++digits_ > 8) return State::malformed;
            left_ = left_ * 16 + static_cast<std::size_t>(digit);
            return State::more;
        }
        case Part::size_lf:
            if (c != '\n') return State::malformed;
            total_ += left_;
            part_ = left_ == 0 ? Part::last_cr : Part::data;
            return total_ > limit_ ? State::too_large : State::more;
        case Part::data_cr:
            return expect('\r', Part::data_lf);
        case Part::data_lf:
            return expect('\n', Part::size_start);
        case Part::last_cr:
            return expect('\r', Part::last_lf);
        case Part::last_lf:
            return c == '\n' ? State::done : State::malformed;
        case Part::data:
            break;
    }
    return State::malformed;
}

}  // namespace salus::edge::detail
