#include "salus/audit/detail/audit_event.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "salus/core/encoding.h"
#include "salus/core/json.h"

namespace salus::audit {
namespace {

constexpr std::size_t kNamedPatients = 4;  ///< above, patients are listed compactly

constexpr std::string_view kRest = "http://terminology.hl7.org/CodeSystem/audit-event-type";
constexpr std::string_view kInteraction = "http://hl7.org/fhir/restful-interaction";
constexpr std::string_view kDicom = "http://dicom.nema.org/resources/ontology/DCM";
constexpr std::string_view kParticipation =
    "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
constexpr std::string_view kProvenanceRole =
    "http://terminology.hl7.org/CodeSystem/provenance-participant-type";
constexpr std::string_view kOwnEvent = "urn:salus:audit-event";

/// Which way the data goes: BALP names the agents of each interaction after it.
enum class Flow : std::uint8_t { to_client, to_server, removal, none };

struct Pattern {
    Event event;
    char action;
    Flow flow;
    std::string_view type_system;
    std::string_view type;
    std::string_view subtype_system;
    std::string_view subtype;
    std::string_view profile;  ///< "IHE.BasicAudit.[Patient]…"; empty: BALP has none
};

// BALP 1.1 "Content profiles"; DICOM PS3.16 CID 400 and 401 for what is not an interaction.
constexpr Pattern kPatterns[] = {
    {Event::create, 'C', Flow::to_server, kRest, "rest", kInteraction, "create", "Create"},
    {Event::read, 'R', Flow::to_client, kRest, "rest", kInteraction, "read", "Read"},
    {Event::vread, 'R', Flow::to_client, kRest, "rest", kInteraction, "vread", "Read"},
    {Event::update, 'U', Flow::to_server, kRest, "rest", kInteraction, "update", "Update"},
    {Event::remove, 'D', Flow::removal, kRest, "rest", kInteraction, "delete", "Delete"},
    {Event::search, 'E', Flow::to_server, kRest, "rest", kInteraction, "search-type", "Query"},
    {Event::history, 'R', Flow::to_client, kRest, "rest", kInteraction, "history-instance", ""},
    {Event::transaction, 'E', Flow::to_server, kRest, "rest", kInteraction, "transaction", ""},
    {Event::batch, 'E', Flow::to_server, kRest, "rest", kInteraction, "batch", ""},
    {Event::login, 'E', Flow::none, kDicom, "110114", kDicom, "110122", ""},
    {Event::logout, 'E', Flow::none, kDicom, "110114", kDicom, "110123", ""},
    {Event::user_change, 'U', Flow::none, kDicom, "110113", kOwnEvent, "user-change", ""},
    {Event::tenant_change, 'U', Flow::none, kDicom, "110113", kOwnEvent, "tenant-change", ""},
    {Event::client_change, 'U', Flow::none, kDicom, "110113", kOwnEvent, "client-change", ""},
    {Event::key_change, 'U', Flow::none, kDicom, "110113", kOwnEvent, "key-change", ""},
};
constexpr bool in_order() {
    for (std::size_t i = 0; i < std::size(kPatterns); ++i)
        if (static_cast<std::size_t>(kPatterns[i].event) != i) return false;
    return std::size(kPatterns) == static_cast<std::size_t>(Event::key_change) + 1;
}
static_assert(in_order());

/// Whether the one resource of the record is named by a reference of its own.
bool single(const StoredRecord& record, const Pattern& pattern) {
    return record.entities.size() == 1 && record.event != Event::search &&
           pattern.flow != Flow::none;
}

/// Whether the record has what the pattern's profile asks for.
bool profiled(const StoredRecord& record, const Pattern& pattern) {
    if (pattern.profile.empty() || record.outcome != Outcome::success) return false;
    if (record.event == Event::search) return !record.sealed_query.empty();
    return single(record, pattern);
}

class Renderer {
  public:
    Renderer(const StoredRecord& record, std::string& out)
        : record_(record), pattern_(kPatterns[static_cast<std::size_t>(record.event)]), out_(out) {}

    void write(const Uuid& id) {
        out_ = R"({"resourceType":"AuditEvent","id":")";
        out_ += id.to_string();
        out_ += '"';
        write_profile();
        out_ += R"(,"type":)";
        write_coding(pattern_.type_system, pattern_.type);
        out_ += R"(,"subtype":[)";
        write_coding(pattern_.subtype_system, pattern_.subtype);
        out_ += R"(],"action":")";
        out_ += pattern_.action;
        out_ += R"(","recorded":")";
        out_ += to_instant(record_.at_us);
        out_ += '"';
        write_outcome();
        write_agents();
        out_ += R"(,"source":{"observer":{"display":"salus"}})";
        write_entities();
        out_ += '}';
    }

  private:
    void write_coding(std::string_view system, std::string_view code) {
        out_ += R"({"system":")";
        out_ += system;
        out_ += R"(","code":")";
        out_ += code;
        out_ += R"("})";
    }
    void write_who(std::string_view system, std::string_view value) {
        out_ += R"("who":{"identifier":{"system":")";
        out_ += system;
        out_ += R"(","value":")";
        out_ += value;
        out_ += R"("}})";
    }

    void write_profile() {
        if (!profiled(record_, pattern_)) return;
        out_ += R"(,"meta":{"profile":["https://profiles.ihe.net/ITI/BALP/StructureDefinition/)"
                R"(IHE.BasicAudit.)";
        if (record_.patients.size() == 1) out_ += "Patient";
        out_ += pattern_.profile;
        out_ += R"("]})";
    }

    /// FHIR audit-event-outcome: 4 is a minor failure (access was denied), 8 a serious one.
    void write_outcome() {
        out_ += R"(,"outcome":")";
        out_ += record_.outcome == Outcome::success  ? '0'
                : record_.outcome == Outcome::denied ? '4'
                                                     : '8';
        out_ += '"';
        if (record_.reason.empty()) return;
        out_ += R"(,"outcomeDesc":)";
        write_json_string(record_.reason, out_);
    }

    void write_agents() {
        out_ += R"(,"agent":[)";
        if (pattern_.flow != Flow::none) {
            write_client();
            out_ += ',';
            write_server();
            if (has_user()) out_ += ',';
        }
        if (has_user()) write_user();
        out_ += ']';
    }
    /// Machine clients are the client agent alone; everybody else is a user as well.
    [[nodiscard]] bool has_user() const {
        return pattern_.flow == Flow::none || record_.agent.kind == Agent::Kind::person ||
               record_.agent.kind == Agent::Kind::platform_operator;
    }

    void begin_agent(std::string_view system, std::string_view code) {
        out_ += R"({"type":{"coding":[)";
        write_coding(system, code);
        out_ += "]},";
    }
    void write_client() {
        begin_agent(kDicom, pattern_.flow == Flow::removal     ? "110150"
                            : pattern_.flow == Flow::to_client ? "110152"
                                                               : "110153");
        switch (record_.agent.kind) {
            case Agent::Kind::client:
                write_who("urn:salus:client", std::to_string(record_.agent.id));
                break;
            case Agent::Kind::person:
                out_ += R"("who":{"display":"session"})";
                break;
            case Agent::Kind::platform_operator:
                out_ += R"("who":{"display":"operator command"})";
                break;
            case Agent::Kind::unknown:
                out_ += R"("who":{"display":"unknown"})";
                break;
        }
        out_ += has_user() ? R"(,"requestor":false)" : R"(,"requestor":true)";
        // BALP wants a network address; a record has none.
        out_ += R"(,"network":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/)"
                R"(data-absent-reason","valueCode":"unknown"}]}})";
    }
    void write_server() {
        if (pattern_.flow == Flow::removal)
            begin_agent(kProvenanceRole, "custodian");
        else
            begin_agent(kDicom, pattern_.flow == Flow::to_client ? "110153" : "110152");
        out_ += R"("who":{"display":"salus"},"requestor":false,)"
                R"("network":{"address":"salus","type":"1"}})";
    }
    void write_user() {
        const bool reads = pattern_.flow == Flow::to_client || record_.event == Event::search;
        if (pattern_.flow == Flow::none)
            out_ += '{';
        else
            begin_agent(kParticipation, reads ? "IRCP" : "AUT");
        switch (record_.agent.kind) {
            case Agent::Kind::person:
                write_who("urn:salus:person", std::to_string(record_.agent.id));
                break;
            case Agent::Kind::client:
                write_who("urn:salus:client", std::to_string(record_.agent.id));
                break;
            case Agent::Kind::platform_operator:
                write_who("urn:salus:operator", "local");
                break;
            case Agent::Kind::unknown:
                out_ += R"("who":{"display":"unknown"})";
                break;
        }
        out_ += R"(,"requestor":true})";
    }

    void begin_entity() {
        out_ += first_entity_ ? R"(,"entity":[)" : ",";
        first_entity_ = false;
    }
    /// audit-entity-type and object-role, after what stands before them in the entity.
    void write_kind(std::string_view type, std::string_view role) {
        out_ +=
            R"("type":{"system":"http://terminology.hl7.org/CodeSystem/audit-entity-type","code":")";
        out_ += type;
        out_ +=
            R"("},"role":{"system":"http://terminology.hl7.org/CodeSystem/object-role","code":")";
        out_ += role;
        out_ += R"("})";
    }

    void write_entities() {
        write_patients();
        if (single(record_, pattern_))
            write_resource(record_.entities.front());
        else if (!record_.entities.empty())
            write_resources();
        else if (!record_.resource_type.empty() && record_.event != Event::search)
            write_type();
        if (record_.event == Event::search) write_query();
        if (!record_.request_id.is_nil()) write_request_id();
        if (!first_entity_) out_ += ']';
    }

    void write_patients() {
        if (record_.patients.size() > kNamedPatients) {
            begin_entity();
            out_ += R"({"what":{"type":"Patient"},)";
            write_kind("1", "1");
            Bytes list;
            for (const Pseudonym& patient : record_.patients)
                append(list, patient.bytes());
            out_ += R"(,"detail":[)";
            write_detail("Patient", list);
            out_ += "]}";
            return;
        }
        for (const Pseudonym& patient : record_.patients) {
            begin_entity();
            out_ +=
                R"({"what":{"type":"Patient","identifier":{"system":"urn:salus:patient","value":")";
            out_ += patient.to_string();
            out_ += R"("}},)";
            write_kind("1", "1");
            out_ += '}';
        }
    }

    void write_resource(const Entity& entity) {
        begin_entity();
        std::string reference(entity.type);
        reference += '/';
        reference += entity.key.to_string();
        if (entity.version != 0) reference += "/_history/" + std::to_string(entity.version);
        out_ += R"({"what":{"reference":)";
        write_json_string(reference, out_);
        out_ += "},";
        write_kind("2", "4");
        out_ += '}';
    }

    void write_resources() {
        begin_entity();
        out_ += '{';
        write_kind("4", "4");
        out_ += R"(,"detail":[)";
        std::vector<std::string_view> types;
        for (const Entity& entity : record_.entities) {
            if (std::find(types.begin(), types.end(), entity.type) != types.end()) continue;
            if (!types.empty()) out_ += ',';
            types.push_back(entity.type);
            write_detail(entity.type, list_of(entity.type));
        }
        out_ += "]}";
    }
    [[nodiscard]] Bytes list_of(std::string_view type) const {
        Bytes list;
        for (const Entity& entity : record_.entities) {
            if (entity.type != type) continue;
            append(list, entity.key.bytes());
            const auto version = static_cast<std::uint32_t>(entity.version);
            for (const int shift : {24, 16, 8, 0})
                list.push_back(static_cast<std::uint8_t>(version >> shift));
        }
        return list;
    }
    void write_detail(std::string_view type, const Bytes& list) {
        out_ += R"({"type":)";
        write_json_string(type, out_);
        out_ += R"(,"valueBase64Binary":")";
        out_ += to_base64(list);
        out_ += R"("})";
    }

    void write_type() {
        begin_entity();
        out_ += R"({"what":{"type":)";
        write_json_string(record_.resource_type, out_);
        out_ += "},";
        write_kind("2", "4");
        out_ += '}';
    }

    void write_query() {
        begin_entity();
        out_ += '{';
        write_kind("2", "24");
        if (!record_.resource_type.empty()) {
            out_ += R"(,"description":)";
            write_json_string(record_.resource_type, out_);
        }
        if (!record_.sealed_query.empty()) {
            out_ += R"(,"query":")";
            out_ += to_base64(record_.sealed_query);
            out_ += '"';
        }
        out_ += '}';
    }

    void write_request_id() {
        begin_entity();
        out_ += R"({"what":{"identifier":{"value":")";
        out_ += record_.request_id.to_string();
        out_ += R"("}},"type":{"system":"https://profiles.ihe.net/ITI/BALP/CodeSystem/)"
                R"(BasicAuditEntityType","code":"XrequestId"}})";
    }

    const StoredRecord& record_;
    const Pattern& pattern_;
    std::string& out_;
    bool first_entity_ = true;
};

}  // namespace

void render(const StoredRecord& record, const Uuid& id, std::string& out) {
    Renderer(record, out).write(id);
}

}  // namespace salus::audit
