// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/context.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "core/base/hash.hpp"
#include "gateways/host/gateway_services.hpp"
#include "gateways/host/host.hpp"
#include "tests/simulation/plugin.hpp"

namespace sense::simulation {

namespace {

Settings random_settings(Random& random) {
  auto settings = Settings::defaults(gateway_host_options());
  const auto set = [&](const char* name, const char* value) {
    SENSE_CHECK(settings.set(name, value).has_value());
  };
  // Each subscription has a callback of its own; some fail, and are asked again.
  set("verifications-hour", "0");
  set("verifications-per-owner-hour", "0");
  set("verify-span", "10min");
  set("suspend-over", "2min");
  if (one_in(random, 3)) set("backlog-max", "20");
  if (one_in(random, 3)) set("suspend-after", "5");
  return settings;
}

}  // namespace

Context::Context(std::uint64_t seed)
    : random(seed),
      descriptor(one_in(random, 3) ? patient_plugin : quick_plugin),
      settings(random_settings(random)),
      defaults(engine_defaults(descriptor, settings)),
      smooth(one_in(random, 3)),
      redrives(one_in(random, 3)),
      standby(one_in(random, 3)) {}

void Context::broken(const std::string& promise) {
  if (first_broken.empty())
    first_broken =
        promise + " (at " + to_rfc3339(now().wall) + ", life " + std::to_string(life) + ")";
}

void Context::trace(const std::string& subscription, const std::string& what) {
  const auto at = std::to_string(now().mono.time_since_epoch().count());
  trace_ = stable_hash(std::to_string(trace_) + " " + at + " " + subscription + " " + what);
  static const char* const wanted = std::getenv("SENSE_SIMULATION_TRACE");
  if (wanted == nullptr || (subscription != wanted && !subscription.empty())) return;
  BOOST_TEST_MESSAGE(to_rfc3339(now().wall) << " " << subscription << ": " << what);
}

void Context::forget(MonoTime since) { forgotten_.push_back({since, now().mono}); }

bool Context::is_forgotten(MonoTime settled) const {
  return std::any_of(forgotten_.begin(), forgotten_.end(),
                     [&](const Span& span) { return span.from <= settled && settled <= span.to; });
}

std::string Context::summary(std::size_t subscriptions) const {
  const auto count = [](std::uint64_t number) { return std::to_string(number); };
  return count(totals.events) + " events, " + count(subscriptions) + " subscriptions, " +
         count(totals.attempts) + " attempts, " + count(totals.deliveries) + " delivered, " +
         count(totals.dead_letters) + " dead, " + count(totals.redrives) + " redrive requests, " +
         count(totals.expired) + " expired, " + count(totals.digests) + " windows, " +
         count(totals.superseded) + " superseded, " + count(totals.suspensions) + " suspensions, " +
         count(totals.crashes) + " crashes, " + count(totals.power_cuts) + " of them power cuts, " +
         count(totals.in_commit) + " in a write, " + count(totals.stops) + " stops, " +
         count(totals.takeovers) + " takeovers, " + count(totals.troubles) +
         " times no disk, trace " + count(trace_);
}

}  // namespace sense::simulation
