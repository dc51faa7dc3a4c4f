#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "salus/access/gate.h"
#include "salus/identity/caller.h"

namespace salus::fhir {

enum class Method : std::uint8_t { get, post, put, patch, remove };

/// A FHIR request as HTTP carries it, apart from who asks. Views live through `handle`.
struct Request {
    Method method = Method::get;
    std::string_view path;   ///< after /fhir, e.g. "/Patient/123/_history/2", still percent-encoded
    std::string_view query;  ///< after '?', still encoded
    std::string_view body;
    std::string_view content_type;
    std::string_view accept;
    std::string_view if_match;
    std::string_view if_none_match;
    std::string_view if_none_exist;
    std::string_view prefer;
    std::string_view
        request_key;  ///< X-Request-Key: applied once (imports), 64 hex digits or empty
};

struct Response {
    int status = 200;
    std::string body;  ///< application/fhir+json; may be empty
    std::string etag;
    std::string last_modified;  ///< IMF-fixdate
    std::string location;
};

struct ServiceOptions {
    std::string base_url;  ///< "https://host:port/fhir": full URLs, links, absolute references
};

/// The FHIR R4 interactions over the sealed store (docs/architecture.md, "The river"). Thread-safe:
/// calls block; concurrent calls of a tenant share transactions.
class Service {
  public:
    Service(ServiceOptions options, db::Pool& pool, keys::Keystore& keystore, access::Gate& gate,
            access::CareIndex& care, const Clock& clock, Logger& log);
    ~Service();
    Response handle(const identity::Caller& caller, const Request& request);
    /// CapabilityStatement: of what is really there; needs no caller.
    [[nodiscard]] const std::string& capability_statement() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace salus::fhir
