// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/dead_letters/redrive.hpp"

#include <algorithm>

#include "gateways/host/notices/notices.hpp"

namespace sense {

namespace {

constexpr Duration pause_min = std::chrono::milliseconds{5};
constexpr std::size_t letter_octets = 512;  // that one costs beside its event's data

bool is_lost(const Error& error) {
  return error.code == Code::notfound || error.code == Code::protoerror;
}

std::optional<LetterRefusal> refusal_of(Code code) {
  switch (code) {
    case Code::badparam: return LetterRefusal::expired;
    case Code::notfound: return LetterRefusal::subscription_gone;
    case Code::noaccess: return LetterRefusal::not_for_owner;
    default: return std::nullopt;  // it had no room
  }
}

}  // namespace

void DeadLetters::start() {
  auto work = parts_.store.letter_work();
  if (!work) {
    log::error("requests about dead letters cannot be read; they are not acted on",
               {{"reason", work.error().message}});
    return;
  }
  work_.assign(std::make_move_iterator(work->begin()), std::make_move_iterator(work->end()));
  if (!work_.empty()) plan(Duration{0});
}

bool DeadLetters::take(const Event& event) {
  if (!requested_action(event.type)) return false;
  if (event.subject != gateway_) return true;
  auto request = letter_request(event);
  if (!request) {  // the broker takes none such
    log::warn("a request about dead letters cannot be read and is not acted on",
              {{"sequence", std::to_string(event.sequence)}, {"reason", request.error().message}});
    return true;
  }
  LetterWork work;
  work.outcome.gateway = gateway_;
  work.outcome.request = event.sequence;
  work.outcome.correlation = event.id;
  work.outcome.asked = std::move(*request);
  work.outcome.by = event.principal;
  if (work_.size() >= requests_max) {
    work.outcome.error = "too many requests about dead letters wait at this gateway: ask again";
    tell(parts_.publisher, letter_outcome_event(work.outcome, parts_.clock.now().wall));
    return true;
  }
  work.outcome.finished = false;
  parts_.progress.note(work);
  work_.push_back(std::move(work));
  plan(Duration{0});
  return true;
}

void DeadLetters::plan(Duration after) {
  if (std::exchange(planned_, true)) return;
  host_.after(after, [this] {
    planned_ = false;
    step();
  });
}

void DeadLetters::step() {
  if (work_.empty() || answering_) return;
  // What was done before is stored first: so memory holds one portion, and an answer is true.
  if (!parts_.progress.letters_stored()) host_.checkpoint();
  if (!parts_.progress.letters_stored()) return plan(again_after);
  auto& work = work_.front();
  if (work.outcome.finished) return answer();
  const auto began = parts_.clock.now().mono;
  const bool moved = portion(work);
  if (moved) {
    parts_.progress.note(work);
    host_.checkpoint();
  }
  tell_progress();
  // Half of the time is the others'.
  plan(moved ? std::max(pause_min, parts_.clock.now().mono - began) : again_after);
}

bool DeadLetters::begin(LetterWork& work) {
  if (!room_) room_ = parts_.engine.waiting() + waiting_max;
  if (work.upto) return true;
  const auto last = parts_.store.last_letter();
  if (!last) {
    trouble(last.error());
    return false;
  }
  const auto& selection = work.outcome.asked.selection;
  work.upto = *last;
  if (selection.id == 0) return true;
  work.after = selection.id - 1;
  work.upto = std::min(*last, selection.id);
  return true;
}

bool DeadLetters::portion(LetterWork& work) {
  if (!begin(work)) return false;
  const auto& selection = work.outcome.asked.selection;
  const auto before = work.after;
  const auto page =
      parts_.store.letters({selection.subscription, selection.since.value_or(WallTime{}),
                            work.after, *work.upto, portion_letters});
  if (!page) {
    trouble(page.error());
    return false;
  }
  std::size_t octets = 0;
  for (const auto& letter : page->letters) {
    if (!treat(work, letter, octets)) return work.after != before;
    work.after = letter.id;
    if (octets > portion_octets) return true;
  }
  work.after = page->next;
  work.outcome.finished = !page->more;
  return true;
}

bool DeadLetters::treat(LetterWork& work, const Letter& letter, std::size_t& octets) {
  if (work.outcome.asked.action == LetterAction::purge) {
    parts_.progress.exhume(letter.id);
    ++work.outcome.done;
    ++parts_.counters["gateway.dead-letters.purged"];
    return true;
  }
  const auto event = parts_.store.load_letter(letter.id);
  if (!event && !is_lost(event.error())) {
    trouble(event.error());
    return false;
  }
  if (!event) {
    refuse(work, LetterRefusal::event_lost);
    return true;
  }
  octets += (*event)->data.size() + letter_octets;
  return redrive(work, letter, *event);
}

bool DeadLetters::redrive(LetterWork& work, const Letter& letter, const EventRef& event) {
  const auto& id = letter.letter.subscription;
  if (parts_.engine.waiting() >= *room_) {
    if (may_wait({})) return false;
    refuse(work, LetterRefusal::no_room);
    return true;
  }
  const auto status = parts_.engine.redrive(id, event, parts_.clock.now());
  if (status) {
    parts_.progress.exhume(letter.id);
    ++work.outcome.done;
    ++parts_.counters["gateway.dead-letters.redriven"];
    return true;
  }
  const auto refusal = refusal_of(status.error().code);
  if (!refusal && may_wait(id)) return false;
  refuse(work, refusal.value_or(LetterRefusal::no_room));
  return true;
}

// As long as fewer and fewer wait, there will be room.
bool DeadLetters::may_wait(const std::string& subscription) {
  const auto now = parts_.clock.now().mono;
  const auto waiting =
      subscription.empty() ? parts_.engine.waiting() : parts_.engine.waiting_for(subscription);
  const auto [place, fresh] = stalls_.try_emplace(subscription, Stall{waiting, now});
  auto& stall = place->second;
  if (waiting < stall.waiting) stall = {waiting, now};
  return now - stall.since < patience;
}

void DeadLetters::refuse(LetterWork& work, LetterRefusal refusal) {
  ++work.outcome.refused[static_cast<std::size_t>(refusal)];
  ++parts_.counters["gateway.dead-letters.refused"];
}

void DeadLetters::trouble(const Error& error) {
  if (log_limit_.check("store", parts_.clock.now().mono).allowed)
    log::error("dead letters cannot be read; it is tried again", {{"reason", error.message}});
}

void DeadLetters::tell_progress() {
  const auto now = parts_.clock.now();
  const auto& outcome = work_.front().outcome;
  if (outcome.finished) return;
  if (told_ == MonoTime{}) told_ = now.mono;
  if (now.mono - told_ < progress_interval) return;
  told_ = now.mono;
  tell(parts_.publisher, letter_outcome_event(outcome, now.wall));
}

void DeadLetters::answer() {
  answering_ = true;
  const auto& outcome = work_.front().outcome;
  parts_.publisher.publish(letter_outcome_event(outcome, parts_.clock.now().wall),
                           [this](const Result<Receipt>& receipt) { answered(receipt); });
}

void DeadLetters::answered(const Result<Receipt>& receipt) {
  answering_ = false;
  const bool refused = !receipt && (receipt.error().code == Code::noaccess ||
                                    receipt.error().code == Code::badparam);
  if (!receipt && !refused) return plan(again_after);
  auto& work = work_.front();
  const auto& outcome = work.outcome;
  const bool redriven = outcome.asked.action == LetterAction::redrive;
  log::info(redriven ? "dead letters were redriven" : "dead letters were purged",
            {{"request", std::to_string(outcome.request)},
             {"by", outcome.by},
             {"selection", to_json(outcome.asked.selection)},
             {"done", std::to_string(outcome.done)},
             {"refused", std::to_string(outcome.refused_in_all())}});
  if (refused)
    log::warn("what became of a request about dead letters could not be published",
              {{"request", std::to_string(outcome.request)}, {"reason", receipt.error().message}});
  work.answered = true;
  parts_.progress.note(std::move(work));
  work_.pop_front();
  room_.reset();
  stalls_.clear();
  told_ = MonoTime{};
  plan(Duration{0});
}

}  // namespace sense
