#include "salus/core/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "salus/core/clock.h"
#include "salus/core/json.h"

namespace salus {
namespace {

constexpr std::string_view kCodeTexts[] = {"info", "warn", "error"};

std::string line(std::string_view level, std::string_view text,
                 std::initializer_list<LogField> fields) {
    JsonWriter json;
    json.begin_object();
    json.member("at", std::string_view(to_instant(SystemClock().now_us())));
    json.member("level", level).member("text", text);
    for (const LogField& field : fields) {
        if (field.is_text())
            json.member(field.name(), field.text());
        else
            json.member(field.name(), field.number());
    }
    json.end_object();
    return std::move(json).str();
}

}  // namespace

struct Logger::Impl {
    std::shared_ptr<spdlog::logger> log;
};

LogField::LogField(ConstText name, Errc code) : LogField(name, static_cast<std::int64_t>(code)) {}

Logger::Logger(const std::string& path) : impl_(std::make_unique<Impl>()) {
    spdlog::sink_ptr sink;
    if (path.empty())
        sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    else
        sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    impl_->log = std::make_shared<spdlog::logger>("salus", sink);
    impl_->log->set_pattern("%v");
    impl_->log->flush_on(spdlog::level::info);
}
Logger::~Logger() = default;

void Logger::info(ConstText text, std::initializer_list<LogField> fields) {
    impl_->log->info(line(kCodeTexts[0], text.view(), fields));
}
void Logger::warn(ConstText text, std::initializer_list<LogField> fields) {
    impl_->log->warn(line(kCodeTexts[1], text.view(), fields));
}
void Logger::error(ConstText text, std::initializer_list<LogField> fields) {
    impl_->log->error(line(kCodeTexts[2], text.view(), fields));
}

void Logger::error(const Error& error) {
    JsonWriter json;
    json.begin_object();
    json.member("at", std::string_view(to_instant(SystemClock().now_us())));
    json.member("level", "error").member("text", error.text());
    json.member("code", salus::info(error.code()).name);
    json.member("file", std::string_view(error.place().file));
    json.member("line", error.place().line);
    json.end_object();
    impl_->log->error(json.str());
}

}  // namespace salus
