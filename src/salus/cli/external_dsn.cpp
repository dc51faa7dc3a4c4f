#include "salus/cli/external_dsn.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <memory>

namespace salus::cli {

Result<ExternalDsn> ExternalDsn::parse(const std::string& text) {
    char* message = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(text.c_str(), &message), &PQconninfoFree);
    PQfreemem(message);  // it quotes the text, which may hold a password
    if (!options)
        return fail(
            Errc::usage, "The DSN is not understood.",
            "Write it like 'host=db.internal dbname=salus' or postgresql://db.internal/salus");
    bool has_user = false;
    for (const PQconninfoOption* option = options.get(); option->keyword; ++option) {
        const std::string_view keyword = option->keyword;
        if (!option->val) continue;
        if (keyword == "password" || keyword == "sslpassword")
            return fail(Errc::usage, "A password has no place in a DSN: others can see it.",
                        "Put it into ~/.pgpass (mode 0600), one line for each role.");
        has_user = has_user || keyword == "user";
    }
    return ExternalDsn(text, has_user);
}

/// libpq takes the last of two values of a key, in both forms of a DSN.
std::string ExternalDsn::for_role(std::string_view role) const {
    if (text_.find("://") == std::string::npos) return fmt::format("{} user={}", text_, role);
    return fmt::format("{}{}user={}", text_, text_.find('?') == std::string::npos ? '?' : '&',
                       role);
}

std::string ExternalDsn::for_owner() const {
    return has_user_ ? text_ : for_role("salus_owner");
}

}  // namespace salus::cli
