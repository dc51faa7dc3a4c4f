#pragma once

#include "salus/fhir/detail/service_http.h"
#include "salus/fhir/detail/store_search.h"

namespace salus::fhir {

/// The interactions of one request: who asks, what, and the parts that answer. Each returns a
/// complete response, errors included. Lives for one request.
class Interactions {
  public:
    Interactions(StoreParts& parts, const identity::Caller& caller, const Request& request)
        : parts_(parts), caller_(caller), request_(request) {}

    Response read(ResourceType type, std::string_view id);
    Response vread(ResourceType type, std::string_view id, std::string_view version);
    Response history(ResourceType type, std::string_view id);
    Response search(ResourceType type);  ///< GET with a query, or POST of a form
    Response create(ResourceType type);
    Response update(ResourceType type,
                    std::string_view id);  ///< empty id: the query is a condition
    Response remove(ResourceType type, std::string_view id);

  private:
    struct SearchRequest;
    Response write(Change change);
    Response change_response(const Change& change);
    Response row_response(const SealedRow& row, access::AccessDecision&& decision);
    Response absent(audit::Event event, ResourceType type);
    Result<Response> run_history(ResourceType type, std::string_view id);
    Result<Response> run_search(ResourceType type);
    Result<SearchRequest> parse_search(ResourceType type, const keys::TenantKeys& keys);
    Result<SearchRequest> open_cursor(ResourceType type, const keys::TenantKeys& keys,
                                      std::string_view cursor);
    std::string seal_cursor(ResourceType type, const keys::TenantKeys& keys,
                            const SearchRequest& search);
    [[nodiscard]] Bytes cursor_place(ResourceType type) const;
    [[nodiscard]] std::string searchset(ResourceType type, const SearchPage& page,
                                        std::span<const Phi<std::string>> texts,
                                        std::string_view self, std::string_view next) const;

    StoreParts& parts_;
    const identity::Caller& caller_;
    const Request& request_;
};

/// The id of a stored text: it stands behind the type, where Preparer writes it.
std::string_view id_of(std::string_view text);

}  // namespace salus::fhir
