// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/counters.hpp"

// What a process measures of itself, for Prometheus. Names and labels come from code and from the
// names of gateways and adapters in the configuration, never from clients: so their number is
// bounded.
namespace sense {

// How often which values were observed. A handle, valid as long as its Metrics; without one it
// observes nothing. Any thread; an observation takes a lock for some nanoseconds, so observe groups
// where events come by the million.
class Histogram {
 public:
  Histogram() = default;
  explicit Histogram(void* distribution) : distribution_(distribution) {}
  void observe(double value) const;
  void observe(Duration time) const;  // in seconds

 private:
  void* distribution_ = nullptr;
};

// A value that goes up and down. As Histogram, but without a lock.
class Gauge {
 public:
  Gauge() = default;
  explicit Gauge(void* value) : value_(value) {}
  void set(double value) const;

 private:
  void* value_ = nullptr;
};

// The label of everything that a process exports, such as gateway="http". A value.
struct MetricLabel {
  std::string name;  // empty: there is no label
  std::string value;
};

// The histograms and gauges of one process, by prometheus-cpp. Any thread.
class Metrics {
 public:
  explicit Metrics(MetricLabel of_process = {});
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // What the values of a histogram are: its buckets follow from that.
  enum class Unit {
    seconds,  // from 100 µs to 1 h
    number,   // from 1 to 100,000
  };
  // One name has one help and one unit; it may have several values of one further label.
  [[nodiscard]] Histogram histogram(const std::string& name, const std::string& help, Unit unit,
                                    const MetricLabel& further = {});
  [[nodiscard]] Gauge gauge(const std::string& name, const std::string& help,
                            const MetricLabel& further = {});

  // All of it and the counters, in the text format of Prometheus (0.0.4). A counter "bus.lost" is
  // sense_bus_lost_total.
  [[nodiscard]] std::string text(const Counters& counters) const;

 private:
  struct Registry;
  std::unique_ptr<Registry> registry_;
};

// The media type of Metrics::text().
inline constexpr std::string_view metrics_media_type = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace sense
