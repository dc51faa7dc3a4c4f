#include "salus/fhir/validate.h"

namespace salus::fhir {
namespace {

JsonWriter begin_outcome() {
    JsonWriter json;
    json.begin_object().member("resourceType", std::string_view("OperationOutcome"));
    json.key("issue").begin_array();
    return json;
}

std::string finish(JsonWriter&& json) {
    json.end_array().end_object();
    return std::move(json).str();
}

}  // namespace

std::string operation_outcome(std::span<const Issue> issues) {
    JsonWriter json = begin_outcome();
    for (const Issue& issue : issues) {
        json.begin_object().member("severity", std::string_view("error"));
        json.member("code", issue.code).member("diagnostics", issue.diagnostics);
        if (!issue.path.empty()) {
            json.key("expression").begin_array().value(std::string_view(issue.path)).end_array();
        }
        json.end_object();
    }
    return finish(std::move(json));
}

std::string operation_outcome(const Error& error) {
    JsonWriter json = begin_outcome();
    json.begin_object().member("severity", std::string_view("error"));
    json.member("code", info(error.code()).fhir_issue);
    // The sentence says what is wrong, the next step what to do; both are constants of the program.
    std::string text(error.text());
    if (!error.next_step().empty()) text.append(" ").append(error.next_step());
    json.member("diagnostics", std::string_view(text));
    json.end_object();
    return finish(std::move(json));
}

}  // namespace salus::fhir
