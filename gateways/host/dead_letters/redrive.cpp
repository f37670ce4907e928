// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/dead_letters/redrive.hpp"

#include <algorithm>

#include "gateways/host/notices/notices.hpp"

namespace sense {

namespace {

constexpr Duration pause_min = std::chrono::milliseconds{5};
constexpr std::size_t dead_letter_octets = 512;  // per dead letter, without its event's data

bool event_is_lost(const Error& error) {
  return error.code == Code::notfound || error.code == Code::protoerror;
}

std::optional<DeadLetterRefusal> refusal_of(Code code) {
  switch (code) {
    case Code::badparam: return DeadLetterRefusal::expired;
    case Code::notfound: return DeadLetterRefusal::subscription_gone;
    case Code::noaccess: return DeadLetterRefusal::not_for_owner;
    default: return std::nullopt;  // no room: retry
  }
}

}  // namespace

void Redriver::start() {
  auto jobs = dependencies_.store.redrive_jobs();
  if (!jobs) {
    log::error("requests about dead letters cannot be read and are not executed",
               {{"reason", jobs.error().message}});
    return;
  }
  jobs_.assign(std::make_move_iterator(jobs->begin()), std::make_move_iterator(jobs->end()));
  if (!jobs_.empty()) schedule(Duration{0});
}

bool Redriver::on_event(const Event& event) {
  if (!requested_action(event.type)) return false;
  if (event.subject != gateway_) return true;
  auto request = dead_letter_request(event);
  if (!request) {  // the broker rejects such events
    log::warn("a request about dead letters cannot be read and is not executed",
              {{"sequence", std::to_string(event.sequence)}, {"reason", request.error().message}});
    return true;
  }
  RedriveJob job;
  job.outcome.gateway = gateway_;
  job.outcome.request = event.sequence;
  job.outcome.correlation = event.id;
  job.outcome.asked = std::move(*request);
  job.outcome.by = event.principal;
  if (jobs_.size() >= requests_max) {
    job.outcome.error =
        "too many requests about dead letters are pending at this gateway: try again later";
    publish_notice(dependencies_.publisher,
                   dead_letter_outcome_event(job.outcome, dependencies_.clock.now().wall));
    return true;
  }
  job.outcome.finished = false;
  dependencies_.checkpoints.note_job(job);
  jobs_.push_back(std::move(job));
  schedule(Duration{0});
  return true;
}

void Redriver::schedule(Duration after) {
  if (std::exchange(scheduled_, true)) return;
  callbacks_.after(after, [this] {
    scheduled_ = false;
    step();
  });
}

void Redriver::step() {
  if (jobs_.empty() || publishing_) return;
  // The previous portion is stored first: memory holds one portion, and the outcome is true.
  if (!dependencies_.checkpoints.dead_letters_stored()) callbacks_.checkpoint();
  if (!dependencies_.checkpoints.dead_letters_stored()) return schedule(retry_after);
  auto& job = jobs_.front();
  if (job.outcome.finished) return publish_outcome();
  const auto began = dependencies_.clock.now().mono;
  const bool moved = process_portion(job);
  if (moved) {
    dependencies_.checkpoints.note_job(job);
    callbacks_.checkpoint();
  }
  publish_progress();
  // At most half of the time is spent here.
  schedule(moved ? std::max(pause_min, dependencies_.clock.now().mono - began) : retry_after);
}

bool Redriver::begin(RedriveJob& job) {
  if (!room_) room_ = dependencies_.engine.waiting() + waiting_max;
  if (job.upto) return true;
  const auto last = dependencies_.store.last_dead_letter();
  if (!last) {
    log_store_error(last.error());
    return false;
  }
  const auto& selection = job.outcome.asked.selection;
  job.upto = *last;
  if (selection.id == 0) return true;
  job.after = selection.id - 1;
  job.upto = std::min(*last, selection.id);
  return true;
}

bool Redriver::process_portion(RedriveJob& job) {
  if (!begin(job)) return false;
  const auto& selection = job.outcome.asked.selection;
  const auto before = job.after;
  const auto page = dependencies_.store.dead_letters({selection.subscription,
                                                      selection.since.value_or(WallTime{}),
                                                      job.after, *job.upto, portion_dead_letters});
  if (!page) {
    log_store_error(page.error());
    return false;
  }
  std::size_t octets = 0;
  for (const auto& dead_letter : page->dead_letters) {
    if (!process(job, dead_letter, octets)) return job.after != before;
    job.after = dead_letter.id;
    if (octets > portion_octets) return true;
  }
  job.after = page->next;
  job.outcome.finished = !page->more;
  return true;
}

bool Redriver::process(RedriveJob& job, const StoredDeadLetter& dead_letter, std::size_t& octets) {
  if (job.outcome.asked.action == DeadLetterAction::purge) {
    dependencies_.checkpoints.remove_dead_letter(dead_letter.id);
    ++job.outcome.done;
    ++dependencies_.counters["gateway.dead-letters.purged"];
    return true;
  }
  const auto event = dependencies_.store.load_dead_letter(dead_letter.id);
  if (!event && !event_is_lost(event.error())) {
    log_store_error(event.error());
    return false;
  }
  if (!event) {
    count_refusal(job, DeadLetterRefusal::event_lost);
    return true;
  }
  octets += (*event)->data.size() + dead_letter_octets;
  return redrive(job, dead_letter, *event);
}

bool Redriver::redrive(RedriveJob& job, const StoredDeadLetter& dead_letter,
                       const EventRef& event) {
  const auto& id = dead_letter.dead_letter.subscription;
  if (dependencies_.engine.waiting() >= *room_) {
    if (room_may_come({})) return false;
    count_refusal(job, DeadLetterRefusal::no_room);
    return true;
  }
  const auto status = dependencies_.engine.redrive(id, event, dependencies_.clock.now());
  if (status) {
    dependencies_.checkpoints.remove_dead_letter(dead_letter.id);
    ++job.outcome.done;
    ++dependencies_.counters["gateway.dead-letters.redriven"];
    return true;
  }
  const auto refusal = refusal_of(status.error().code);
  if (!refusal && room_may_come(id)) return false;
  count_refusal(job, refusal.value_or(DeadLetterRefusal::no_room));
  return true;
}

// While the backlog shrinks, there will be room.
bool Redriver::room_may_come(const std::string& subscription) {
  const auto now = dependencies_.clock.now().mono;
  const auto waiting = subscription.empty() ? dependencies_.engine.waiting()
                                            : dependencies_.engine.waiting_for(subscription);
  const auto [place, fresh] = stalls_.try_emplace(subscription, Stall{waiting, now});
  auto& stall = place->second;
  if (waiting < stall.waiting) stall = {waiting, now};
  return now - stall.since < room_patience;
}

void Redriver::count_refusal(RedriveJob& job, DeadLetterRefusal refusal) {
  ++job.outcome.refused[static_cast<std::size_t>(refusal)];
  ++dependencies_.counters["gateway.dead-letters.refused"];
}

void Redriver::log_store_error(const Error& error) {
  if (log_limit_.check("store", dependencies_.clock.now().mono).allowed)
    log::error("dead letters cannot be read; the request is tried again",
               {{"reason", error.message}});
}

void Redriver::publish_progress() {
  const auto now = dependencies_.clock.now();
  const auto& outcome = jobs_.front().outcome;
  if (outcome.finished) return;
  if (progress_published_ == MonoTime{}) progress_published_ = now.mono;
  if (now.mono - progress_published_ < progress_interval) return;
  progress_published_ = now.mono;
  publish_notice(dependencies_.publisher, dead_letter_outcome_event(outcome, now.wall));
}

void Redriver::publish_outcome() {
  publishing_ = true;
  const auto& outcome = jobs_.front().outcome;
  dependencies_.publisher.publish(
      dead_letter_outcome_event(outcome, dependencies_.clock.now().wall),
      [this](const Result<Receipt>& receipt) { on_outcome_published(receipt); });
}

void Redriver::on_outcome_published(const Result<Receipt>& receipt) {
  publishing_ = false;
  const bool refused = !receipt && (receipt.error().code == Code::noaccess ||
                                    receipt.error().code == Code::badparam);
  if (!receipt && !refused) return schedule(retry_after);
  auto& job = jobs_.front();
  const auto& outcome = job.outcome;
  const bool redriven = outcome.asked.action == DeadLetterAction::redrive;
  log::info(redriven ? "dead letters were redriven" : "dead letters were purged",
            {{"request", std::to_string(outcome.request)},
             {"by", outcome.by},
             {"selection", to_json(outcome.asked.selection)},
             {"done", std::to_string(outcome.done)},
             {"refused", std::to_string(outcome.refused_in_all())}});
  if (refused)
    log::warn("the outcome of a request about dead letters could not be published",
              {{"request", std::to_string(outcome.request)}, {"reason", receipt.error().message}});
  job.answered = true;
  dependencies_.checkpoints.note_job(std::move(job));
  jobs_.pop_front();
  room_.reset();
  stalls_.clear();
  progress_published_ = MonoTime{};
  schedule(Duration{0});
}

}  // namespace sense
