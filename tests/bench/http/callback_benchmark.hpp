// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/error.hpp"
#include "tests/bench/report/metric.hpp"

namespace sense::bench {

// Callbacks a second to one nginx over 64 connections.
struct CallbackRates {
  double sense = 0;  // signed, numbered, acknowledged to the broker
  double bare = 0;   // the same requests, made beforehand, by libcurl's multi interface alone
};

// Both in one run, one after the other; `bare_first` gives the order. noserver: nginx is not
// installed.
[[nodiscard]] Result<CallbackRates> measure_callbacks(const MetricOptions& options,
                                                      bool bare_first);

inline constexpr unsigned callback_rate = 5'000;  // events a second

// Milliseconds from the time when an event should have been published, at that rate, until its
// callback is answered: the 99th percentile.
[[nodiscard]] Result<double> measure_callback_latency(const MetricOptions& options);

}  // namespace sense::bench
