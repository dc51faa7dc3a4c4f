#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace salus {

/// A strong id: ids of different things do not mix, convert or print by accident.
template <typename Tag, typename T = std::int64_t>
class Id {
  public:
    using Value = T;
    constexpr explicit Id(T value) : value_(value) {}
    [[nodiscard]] constexpr T value() const { return value_; }
    friend auto operator<=>(const Id&, const Id&) = default;

  private:
    T value_;
};

/// 128 bits, RFC 9562 text form. Also the internal key of a FHIR resource (see
/// fhir/resource_key.h).
class Uuid {
  public:
    constexpr Uuid() = default;
    constexpr explicit Uuid(const std::array<std::uint8_t, 16>& bytes) : bytes_(bytes) {}
    /// Only the canonical form: 36 characters, lower-case hex.
    static std::optional<Uuid> parse(std::string_view text);
    [[nodiscard]] std::string to_string() const;
    [[nodiscard]] constexpr const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
    [[nodiscard]] bool is_nil() const { return *this == Uuid(); }
    friend auto operator<=>(const Uuid&, const Uuid&) = default;

  private:
    std::array<std::uint8_t, 16> bytes_{};
};

struct TenantTag;
struct PersonTag;
struct ClientTag;
struct PatientTag;
struct PractitionerTag;
using TenantId = Id<TenantTag>;
using PersonId = Id<PersonTag>;                    ///< a member of a tenant's workforce
using ClientId = Id<ClientTag>;                    ///< a machine client of a tenant
using PatientId = Id<PatientTag, Uuid>;            ///< the internal key of a Patient resource
using PractitionerId = Id<PractitionerTag, Uuid>;  ///< the internal key of a Practitioner resource

}  // namespace salus

template <>
struct std::hash<salus::Uuid> {
    std::size_t operator()(const salus::Uuid& id) const noexcept {
        std::uint64_t half[2];
        std::memcpy(half, id.bytes().data(), sizeof half);
        return half[0] ^ (half[1] * 0x9e3779b97f4a7c15ULL);
    }
};
template <typename Tag, typename T>
struct std::hash<salus::Id<Tag, T>> {
    std::size_t operator()(const salus::Id<Tag, T>& id) const noexcept {
        return std::hash<T>()(id.value());
    }
};
