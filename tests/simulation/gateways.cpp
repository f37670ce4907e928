// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/gateways.hpp"

#include "gateways/host/store/dead_letter_view.hpp"

namespace sense::simulation {

using namespace std::chrono_literals;

namespace {

// docs: a crash repeats at most two intervals of checkpoints; each takes a moment to replicate.
constexpr Duration forgotten_max = 1500ms;

bool leads(const Lifecycle& life) {
  return life.state() == Lifecycle::State::leading || life.state() == Lifecycle::State::serving;
}

}  // namespace

Gateways::Gateways(Context& context, Broker& broker, std::uint64_t seed)
    : context_(context),
      random_(context.random),
      broker_(broker),
      checks_(context),
      disk_(folder_.path(), seed) {
  plugin_calls = this;
}

Gateways::~Gateways() {
  processes_.clear();
  plugin_calls = nullptr;
}

void Gateways::begin() {
  start("one");
  if (context_.standby) start("two");
}

void Gateways::start(const std::string& name) {
  auto process = std::make_unique<Process>(context_, name);
  GatewayConfig config;
  config.name = name;
  if (context_.standby) config.others = {name == "one" ? "two" : "one"};
  config.data = folder(name);
  config.host = context_.settings;
  config.plugin = Settings::defaults({});
  const auto after = [this, alive = process->bus.alive()](Duration pause, auto task) {
    context_.hub.later(pause, [alive, task = std::move(task)] {
      if (!alive.expired()) task();
    });
  };
  auto made = Lifecycle::make(std::move(config), context_.descriptor,
                              {process->bus, context_.hub.clock, process->reactor,
                               [after](auto task) { after(Duration{0}, std::move(task)); }, after,
                               [stopped = &process->stopped] { *stopped = true; }, random_()});
  auto& place = processes_[name];
  place = std::move(process);
  // The disk fails, or it crashed again: it is started again.
  if (!made) {
    if (!disk_fails_ && !is_dead(*place))
      context_.broken(name + " cannot start: " + made.error().message);
    place->stopped = true;
    return;
  }
  place->life = std::move(*made);
  place->life->begin();
}

// ---- crashes

void Gateways::after_step() {
  for (auto& [name, process] : processes_) {
    if (!process) continue;
    if (armed_ == name && !SimulatedDisk::crash_is_due()) {
      ++context_.totals.in_commit;
      on_crash(*process, armed_crash_);
      armed_.clear();
    }
    watch(*process);
    if (context_.crashes_allowed && !process->dead && one_in(random_, 4000))
      crash(*process, random_crash());
    if (context_.crashes_allowed && armed_.empty() && one_in(random_, 4000)) arm(*process);
    if (process->dead || process->stopped) remove(process);
  }
  trouble();
}

void Gateways::watch(Process& process) {
  if (!process.life || process.dead) return;
  if (leads(*process.life) && !std::exchange(process.led, true)) {
    ++context_.life;
    context_.trace("", process.name + " leads");
    context_.serves_since = context_.now().mono;
    if (!led_last_.empty() && led_last_ != process.name) on_takeover();
    led_last_ = process.name;
    stopped_.reset();
    for (auto& [id, ledger] : broker_.ledgers()) ledger.crash();
  }
  if (context_.crashes_allowed && one_in(random_, 10'000) &&
      process.life->state() < Lifecycle::State::stopping) {
    ++context_.totals.stops;
    context_.trace("", process.name + " is stopped");
    process.life->stop({});
  }
}

// One that ends stores all that it has delivered, but does not wait until the last checkpoints are
// in the journal: the standby may repeat those deliveries, with their numbers. The docs permit it,
// "the moment until its copy is in the journal".
void Gateways::on_takeover() {
  ++context_.totals.takeovers;
  if (stopped_) context_.forget(*stopped_ - forgotten_max);
}

void Gateways::remove(std::unique_ptr<Process>& process) {
  if (!process->dead && armed_ == process->name) {  // it has ended before
    SimulatedDisk::disarm();
    armed_.clear();
  }
  if (!process->dead && process->led) stopped_ = context_.now().mono;
  // What it could not store at its end.
  if (!process->dead && process->led && disk_fails_) context_.forget(disk_failed_ - forgotten_max);
  const auto name = process->name;
  process.reset();
  const bool long_away = context_.crashes_allowed && one_in(random_, 4);
  context_.hub.later(up_to(random_, long_away ? Duration{20min} : Duration{2s}),
                     [this, name] { start(name); });
}

bool Gateways::is_dead(const Process& process) const {
  return process.dead || (armed_ == process.name && !SimulatedDisk::crash_is_due());
}

void Gateways::crash(Process& process, SimulatedDisk::Crash crash) {
  if (armed_ == process.name) armed_.clear();
  SimulatedDisk::crash(folder(process.name), crash);
  on_crash(process, crash);
}

void Gateways::on_crash(Process& process, SimulatedDisk::Crash crash) {
  process.dead = true;
  context_.trace(
      "", process.name + (crash == SimulatedDisk::Crash::power ? " loses power" : " is killed"));
  ++context_.totals.crashes;
  const auto now = context_.now().mono;
  const bool power = crash == SimulatedDisk::Crash::power;
  if (power) ++context_.totals.power_cuts;
  if (!process.led && !(power && led_last_ == process.name)) return;
  // docs: after a power cut the last checkpoints may be lost, however many.
  context_.forget(power         ? MonoTime{}
                  : disk_fails_ ? disk_failed_ - forgotten_max
                                : now - forgotten_max);
}

SimulatedDisk::Crash Gateways::random_crash() const {
  const bool power = one_in(random_, 3);
  return power ? SimulatedDisk::Crash::power : SimulatedDisk::Crash::kill;
}

void Gateways::arm(const Process& process) {
  armed_ = process.name;
  armed_crash_ = random_crash();
  SimulatedDisk::crash_in(folder(process.name), pick(random_, 40), armed_crash_);
}

// The disk is full, or fails, for a while.
void Gateways::trouble() {
  if (disk_fails_ || !context_.crashes_allowed || !one_in(random_, 8000)) return;
  ++context_.totals.troubles;
  disk_fails_ = true;
  disk_failed_ = context_.now().mono;
  SimulatedDisk::set(one_in(random_, 2) ? SimulatedDisk::State::full
                                        : SimulatedDisk::State::failing);
  context_.hub.later(up_to(random_, 30s), [this] {
    SimulatedDisk::set(SimulatedDisk::State::well);
    // Until the next checkpoint is stored, a crash still repeats all since then.
    context_.hub.later(2s, [this] { disk_fails_ = false; });
  });
}

// ---- for the checks

std::optional<std::size_t> Gateways::waiting() const {
  for (const auto& [name, process] : processes_)
    if (process && process->life && leads(*process->life)) return process->life->engine().waiting();
  return std::nullopt;
}

std::string Gateways::who_waits() const {
  std::string text = "deliveries wait though all callbacks work:";
  for (const auto& [name, process] : processes_)
    if (process && process->life)
      for (const auto& [id, ledger] : broker_.ledgers())
        if (const auto count = process->life->engine().waiting_for(id))
          text += " " + id + " (" + std::to_string(count) + ", " +
                  std::string(to_text(ledger.subscription->state)) + ")";
  return text;
}

std::map<std::string, std::set<std::uint64_t>> Gateways::dead_letters() {
  std::map<std::string, std::set<std::uint64_t>> all;
  auto view = DeadLetterView::open(folder(led_last_));
  if (!view) {
    context_.broken("the store cannot be read: " + view.error().message);
    return all;
  }
  DeadLetterQuery query;
  for (bool more = true; more;) {
    const auto page = view->dead_letters(query);
    if (!page) {
      context_.broken("dead letters cannot be read: " + page.error().message);
      return all;
    }
    for (const auto& each : page->dead_letters) {
      checks_.dead_letter(broker_.ledgers().at(each.dead_letter.subscription), each.dead_letter);
      all[each.dead_letter.subscription].insert(each.dead_letter.sequence);
    }
    query.after = page->next;
    more = page->more;
  }
  return all;
}

// ---- what the plugin is asked

void Gateways::deliver(const std::string& gateway, std::shared_ptr<const Delivery> delivery,
                       AttemptDone done) {
  auto& process = *processes_.at(gateway);
  if (is_dead(process)) return;
  ++context_.totals.attempts;
  const auto& id = delivery->subscription->id;
  auto& ledger = broker_.ledgers().at(id);
  const auto attempt = ++attempt_;
  ledger.under_way.insert(attempt);
  checks_.attempt(ledger, *delivery);
  ledger.attempts[delivery->number] = delivery->attempt;
  trace(*delivery, "attempt " + std::to_string(delivery->attempt));
  const auto reply = ledger.endpoint.take(*delivery, context_.now().mono, random_);
  for (int time = 0; time < (reply.twice ? 2 : 1); ++time)
    context_.hub.later(reply.takes + Duration{time}, [this, alive = process.bus.alive(),
                                                      owner = &process, done, id, attempt, delivery,
                                                      answer = reply.attempt] {
      if (alive.expired() || is_dead(*owner) || owner->life->state() >= Lifecycle::State::stopping)
        return;
      on_result(id, attempt, *delivery, answer);
      done(answer);
    });
  if (context_.crashes_allowed && one_in(random_, 1000)) crash(process, random_crash());
}

void Gateways::trace(const Delivery& delivery, const std::string& what) const {
  context_.trace(
      delivery.subscription->id,
      "kind " + std::to_string(static_cast<int>(delivery.kind)) + " number " +
          std::to_string(delivery.number) + " to " + std::to_string(delivery.number_last) +
          " window " + std::to_string(delivery.window) + " event " +
          (delivery.event ? std::to_string(delivery.event->sequence) : "none") + " " + what);
}

void Gateways::on_result(const std::string& id, std::uint64_t attempt, const Delivery& delivery,
                         const Attempt& answer) {
  auto& ledger = broker_.ledgers().at(id);
  if (ledger.under_way.erase(attempt) == 0) return;
  trace(delivery, "outcome " + std::to_string(static_cast<int>(answer.outcome)));
  if (answer.outcome == Attempt::Outcome::delivered) settle(ledger, delivery);
  if (answer.outcome == Attempt::Outcome::gone) ledger.gone_heard = true;
  // A callback that answers is suspended no longer, also when it rejects.
  if (answer.outcome != Attempt::Outcome::retry) ledger.next_probe.reset();
}

void Gateways::settle(Ledger& ledger, const Delivery& delivery) {
  ++context_.totals.deliveries;
  const auto now = context_.now().mono;
  if (delivery.kind == Delivery::Kind::event) ledger.acknowledged[delivery.number] = now;
  if (delivery.kind == Delivery::Kind::gap)
    for (auto number = delivery.number; number <= delivery.number_last; ++number)
      ledger.given_up[number] = now;
  for (const auto& content : delivery.contents) ledger.acknowledged[content.number] = now;
  if (delivery.window != 0) ledger.windows_acknowledged[delivery.window] = now;
}

void Gateways::verify(const std::string& gateway, const SubscriptionRef& subscription,
                      VerificationDone done) {
  auto& process = *processes_.at(gateway);
  if (is_dead(process)) return;
  auto& endpoint = broker_.ledgers().at(subscription->id).endpoint;
  context_.hub.later(up_to(random_, 1s), [this, alive = process.bus.alive(), owner = &process, done,
                                          answer = endpoint.verify(random_)] {
    if (!alive.expired() && !is_dead(*owner)) done(answer);
  });
}

}  // namespace sense::simulation
