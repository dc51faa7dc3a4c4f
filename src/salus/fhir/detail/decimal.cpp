#include "salus/fhir/detail/decimal.h"

#include <algorithm>
#include <charconv>

namespace salus::fhir::detail {
namespace {

constexpr std::size_t kChars = 64;  ///< as long as a decimal in a resource may be
constexpr int kExponentLimit = 1000;

/// Digit strings of equal length, a >= b.
std::string subtract(const std::string& a, const std::string& b) {
    std::string out(a.size(), '0');
    int borrow = 0;
    for (std::size_t i = a.size(); i-- > 0;) {
        int digit = a[i] - b[i] - borrow;
        borrow = digit < 0 ? 1 : 0;
        out[i] = static_cast<char>('0' + digit + (borrow != 0 ? 10 : 0));
    }
    return out;
}

std::string add(const std::string& a, const std::string& b) {
    std::string out(a.size(), '0');
    int carry = 0;
    for (std::size_t i = a.size(); i-- > 0;) {
        const int digit = (a[i] - '0') + (b[i] - '0') + carry;
        carry = digit / 10;
        out[i] = static_cast<char>('0' + digit % 10);
    }
    return carry != 0 ? "1" + out : out;
}

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view literal) {
    Decimal out;
    if (literal.empty() || literal.size() > kChars) return std::nullopt;
    if (literal.front() == '-' || literal.front() == '+') {
        out.negative_ = literal.front() == '-';
        literal.remove_prefix(1);
    }
    std::size_t at = 0;
    bool point = false;
    for (; at < literal.size() && literal[at] != 'e' && literal[at] != 'E'; ++at) {
        if (literal[at] == '.') {
            if (point || at == 0) return std::nullopt;
            point = true;
        } else if (literal[at] >= '0' && literal[at] <= '9') {
            out.digits_.push_back(literal[at]);
            if (point) --out.exponent_;
        } else {
            return std::nullopt;
        }
    }
    if (out.digits_.empty() || literal[at - 1] == '.') return std::nullopt;
    if (at < literal.size()) {
        std::string_view text = literal.substr(at + 1);
        if (text.starts_with('+')) text.remove_prefix(1);
        int exponent = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
        if (error != std::errc() || end != text.data() + text.size() ||
            std::abs(exponent) >= kExponentLimit)
            return std::nullopt;
        out.exponent_ += exponent;
        out.scientific_ = true;
    }
    out.normalise();
    return out;
}

void Decimal::normalise() {
    digits_.erase(0, std::min(digits_.find_first_not_of('0'), digits_.size()));
    if (digits_.empty()) negative_ = false;
}

int Decimal::compare(const Decimal& other) const {
    if (digits_.empty() || other.digits_.empty() || negative_ != other.negative_) {
        const int mine = digits_.empty() ? 0 : (negative_ ? -1 : 1);
        const int theirs = other.digits_.empty() ? 0 : (other.negative_ ? -1 : 1);
        return mine < theirs ? -1 : (mine > theirs ? 1 : 0);
    }
    const int sign = negative_ ? -1 : 1;
    const int top = static_cast<int>(digits_.size()) + exponent_;
    const int other_top = static_cast<int>(other.digits_.size()) + other.exponent_;
    if (top != other_top) return top < other_top ? -sign : sign;
    const std::size_t length = std::max(digits_.size(), other.digits_.size());
    const auto digit = [](const std::string& s, std::size_t i) {
        return i < s.size() ? s[i] : '0';
    };
    for (std::size_t i = 0; i < length; ++i) {
        const char a = digit(digits_, i);
        const char b = digit(other.digits_, i);
        if (a != b) return a < b ? -sign : sign;
    }
    return 0;
}

Decimal Decimal::moved(const std::string& by, bool up) const {
    Decimal out;
    out.exponent_ = exponent_ - 2;  // two digits more, so that the parts of a unit are whole
    std::string mine = digits_ + "00";
    const std::size_t length = std::max(mine.size(), by.size());
    mine.insert(0, length - mine.size(), '0');
    const std::string other = std::string(length - by.size(), '0') + by;
    if (negative_ != up) {  // away from zero
        out.digits_ = add(mine, other);
        out.negative_ = negative_;
    } else if (mine >= other) {
        out.digits_ = subtract(mine, other);
        out.negative_ = negative_;
    } else {
        out.digits_ = subtract(other, mine);
        out.negative_ = !negative_;
    }
    out.normalise();
    return out;
}

std::pair<Decimal, Decimal> Decimal::precision_range() const {
    const std::string half = scientific_ ? "5" : "50";
    return {moved(half, false), moved(half, true)};
}

std::pair<Decimal, Decimal> Decimal::approximate_range() const {
    // Towards larger numbers is away from zero only for positive ones; moved() sees to it.
    const std::string tenth = digits_ + "0";
    return {moved(tenth, false), moved(tenth, true)};
}

bool compare(Prefix prefix, const Decimal& searched, const Decimal& target) {
    const auto within = [&target](const std::pair<Decimal, Decimal>& range) {
        return target.compare(range.first) >= 0 && target.compare(range.second) < 0;
    };
    const int order = target.compare(searched);
    switch (prefix) {
        case Prefix::eq:
            return within(searched.precision_range());
        case Prefix::ne:
            return !within(searched.precision_range());
        case Prefix::gt:
        case Prefix::sa:
            return order > 0;
        case Prefix::lt:
        case Prefix::eb:
            return order < 0;
        case Prefix::ge:
            return order >= 0;
        case Prefix::le:
            return order <= 0;
        case Prefix::ap: {
            auto [a, b] = searched.approximate_range();
            return target.compare(a) >= 0 && target.compare(b) <= 0;
        }
    }
    return false;
}

}  // namespace salus::fhir::detail
