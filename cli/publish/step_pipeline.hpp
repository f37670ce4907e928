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

// Counts of lines and of what was published of them; blank lines are not counted.
struct StepCounts {
  std::uint64_t lines = 0;
  std::uint64_t acknowledged = 0;  // events that are on stable storage
  std::uint64_t duplicates = 0;    // of these, stored before: an earlier receipt was lost
  std::uint64_t refused = 0;
  std::uint64_t without_code = 0;    // before any code: there is no event in them
  std::uint64_t shortened = 0;       // published without their ends
  std::uint64_t doubtful = 0;        // step::Line::doubtful
  std::uint64_t unacknowledged = 0;  // given up; see StepPipeline::give_up

  [[nodiscard]] bool all_well() const { return refused == 0 && unacknowledged == 0; }
};

// From octets to durable events: reads STEP lines and publishes each. At most `in_flight_max`
// events have no answer yet; temporary refusals are retried, in the order of the lines, after
// pauses that grow from 1 to 32 seconds. With one in flight the journal keeps the order of the
// lines. Without thread, clock or timer of its own: one thread calls it, also for the publisher's
// answers.
class StepPipeline {
 public:
  struct Dependencies {
    Publisher& publisher;  // must answer after publish() has returned
    const Clock& clock;
    std::function<void(Duration, std::function<void()>)> later;
    std::function<void(const std::string&)> say;  // one sentence for people
    // Called after each answer: wants_input() and finished() may have changed.
    std::function<void()> changed;
  };

  // `form`: type, source, and what else each event is to have.
  StepPipeline(Event form, std::size_t in_flight_max, Dependencies dependencies);
  StepPipeline(const StepPipeline&) = delete;
  StepPipeline& operator=(const StepPipeline&) = delete;

  // REQUIRES: wants_input(). Memory is bounded by the size of two calls.
  void add(std::string_view octets);
  // The input has ended; a last line without its end is a line.
  void end();
  // Stops reading; a line without its end is left out. Answers the number of its octets.
  std::size_t stop();
  // Publishes nothing any more and counts all that has not been acknowledged.
  void give_up();

  // One piece is read ahead: only a further read shows the end of the input.
  [[nodiscard]] bool wants_input() const { return !ended_ && ahead_.empty(); }
  [[nodiscard]] bool finished() const { return ended_ && !left_ && in_flight_ == 0; }
  [[nodiscard]] const StepCounts& counts() const { return counts_; }

 private:
  struct Waiting {
    std::uint64_t line = 0;
    Event event;
  };
  void publish_pending();
  bool publish_next();
  void publish(Waiting waiting);
  void publish_line(const step::Line& line);
  void on_answer(Waiting waiting, const Result<Receipt>& result);
  void pause(Waiting waiting, const Error& error);
  void say_once(bool& said, const std::string& sentence);
  void read_ahead();
  [[nodiscard]] bool full() const { return in_flight_ >= in_flight_max_; }

  const Event form_;
  const std::size_t in_flight_max_;
  Dependencies dependencies_;
  step::Reader reader_;
  WallTime read_at_{};  // when the lines that are in the reader came
  std::string ahead_;   // came while lines before it waited
  WallTime ahead_at_{};
  bool ended_ = false;
  bool left_ = false;      // there may be lines in the reader, or events to offer again
  bool given_up_ = false;  // given up
  std::size_t in_flight_ = 0;
  std::map<std::uint64_t, Event> again_;  // refused for the moment, by line
  bool pausing_ = false;
  Duration pause_{0};  // the last one; 0: something was acknowledged since
  std::string last_refusal_;
  StepCounts counts_;
  bool said_without_code_ = false;
  bool said_shortened_ = false;
  bool said_doubtful_ = false;
};

}  // namespace sense::cli
