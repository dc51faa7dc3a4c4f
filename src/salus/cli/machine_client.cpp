#include "salus/cli/machine_client.h"

#include "salus/cli/commands.h"
#include "salus/core/clock.h"
#include "salus/crypto/random.h"

namespace salus::cli {

Outcome<std::string> make_machine_client(const Context& context, const std::string& tenant,
                                         const std::string& purpose, const std::string& scopes) {
    JsonWriter body;
    body.begin_object();
    body.member("name", purpose + "-" + crypto::new_uuid_v7(SystemClock().now_us()).to_string());
    body.member("scopes", scopes).end_object();
    CLI_TRY(
        const std::string answer,
        context.operator_call("POST", "tenants/" + path_segment(tenant) + "/clients", body.str()));
    CLI_TRY(const JsonDocument document, JsonDocument::parse(answer));
    return std::string(document.root().string("token"));
}

}  // namespace salus::cli
