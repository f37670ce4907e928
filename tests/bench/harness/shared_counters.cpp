// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/harness/shared_counters.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>

#include <cstring>
#include <ctime>
#include <limits>
#include <new>

#include "core/base/check.hpp"

namespace sense::bench {

namespace {

constexpr std::uint64_t probe_number = std::numeric_limits<std::uint64_t>::max();
constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t probe_pause_ns = 10'000'000;
// How often the clock is asked while nothing but counting goes on.
constexpr std::uint64_t clock_interval = 256;

timespec to_timespec(std::int64_t ns) { return {ns / second_ns, ns % second_ns}; }

void wait_until(std::int64_t ns) {
  const auto until = to_timespec(ns);
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
}

void stamp(std::string& data, std::int64_t ns, std::uint64_t number) {
  std::memcpy(data.data(), &ns, sizeof ns);
  std::memcpy(data.data() + sizeof ns, &number, sizeof number);
}

}  // namespace

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * second_ns + now.tv_nsec;
}

SharedCounters::SharedCounters(const Workload& workload) : length_(sizeof(Shared)) {
  const bool sampled = workload.kind == Workload::Kind::latency;
  if (sampled) length_ += workload.events * sizeof(std::uint32_t);
  auto* memory =
      ::mmap(nullptr, length_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  SENSE_CHECK(memory != MAP_FAILED);
  shared_ = new (memory) Shared;
  samples_ = sampled ? reinterpret_cast<std::uint32_t*>(shared_ + 1) : nullptr;
}

SharedCounters::~SharedCounters() { ::munmap(shared_, length_); }

bool SharedCounters::ready(unsigned subscribers) const {
  for (unsigned i = 0; i < subscribers; ++i)
    if (!shared_->receivers.at(i).ready) return false;
  return true;
}

std::uint64_t SharedCounters::progress() const {
  std::uint64_t sum = shared_->acknowledged;
  for (const auto& slot : shared_->receivers) sum += slot.received + (slot.ready ? 1 : 0);
  return sum;
}

Sender::Sender(const Workload& workload, SharedCounters& counters)
    : workload_(workload), counters_(counters), data_(workload.octets, 'x') {
  // The kernel's default of 50 us would be late by that much on each event.
  ::prctl(PR_SET_TIMERSLACK, 1);
}

void Sender::warm_up(const std::function<void(std::string_view)>& send) {
  while (!counters_->started) {
    stamp(data_, 0, probe_number);
    if (!counters_.ready(workload_.subscribers)) send(data_);
    wait_until(now_ns() + probe_pause_ns);
  }
  counters_->first_ns = now_ns();
}

std::optional<std::string_view> Sender::next() {
  if (sent_ == workload_.events) return std::nullopt;
  std::int64_t due = 0;
  if (workload_.kind == Workload::Kind::latency) {
    const double seconds = static_cast<double>(sent_) / static_cast<double>(workload_.rate);
    due = counters_->first_ns + static_cast<std::int64_t>(seconds * second_ns);
    if (due > now_ns()) wait_until(due);
  }
  stamp(data_, due, sent_++);
  return data_;
}

void Sender::acknowledged(std::uint64_t count) {
  const auto all = counters_->acknowledged.load(std::memory_order_relaxed) + count;
  counters_->acknowledged.store(all, std::memory_order_relaxed);
  if (all == workload_.events) counters_->acknowledged_ns = now_ns();
}

Receiver::Receiver(const Workload& workload, SharedCounters& counters, unsigned index)
    : workload_(workload),
      index_(index),
      samples_(index == 0 ? counters.samples() : nullptr),
      started_(counters->started),
      slot_(counters->receivers.at(index)) {}

void Receiver::take_unread() {
  slot_.ready = true;
  if (started_.load(std::memory_order_relaxed))
    slot_.received.store(++received_, std::memory_order_relaxed);
}

void Receiver::take(std::string_view data) {
  if (data.size() != workload_.octets) return;
  std::int64_t due = 0;
  std::uint64_t number = 0;
  std::memcpy(&due, data.data(), sizeof due);
  std::memcpy(&number, data.data() + sizeof due, sizeof number);
  if (number >= workload_.events) {
    slot_.ready = true;
    return;
  }
  slot_.received.store(++received_, std::memory_order_relaxed);
  if (samples_ == nullptr && received_ % clock_interval != 0 && received_ != workload_.events)
    return;
  const auto now = now_ns();
  slot_.last_ns = now;
  if (samples_ != nullptr)
    samples_[number] = static_cast<std::uint32_t>(
        std::max<std::int64_t>(std::min<std::int64_t>((now - due) / SharedCounters::sample_ns,
                                                      std::numeric_limits<std::uint32_t>::max()),
                               1));
}

}  // namespace sense::bench
