// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/engine/engine_metrics.hpp"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <random>

#include "gateways/host/engine/engine.hpp"
#include "tests/bench/engine/dead_endpoints_benchmark.hpp"
#include "tests/bench/engine/in_child.hpp"
#include "tests/bench/engine/subscribe_benchmark.hpp"
#include "tests/bench/report/statistics.hpp"

namespace sense::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t all_subscriptions = 1'000'000;
constexpr std::uint32_t matched_by_each = 5;
constexpr std::uint32_t types = 1000;
constexpr double mebi = 1024.0 * 1024.0;

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double resident_mebibytes() {
  std::ifstream file("/proc/self/statm");
  double size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / mebi;
}

// Type and source are one pair of so many, so that `matched_by_each` subscriptions match an event.
struct Place {
  std::uint32_t type = 0;
  std::uint32_t floor = 0;
};
Place place_of(std::uint32_t number) { return {number % types, number / types}; }
std::string type_of(Place place) { return "{urn:example:bench}type" + std::to_string(place.type); }
std::string floor_of(Place place) {
  return "//site.example/building/floor" + std::to_string(place.floor) + "/";
}

SubscriptionRef subscription_of(std::uint32_t number, Place place) {
  auto made = std::make_shared<Subscription>();
  std::array<char, 32> id{};
  std::snprintf(id.data(), id.size(), "s-%026u", number);
  made->id = id.data();
  made->revision = number + 1;
  made->owner = "owner" + std::to_string(number % 1000);
  made->via = "http";
  made->types.push_back(*TypePattern::parse(type_of(place)));
  made->sources.push_back(*SourcePattern::parse(floor_of(place) + "**"));
  made->callback = "http://host.example:8080/callback/" + std::to_string(number);
  made->expires = WallTime{4'000'000'000s};
  made->period = 24h;
  made->state = SubscriptionState::active;
  return made;
}

EventRef event_of(Place place, std::uint64_t sequence) {
  Event event;
  event.id = std::to_string(sequence);
  event.type = *QName::parse(type_of(place));
  event.source = floor_of(place) + "device" + std::to_string(sequence % 10);
  event.time = WallTime{1'800'000'000s};
  event.data = std::string(256, 'x');
  event.sequence = sequence;
  return std::make_shared<const Event>(std::move(event));
}

Engine::Defaults defaults() {
  Engine::Defaults defaults;
  defaults.pauses = {1s, 2s, 4s, 8s, 16s, 32s, 32s};
  return defaults;
}

// ---- what is measured, each in a process of its own

double subscriptions_memory(bool quick) {
  const auto count = quick ? all_subscriptions / 20 : all_subscriptions;
  const auto before = resident_mebibytes();
  Engine engine(defaults(), 1);
  const VirtualClock clock;
  for (std::uint32_t i = 0; i < count; ++i) {
    engine.put(subscription_of(i, place_of(i / matched_by_each)), clock.now());
    if (i % 10'000 != 0) continue;
    (void)engine.take_checkpoint(clock.now());
    engine.stored(clock.now());
  }
  return (resident_mebibytes() - before) * (all_subscriptions / count);
}

// Who is to be told; not the telling.
double match_rate(bool quick) {
  const auto count = quick ? all_subscriptions / 20 : all_subscriptions;
  const std::uint32_t places = count / matched_by_each;
  std::vector<SubscriptionRef> subscriptions;
  MatchIndex index;
  for (std::uint32_t i = 0; i < count; ++i) {
    subscriptions.push_back(subscription_of(i, place_of(i / matched_by_each)));
    index.add(i, *subscriptions.back());
  }
  std::mt19937 random(7);
  std::vector<EventRef> events;
  for (std::uint32_t i = 0; i < (quick ? 20'000U : 200'000U); ++i)
    events.push_back(event_of(place_of(static_cast<std::uint32_t>(random()) % places), i + 1));
  std::vector<MatchIndex::Handle> found;
  std::size_t matched = 0;
  const auto before = cpu_seconds();
  for (const auto& event : events) {
    index.candidates(event->type, event->source, found);
    for (const auto handle : found) matched += matches(*subscriptions[handle], *event) ? 1U : 0U;
  }
  const auto seconds = cpu_seconds() - before;
  if (matched != events.size() * matched_by_each) return 0;  // then it measured something else
  return static_cast<double>(events.size()) / seconds;
}

// From the event to its deliveries' outcomes, all that the engine does.
double deliver_rate(bool quick) {
  const auto count = quick ? all_subscriptions / 20 : all_subscriptions;
  Engine engine(defaults(), 1);
  const VirtualClock clock;
  for (std::uint32_t i = 0; i < count; ++i)
    engine.put(subscription_of(i, place_of(i / matched_by_each)), clock.now());
  (void)engine.take_checkpoint(clock.now());
  std::mt19937 random(7);
  std::vector<EventRef> events;
  for (std::uint32_t i = 0; i < (quick ? 10'000U : 100'000U); ++i)
    events.push_back(event_of(
        place_of(static_cast<std::uint32_t>(random()) % (count / matched_by_each)), i + 1));
  const auto before = cpu_seconds();
  for (std::size_t i = 0; i < events.size(); ++i) {
    engine.on_event(events[i], clock.now());
    for (const auto& deliver : engine.take_actions().deliver)
      engine.on_result(deliver.attempt_id, Attempt::delivered(), clock.now());
    if (i % 10'000 == 0) (void)engine.take_checkpoint(clock.now());
  }
  const auto seconds = cpu_seconds() - before;
  return static_cast<double>(events.size()) / seconds;
}

double fanout(bool quick) {
  const std::uint32_t count = 100'000;
  Engine engine(defaults(), 1);
  const VirtualClock clock;
  for (std::uint32_t i = 0; i < count; ++i) engine.put(subscription_of(i, {}), clock.now());
  (void)engine.take_checkpoint(clock.now());
  double seconds = 0;
  const int times = quick ? 1 : 5;
  for (int i = 0; i < times; ++i) {
    const auto event = event_of({}, static_cast<std::uint64_t>(i) + 1);
    const auto before = cpu_seconds();
    engine.on_event(event, clock.now());
    const auto actions = engine.take_actions();
    seconds += cpu_seconds() - before;
    if (actions.deliver.size() != count) return -1;
    for (const auto& deliver : actions.deliver)
      engine.on_result(deliver.attempt_id, Attempt::delivered(), clock.now());
  }
  return seconds / times * 1000;
}

// ---- dead endpoints beside working ones

// One thread serves events that come at fixed times; its processor time is real, all else virtual:
// working endpoints answer within milliseconds, dead ones never do and time out.
class Crowd {
 public:
  Crowd(double dead, bool quick) : dead_(dead), events_(quick ? 2'000 : 20'000) {
    for (std::uint32_t i = 0; i < endpoints; ++i)
      engine_.put(subscription_of(i, {i % groups, 0}), clock_.now());
  }

  // The 99th percentile of event to answer, in milliseconds, of the endpoints that work.
  double p99() {
    auto when = clock_.now().mono;
    for (std::uint64_t i = 1; i <= events_; ++i) {
      when += interval;
      run_until(when);
      const auto event = event_of({static_cast<std::uint32_t>(i) % groups, 0}, i);
      came_[i] = when;
      timed([&] { engine_.on_event(event, clock_.now()); });
      perform();
      if (i % 500 == 0) {
        (void)engine_.take_checkpoint(clock_.now());
        engine_.stored(clock_.now());
      }
    }
    run_until(when + 1s);
    std::sort(latencies_.begin(), latencies_.end());
    return percentile(latencies_, 0.99);
  }

 private:
  static constexpr std::uint32_t endpoints = 1000, groups = 100;  // ten are told of each event
  static constexpr Duration interval = 1ms;
  static constexpr Duration gives_up = 1s;

  void timed(const std::function<void()>& task) {
    const auto before = cpu_seconds();
    task();
    spent_ += (cpu_seconds() - before) * 1e6;
    const Duration whole{static_cast<std::int64_t>(spent_)};
    spent_ -= static_cast<double>(whole.count());
    clock_.advance(whole);
  }
  void perform() {
    Engine::Actions actions;
    timed([&] { actions = engine_.take_actions(); });
    for (const auto& deliver : actions.deliver) {
      const auto number = deliver.delivery->subscription->revision;
      const bool dead = static_cast<double>(number % 97) < dead_ * 97;
      const auto takes = dead ? gives_up : Duration{1000 + static_cast<int>(random_() % 2000)};
      answers_.emplace(clock_.now().mono + takes,
                       Answer{deliver.attempt_id, deliver.sequence, dead});
    }
  }
  void run_until(MonoTime until) {
    for (;;) {
      const auto timer = engine_.next_timer();
      const auto answer = answers_.empty() ? MonoTime::max() : answers_.begin()->first;
      const auto next = std::min(answer, timer.value_or(MonoTime::max()));
      if (next > until) break;
      if (next > clock_.now().mono) clock_.advance(next - clock_.now().mono);
      if (answer == next)
        take_answer();
      else
        timed([&] { engine_.on_timer(clock_.now()); });
      perform();
    }
    if (until > clock_.now().mono) clock_.advance(until - clock_.now().mono);
  }
  void take_answer() {
    const auto [attempt_id, sequence, dead] = answers_.begin()->second;
    answers_.erase(answers_.begin());
    const auto result = dead ? Attempt::retry("no answer") : Attempt::delivered();
    timed([&] { engine_.on_result(attempt_id, result, clock_.now()); });
    if (dead) return;
    const auto came = came_.find(sequence);
    latencies_.push_back(static_cast<double>((clock_.now().mono - came->second).count()) / 1000);
  }

  struct Answer {
    std::uint64_t attempt_id = 0;
    std::uint64_t sequence = 0;
    bool dead = false;
  };
  double dead_;
  std::uint64_t events_;
  VirtualClock clock_;
  double spent_ = 0;  // microseconds that the clock does not show yet
  Engine engine_{defaults(), 1};
  std::mt19937 random_{7};
  std::multimap<MonoTime, Answer> answers_;
  std::map<std::uint64_t, MonoTime> came_;  // by sequence
  std::vector<double> latencies_;
};

double growth(double dead, bool quick) {
  const auto alone = Crowd(0, quick).p99();
  return (Crowd(dead, quick).p99() / alone - 1) * 100;
}
double growth_10(bool quick) { return growth(0.1, quick); }
double growth_50(bool quick) { return growth(0.5, quick); }

// ---- subscribing, with a broker, a gateway and callbacks

using Values = std::vector<double>;

constexpr unsigned clients_at_once = 32;

Result<Values> subscribe(const MetricOptions& options, bool remembered, unsigned at_once) {
  SubscribeBenchmark benchmark;
  benchmark.count = at_once > 1 ? 20'000 : 2'000;
  if (options.quick) benchmark.count /= 20;
  benchmark.at_once = at_once;
  benchmark.remembered = remembered;
  benchmark.data = options.data;
  benchmark.plugins = options.plugins;
  const auto outcome = run_subscribe_benchmark(benchmark);
  if (!outcome) return tl::unexpected(outcome.error());
  if (at_once > 1) return Values{outcome->rate};
  return Values{outcome->p50, outcome->p99};
}

template <bool remembered>
Result<Values> subscribe_latency(const MetricOptions& options) {
  return subscribe(options, remembered, 1);
}
template <bool remembered>
Result<Values> subscribe_rate(const MetricOptions& options) {
  return subscribe(options, remembered, clients_at_once);
}

Result<Values> growth_by_http(const MetricOptions& options) {
  return dead_endpoints_growth(options).map([](double growth) { return Values{growth}; });
}

// ---- all of them

using Names = std::array<std::string_view, 2>;
// What one measurement answers: a value for each name; the second may be empty.
struct Measured {
  Names names;
  const char* unit;
  Result<Values> (*measure)(const MetricOptions& options);
  bool on_disk = false;
};

template <double (*measure)(bool quick)>
Result<Values> alone(const MetricOptions& options) {
  return Values{measure(options.quick)};
}

constexpr std::array measured = {
    Measured{{"subscriptions_memory"}, "MiB", alone<subscriptions_memory>},
    Measured{{"match_rate"}, "events/s", alone<match_rate>},
    Measured{{"deliver_rate"}, "events/s", alone<deliver_rate>},
    Measured{{"fanout_100k"}, "ms", alone<fanout>},
    Measured{{"dead_endpoints_p99_growth_10"}, "%", alone<growth_10>},
    Measured{{"dead_endpoints_p99_growth"}, "%", alone<growth_50>},
    Measured{{"dead_endpoints_http_p99_growth"}, "%", growth_by_http, true},
    Measured{{"subscribe_latency", "subscribe_latency_p99"}, "ms", subscribe_latency<false>, true},
    Measured{{"subscribe_rate"}, "subscriptions/s", subscribe_rate<false>, true},
    Measured{{"subscribe_remembered_latency", "subscribe_remembered_latency_p99"},
             "ms",
             subscribe_latency<true>,
             true},
    Measured{{"subscribe_remembered_rate"}, "subscriptions/s", subscribe_rate<true>, true},
};

bool is_wanted(const MetricOptions& options, std::string_view name) {
  return !name.empty() && options.has(name);
}

bool is_wanted(const MetricOptions& options, const Measured& each) {
  return is_wanted(options, each.names[0]) || is_wanted(options, each.names[1]);
}

void say(const Measured& each, unsigned run, unsigned runs, const Values& values) {
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i)
    text += (i == 0 ? "" : ", p99 ") + shown(values[i]) + " " + each.unit;
  std::fprintf(stderr, "%s, run %u of %u: %s\n", std::string(each.names[0]).c_str(), run, runs,
               text.c_str());
}

}  // namespace

std::span<const std::string_view> engine_metric_names() {
  static const auto names = [] {
    std::vector<std::string_view> all;
    for (const auto& each : measured)
      for (const auto name : each.names)
        if (!name.empty()) all.push_back(name);
    return all;
  }();
  return names;
}

bool needs_disk(const MetricOptions& options) {
  return std::any_of(measured.begin(), measured.end(), [&](const Measured& each) {
    return each.on_disk && is_wanted(options, each);
  });
}

Result<std::vector<Metric>> measure_engine(const MetricOptions& options) {
  std::vector<Metric> metrics;
  for (const auto& each : measured) {
    if (!is_wanted(options, each)) continue;
    std::array<Values, 2> values;
    for (unsigned run = 1; run <= options.runs; ++run) {
      const auto answer = in_child([&] { return each.measure(options); });
      if (!answer) return tl::unexpected(answer.error());
      say(each, run, options.runs, *answer);
      for (std::size_t i = 0; i < answer->size(); ++i) values.at(i).push_back((*answer)[i]);
    }
    for (std::size_t i = 0; i < each.names.size(); ++i)
      if (is_wanted(options, each.names[i]))
        metrics.push_back(make_metric(std::string(each.names[i]), each.unit, values[i]));
  }
  return metrics;
}

}  // namespace sense::bench
