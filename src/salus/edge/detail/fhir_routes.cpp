#include "salus/edge/detail/problem.h"
#include "salus/edge/detail/route.h"

namespace salus::edge::detail {
namespace {

constexpr std::string_view kPrefix = "/fhir";
constexpr const char* kFhirJson = "application/fhir+json";

fhir::Method method_of(std::string_view method) {
    if (method == "POST") return fhir::Method::post;
    if (method == "PUT") return fhir::Method::put;
    if (method == "PATCH") return fhir::Method::patch;
    if (method == "DELETE") return fhir::Method::remove;
    return fhir::Method::get;
}

fhir::Request fhir_request(const HttpRequest& request) {
    fhir::Request out;
    out.method = method_of(request.method);
    out.path = request.path.substr(kPrefix.size());
    out.query = request.query;
    out.body = request.body;
    for (const auto& [name, value] : request.headers) {
        if (name == "content-type")
            out.content_type = value;
        else if (name == "accept")
            out.accept = value;
        else if (name == "if-match")
            out.if_match = value;
        else if (name == "if-none-match")
            out.if_none_match = value;
        else if (name == "if-none-exist")
            out.if_none_exist = value;
        else if (name == "prefer")
            out.prefer = value;
        else if (name == "x-request-key")
            out.request_key = value;
    }
    return out;
}

}  // namespace

HttpResponse serve_fhir(const Call& call) {
    const auto caller = verified_caller(call.parts().sessions, call.request);
    if (!caller) return problem(call.request.path, caller.error());
    fhir::Response answer = call.parts().fhir.handle(*caller, fhir_request(call.request));
    HttpResponse response;
    response.status = answer.status;
    response.content_type = kFhirJson;
    response.body = std::move(answer.body);
    if (!answer.etag.empty()) response.headers.emplace_back("ETag", std::move(answer.etag));
    if (!answer.last_modified.empty())
        response.headers.emplace_back("Last-Modified", std::move(answer.last_modified));
    if (!answer.location.empty())
        response.headers.emplace_back("Location", std::move(answer.location));
    return response;
}

/// Open to all (FHIR R4 http.html#capabilities): it says what the server can do, and nothing of
/// anyone.
HttpResponse serve_capability(const Call& call) {
    HttpResponse response;
    response.content_type = kFhirJson;
    response.body = call.parts().fhir.capability_statement();
    return response;
}

}  // namespace salus::edge::detail
