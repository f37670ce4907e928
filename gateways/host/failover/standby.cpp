// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/failover/standby.hpp"

#include <filesystem>

#include "core/base/log.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

void Standby::follow(std::uint64_t token) {
  token_ = token;
  if (std::exchange(following_, true)) return;  // the stream of the new leader comes the same way
  const auto position = store_.replication_position();
  if (position && *position) replicated_ = **position;
  if (replicated_.token != token) return find_head();
  stream_ = replicated_.stream;
  part_ = replicated_.part;
  listen(replicated_.sequence);
}

// What was said before is about what a copy that comes now will hold.
void Standby::find_head() {
  bus_.registry_list("leader", "", 1, [this](Result<Bus::RegistryPage> page) {
    if (!following_) return;
    if (!page) return ways_.after(std::chrono::seconds{1}, [this] { find_head(); });
    listen(page->sequence);
  });
}

void Standby::listen(std::uint64_t position) {
  position_ = position;
  bus_.follow(position, {"{" + std::string(gateway_namespace) + "}"}, [this](const Batch& batch) {
    if (following_) take(batch);
  });
  if (!std::exchange(speaking_, true)) speak();
}

// The leader gives a copy to who says that he has no stream.
void Standby::speak() {
  if (!following_ || ended_) return;
  bus_.publish(to_event(StandbyWord{gateway_, kind_, stream_}, clock_.now().wall),
               [](const auto& receipt) {
                 if (!receipt)
                   log::warn("the leading gateway cannot be told that this one stands by",
                             {{"reason", receipt.error().message}});
               });
  ways_.after(word_interval, [this] { speak(); });
}

void Standby::take(const Batch& batch) {
  if (batch.lost_from != 0) miss("events have left the journal before they were read here");
  for (const auto& event : batch.events) take(*event);
  position_ = batch.position;
  if (ended_ && position_ >= end_at_) {
    following_ = false;
    file_.close();
    std::error_code error;
    std::filesystem::remove(path_, error);
    return std::exchange(ended_, nullptr)();
  }
  bus_.resume();
}

void Standby::take(const Event& event) {
  const auto part = copy_part(event);
  if (!part || part->kind != kind_) return;
  // What an earlier leader still says is void, and what comes behind one's own lead too.
  if (part->token != token_ || (ended_ && event.sequence > end_at_)) return;
  if (part->number == 1 && !part->changes) {
    stream_ = part->stream;
    part_ = 0;
    changes_.clear();
    file_.close();
    file_.open(path_, std::ios::binary | std::ios::trunc);
  }
  if (part->stream != stream_) return;
  if (part->number != part_ + 1) return miss("a part of the stream is missing");
  part_ = part->number;
  const auto status =
      part->changes ? apply_replicated_changes(*part, event) : install_copy(*part, event);
  if (!status) miss(status.error().message);
}

Status Standby::install_copy(const CopyPart& part, const Event& event) {
  file_.write(event.data.data(), static_cast<std::streamsize>(event.data.size()));
  if (!part.last) return {};
  file_.close();
  if (!file_) return fail(Code::system, path_ + " cannot be written: is the disk full?");
  const GatewayStore::ReplicationPosition position{part.token, part.stream, part.number,
                                                   event.sequence};
  if (auto status = store_.install_copy(path_, position); !status) return status;
  std::error_code error;
  std::filesystem::remove(path_, error);
  replicated_ = position;
  gap_ = false;
  log::info("standing by: this gateway has a copy of what the leading one has done",
            {{"octets up to event", std::to_string(event.sequence)}});
  return {};
}

Status Standby::apply_replicated_changes(const CopyPart& part, const Event& event) {
  if (changes_.size() + event.data.size() > changes_octets_max)
    return fail(Code::nomoreroom, "more changes at once than this gateway takes");
  changes_ += event.data;
  if (!part.last) return {};
  const auto changes = std::exchange(changes_, {});
  const GatewayStore::ReplicationPosition position{part.token, part.stream, part.number,
                                                   event.sequence};
  if (auto status = store_.apply_replicated_changes(changes, position); !status) return status;
  replicated_ = position;
  return {};
}

void Standby::miss(const std::string& reason) {
  log::warn("what the leading gateway does is not all known here; a new copy is asked for",
            {{"reason", reason}});
  // What is stored here is still good when it belongs to another stream than the one with the gap.
  if (stream_.empty() || replicated_.stream == stream_) gap_ = true;
  stream_.clear();
  changes_.clear();
}

void Standby::end(std::uint64_t token, std::function<void()> done) {
  if (!following_) return done();
  ended_ = std::move(done);
  end_at_ = token;
}

}  // namespace sense
