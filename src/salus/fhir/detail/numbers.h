#pragma once

#include <array>
#include <string>

#include "salus/core/id.h"
#include "salus/crypto/mac.h"
#include "salus/fhir/detail/tables.h"

namespace salus::fhir::detail {

/// String search tokens are made for these numbers of leading code points; a search takes the
/// longest that its text has.
inline constexpr std::array<std::size_t, 3> kPrefixLevels = {2, 4, 8};
/// Longer periods have one marker instead of a number per month; range searches always ask for it.
inline constexpr std::int32_t kMonthsMax = 36;

/// Blind-index numbers: HMAC under the tenant's index key of "Type.parameter", 0, a letter for the
/// form, and the value. Index and query make them here alike. Not thread-safe (one scratch string);
/// cheap.
class Numbers {
  public:
    explicit Numbers(const crypto::HmacKey& key) : key_(key) {}

    std::int64_t code(const ParamDef& param, std::string_view code) {
        return number(param, 'c', code);
    }
    /// With its system; an empty system says that there is none.
    std::int64_t coded(const ParamDef& param, std::string_view system, std::string_view code) {
        start(param, 's').append(system).push_back('\0');
        text_.append(code);
        return finish();
    }
    std::int64_t reference(const ParamDef& param, std::string_view reference) {
        return number(param, 'r', reference);
    }
    std::int64_t month(const ParamDef& param, std::int32_t month) {
        return number(param, 'm', std::to_string(month));
    }
    std::int64_t long_time(const ParamDef& param) { return number(param, 'l', {}); }
    /// 24 bits: a name's number is shared by many names, so that alone it names no one.
    std::int64_t prefix(const ParamDef& param, std::string_view folded) {
        return number(param, 'p', folded) & 0xffffff;
    }
    /// The patient whose data a resource of that type is, where others can be in `patients` as
    /// well.
    std::int64_t subject(ResourceType type, const PatientId& patient) {
        const Uuid key = patient.value();
        const auto& bytes = key.bytes();
        text_.assign(name(type)).push_back('\0');
        text_.push_back('u');
        text_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return finish();
    }

  private:
    std::string& start(const ParamDef& param, char form) {
        text_.assign(param.label).push_back('\0');
        text_.push_back(form);
        return text_;
    }
    std::int64_t number(const ParamDef& param, char form, std::string_view value) {
        start(param, form).append(value);
        return finish();
    }
    std::int64_t finish() { return key_.token(as_bytes(text_)); }

    const crypto::HmacKey& key_;
    std::string text_;
};

}  // namespace salus::fhir::detail
