#pragma once

#include <string>
#include <vector>

#include "salus/cli/context.h"
#include "salus/cli/http_client.h"

namespace salus::cli {

/// A person of HOME/demo.json. Synthetic people with published passwords: nothing here is a secret
/// of anybody.
struct DemoLogin {
    std::string tenant;
    std::string role;
    std::string username;
    std::string password;
    std::string totp_secret;
    std::string name;
};

/// Errors: not_found (no demo in this home).
Outcome<std::vector<DemoLogin>> demo_people(const Context& context);
/// By USERNAME, TENANT/USERNAME or TENANT/ROLE (the first of that role).
Outcome<DemoLogin> find_demo_person(const Context& context, const std::string& who);

/// POST /auth/login; the answer's JSON with the token.
Outcome<std::string> log_in_with(HttpClient& client, const std::string& tenant,
                                 const std::string& username, const std::string& password,
                                 const std::string& code);
/// As a demo person. A code works once (RFC 6238 5.2): when the one of this half minute is spent,
/// the next one's is tried, which the server takes as drift, and then the one after, when its time
/// comes.
Outcome<std::string> log_in(HttpClient& client, const DemoLogin& person);

}  // namespace salus::cli
