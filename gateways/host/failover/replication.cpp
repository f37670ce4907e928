// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/failover/replication.hpp"

#include <filesystem>

#include "core/base/log.hpp"
#include "core/base/random.hpp"

namespace sense {

void Replication::lead(std::uint64_t token, bool expected) {
  token_ = token;
  if (!expected) return;
  heard_ = clock_.now().mono;
  begin();
}

bool Replication::take(const Event& event) {
  const auto word = standby_word(event);
  if (!word) return false;
  if (word->kind != kind_ || word->gateway == gateway_ || token_ == 0) return true;
  heard_ = clock_.now().mono;
  if (state_ == State::off || (state_ == State::in_step && word->stream != stream_)) begin();
  return true;
}

// ---- the copy of the whole

void Replication::begin() {
  settle();
  stream_ = make_ulid(clock_.now().wall);
  part_ = 0;
  sending_changes_ = false;
  state_ = State::copying;
  log_.reset();
  file_.close();
  copying_.reset();
  log::info("a standby gets a copy of this gateway's store", {{"stream", stream_}});
  if (auto status = start_copy(); !status) return give_up(status.error().message);
  copy_on(stream_);
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

// In steps, between which deliveries go on.
void Replication::copy_on(const std::string& stream) {
  if (state_ != State::copying || stream != stream_) return;
  const auto done = step_copy();
  if (!done) return give_up(done.error().message);
  if (!*done) return ways_.later([this, stream] { copy_on(stream); });
  state_ = State::sending;
  send_file();
}

Result<bool> Replication::step_copy() {
  const auto done = copying_->copy.step(pages_a_step);
  if (!done || !*done) return done;
  copying_.reset();  // closed: all of it is in the one file
  auto log = store_.record_changes();
  if (!log) return tl::unexpected(log.error());
  log_.emplace(std::move(*log));
  file_.open(path_, std::ios::binary);
  if (!file_) return fail(Code::system, path_ + " cannot be read");
  return true;
}

void Replication::send_file() {
  std::string octets(CopyPart::octets_max, '\0');
  file_.read(octets.data(), static_cast<std::streamsize>(octets.size()));
  octets.resize(static_cast<std::size_t>(file_.gcount()));
  const bool last = file_.peek() == std::ifstream::traits_type::eof();
  send({kind_, token_, stream_, ++part_, false, last}, std::move(octets), [this, last] {
    if (!last) return send_file();
    file_.close();
    std::error_code error;
    std::filesystem::remove(path_, error);
    state_ = State::in_step;
    log::info("standbys can have all that this gateway has done", {{"stream", stream_}});
    send_changes();
  });
}

// ---- what changes

void Replication::saved(bool only_position, std::function<void()> done) {
  const auto now = clock_.now().mono;
  if (state_ != State::off && now - heard_ > patience) {
    log::info("no standby has been heard of for ten minutes: none is kept up to date");
    state_ = State::off;
    log_.reset();
  }
  if (log_ && log_->memory() > log_octets_max) give_up("too much changes for it");
  if (state_ != State::in_step) return done();
  // Events of gateways move positions: each answering the other's would never end.
  if (only_position && now - position_sent_ < position_interval) return done();
  position_sent_ = now;
  done_ = std::move(done);
  if (!sending_changes_) send_changes();
}

void Replication::send_changes() {
  auto changes = log_->take();
  if (!changes) return give_up(changes.error().message);
  if (changes->empty()) return settle();
  changes_ = std::move(*changes);
  sent_ = 0;
  sending_changes_ = true;
  send_next();
}

void Replication::send_next() {
  auto octets = changes_.substr(sent_, CopyPart::octets_max);
  sent_ += octets.size();
  const bool last = sent_ == changes_.size();
  send({kind_, token_, stream_, ++part_, true, last}, std::move(octets), [this, last] {
    if (!last) return send_next();
    sending_changes_ = false;
    changes_.clear();
    // What was saved while these were on their way is in none of them.
    if (done_) send_changes();
  });
}

// One at a time: the next only when this one is in the journal, so that their order is certain.
void Replication::send(CopyPart part, std::string octets, std::function<void()> then) {
  const auto event = to_event(part, gateway_, std::move(octets), clock_.now().wall);
  publisher_.publish(event, [this, stream = stream_, then = std::move(then)](const auto& receipt) {
    if (stream != stream_ || state_ == State::off) return;
    if (!receipt) return give_up(receipt.error().message);
    then();
  });
}

// A standby with a gap would be worse than none: the next one gets a new copy.
void Replication::give_up(const std::string& reason) {
  log::warn("standbys are not up to date any more; they get a new copy", {{"reason", reason}});
  state_ = State::off;
  log_.reset();
  copying_.reset();
  file_.close();
  stream_.clear();
  settle();
  ways_.after(pause, [this] {
    if (token_ != 0 && state_ == State::off && clock_.now().mono - heard_ < patience) begin();
  });
}

void Replication::settle() {
  if (const auto done = std::exchange(done_, nullptr)) done();
}

void Replication::stop() {
  token_ = 0;
  state_ = State::off;
  stream_.clear();
  done_ = nullptr;
}

}  // namespace sense
