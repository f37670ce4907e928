// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/bus/bus.hpp"
#include "core/sense/step.hpp"

namespace sense::cli {

// What became of the lines; blank ones are not counted.
struct StepCounts {
  std::uint64_t lines = 0;
  std::uint64_t acknowledged = 0;  // events that are on stable storage
  std::uint64_t duplicates = 0;    // of these, known before: an answer was lost on its way
  std::uint64_t refused = 0;
  std::uint64_t without_code = 0;    // before any code: there is no event in them
  std::uint64_t shortened = 0;       // published without their ends
  std::uint64_t doubtful = 0;        // step::Line::doubtful
  std::uint64_t unacknowledged = 0;  // given up; see StepPipeline::give_up

  [[nodiscard]] bool all_well() const { return refused == 0 && unacknowledged == 0; }
};

// From octets to durable events: reads STEP lines, publishes each, takes answers. At most
// `in_flight_max` events are unanswered; what is refused for the moment is offered again, in the
// order of the lines, after pauses that grow from 1 to 32 seconds. With one in flight the journal
// has the lines in their order. No thread, no clock, no timer of its own: one thread calls it, also
// for the publisher's answers.
class StepPipeline {
 public:
  struct Surroundings {
    Publisher& publisher;  // must answer after publish() has returned
    const Clock& clock;
    std::function<void(Duration, std::function<void()>)> later;
    std::function<void(const std::string&)> say;  // one sentence for people
    // Something was answered: look at wants_input() and finished().
    std::function<void()> changed;
  };

  // `form`: type, source, and what else each event is to have.
  StepPipeline(Event form, std::size_t in_flight_max, Surroundings surroundings);
  StepPipeline(const StepPipeline&) = delete;
  StepPipeline& operator=(const StepPipeline&) = delete;

  // REQUIRES: wants_input(). Memory is bounded by the size of two calls.
  void add(std::string_view octets);
  // Nothing more comes; a last line without its end is a line.
  void end();
  // Nothing more is read, and a line that has no end yet is left out. Answers its octets.
  std::size_t stop();
  // Counts all that has not been acknowledged, and publishes nothing any more.
  void give_up();

  // One piece is taken ahead of its turn: only who reads on sees the end of the input.
  [[nodiscard]] bool wants_input() const { return !ended_ && ahead_.empty(); }
  [[nodiscard]] bool finished() const { return ended_ && !left_ && in_flight_ == 0; }
  [[nodiscard]] const StepCounts& counts() const { return counts_; }

 private:
  struct Waiting {
    std::uint64_t line = 0;
    Event event;
  };
  void pump();
  bool publish_next();
  void publish(Waiting waiting);
  void take(const step::Line& line);
  void on_answer(Waiting waiting, const Result<Receipt>& result);
  void pause(Waiting waiting, const Error& error);
  void tell_once(bool& told, const std::string& sentence);
  void read_ahead();
  [[nodiscard]] bool full() const { return in_flight_ >= in_flight_max_; }

  const Event form_;
  const std::size_t in_flight_max_;
  Surroundings around_;
  step::Reader reader_;
  WallTime read_at_{};  // when the lines that are in the reader came
  std::string ahead_;   // came while lines before it waited
  WallTime ahead_at_{};
  bool ended_ = false;
  bool left_ = false;  // there may be lines in the reader, or events to offer again
  bool over_ = false;  // given up
  std::size_t in_flight_ = 0;
  std::map<std::uint64_t, Event> again_;  // refused for the moment, by line
  bool pausing_ = false;
  Duration pause_{0};  // the last one; 0: something was acknowledged since
  std::string last_refusal_;
  StepCounts counts_;
  bool told_without_code_ = false;
  bool told_shortened_ = false;
  bool told_doubtful_ = false;
};

}  // namespace sense::cli
