// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/failover/standby.hpp"

#include <filesystem>

#include "core/base/log.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

void Standby::follow(std::uint64_t token) {
  token_ = token;
  if (std::exchange(following_, true)) return;  // events of the new leader are on the same topic
  const auto position = store_.replication_position();
  if (position && *position) replicated_ = **position;
  if (replicated_.token != token) return find_position();
  stream_ = replicated_.stream;
  part_ = replicated_.part;
  listen(replicated_.sequence);
}

// Earlier parts are covered by the copy to come.
void Standby::find_position() {
  bus_.registry_list("leader", "", 1, [this](Result<Bus::RegistryPage> page) {
    if (!following_) return;
    if (!page) return callbacks_.after(std::chrono::seconds{1}, [this] { find_position(); });
    listen(page->sequence);
  });
}

void Standby::listen(std::uint64_t position) {
  position_ = position;
  bus_.follow(position, {"{" + std::string(gateway_namespace) + "}"}, [this](const Batch& batch) {
    if (following_) on_batch(batch);
  });
  if (!std::exchange(heartbeat_started_, true)) send_heartbeat();
}

// The leader sends a copy when a standby reports no stream.
void Standby::send_heartbeat() {
  if (!following_ || on_taken_over_) return;
  bus_.publish(
      to_event(StandbyHeartbeat{gateway_, kind_, stream_}, clock_.now().wall, pair_.secret),
      [this](const auto& receipt) {
        if (receipt && known_from_ == 0) known_from_ = receipt->sequence;
        if (!receipt)
          log::warn("the heartbeat of this standby could not be published",
                    {{"reason", receipt.error().message}});
      });
  callbacks_.after(heartbeat_interval, [this] { send_heartbeat(); });
}

void Standby::on_batch(const Batch& batch) {
  if (batch.lost_from != 0) on_gap("events have left the journal before they were read here");
  for (const auto& event : batch.events) on_event(*event);
  position_ = batch.position;
  if (on_taken_over_ && position_ >= take_over_at_) {
    following_ = false;
    file_.close();
    std::error_code error;
    std::filesystem::remove(path_, error);
    return std::exchange(on_taken_over_, nullptr)();
  }
  bus_.resume();
}

void Standby::on_event(const Event& event) {
  const auto part = replication_part(event);
  if (!part || part->kind != kind_ || !pair_.accepts(event, clock_.now().mono)) return;
  // Parts of an earlier leader are void, and so are those after the own lease.
  if (part->token != token_ || (on_taken_over_ && event.sequence > take_over_at_)) return;
  if (part->number == 1 && !part->changes) {
    stream_ = part->stream;
    part_ = 0;
    changes_.clear();
    file_.close();
    file_.open(path_, std::ios::binary | std::ios::trunc);
  }
  if (part->stream != stream_) return;
  if (part->number != part_ + 1) return on_gap("a part of the stream is missing");
  part_ = part->number;
  const auto status =
      part->changes ? apply_replicated_changes(*part, event) : install_copy(*part, event);
  if (!status) on_gap(status.error().message);
}

Status Standby::install_copy(const ReplicationPart& part, const Event& event) {
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
  log::info("standing by: this gateway has a copy of the leader's store",
            {{"up to event", std::to_string(event.sequence)}});
  return {};
}

Status Standby::apply_replicated_changes(const ReplicationPart& part, const Event& event) {
  if (changes_.size() + event.data.size() > changes_octets_max)
    return fail(Code::nomoreroom, "a set of changes is larger than this gateway accepts");
  changes_ += event.data;
  if (!part.last) return {};
  const auto changes = std::exchange(changes_, {});
  const GatewayStore::ReplicationPosition position{part.token, part.stream, part.number,
                                                   event.sequence};
  if (auto status = store_.apply_replicated_changes(changes, position); !status) return status;
  replicated_ = position;
  return {};
}

void Standby::on_gap(const std::string& reason) {
  log::warn("parts of the replication stream are missing; a new copy is requested",
            {{"reason", reason}});
  // Also when the store is of an earlier stream: the leader goes on in the one with the gap.
  gap_ = true;
  stream_.clear();
  changes_.clear();
}

void Standby::take_over(std::uint64_t token, std::function<void()> done) {
  if (!following_) return done();
  on_taken_over_ = std::move(done);
  take_over_at_ = token;
}

}  // namespace sense
