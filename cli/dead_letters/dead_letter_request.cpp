// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "cli/base/output.hpp"
#include "cli/bus/bus_session.hpp"
#include "cli/dead_letters/dead_letters.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/event/pattern.hpp"

namespace sense::cli {

namespace {

std::string type_of(const char* local) {
  return "{urn:sense:management}" + std::string("dead-letters-") + local;
}

// One request, from its publication to its outcome.
class RequestExchange {
 public:
  RequestExchange(Loop& loop, BusSession& session, DeadLetterRequest request,
                  const DeadLetterOptions& options, bool json)
      : loop_(loop),
        session_(session),
        request_(std::move(request)),
        options_(options),
        json_(json),
        timeout_(*parse_duration(options.timeout)) {}

  void start() {
    wait();
    auto event = dead_letter_request_event(options_.gateway, request_, system_clock().now().wall);
    session_.bus().publish(event, [this](const Result<Receipt>& receipt) {
      if (!receipt) return loop_.finish(failed(receipt.error()));
      sequence_ = receipt->sequence;
      follow();
    });
  }

 private:
  [[nodiscard]] const char* done_word() const {
    return request_.action == DeadLetterAction::redrive ? "redriven" : "purged";
  }

  void follow() {
    wait();
    std::vector<std::string> prefixes;
    for (const auto* local : {done_word(), "progress"})
      prefixes.push_back(TypePattern::parse(type_of(local))->topic_prefix());
    session_.bus().follow(sequence_, prefixes, [this](const Batch& batch) {
      for (const auto& event : batch.events) on_event(*event);
      if (!loop_.finishing()) session_.bus().resume();
    });
  }

  void on_event(const Event& event) {
    if (loop_.finishing()) return;
    const auto outcome = dead_letter_outcome(event);
    if (!outcome || outcome->request != sequence_ || outcome->gateway != options_.gateway) return;
    wait();
    if (outcome->finished) return finish(*outcome);
    say(text_of(*outcome) + " so far");
  }

  [[nodiscard]] std::string text_of(const DeadLetterOutcome& outcome) const {
    std::string text = std::string(done_word()) + " " + std::to_string(outcome.done);
    const auto refused = outcome.refused_in_all();
    if (refused == 0) return text;
    text += ", refused " + std::to_string(refused) + ":";
    const char* between = " ";
    for (std::size_t i = 0; i < dead_letter_refusals; ++i) {
      if (outcome.refused[i] == 0) continue;
      text += between + std::string(to_text(static_cast<DeadLetterRefusal>(i))) + " " +
              std::to_string(outcome.refused[i]);
      between = ", ";
    }
    return text;
  }

  void finish(const DeadLetterOutcome& outcome) {
    if (json_) {
      const auto event = dead_letter_outcome_event(outcome, WallTime{});
      print_line(json_ascii(nlohmann::ordered_json::parse(event.data, nullptr, false)));
    }
    if (!outcome.error.empty()) return loop_.finish(failed(outcome.error));
    const auto refused = outcome.refused_in_all();
    if (request_.selection.id != 0 && outcome.done + refused == 0)
      return loop_.finish(failed("gateway " + options_.gateway + " has no dead letter " +
                                 std::to_string(request_.selection.id) +
                                 ": see `sense deadletters list " + options_.gateway + "`"));
    if (!json_) print_line(printable(text_of(outcome)));
    loop_.finish(refused == 0 ? exit_ok : exit_failed);
  }

  // Restarts the timeout.
  void wait() {
    loop_.later(timeout_, [this, wait = ++waits_] {
      if (wait == waits_ && !loop_.finishing()) loop_.finish(give_up());
    });
  }

  [[nodiscard]] int give_up() const {
    if (sequence_ == 0)
      return failed("no receipt from the broker at " + session_.endpoint() + " within " +
                    options_.timeout + ": is it running? The request may be stored or not");
    return failed("gateway " + options_.gateway + " has said nothing for " + options_.timeout +
                  ": does it run? Request " + std::to_string(sequence_) +
                  " stands in the journal, and it is acted on when the gateway reads it; `sense "
                  "subscribe --from " +
                  std::to_string(sequence_) + " --type '" + type_of(done_word()) +
                  "'` shows what becomes of it");
  }

  Loop& loop_;
  BusSession& session_;
  DeadLetterRequest request_;
  const DeadLetterOptions& options_;
  bool json_;
  Duration timeout_;
  std::uint64_t sequence_ = 0;  // of the request; 0: not stored yet
  std::uint64_t waits_ = 0;
};

}  // namespace

int request_of_gateway(const Global& global, DeadLetterAction action,
                       const DeadLetterOptions& options) {
  DeadLetterRequest request{action, selection_of(options)};
  if (const auto good = validate(request.selection); !good) return refused(good.error());
  Loop loop;
  auto session = BusSession::open(loop, global);
  if (!session) return refused(session.error());
  loop.set_interrupted_code(exit_failed);
  RequestExchange exchange(loop, **session, std::move(request), options, global.json);
  exchange.start();
  return loop.run();
}

}  // namespace sense::cli
