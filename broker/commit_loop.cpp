// SPDX-License-Identifier: Apache-2.0
#include "broker/commit_loop.hpp"

#include <sys/prctl.h>

#include <algorithm>
#include <span>

namespace sense {

namespace {
constexpr auto trim_interval = std::chrono::seconds{1};
constexpr std::uint32_t trim_groups = 256;
constexpr std::size_t group_octets_soft_max = 8 * 1024 * 1024;
}  // namespace

CommitLoop::CommitLoop(Store store, const Settings& settings, Counters& counters, AuditTrail& audit,
                       bus::Mailbox<Outgoing>& results, Measures measures)
    : store_(std::move(store)),
      settings_(settings),
      counters_(counters),
      audit_(audit),
      results_(results),
      measures_(measures) {}

Status CommitLoop::open(const std::vector<Subscription>& configured) {
  const auto now = system_clock().now();
  const auto count = [this](const char* key) {
    return static_cast<std::size_t>(settings_.integer(key));
  };
  Ingest::Limits limits;
  limits.deduplication_window = settings_.duration("deduplication-window");
  limits.deduplication_ids_max = count("deduplication-ids-max");
  limits.registry.subscriptions_max = count("subscriptions-max");
  limits.subscriptions = {count("subscriptions-per-principal-max"),
                          count("subscriptions-per-address-max"),
                          limits.registry.subscriptions_max};
  limits.registry.sources_max = count("sources-max");
  limits.types_max = count("types-max");
  auto ingest = Ingest::restore(store_, limits, counters_, now, &audit_);
  if (!ingest) return tl::unexpected(ingest.error());
  ingest_.emplace(std::move(*ingest));
  return ingest_->load_configured_subscriptions(configured, now);
}

void CommitLoop::start(std::function<void(Error)> on_failure) {
  on_failure_ = std::move(on_failure);
  thread_ = std::thread([this] { run(); });
}

void CommitLoop::stop() {
  stopping_.store(true);
  requests_.wake();
  if (thread_.joinable()) thread_.join();
}

bool CommitLoop::put(IncomingRef& request) {
  const auto octets = request->octets.size();
  if (waiting_octets_.load() + octets > static_cast<std::size_t>(settings_.size("waiting-size"))) {
    ++counters_["broker.requests.overload"];
    ++overloads_;
    return false;
  }
  waiting_octets_ += octets;
  requests_.put(std::move(request));
  return true;
}

Duration CommitLoop::committing_for(MonoTime now) const {
  const auto since = committing_since_.load();
  return since == MonoTime{} ? Duration{0} : now - since;
}

Error CommitLoop::overload() {
  return {Code::nomoreroom,
          "events come in faster than the broker can store them (broker.waiting-size)"};
}

void CommitLoop::run() {
  ::prctl(PR_SET_NAME, "sense-commit");
  while (true) {
    requests_.wait(stopping_.load() ? std::chrono::milliseconds{0} : longest_wait());
    const auto waiting = requests_.take();
    for (const auto range : damage_.take()) ingest_->note_damage(range);
    ingest_->note_overload(overloads_.exchange(0), system_clock().now());
    if (!commit(waiting)) return;
    const bool last = stopping_.load() && waiting.empty();
    if (last) trimmed_ = {};  // records the last sequence, see Journal::trim
    trim(system_clock().now());
    if (last) return;
  }
}

std::chrono::milliseconds CommitLoop::longest_wait() const {
  const auto longest = std::chrono::milliseconds{500};
  // A lease that is due and cannot be ended (disk full) must not cause a busy loop.
  const auto shortest = std::chrono::milliseconds{20};
  const auto next = ingest_->next_timer();
  if (!next) return longest;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - mono_now());
  return std::clamp(left, shortest, longest);
}

// In groups that fit into one row of the journal.
bool CommitLoop::commit(const std::vector<IncomingRef>& waiting) {
  const std::span<const IncomingRef> all(waiting);
  std::size_t from = 0;
  do {
    std::size_t to = from;
    std::size_t octets = 0;
    while (to < all.size() && octets < group_octets_soft_max) octets += all[to++]->octets.size();
    const auto group = all.subspan(from, to - from);
    const auto began = system_clock().now();
    committing_since_.store(began.mono);
    auto out = ingest_->commit_group(group, began);
    committing_since_.store({});
    measure(group, began.mono);
    waiting_octets_ -= octets;
    if (!out) {
      log::error(
          "the journal failed; the broker stops, and unanswered requests count as not stored",
          {{"reason", out.error().message}});
      on_failure_(out.error());
      return false;
    }
    if (!out->answers.empty() || !out->watermark.empty()) results_.put(std::move(*out));
    from = to;
  } while (from < all.size());
  return true;
}

// Once for all: a request was put with others, and is answered with others.
void CommitLoop::measure(std::span<const IncomingRef> group, MonoTime began) const {
  if (group.empty()) return;
  const auto now = mono_now();
  measures_.group_seconds.observe(now - began);
  measures_.group_requests.observe(static_cast<double>(group.size()));
  for (const auto& incoming : group)
    if (incoming->received != MonoTime{})
      measures_.request_seconds.observe(now - incoming->received);
}

void CommitLoop::trim(Timestamp now) {
  if (now.mono - trimmed_ < trim_interval) return;
  trimmed_ = now.mono;
  const auto removed =
      store_.trim({now.wall - settings_.duration("retention-age"),
                   static_cast<std::uint64_t>(settings_.size("retention-size")),
                   static_cast<std::uint64_t>(settings_.integer("retention-count"))},
                  trim_groups);
  if (!removed) {
    ++counters_["broker.trim.failed"];
    if (const auto line = trim_log_limit_.check("", now.mono); line.allowed)
      log::error("retention cannot remove events from the journal",
                 {{"reason", removed.error().message}});
    return;
  }
  // More groups may be due: continue with the next commit instead of in a second.
  if (*removed == trim_groups) trimmed_ = {};
  counters_["broker.groups.trimmed"] += *removed;
}

}  // namespace sense
