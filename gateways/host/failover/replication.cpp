// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/failover/replication.hpp"

#include <filesystem>

#include "core/base/log.hpp"
#include "core/base/random.hpp"

namespace sense {

void Replication::lead(std::uint64_t token, bool standby_expected) {
  token_ = token;
  if (!standby_expected) return;
  standby_seen_ = clock_.now().mono;
  begin();
}

bool Replication::on_event(const Event& event) {
  const auto heartbeat = standby_heartbeat(event);
  if (!heartbeat) return false;
  if (heartbeat->kind != kind_ || heartbeat->gateway == gateway_ || token_ == 0) return true;
  if (!pair_.accepts(event, clock_.now().mono)) return true;
  standby_seen_ = clock_.now().mono;
  if (state_ == State::off || (state_ == State::in_sync && heartbeat->stream != stream_)) begin();
  return true;
}

// ---- the full copy

void Replication::begin() {
  complete_saved();
  stream_ = make_ulid(clock_.now().wall);
  part_ = 0;
  sending_changes_ = false;
  state_ = State::copying;
  log_.reset();
  file_.close();
  copying_.reset();
  log::info("a full copy of this gateway's store is sent to its standbys", {{"stream", stream_}});
  if (auto status = start_copy(); !status) return abandon_stream(status.error().message);
  continue_copy(stream_);
}

Status Replication::start_copy() {
  std::error_code error;
  std::filesystem::remove(path_, error);
  auto file = Database::open(path_, Database::Durability::normal);
  if (!file) return tl::unexpected(file.error());
  auto copy = store_.copy_to(*file);
  if (!copy) return tl::unexpected(copy.error());
  copying_.emplace(Copying{std::move(*file), std::move(*copy)});
  return {};
}

// In steps, between which the reactor runs.
void Replication::continue_copy(const std::string& stream) {
  if (state_ != State::copying || stream != stream_) return;
  const auto done = step_copy();
  if (!done) return abandon_stream(done.error().message);
  if (!*done) return callbacks_.later([this, stream] { continue_copy(stream); });
  state_ = State::sending;
  send_file();
}

Result<bool> Replication::step_copy() {
  const auto done = copying_->copy.step(pages_a_step);
  if (!done || !*done) return done;
  copying_.reset();  // closed: the file is complete
  auto log = store_.record_changes();
  if (!log) return tl::unexpected(log.error());
  log_.emplace(std::move(*log));
  file_.open(path_, std::ios::binary);
  if (!file_) return fail(Code::system, path_ + " cannot be read");
  return true;
}

void Replication::send_file() {
  std::string octets(ReplicationPart::octets_max, '\0');
  file_.read(octets.data(), static_cast<std::streamsize>(octets.size()));
  octets.resize(static_cast<std::size_t>(file_.gcount()));
  const bool last = file_.peek() == std::ifstream::traits_type::eof();
  send({kind_, token_, stream_, ++part_, false, last}, std::move(octets), [this, last] {
    if (!last) return send_file();
    file_.close();
    std::error_code error;
    std::filesystem::remove(path_, error);
    state_ = State::in_sync;
    log::info("standbys are in sync with this gateway", {{"stream", stream_}});
    send_changes();
  });
}

// ---- changes

void Replication::saved(bool only_position, std::function<void()> done) {
  const auto now = clock_.now().mono;
  if (state_ != State::off && now - standby_seen_ > standby_timeout) {
    log::info("no standby has sent a heartbeat for ten minutes: replication stops until one does");
    state_ = State::off;
    log_.reset();
    end_stream();
  }
  if (log_ && log_->memory() > log_octets_max) abandon_stream("too many changes are pending");
  if (state_ != State::in_sync) return done();
  // The events of a replication stream move positions too: two gateways that answer each other's
  // would never stop.
  if (only_position && now - position_sent_ < position_interval) return done();
  position_sent_ = now;
  on_saved_ = std::move(done);
  if (!sending_changes_) send_changes();
}

void Replication::send_changes() {
  auto changes = log_->take();
  if (!changes) return abandon_stream(changes.error().message);
  if (changes->empty()) return complete_saved();
  changes_ = std::move(*changes);
  sent_ = 0;
  sending_changes_ = true;
  send_next();
}

void Replication::send_next() {
  auto octets = changes_.substr(sent_, ReplicationPart::octets_max);
  sent_ += octets.size();
  const bool last = sent_ == changes_.size();
  send({kind_, token_, stream_, ++part_, true, last}, std::move(octets), [this, last] {
    if (!last) return send_next();
    sending_changes_ = false;
    changes_.clear();
    // What was saved meanwhile is sent next.
    if (on_saved_) send_changes();
  });
}

// One at a time, the next when the journal has this one, so that they are in order.
void Replication::send(ReplicationPart part, std::string octets, std::function<void()> then) {
  const auto event = to_event(part, gateway_, std::move(octets), clock_.now().wall, pair_.secret);
  publisher_.publish(event, [this, stream = stream_, then = std::move(then)](const auto& receipt) {
    if (stream != stream_ || state_ == State::off) return;
    if (!receipt) return abandon_stream(receipt.error().message);
    then();
  });
}

// A number is left out, so that a standby that comes back later does not take its copy for that of
// now.
void Replication::end_stream() {
  const auto event = to_event({kind_, token_, stream_, part_ + 2, true, true}, gateway_, {},
                              clock_.now().wall, pair_.secret);
  publisher_.publish(event, [this, stream = stream_](const auto& receipt) {
    if (receipt) return;
    callbacks_.after(retry_pause, [this, stream] {
      if (token_ != 0 && state_ == State::off && stream == stream_) end_stream();
    });
  });
}

// A gap would make the copy wrong: the next stream begins with a new copy.
void Replication::abandon_stream(const std::string& reason) {
  log::warn("replication failed; standbys get a new copy", {{"reason", reason}});
  state_ = State::off;
  log_.reset();
  copying_.reset();
  file_.close();
  stream_.clear();
  complete_saved();
  callbacks_.after(retry_pause, [this] {
    if (token_ != 0 && state_ == State::off && clock_.now().mono - standby_seen_ < standby_timeout)
      begin();
  });
}

void Replication::complete_saved() {
  if (const auto done = std::exchange(on_saved_, nullptr)) done();
}

void Replication::stop() {
  token_ = 0;
  state_ = State::off;
  stream_.clear();
  on_saved_ = nullptr;
}

}  // namespace sense
