#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "salus/fhir/detail/service_interactions.h"

namespace salus::fhir {
namespace {

const Error kAbsent(Errc::not_found, "There is no such resource.");
const Error kDeleted(Errc::gone, "The resource was deleted.");

std::optional<std::int32_t> parse_number(std::string_view text) {
    std::int32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

}  // namespace

std::string_view id_of(std::string_view text) {
    constexpr std::string_view kBefore = R"(","id":")";
    const std::size_t at = text.find(kBefore);
    if (at == std::string_view::npos) return {};
    const std::size_t start = at + kBefore.size();
    return text.substr(start, text.find('"', start) - start);
}

/// An absent resource looks like one that the caller may not see, in the answer and in the log.
Response Interactions::absent(audit::Event event, ResourceType type) {
    const auto recorded =
        parts_.gate.record_refusal(caller_, event, name(type), "no such resource");
    if (!recorded) return error_response(recorded.error());
    const bool may_ask = access::reach(caller_, access::Action::read, data_class(type),
                                       name(type)) != access::Reach::none;
    if (may_ask) return error_response(kAbsent);
    return error_response(Error(Errc::denied, "Your role or scopes do not permit this.",
                                "Ask the tenant's administrator."));
}

Response Interactions::row_response(const SealedRow& row, access::AccessDecision&& decision) {
    Response response;
    response.etag = etag_of(row.version);
    response.last_modified = http_date(row.updated_us);
    if (row.deleted()) {
        Response gone = error_response(kDeleted);
        gone.etag = response.etag;
        return gone;
    }
    const std::string_view known = request_.if_none_match;
    if (known == "*" || (!known.empty() && version_of(known) == row.version)) {
        response.status = 304;
        return response;
    }
    auto text = parts_.store.read(caller_.tenant(), row, std::move(decision));
    if (!text) {
        parts_.log.error(text.error());
        return error_response(text.error());
    }
    response.body = std::move(*text).disclose();
    return response;
}

Response Interactions::read(ResourceType type, std::string_view id) {
    const auto keys = parts_.keystore.tenant(caller_.tenant().id());
    if (!keys) return error_response(keys.error());
    const RowKey key{type, resource_key((*keys)->index(), type, id)};
    const auto row = parts_.store.find(caller_.tenant(), key);
    if (!row) return error_response(row.error());
    if (!*row) return absent(audit::Event::read, type);
    auto decision = parts_.gate.permit_read(caller_, audit::Event::read, target_of(**row));
    if (!decision) return error_response(decision.error());
    return row_response(**row, std::move(*decision));
}

Response Interactions::vread(ResourceType type, std::string_view id, std::string_view version) {
    const auto keys = parts_.keystore.tenant(caller_.tenant().id());
    if (!keys) return error_response(keys.error());
    const auto number = parse_number(version);
    if (!number) return absent(audit::Event::vread, type);
    const RowKey key{type, resource_key((*keys)->index(), type, id)};
    const auto row = parts_.store.find_version(caller_.tenant(), key, *number);
    if (!row) return error_response(row.error());
    if (!*row) return absent(audit::Event::vread, type);
    auto decision = parts_.gate.permit_read(caller_, audit::Event::vread, target_of(**row));
    if (!decision) return error_response(decision.error());
    return row_response(**row, std::move(*decision));
}

Response Interactions::history(ResourceType type, std::string_view id) {
    auto response = run_history(type, id);
    return response ? std::move(*response) : error_response(response.error());
}

Result<Response> Interactions::run_history(ResourceType type, std::string_view id) {
    SALUS_TRY(const QueryPairs pairs, parse_form(request_.query));
    std::size_t count = limits::kPageDefault;
    std::int32_t before = INT32_MAX;
    for (const auto& [name, value] : pairs) {
        const auto number = parse_number(value);
        if (name == "_format") continue;
        if (name == "_count" && number)
            count = std::min(static_cast<std::size_t>(*number), limits::kPageMax);
        else if (name == "_cursor" && number)
            before = *number;
        else
            return fail(Errc::invalid, "A parameter of the history is unknown or malformed.",
                        "Use _count and the links of the answer.");
    }
    SALUS_TRY(const auto keys, parts_.keystore.tenant(caller_.tenant().id()));
    const RowKey key{type, resource_key(keys->index(), type, id)};
    SALUS_TRY(std::optional<SealedRow> current, parts_.store.find(caller_.tenant(), key));
    if (!current) return absent(audit::Event::history, type);
    const std::int32_t total = current->version;
    access::Target target = target_of(*current);
    SALUS_TRY(std::vector<SealedRow> rows,
              parts_.store.versions(caller_.tenant(), key, std::min(before, total), count));
    if (before > total && count > 0) {
        rows.insert(rows.begin(), std::move(*current));
        if (rows.size() > count) rows.pop_back();
    }
    for (const SealedRow& row : rows)
        for (const PatientId patient : row.patients)
            if (std::find(target.patients.begin(), target.patients.end(), patient) ==
                target.patients.end())
                target.patients.push_back(patient);
    SALUS_TRY(auto decision, parts_.gate.permit_read(caller_, audit::Event::history, target));
    std::vector<SealedRow> living;
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(living),
                 [](const SealedRow& row) { return !row.deleted(); });
    SALUS_TRY(const auto texts, parts_.store.read(caller_.tenant(), living, std::move(decision)));

    const std::string url = fmt::format("{}/{}", name(type), id);
    const std::string base = fmt::format("{}/{}/_history", parts_.base_url, url);
    JsonWriter json;
    json.begin_object().member("resourceType", "Bundle").member("type", "history");
    json.member("total", static_cast<std::int64_t>(total)).key("link").begin_array();
    json.begin_object().member("relation", "self").member("url", base).end_object();
    if (!rows.empty() && rows.back().version > 1)
        json.begin_object()
            .member("relation", "next")
            .member("url", fmt::format("{}?_count={}&_cursor={}", base, count, rows.back().version))
            .end_object();
    json.end_array().key("entry").begin_array();
    std::size_t at = 0;
    for (const SealedRow& row : rows) {
        json.begin_object().member("fullUrl", fmt::format("{}/{}", parts_.base_url, url));
        if (!row.deleted()) json.key("resource").raw(texts[at++].disclose());
        json.key("request").begin_object();
        json.member("method", row.deleted() ? "DELETE" : row.version == 1 ? "POST" : "PUT");
        json.member("url", row.version == 1 ? std::string(name(type)) : url).end_object();
        json.key("response").begin_object();
        json.member("status", status_line(row.deleted() ? 204 : row.version == 1 ? 201 : 200));
        json.member("etag", etag_of(row.version));
        json.member("lastModified", to_instant(row.updated_us)).end_object().end_object();
    }
    json.end_array().end_object();
    Response response;
    response.body = std::move(json).str();
    return response;
}

}  // namespace salus::fhir
