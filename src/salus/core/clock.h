#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace salus {

/// Microseconds since 1970-01-01T00:00:00Z.
using TimeUs = std::int64_t;
constexpr TimeUs kSecondUs = 1'000'000;
constexpr TimeUs kDayUs = 86'400 * kSecondUs;

/// Time comes in through this, so tests can set it. Thread-safe.
class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual TimeUs now_us() const = 0;
};

class SystemClock final : public Clock {
  public:
    [[nodiscard]] TimeUs now_us() const override;
};

class FakeClock final : public Clock {
  public:
    explicit FakeClock(TimeUs now_us) : now_us_(now_us) {}
    [[nodiscard]] TimeUs now_us() const override { return now_us_.load(); }
    void advance_us(TimeUs by) { now_us_ += by; }
    void set_us(TimeUs to) { now_us_ = to; }

  private:
    std::atomic<TimeUs> now_us_;
};

/// FHIR instant in UTC with milliseconds: 2026-01-31T08:15:30.123Z.
std::string to_instant(TimeUs time_us);

}  // namespace salus
