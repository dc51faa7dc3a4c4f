#include "salus/fhir/service.h"

#include "salus/fhir/bundle.h"
#include "salus/fhir/detail/service_capability.h"
#include "salus/fhir/detail/service_interactions.h"

namespace salus::fhir {
namespace {

Response not_allowed() {
    return status_response(405, "The method does not go with this address.",
                           "See the CapabilityStatement at /metadata.");
}

Response unknown_address() {
    return error_response(Error(Errc::not_found, "There is nothing at this address.",
                                "See the CapabilityStatement at /metadata."));
}

Response not_there() {
    return status_response(501, "This interaction is not implemented.",
                           "See the CapabilityStatement at /metadata.");
}

}  // namespace

struct Service::Impl {
    Impl(ServiceOptions options, db::Pool& pool, keys::Keystore& keystore, access::Gate& gate,
         access::CareIndex& care, const Clock& clock, Logger& log)
        : store(pool, keystore, gate, care, log),
          parts{pool, keystore, gate, clock, log, store, std::move(options.base_url)},
          capability(make_capability_statement(parts.base_url, clock.now_us())) {}

    Response handle(const identity::Caller& caller, const Request& request);
    Response answer_root(const identity::Caller& caller, const Request& request);
    static Response answer_type(Interactions& with, ResourceType type, const Request& request);
    static Response answer_instance(Interactions& with, ResourceType type, std::string_view id,
                                    const Request& request);
    static Response answer_history(Interactions& with, ResourceType type,
                                   const std::vector<std::string>& path, const Request& request);

    ChartStore store;
    StoreParts parts;
    const std::string capability;
};

Service::Service(ServiceOptions options, db::Pool& pool, keys::Keystore& keystore,
                 access::Gate& gate, access::CareIndex& care, const Clock& clock, Logger& log)
    : impl_(std::make_unique<Impl>(std::move(options), pool, keystore, gate, care, clock, log)) {}
Service::~Service() = default;

const std::string& Service::capability_statement() const {
    return impl_->capability;
}

Response Service::handle(const identity::Caller& caller, const Request& request) {
    return impl_->handle(caller, request);
}

Response Service::Impl::handle(const identity::Caller& caller, const Request& request) {
    if (!accepts_json(request.accept))
        return status_response(406, "salus answers in JSON alone.",
                               "Accept application/fhir+json.");
    const auto pairs = parse_form(request.query);
    if (!pairs) return error_response(pairs.error());
    for (const auto& [name, value] : *pairs)
        if (name == "_format" && !is_json_format(value))
            return status_response(406, "salus answers in JSON alone.",
                                   "Ask for _format=json, or leave it out.");
    const auto path = split_path(request.path);
    if (!path) return error_response(path.error());
    if (path->empty()) return answer_root(caller, request);
    if (path->size() == 1 && path->front() == "metadata") {
        if (request.method != Method::get) return not_allowed();
        Response response;
        response.body = capability;
        return response;
    }
    const auto type = parse_type(path->front());
    if (!type) return unknown_address();
    Interactions with(parts, caller, request);
    if (path->size() == 1) return answer_type(with, *type, request);
    if (path->size() == 2 && (*path)[1] == "_search")
        return request.method == Method::get || request.method == Method::post ? with.search(*type)
                                                                               : not_allowed();
    const std::string& id = (*path)[1];
    if (id.starts_with('_') || id.starts_with('$') || path->back().starts_with('$'))
        return not_there();
    if (!is_id(id)) return unknown_address();
    if (path->size() == 2) return answer_instance(with, *type, id, request);
    return answer_history(with, *type, *path, request);
}

Response Service::Impl::answer_root(const identity::Caller& caller, const Request& request) {
    if (request.method != Method::post) return not_allowed();
    return run_bundle(parts, caller, request,
                      [&](const Request& entry) { return handle(caller, entry); });
}

Response Service::Impl::answer_type(Interactions& with, ResourceType type, const Request& request) {
    const bool conditional = !request.query.empty();
    switch (request.method) {
        case Method::get:
            return with.search(type);
        case Method::post:
            return with.create(type);
        case Method::put:
            return conditional ? with.update(type, {}) : not_allowed();
        case Method::remove:
            return conditional ? with.remove(type, {}) : not_allowed();
        case Method::patch:
            return not_there();
    }
    return not_allowed();
}

Response Service::Impl::answer_instance(Interactions& with, ResourceType type, std::string_view id,
                                        const Request& request) {
    switch (request.method) {
        case Method::get:
            return with.read(type, id);
        case Method::put:
            return with.update(type, id);
        case Method::remove:
            return with.remove(type, id);
        case Method::patch:
            return not_there();
        case Method::post:
            return not_allowed();
    }
    return not_allowed();
}

Response Service::Impl::answer_history(Interactions& with, ResourceType type,
                                       const std::vector<std::string>& path,
                                       const Request& request) {
    if (path[2] != "_history") return not_there();
    if (request.method != Method::get) return not_allowed();
    if (path.size() == 3) return with.history(type, path[1]);
    if (path.size() == 4) return with.vread(type, path[1], path[3]);
    return unknown_address();
}

}  // namespace salus::fhir
