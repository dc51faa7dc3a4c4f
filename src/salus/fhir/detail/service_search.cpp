#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "salus/core/encoding.h"
#include "salus/fhir/detail/service_interactions.h"

namespace salus::fhir {
namespace {

constexpr std::size_t kCursorHeader = 1 + 8 + 4 + 16;  // version, total, count, first key
constexpr std::uint8_t kCursorVersion = 1;
constexpr std::uint64_t kUnknownTotal = UINT64_MAX;

const Error kBadCursor(Errc::invalid, "The _cursor is not one of this caller's searches.",
                       "Start the search again.");

void put(Bytes& out, std::uint64_t value, std::size_t size) {
    for (std::size_t i = size; i-- > 0;)
        out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint64_t get(ByteView from, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
        value = value << 8 | from[at + i];
    return value;
}

bool is_paging(std::string_view name) {
    return name == "_count" || name == "_cursor" || name == "_format" || name == "_summary" ||
           name == "_total" || name == "_pretty";
}

}  // namespace

struct Interactions::SearchRequest {
    QueryPairs pairs;  ///< the criteria alone
    PageSpec page;
    bool count_only = false;
};

/// A cursor holds the whole search, sealed: no link repeats what was searched for. It is bound to
/// the tenant (its keys), the caller and the type.
Bytes Interactions::cursor_place(ResourceType type) const {
    Bytes place = to_bytes("cursor");
    put(place, static_cast<std::uint16_t>(type), 2);
    const audit::Agent agent = caller_.agent();
    put(place, static_cast<std::uint64_t>(agent.kind), 1);
    put(place, static_cast<std::uint64_t>(agent.id), 8);
    return place;
}

std::string Interactions::seal_cursor(ResourceType type, const keys::TenantKeys& keys,
                                      const SearchRequest& search) {
    Bytes plain;
    put(plain, kCursorVersion, 1);
    put(plain, search.page.known_total ? *search.page.known_total : kUnknownTotal, 8);
    put(plain, search.count_only ? UINT32_MAX : search.page.count, 4);
    append(plain, search.page.from.bytes());
    append(plain, as_bytes(encode_form(search.pairs)));
    const Bytes place = cursor_place(type);
    return to_base64url(keys.seal({keys::Table::resource, keys::Column::query, place}, plain));
}

Result<Interactions::SearchRequest> Interactions::open_cursor(ResourceType type,
                                                              const keys::TenantKeys& keys,
                                                              std::string_view cursor) {
    const auto sealed = from_base64url(cursor);
    if (!sealed) return fail(kBadCursor);
    const Bytes place = cursor_place(type);
    const auto plain = keys.open({keys::Table::resource, keys::Column::query, place}, *sealed);
    if (!plain || plain->size() < kCursorHeader || plain->front() != kCursorVersion)
        return fail(kBadCursor);
    SearchRequest search;
    SALUS_TRY(search.pairs, parse_form(as_text(ByteView(*plain).subspan(kCursorHeader))));
    if (const std::uint64_t total = get(*plain, 1, 8); total != kUnknownTotal)
        search.page.known_total = total;
    const std::uint64_t count = get(*plain, 9, 4);
    search.count_only = count == UINT32_MAX;
    search.page.count = search.count_only ? 0 : count;
    std::array<std::uint8_t, 16> from{};
    std::copy_n(plain->begin() + 13, from.size(), from.begin());
    search.page.from = Uuid(from);
    return search;
}

Result<Interactions::SearchRequest> Interactions::parse_search(ResourceType type,
                                                               const keys::TenantKeys& keys) {
    SALUS_TRY(QueryPairs all, parse_form(request_.query));
    if (request_.method == Method::post) {
        if (!is_form_body(request_.content_type) && !request_.body.empty())
            return fail(Errc::invalid, "The body of a _search is not a form.",
                        "Send application/x-www-form-urlencoded.");
        SALUS_TRY(const QueryPairs form, parse_form(request_.body));
        all.insert(all.end(), form.begin(), form.end());
    }
    SearchRequest search;
    std::string_view cursor;
    for (const auto& [name, value] : all) {
        if (!is_paging(name)) {
            search.pairs.emplace_back(name, value);
        } else if (name == "_count") {
            std::uint32_t count = 0;
            const auto [end, error] =
                std::from_chars(value.data(), value.data() + value.size(), count);
            if (error != std::errc() || end != value.data() + value.size())
                return fail(Errc::invalid, "The value of _count is not a number.");
            search.page.count = std::min<std::size_t>(count, limits::kPageMax);
            search.count_only = count == 0;
        } else if (name == "_summary" && value != "false") {
            if (value != "count")
                return fail(Errc::unsupported, "Of the summaries, only _summary=count is known.");
            search.count_only = true;
        } else if (name == "_cursor") {
            cursor = value;
        }
    }
    if (cursor.empty()) return search;
    if (!search.pairs.empty())
        return fail(Errc::invalid, "A _cursor already holds its search.", "Send it alone.");
    return open_cursor(type, keys, cursor);
}

std::string Interactions::searchset(ResourceType type, const SearchPage& page,
                                    std::span<const Phi<std::string>> texts, std::string_view self,
                                    std::string_view next) const {
    std::size_t size = 1024;
    for (const auto& text : texts)
        size += text.disclose().size() + 256;
    std::string out;
    out.reserve(size);
    const auto link = [&](std::string_view relation, std::string_view cursor) {
        out += fmt::format(R"({{"relation":"{}","url":"{}/{}?_cursor={}"}})", relation,
                           parts_.base_url, name(type), cursor);
    };
    out += fmt::format(R"({{"resourceType":"Bundle","type":"searchset","total":{},"link":[)",
                       page.total);
    link("self", self);
    if (!next.empty()) {
        out += ',';
        link("next", next);
    }
    out += ']';
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const std::string& text = texts[i].disclose();
        out += i == 0 ? R"(,"entry":[{"fullUrl":")" : R"(,{"fullUrl":")";
        out += parts_.base_url;
        out += '/';
        out += name(type);
        out += '/';
        out += id_of(text);
        out += R"(","resource":)";
        out += text;
        out += R"(,"search":{"mode":"match"}})";
    }
    if (!texts.empty()) out += ']';
    out += '}';
    return out;
}

Response Interactions::search(ResourceType type) {
    auto response = run_search(type);
    return response ? std::move(*response) : error_response(response.error());
}

Result<Response> Interactions::run_search(ResourceType type) {
    SALUS_TRY(const auto keys, parts_.keystore.tenant(caller_.tenant().id()));
    SALUS_TRY(SearchRequest search, parse_search(type, *keys));
    SALUS_TRY(const Query query, Query::parse(type, search.pairs));
    SALUS_TRY(const access::SearchScope scope,
              parts_.gate.search_scope(caller_, data_class(type), name(type)));
    PageSpec spec = search.page;
    if (search.count_only) spec.count = 0;
    SearchPage page;
    {
        SALUS_TRY(db::TenantTx tx, parts_.pool.tenant(caller_.tenant()));
        SALUS_TRY(page, Searcher(tx, *keys, scope).run(query, spec));
        SALUS_CHECK(tx.commit());
    }
    std::vector<access::Target> targets;
    targets.reserve(page.rows.size());
    for (const SealedRow& row : page.rows)
        targets.push_back(target_of(row));
    Bytes sealed_query =
        keys->seal({keys::Table::audit_outbox, keys::Column::query, as_bytes(name(type))},
                   as_bytes(encode_form(search.pairs)));
    SALUS_TRY(auto decision,
              parts_.gate.permit_search(caller_, name(type), std::move(sealed_query), targets));
    SALUS_TRY(const auto texts,
              parts_.store.read(caller_.tenant(), page.rows, std::move(decision)));
    const std::string self = seal_cursor(type, *keys, search);
    std::string next;
    if (page.next_from && !search.count_only) {
        search.page.from = *page.next_from;
        search.page.known_total = page.total;
        next = seal_cursor(type, *keys, search);
    }
    Response response;
    response.body = searchset(type, page, texts, self, next);
    return response;
}

}  // namespace salus::fhir
