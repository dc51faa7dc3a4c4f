#include "salus/edge/detail/problem.h"

#include "salus/core/json.h"

namespace salus::edge::detail {
namespace {

Errc code_of(int status) {
    switch (status) {
        case 405:
        case 415:
        case 417:
        case 501:
        case 505:
            return Errc::unsupported;
        case 408:
            return Errc::timeout;
        case 413:
        case 414:
        case 431:
            return Errc::too_large;
        case 429:
            return Errc::too_many_requests;
        case 500:
            return Errc::internal;
        case 503:
            return Errc::unavailable;
        default:
            return Errc::invalid;
    }
}

HttpResponse render(std::string_view path, int status, const ErrcInfo& row, std::string_view text,
                    std::string_view next_step) {
    HttpResponse response;
    response.status = status;
    JsonWriter json;
    json.begin_object();
    if (is_fhir_path(path)) {
        response.content_type = "application/fhir+json";
        response.route = "fhir";
        json.member("resourceType", "OperationOutcome").key("issue").begin_array().begin_object();
        json.member("severity", "error").member("code", row.fhir_issue);
        std::string diagnostics(text);
        if (!next_step.empty()) diagnostics.append(" ").append(next_step);
        json.member("diagnostics", std::string_view(diagnostics)).end_object().end_array();
    } else {
        json.key("error").begin_object().member("code", row.name).member("text", text);
        if (!next_step.empty()) json.member("next", next_step);
        json.end_object();
    }
    json.end_object();
    response.body = std::move(json).str();
    if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"salus\"");
    if (status == 429 || status == 503) response.headers.emplace_back("Retry-After", "1");
    return response;
}

}  // namespace

bool is_fhir_path(std::string_view path) {
    return path.starts_with("/fhir") && (path.size() == 5 || path[5] == '/');
}

HttpResponse problem(std::string_view path, const Error& error) {
    const ErrcInfo& row = info(error.code());
    return render(path, row.http_status, row, error.text(), error.next_step());
}

HttpResponse problem(std::string_view path, const Refusal& refusal) {
    return render(path, refusal.status, info(code_of(refusal.status)), refusal.text.view(),
                  refusal.next_step.view());
}

}  // namespace salus::edge::detail
