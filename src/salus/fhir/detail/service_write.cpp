#include <fmt/format.h>

#include "salus/core/encoding.h"
#include "salus/fhir/detail/service_interactions.h"

namespace salus::fhir {
namespace {

constexpr std::size_t kRequestKeyBytes = 32;

Response unsupported_media() {
    return status_response(415, "The body's media type is not one that salus takes.",
                           "Send application/fhir+json in UTF-8.");
}

}  // namespace

Response Interactions::create(ResourceType type) {
    if (!is_json_body(request_.content_type)) return unsupported_media();
    const auto document = JsonDocument::parse(request_.body);
    if (!document) return error_response(document.error());
    Change change;
    change.kind = Change::Kind::create;
    change.type = type;
    change.resource = document->root();
    change.condition_text = request_.if_none_exist;
    return write(std::move(change));
}

Response Interactions::update(ResourceType type, std::string_view id) {
    if (!is_json_body(request_.content_type)) return unsupported_media();
    const auto document = JsonDocument::parse(request_.body);
    if (!document) return error_response(document.error());
    Change change;
    change.kind = Change::Kind::update;
    change.type = type;
    change.id = id;
    change.resource = document->root();
    if (id.empty()) change.condition_text = request_.query;
    return write(std::move(change));
}

Response Interactions::remove(ResourceType type, std::string_view id) {
    Change change;
    change.kind = Change::Kind::remove;
    change.type = type;
    change.id = id;
    if (id.empty()) change.condition_text = request_.query;
    return write(std::move(change));
}

Response Interactions::write(Change change) {
    if (!request_.if_match.empty()) {
        change.if_match = version_of(request_.if_match);
        if (!change.if_match)
            return error_response(Error(Errc::version_conflict,
                                        "The If-Match header names no version of the resource."));
    }
    ChangeSet set(parts_, caller_, ChangeSet::Mode::each);
    const Return wanted = preferred_return(request_.prefer).value_or(Return::representation);
    set.want_text = wanted == Return::representation;
    if (!request_.request_key.empty()) {
        const auto key = from_hex(request_.request_key);
        if (!key || key->size() != kRequestKeyBytes)
            return error_response(Error(Errc::invalid, "X-Request-Key is not 64 hex digits."));
        set.request_key = *key;
    }
    set.changes.push_back(std::move(change));
    if (const auto done = set.run(); !done) return error_response(done.error());
    if (set.applied_before()) {
        Response response;
        response.body = information("This request was applied before.");
        return response;
    }
    Response response = change_response(set.changes.front());
    if (wanted == Return::outcome && response.body.empty() && response.status < 300)
        response.body = information("Done.");
    return response;
}

Response Interactions::change_response(const Change& change) {
    if (change.problem) return problem_response(*change.problem);
    Response response;
    response.status = change.status;
    if (change.kind == Change::Kind::remove) {
        if (change.version > 1) response.etag = etag_of(change.version);
        return response;
    }
    response.etag = etag_of(change.version);
    response.last_modified = http_date(change.updated_us);
    response.location =
        fmt::format("{}/{}/_history/{}", parts_.base_url, change.reference(), change.version);
    response.body = change.text;
    return response;
}

}  // namespace salus::fhir
