#include "salus/fhir/detail/service_capability.h"

#include "salus/core/json.h"
#include "salus/fhir/definitions.h"

namespace salus::fhir {
namespace {

std::string_view text_of(ParamType type) {
    switch (type) {
        case ParamType::token:
            return "token";
        case ParamType::string:
            return "string";
        case ParamType::reference:
            return "reference";
        case ParamType::date:
            return "date";
        case ParamType::uri:
            return "uri";
        case ParamType::number:
            return "number";
        case ParamType::quantity:
            return "quantity";
    }
    return "special";
}

void write_codes(JsonWriter& json, std::initializer_list<std::string_view> codes) {
    json.key("interaction").begin_array();
    for (const std::string_view code : codes)
        json.begin_object().member("code", code).end_object();
    json.end_array();
}

void write_type(JsonWriter& json, ResourceType type) {
    json.begin_object().member("type", name(type));
    write_codes(json,
                {"read", "vread", "update", "delete", "history-instance", "create", "search-type"});
    json.member("versioning", "versioned").member("readHistory", true);
    json.member("updateCreate", true).member("conditionalCreate", true);
    json.member("conditionalRead", "not-match").member("conditionalUpdate", true);
    json.member("conditionalDelete", "single");
    json.key("referencePolicy").begin_array().value("literal").value("local").end_array();
    json.key("searchParam").begin_array();
    for (const SearchParam& param : search_params(type)) {
        json.begin_object().member("name", param.name).member("definition", param.url);
        json.member("type", text_of(param.type)).end_object();
    }
    json.end_array().end_object();
}

}  // namespace

std::string make_capability_statement(std::string_view base_url, TimeUs now_us) {
    JsonWriter json;
    json.begin_object().member("resourceType", "CapabilityStatement").member("status", "active");
    json.member("date", to_instant(now_us)).member("kind", "instance");
    json.key("software").begin_object().member("name", "salus").end_object();
    json.key("implementation").begin_object().member("description", "salus FHIR R4 server");
    json.member("url", base_url).end_object();
    json.member("fhirVersion", "4.0.1");
    json.key("format").begin_array().value("application/fhir+json").value("json").end_array();
    json.key("rest").begin_array().begin_object().member("mode", "server");
    json.key("security").begin_object().member("cors", false);
    json.member("description",
                "Every request carries a bearer token: a person's session or a client's token.");
    json.end_object().key("resource").begin_array();
    for (const ResourceType type : all_types())
        write_type(json, type);
    json.end_array();
    write_codes(json, {"transaction", "batch"});
    json.end_object().end_array().end_object();
    return std::move(json).str();
}

}  // namespace salus::fhir
