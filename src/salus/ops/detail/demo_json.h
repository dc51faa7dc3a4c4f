#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "salus/core/json.h"
#include "salus/ops/detail/demo_codes.h"

namespace salus::ops::detail {

inline void write_coding(JsonWriter& json, const Code& code) {
    json.begin_object().member("system", code.system).member("code", code.code);
    if (!code.display.empty()) json.member("display", code.display);
    json.end_object();
}

/// A CodeableConcept as the next value.
inline void write_concept(JsonWriter& json, const Code& code) {
    json.begin_object().key("coding").begin_array();
    write_coding(json, code);
    json.end_array();
    if (!code.display.empty()) json.member("text", code.display);
    json.end_object();
}
inline void concept_member(JsonWriter& json, std::string_view name, const Code& code) {
    json.key(name);
    write_concept(json, code);
}
/// An array of one CodeableConcept.
inline void concepts_member(JsonWriter& json, std::string_view name, const Code& code) {
    json.key(name).begin_array();
    write_concept(json, code);
    json.end_array();
}

inline void reference_member(JsonWriter& json, std::string_view name, std::string_view reference) {
    json.key(name).begin_object().member("reference", reference).end_object();
}
inline void references_member(JsonWriter& json, std::string_view name,
                              std::initializer_list<std::string_view> references) {
    json.key(name).begin_array();
    for (const std::string_view reference : references)
        json.begin_object().member("reference", reference).end_object();
    json.end_array();
}

/// `number` is the decimal as it shall stand, so its precision is ours to choose.
inline void quantity_member(JsonWriter& json, std::string_view name, std::string_view number,
                            std::string_view unit) {
    json.key(name).begin_object().key("value").raw(number);
    json.member("unit", unit).member("system", kUnits).member("code", unit).end_object();
}

inline void period_member(JsonWriter& json, std::string_view name, std::string_view start,
                          std::string_view end) {
    json.key(name).begin_object().member("start", start);
    if (!end.empty()) json.member("end", end);
    json.end_object();
}

inline void profile_member(JsonWriter& json, std::string_view profile) {
    json.key("meta").begin_object().key("profile").begin_array();
    json.value("http://hl7.org/fhir/us/core/StructureDefinition/" + std::string(profile));
    json.end_array().end_object();
}

}  // namespace salus::ops::detail
