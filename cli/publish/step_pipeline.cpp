// SPDX-License-Identifier: Apache-2.0
#include "cli/publish/step_pipeline.hpp"

#include <algorithm>
#include <utility>

#include "core/base/check.hpp"
#include "core/base/random.hpp"
#include "core/sense/client.hpp"

namespace sense::cli {

namespace {

constexpr std::chrono::seconds pause_min{1};
constexpr std::chrono::seconds pause_max{32};

std::string place(std::uint64_t line) { return "line " + std::to_string(line); }

}  // namespace

StepPipeline::StepPipeline(Event form, std::size_t in_flight_max, Dependencies dependencies)
    : form_(std::move(form)),
      in_flight_max_(in_flight_max),
      dependencies_(std::move(dependencies)) {}

void StepPipeline::add(std::string_view octets) {
  SENSE_CHECK(wants_input());
  ahead_ = octets;
  ahead_at_ = dependencies_.clock.now().wall;
  publish_pending();
}

void StepPipeline::read_ahead() {
  if (ahead_.empty()) return;
  read_at_ = ahead_at_;
  reader_.add(std::exchange(ahead_, {}));
}

void StepPipeline::end() {
  ended_ = true;
  read_ahead();
  reader_.end();
  publish_pending();
}

std::size_t StepPipeline::stop() {
  read_ahead();
  const auto unfinished = ended_ ? 0 : reader_.unfinished();
  ended_ = true;
  return unfinished;
}

void StepPipeline::give_up() {
  given_up_ = true;
  read_ahead();
  counts_.unacknowledged += in_flight_ + again_.size();
  while (const auto line = reader_.next()) {
    ++counts_.lines;
    ++(line->code.empty() ? counts_.without_code : counts_.unacknowledged);
  }
}

void StepPipeline::publish_pending() {
  while (!given_up_ && !pausing_ && !full() && publish_next()) {
  }
}

// Retries come first: they are older. False when nothing is left.
bool StepPipeline::publish_next() {
  left_ = true;
  if (!again_.empty()) {
    auto first = again_.extract(again_.begin());
    publish({first.key(), std::move(first.mapped())});
    return true;
  }
  auto line = reader_.next();
  if (!line) {
    read_ahead();
    line = reader_.next();
  }
  if (line) publish_line(*line);
  left_ = line.has_value();
  return left_;
}

void StepPipeline::publish_line(const step::Line& line) {
  ++counts_.lines;
  counts_.shortened += line.shortened ? 1 : 0;
  if (line.shortened)
    say_once(said_shortened_, place(line.number) + " is longer than " +
                                  std::to_string(step::line_length_max) +
                                  " octets, and so are perhaps others: published without the "
                                  "rest");
  if (line.code.empty()) {
    ++counts_.without_code;
    return say_once(said_without_code_,
                    place(line.number) +
                        " has no code, and none came before it: not published, as are those "
                        "behind it up to the first code");
  }
  counts_.doubtful += line.doubtful ? 1 : 0;
  if (line.doubtful)
    say_once(said_doubtful_, place(line.number) +
                                 " begins with a digit, but not with a code and one space: "
                                 "published as a reason under the last code, " +
                                 line.code);
  auto said = step::event_of(line);
  Event event = form_;
  event.id = make_ulid(read_at_);
  event.time = read_at_;
  event.edition = std::move(said.edition);
  event.datacontenttype = std::move(said.datacontenttype);
  event.data = std::move(said.data);
  publish({line.number, std::move(event)});
}

void StepPipeline::publish(Waiting waiting) {
  ++in_flight_;
  const auto& event = waiting.event;
  dependencies_.publisher.publish(event, [this, waiting](const Result<Receipt>& result) mutable {
    on_answer(std::move(waiting), result);
  });
}

void StepPipeline::on_answer(Waiting waiting, const Result<Receipt>& result) {
  if (given_up_) return;
  --in_flight_;
  if (result) {
    ++counts_.acknowledged;
    counts_.duplicates += result->duplicate ? 1 : 0;
    if (std::exchange(pause_, Duration{0}) != Duration{0})
      dependencies_.say("lines are taken again");
  } else if (datagram::is_temporary(result.error().code)) {
    pause(std::move(waiting), result.error());
  } else {
    ++counts_.refused;
    if (std::exchange(last_refusal_, result.error().message) != result.error().message)
      dependencies_.say(place(waiting.line) + " was refused: " + result.error().message);
  }
  publish_pending();
  dependencies_.changed();
}

void StepPipeline::pause(Waiting waiting, const Error& error) {
  again_.emplace(waiting.line, std::move(waiting.event));
  left_ = true;
  if (std::exchange(pausing_, true)) return;
  if (pause_ == Duration{0})
    dependencies_.say(place(waiting.line) + " was not taken: " + error.message +
                      "; trying again until it is");
  pause_ = std::clamp<Duration>(pause_ * 2, pause_min, pause_max);
  dependencies_.later(pause_, [this] {
    pausing_ = false;
    publish_pending();
    dependencies_.changed();
  });
}

void StepPipeline::say_once(bool& said, const std::string& sentence) {
  if (!std::exchange(said, true)) dependencies_.say(sentence);
}

}  // namespace sense::cli
