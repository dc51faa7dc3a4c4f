#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace salus::edge {

/// Counters and histograms for Prometheus (text format 0.0.4). No label ever holds a tenant's data or an
/// id: route class, method, status class. Thread-safe.
class Metrics {
  public:
    Metrics();
    ~Metrics();
    void request(std::string_view route_class, int status, double seconds);
    void connection_opened();
    void connection_closed();
    void refused(std::string_view limit);  ///< a named limit of core/limits.h was hit
    [[nodiscard]] std::string render() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace salus::edge
