// SPDX-License-Identifier: Apache-2.0
#include "core/bus/publish_queue.hpp"

#include "core/bus/protocol.hpp"
#include "core/event/codec.hpp"

namespace sense::bus {

PublishQueue::Put PublishQueue::put(const Event& event, Publisher::Done& done,
                                    const ServedClient& client) {
  // Encoded outside of the lock, into a reused buffer.
  thread_local std::string encoded;
  encoded.clear();
  append_event(encoded, event);
  const std::lock_guard lock(mutex_);
  if (events_ >= events_max_ || octets_ > octets_max_) return {};
  const bool first = filling_.empty();
  if (first || filling_.back().done.size() == batch_events_max ||
      filling_.back().octets.size() >= batch_octets_max)
    filling_.push_back({header(0, 0), {}});
  auto& batch = filling_.back();
  const auto before = batch.octets.size();
  append_published_event(batch.octets, PublishedEvent(encoded, on_behalf_of(client)));
  batch.done.push_back(std::move(done));
  ++events_;
  octets_ += batch.octets.size() - before;
  return {true, first};
}

std::optional<PublishQueue::Batch> PublishQueue::take(std::uint64_t id) {
  Filling taken;
  {
    const std::lock_guard lock(mutex_);
    if (filling_.empty()) return std::nullopt;
    taken = std::move(filling_.front());
    filling_.pop_front();
  }
  const auto begin = header(id, taken.done.size());
  taken.octets.replace(0, begin.size(), begin);
  taken.octets += end();
  return Batch{id, std::make_shared<const std::string>(std::move(taken.octets)),
               std::move(taken.done)};
}

void PublishQueue::settle(const Batch& batch) {
  const std::lock_guard lock(mutex_);
  events_ -= batch.done.size();
  octets_ -= batch.request->size() - header(0, 0).size() - end().size();
}

std::string PublishQueue::header(std::uint64_t id, std::size_t count) const {
  return publish_header(id, count, {{}, process_, {}});
}
std::string PublishQueue::end() const { return publish_end({{}, process_, {}}); }

std::size_t PublishQueue::events() const {
  const std::lock_guard lock(mutex_);
  return events_;
}

}  // namespace sense::bus
