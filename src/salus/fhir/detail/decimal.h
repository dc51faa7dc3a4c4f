#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "salus/fhir/detail/time_range.h"

namespace salus::fhir::detail {

/// A JSON number compared exactly: no binary floating point, any number of digits.
class Decimal {
  public:
    static std::optional<Decimal> parse(std::string_view literal);

    /// -1, 0, 1.
    [[nodiscard]] int compare(const Decimal& other) const;

    /// The range that the written precision stands for (R4 search.html 3.1.1.4.8): half a unit of
    /// the last digit each way, in exponent form half of the next digit: 100 is [99.5, 100.5),
    /// 100.00 is [99.995, 100.005), 1e2 is [95, 105).
    [[nodiscard]] std::pair<Decimal, Decimal> precision_range() const;
    /// Ten per cent each way: `ap`.
    [[nodiscard]] std::pair<Decimal, Decimal> approximate_range() const;

  private:
    /// Plus or minus `by` hundredths of a unit of the last digit.
    [[nodiscard]] Decimal moved(const std::string& by, bool up) const;
    void normalise();
    bool negative_ = false;
    bool scientific_ = false;
    std::string digits_;  ///< without leading zeros; empty: zero
    int exponent_ = 0;    ///< of the last digit
};

/// FHIR prefixes on an exact number: eq and ne by the written precision, ap by ten per cent, the
/// others by the value.
bool compare(Prefix prefix, const Decimal& searched, const Decimal& target);

}  // namespace salus::fhir::detail
