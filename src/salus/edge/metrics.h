#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace salus::edge {

/// Counters and histograms for Prometheus (text format 0.0.4). No label ever holds a tenant's data
/// or an id: route class, status class, the name of a limit. Every series exists from the start, so
/// counting neither allocates nor looks anything up by a label. Thread-safe.
class Metrics {
  public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;
    /// `route_class`: fhir, auth, api, health, metrics; another counts as "other".
    void request(std::string_view route_class, int status, double seconds);
    void connection_opened();
    void connection_closed();
    /// A limit was hit (the names are in metrics.cpp); another counts as "other".
    void refused(std::string_view limit);
    [[nodiscard]] std::string render() const;
    /// Answered requests since the start.
    [[nodiscard]] std::uint64_t requests() const;
    [[nodiscard]] std::uint64_t open_connections() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace salus::edge
