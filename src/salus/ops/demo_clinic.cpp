#include "salus/ops/demo_clinic.h"

#include <fmt/format.h>

#include "salus/crypto/mac.h"
#include "salus/ops/detail/demo_json.h"
#include "salus/ops/detail/demo_names.h"
#include "salus/ops/detail/demo_random.h"

namespace salus::ops {
namespace {

using detail::DemoRandom;
using identity::Role;

constexpr std::string_view kOrganizationType =
    "http://terminology.hl7.org/CodeSystem/organization-type";

std::uint64_t seed_of(std::string_view tenant) {
    std::uint64_t seed = 0;
    const crypto::Digest digest = crypto::sha256(as_bytes(tenant));
    for (std::size_t i = 0; i < 8; ++i)
        seed = seed << 8 | digest[i];
    return seed;
}

std::string username(std::string_view given, std::string_view family) {
    std::string name = fmt::format("{}.{}", given.substr(0, 1), family);
    for (char& c : name)
        c = static_cast<char>(::tolower(c));
    return name;
}

/// One entry that puts a resource under its own id.
template <typename Fill>
void put(JsonWriter& json, std::string_view type, const Uuid& id, const Fill& fill) {
    json.begin_object().key("resource").begin_object();
    json.member("resourceType", type).member("id", id.to_string());
    fill();
    json.end_object().key("request").begin_object().member("method", "PUT");
    json.member("url", fmt::format("{}/{}", type, id.to_string()));
    json.end_object().end_object();
}

void put_organization(JsonWriter& json, const Uuid& id, std::string_view title,
                      const detail::Code& type) {
    put(json, "Organization", id, [&] {
        detail::profile_member(json, "us-core-organization");
        json.member("active", true);
        detail::concepts_member(json, "type", type);
        json.member("name", title);
        json.key("telecom").begin_array().begin_object().member("system", "phone");
        json.member("value", "(555) 555-0100").end_object().end_array();
    });
}

void put_practitioner(JsonWriter& json, const DemoPerson& person) {
    put(json, "Practitioner", *person.practitioner, [&] {
        detail::profile_member(json, "us-core-practitioner");
        json.key("identifier").begin_array().begin_object();
        json.member("system", "urn:salus:demo:staff").member("value", person.username);
        json.end_object().end_array().member("active", true);
        json.key("name").begin_array().begin_object().member("family", person.family);
        json.key("given").begin_array().value(person.given).end_array();
        if (person.role == Role::physician)
            json.key("prefix").begin_array().value("Dr.").end_array();
        json.end_object().end_array();
    });
}

}  // namespace

DemoClinic demo_clinic(std::string_view tenant, std::string_view title, std::string_view city) {
    DemoClinic clinic;
    clinic.tenant = tenant;
    clinic.title = title;
    clinic.city = city;
    clinic.seed = seed_of(tenant);
    DemoRandom random(clinic.seed);
    clinic.organization = random.uuid();
    clinic.insurer = random.uuid();
    clinic.location = random.uuid();
    constexpr Role kRoles[] = {Role::physician, Role::nurse,       Role::physician,
                               Role::nurse,     Role::admin_staff, Role::security_officer};
    // Steps coprime to the lists' lengths, so that nobody of a clinic shares a name.
    const std::size_t start = random.below(std::size(detail::kFamilies));
    for (std::size_t i = 0; i < std::size(kRoles); ++i) {
        DemoPerson person;
        person.role = kRoles[i];
        person.family = detail::kFamilies[(start + 5 * i) % std::size(detail::kFamilies)];
        person.given = i % 2 == 0 ? detail::kWomen[(start + 5 * i) % std::size(detail::kWomen)]
                                  : detail::kMen[(start + 5 * i) % std::size(detail::kMen)];
        person.username = username(person.given, person.family);
        if (person.role == Role::physician || person.role == Role::nurse)
            person.practitioner = random.uuid();
        clinic.people.push_back(std::move(person));
    }
    return clinic;
}

std::string demo_reference_bundle(const DemoClinic& clinic) {
    JsonWriter json;
    json.begin_object().member("resourceType", "Bundle").member("type", "transaction");
    json.key("entry").begin_array();
    put_organization(json, clinic.organization, clinic.title,
                     {kOrganizationType, "prov", "Healthcare Provider"});
    put_organization(json, clinic.insurer, "Evergreen Mutual Health",
                     {kOrganizationType, "pay", "Payer"});
    put(json, "Location", clinic.location, [&] {
        json.member("status", "active").member("name", clinic.title);
        json.key("address").begin_object().key("line").begin_array().value("1 Granary Street");
        json.end_array().member("city", clinic.city).member("state", "NY");
        json.member("postalCode", "00501").member("country", "US").end_object();
        detail::reference_member(json, "managingOrganization",
                                 "Organization/" + clinic.organization.to_string());
    });
    for (const DemoPerson& person : clinic.people)
        if (person.practitioner) put_practitioner(json, person);
    json.end_array().end_object();
    return std::move(json).str();
}

}  // namespace salus::ops
