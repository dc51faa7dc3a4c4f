#pragma once

#include <string>
#include <string_view>

#include "salus/core/result.h"

namespace salus::cli {

/// An external PostgreSQL as --dsn names it: a libpq connection string or URI without a password,
/// which belongs into ~/.pgpass or a service file. A user in it migrates and owns the schema;
/// without one that is salus_owner. Serving always connects as salus_app and salus_operator.
class ExternalDsn {
  public:
    /// Errors: usage (not a DSN, or one with a password).
    static Result<ExternalDsn> parse(const std::string& text);
    [[nodiscard]] std::string for_owner() const;
    [[nodiscard]] std::string for_role(std::string_view role) const;

  private:
    ExternalDsn(std::string text, bool has_user) : text_(std::move(text)), has_user_(has_user) {}
    std::string text_;
    bool has_user_;
};

}  // namespace salus::cli
