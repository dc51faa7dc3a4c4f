#include "salus/edge/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <span>

namespace salus::edge {
namespace {

constexpr std::array<std::string_view, 6> kRouteClasses = {"fhir",   "auth",    "api",
                                                           "health", "metrics", "other"};
constexpr std::array<std::string_view, 5> kStatusClasses = {"1xx", "2xx", "3xx", "4xx", "5xx"};
constexpr std::array<std::string_view, 11> kLimits = {"connections", "connections_per_address",
                                                      "deadline",    "header_bytes",
                                                      "body_bytes",  "body_bytes_in_flight",
                                                      "workers",     "logins",
                                                      "malformed",   "handshake",
                                                      "other"};

/// The place of `name`, or of the last one ("other").
std::size_t index_of(std::span<const std::string_view> names, std::string_view name) {
    const auto found = std::ranges::find(names, name);
    return static_cast<std::size_t>(found == names.end() ? std::ssize(names) - 1
                                                         : found - names.begin());
}

/// Seconds; the reach of issue 2 is told in single milliseconds.
prometheus::Histogram::BucketBoundaries latency_buckets() {
    return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};
}

}  // namespace

struct Metrics::Impl {
    prometheus::Registry registry;
    std::array<std::array<prometheus::Counter*, kStatusClasses.size()>, kRouteClasses.size()>
        requests{};
    std::array<prometheus::Histogram*, kRouteClasses.size()> latency{};
    std::array<prometheus::Counter*, kLimits.size()> refusals{};
    prometheus::Counter* connections = nullptr;
    prometheus::Gauge* open_connections = nullptr;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {
    auto& requests = prometheus::BuildCounter()
                         .Name("salus_http_requests_total")
                         .Help("Requests answered, by route class and status class.")
                         .Register(impl_->registry);
    auto& latency = prometheus::BuildHistogram()
                        .Name("salus_http_request_duration_seconds")
                        .Help("From a complete request head to the written answer.")
                        .Register(impl_->registry);
    for (std::size_t route = 0; route < kRouteClasses.size(); ++route) {
        const std::string name(kRouteClasses[route]);
        for (std::size_t status = 0; status < kStatusClasses.size(); ++status)
            impl_->requests[route][status] =
                &requests.Add({{"route", name}, {"status", std::string(kStatusClasses[status])}});
        impl_->latency[route] = &latency.Add({{"route", name}}, latency_buckets());
    }
    auto& refusals = prometheus::BuildCounter()
                         .Name("salus_refusals_total")
                         .Help("Connections and requests refused, by the limit that was hit.")
                         .Register(impl_->registry);
    for (std::size_t limit = 0; limit < kLimits.size(); ++limit)
        impl_->refusals[limit] = &refusals.Add({{"limit", std::string(kLimits[limit])}});
    impl_->connections = &prometheus::BuildCounter()
                              .Name("salus_connections_total")
                              .Help("Connections accepted.")
                              .Register(impl_->registry)
                              .Add({});
    impl_->open_connections = &prometheus::BuildGauge()
                                   .Name("salus_connections_open")
                                   .Help("Connections open now.")
                                   .Register(impl_->registry)
                                   .Add({});
}
Metrics::~Metrics() = default;

void Metrics::request(std::string_view route_class, int status, double seconds) {
    const std::size_t route = index_of(kRouteClasses, route_class);
    const auto status_class = static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1);
    impl_->requests[route][status_class]->Increment();
    impl_->latency[route]->Observe(seconds);
}

void Metrics::connection_opened() {
    impl_->connections->Increment();
    impl_->open_connections->Increment();
}
void Metrics::connection_closed() {
    impl_->open_connections->Decrement();
}

void Metrics::refused(std::string_view limit) {
    impl_->refusals[index_of(kLimits, limit)]->Increment();
}

std::string Metrics::render() const {
    return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

std::uint64_t Metrics::requests() const {
    double sum = 0;
    for (const auto& route : impl_->requests)
        for (const prometheus::Counter* counter : route)
            sum += counter->Value();
    return static_cast<std::uint64_t>(sum);
}
std::uint64_t Metrics::open_connections() const {
    return static_cast<std::uint64_t>(impl_->open_connections->Value());
}

}  // namespace salus::edge
