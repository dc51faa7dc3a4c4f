#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "salus/core/id.h"
#include "salus/core/result.h"

namespace salus {

/// A named value that may stand in a log line: numbers, strong ids, constant text. There is no way
/// to put a string from a request, a row or a key into one.
class LogField {
  public:
    LogField(ConstText name, std::int64_t number) : name_(name), number_(number) {}
    LogField(ConstText name, int number) : LogField(name, static_cast<std::int64_t>(number)) {}
    LogField(ConstText name, std::size_t number)
        : LogField(name, static_cast<std::int64_t>(number)) {}
    LogField(ConstText name, TenantId id) : LogField(name, id.value()) {}
    LogField(ConstText name, ConstText text) : name_(name), text_(text) {}
    LogField(ConstText name, Errc code);
    [[nodiscard]] std::string_view name() const { return name_.view(); }
    [[nodiscard]] std::string_view text() const { return text_.view(); }
    [[nodiscard]] std::int64_t number() const { return number_; }
    [[nodiscard]] bool is_text() const { return !text_.view().empty(); }

  private:
    ConstText name_;
    ConstText text_;
    std::int64_t number_ = 0;
};

/// Structured log lines (JSON, one a line). Built by main() and passed down. Thread-safe.
class Logger {
  public:
    /// To stderr when `path` is empty.
    explicit Logger(const std::string& path = {});
    ~Logger();
    void info(ConstText text, std::initializer_list<LogField> fields = {});
    void warn(ConstText text, std::initializer_list<LogField> fields = {});
    void error(ConstText text, std::initializer_list<LogField> fields = {});
    void error(const Error& error);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace salus
