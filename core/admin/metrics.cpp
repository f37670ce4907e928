// SPDX-License-Identifier: Apache-2.0
#include "core/admin/metrics.hpp"

#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "core/base/text.hpp"

namespace sense {

namespace {

prometheus::Labels labels_of(const MetricLabel& label) {
  prometheus::Labels labels;
  if (!label.name.empty()) labels.emplace(label.name, label.value);
  return labels;
}

prometheus::Histogram::BucketBoundaries buckets_of(Metrics::Unit unit) {
  if (unit == Metrics::Unit::number)
    return {1, 3, 10, 30, 100, 300, 1'000, 3'000, 10'000, 30'000, 100'000};
  return {0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 60, 600, 3'600};
}

std::string counter_name(std::string_view counter) {
  std::string name = counter.starts_with("sense.") ? "" : "sense_";
  for (const char c : counter) name += is_alphanumeric(c) ? c : '_';
  return name + "_total";
}

}  // namespace

struct Metrics::Registry {
  prometheus::Labels labels;
  prometheus::Registry families;
};

Metrics::Metrics(MetricLabel of_process) : registry_(std::make_unique<Registry>()) {
  registry_->labels = labels_of(of_process);
}
Metrics::~Metrics() = default;

Histogram Metrics::histogram(const std::string& name, const std::string& help, Unit unit,
                             const MetricLabel& further) {
  auto builder = prometheus::BuildHistogram();
  auto& all = builder.Name(name).Help(help).Labels(registry_->labels).Register(registry_->families);
  return Histogram(&all.Add(labels_of(further), buckets_of(unit)));
}

Gauge Metrics::gauge(const std::string& name, const std::string& help, const MetricLabel& further) {
  auto builder = prometheus::BuildGauge();
  auto& all = builder.Name(name).Help(help).Labels(registry_->labels).Register(registry_->families);
  return Gauge(&all.Add(labels_of(further)));
}

std::string Metrics::text(const Counters& counters) const {
  auto families = registry_->families.Collect();
  for (const auto& [counter, value] : counters.snapshot()) {
    prometheus::ClientMetric metric;
    for (const auto& [name, text] : registry_->labels) metric.label.push_back({name, text});
    metric.counter.value = static_cast<double>(value);
    families.push_back({counter_name(counter),
                        "The counter " + counter,
                        prometheus::MetricType::Counter,
                        {std::move(metric)}});
  }
  return prometheus::TextSerializer().Serialize(families);
}

void Histogram::observe(double value) const {
  if (distribution_ != nullptr) static_cast<prometheus::Histogram*>(distribution_)->Observe(value);
}

void Histogram::observe(Duration time) const {
  observe(std::chrono::duration<double>(time).count());
}

void Gauge::set(double value) const {
  if (value_ != nullptr) static_cast<prometheus::Gauge*>(value_)->Set(value);
}

}  // namespace sense
