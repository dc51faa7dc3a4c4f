#include "salus/ops/demo_setup.h"

#include <fmt/format.h>

#include "salus/core/encoding.h"
#include "salus/core/fs.h"
#include "salus/core/json.h"
#include "salus/crypto/mac.h"
#include "salus/crypto/random.h"
#include "salus/ops/demo_clinic.h"

namespace salus::ops {
namespace {

constexpr std::size_t kPatientsPerClinic = 20;
constexpr int kUsernameTries = 9;

struct DemoLogin {
    DemoPerson person;
    identity::Credentials credentials;
};

/// Loads one clinic through a machine client of its own, whose token ends with this object.
class ClinicLoader {
  public:
    ClinicLoader(const DemoParts& parts, DemoClinic clinic)
        : parts_(parts), clinic_(std::move(clinic)) {}

    Result<void> load() {
        if (const auto made = parts_.tenants.create(clinic_.tenant);
            !made && made.error().code() != Errc::conflict)
            return fail(made.error());
        const std::string name = "demo-" + crypto::new_uuid_v7(parts_.clock.now_us()).to_string();
        SALUS_TRY(const auto client,
                  parts_.tenants.create_client(clinic_.tenant, name, "system/*.cruds"));
        SALUS_TRY(const auto caller, parts_.sessions.verify(client.token));
        SALUS_CHECK(post(caller, demo_reference_bundle(clinic_), "clinic"));
        for (std::size_t i = 0; i < kPatientsPerClinic; ++i)
            SALUS_CHECK(post(caller, demo_patient_bundle(clinic_, i, parts_.clock.now_us()),
                             fmt::format("patient {}", i)));
        SALUS_CHECK(find_patients(caller));
        return invite_people();
    }

    void write(JsonWriter& json) const {
        json.begin_object().member("name", clinic_.tenant).member("title", clinic_.title);
        json.key("people").begin_array();
        for (const DemoLogin& login : logins_) {
            json.begin_object().member("role", identity::name(login.person.role));
            json.member("username", login.credentials.username);
            json.member("password", login.credentials.password);
            json.member("totp_secret", login.credentials.totp_secret_base32);
            json.member("name", login.person.given + " " + login.person.family);
            if (login.person.practitioner)
                json.member("practitioner", login.person.practitioner->to_string());
            json.end_object();
        }
        json.end_array().key("patients").begin_array();
        for (const std::string& id : patients_)
            json.value(id);
        json.end_array().end_object();
    }

  private:
    /// The request key makes a repetition after a crash harmless: the server applies it once.
    Result<void> post(const identity::Caller& caller, const std::string& bundle,
                      std::string_view part) {
        const std::string key =
            to_hex(crypto::sha256(as_bytes(fmt::format("demo 1|{}|{}", clinic_.tenant, part))));
        fhir::Request request;
        request.method = fhir::Method::post;
        request.body = bundle;
        request.content_type = "application/fhir+json";
        request.prefer = "return=minimal";
        request.request_key = key;
        const fhir::Response response = parts_.service.handle(caller, request);
        if (response.status == 503 || response.status == 504)
            return fail(Errc::unavailable, "The demo could not be stored.", "Try again.");
        if (response.status >= 300)
            return fail(Errc::internal, "The server refused a resource of the demo.");
        return {};
    }

    Result<void> find_patients(const identity::Caller& caller) {
        fhir::Request request;
        request.path = "/Patient";
        request.query = "_count=1000";
        const fhir::Response response = parts_.service.handle(caller, request);
        if (response.status != 200)
            return fail(Errc::unavailable, "The demo's patients could not be read.", "Try again.");
        SALUS_TRY(const auto document, JsonDocument::parse(response.body));
        for (const JsonView entry : document.root()["entry"])
            patients_.emplace_back(entry["resource"].string("id"));
        return {};
    }

    Result<void> invite_people() {
        for (const DemoPerson& person : clinic_.people) {
            SALUS_TRY(auto credentials, invite(person));
            logins_.push_back({person, std::move(credentials)});
        }
        return {};
    }

    /// An interrupted set-up may have invited somebody whose password nobody has seen: that name is
    /// spent, and the next is taken.
    Result<identity::Credentials> invite(const DemoPerson& person) {
        identity::Invitation invitation{person.username, person.role, std::nullopt};
        if (person.practitioner) invitation.practitioner = PractitionerId(*person.practitioner);
        for (int attempt = 2;; ++attempt) {
            auto credentials = parts_.tenants.invite(clinic_.tenant, invitation);
            if (credentials || credentials.error().code() != Errc::conflict ||
                attempt > kUsernameTries)
                return credentials;
            invitation.username = fmt::format("{}{}", person.username, attempt);
        }
    }

    const DemoParts& parts_;
    DemoClinic clinic_;
    std::vector<DemoLogin> logins_;
    std::vector<std::string> patients_;
};

Result<void> save(const Home& home, JsonWriter&& json) {
    return write_file_atomic(home.demo_json(), as_bytes(std::move(json).str() + "\n"), 0600);
}

/// The server may listen elsewhere than last time.
Result<void> update_base_url(const Home& home, const Bytes& known, std::string_view base_url) {
    SALUS_TRY(const auto document, JsonDocument::parse(as_text(known)));
    if (document.root().string("base_url") == base_url) return {};
    JsonWriter json;
    json.begin_object().member("base_url", base_url).member("ca", home.ca()).key("tenants");
    std::string tenants;
    write_json(document.root()["tenants"], tenants);
    json.raw(tenants).end_object();
    return save(home, std::move(json));
}

}  // namespace

Result<void> set_up_demo(const DemoParts& parts, const Home& home, std::string_view base_url) {
    const auto known = read_file(home.demo_json());
    if (known) return update_base_url(home, *known, base_url);
    if (known.error().code() != Errc::not_found) return fail(known.error());
    JsonWriter json;
    json.begin_object().member("base_url", base_url).member("ca", home.ca());
    json.key("tenants").begin_array();
    for (const DemoClinic& clinic :
         {demo_clinic("riverside", "Riverside Family Practice", "Marlow Falls"),
          demo_clinic("lakeview", "Lakeview Medical Group", "Port Ambrose")}) {
        ClinicLoader loader(parts, clinic);
        SALUS_CHECK(loader.load());
        loader.write(json);
    }
    json.end_array().end_object();
    return save(home, std::move(json));
}

}  // namespace salus::ops
