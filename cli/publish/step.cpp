// SPDX-License-Identifier: Apache-2.0
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <memory>

#include "cli/base/commands.hpp"
#include "cli/base/output.hpp"
#include "cli/publish/publish_session.hpp"
#include "cli/publish/step_pipeline.hpp"
#include "core/base/json.hpp"

namespace sense::cli {

namespace {

namespace asio = boost::asio;

constexpr std::size_t piece = 4096;  // octets read at a time
constexpr std::uint64_t in_flight_limit = 64;
constexpr std::chrono::seconds farewell{30};  // after a signal

struct StepOptions {
  std::string source;
  std::string type = "{urn:sense:step}status";
  std::string language;
  Via via;
  std::uint64_t in_flight = 1;
  std::string timeout = "0s";
};

Result<Event> form_of(const StepOptions& options) {
  auto type = QName::parse(options.type);
  if (!type) return tl::unexpected(type.error());
  Event form;
  form.type = std::move(*type);
  form.source = options.source;
  form.language = options.language;
  if (auto good = validate(form, EventId::made_later); !good) return tl::unexpected(good.error());
  return form;
}

// Standard input, a piece at a time, as long as the pipeline wants more.
class Step {
 public:
  Step(Loop& loop, Event form, const StepOptions& options, Publisher& publisher)
      : loop_(loop),
        options_(options),
        input_(loop.io()),
        pipeline_(std::move(form), options.in_flight,
                  {publisher, system_clock(),
                   [this](Duration after, std::function<void()> action) {
                     loop_.later(after, std::move(action));
                   },
                   say, [this] { go_on(); }}) {}

  Status start() {
    if (auto watched = watch_input(); !watched) return watched;
    loop_.on_finish([this] { stop(); });
    go_on();
    return {};
  }

  // After the loop has ended. Answers the exit code.
  int report(bool json) {
    pipeline_.give_up();
    const auto& counts = pipeline_.counts();
    const bool shown = json ? print_line(as_json(counts)) : (say(as_text(counts)), true);
    return counts.all_well() && !unreadable_ && shown ? exit_ok : exit_failed;
  }

 private:
  void go_on() {
    if (pipeline_.finished()) return loop_.leave();
    if (reading_ || !pipeline_.wants_input()) return;
    reading_ = true;
    const auto ready = [this](const boost::system::error_code& error) {
      reading_ = false;
      if (error != asio::error::operation_aborted) read();
    };
    if (always_ready_)
      asio::post(loop_.io(), [ready] { ready({}); });
    else
      input_.async_wait(asio::posix::stream_descriptor::wait_read, ready);
  }

  // Through an epoll descriptor: Asio makes a descriptor non-blocking to wait for it, and standard
  // input may be a terminal that is shared with other processes.
  Status watch_input() {
    boost::system::error_code error;
    epoll_event interest{};
    interest.events = EPOLLIN;
    const int own = ::epoll_create1(EPOLL_CLOEXEC);
    if (own < 0) return fail(Code::system, std::string("no descriptor: ") + std::strerror(errno));
    input_.assign(own, error);
    if (error) return fail(Code::system, "standard input cannot be waited for: " + error.message());
    if (::epoll_ctl(own, EPOLL_CTL_ADD, STDIN_FILENO, &interest) == 0) return {};
    // A file or /dev/null cannot be waited for, and is always readable.
    always_ready_ = errno == EPERM;
    if (always_ready_) return {};
    return fail(Code::system, std::string("standard input cannot be read: ") +
                                  std::strerror(errno) + "; pipe the lines in");
  }

  void read() {
    if (!pipeline_.wants_input()) return;
    std::array<char, piece> octets{};
    const auto size = ::read(STDIN_FILENO, octets.data(), octets.size());
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) return go_on();
    if (size < 0) {
      unreadable_ = true;
      say(std::string("standard input cannot be read: ") + std::strerror(errno));
    }
    if (size > 0)
      pipeline_.add({octets.data(), static_cast<std::size_t>(size)});
    else
      end();
    go_on();
  }

  void end() {
    pipeline_.end();
    loop_.set_deadline(*parse_duration(options_.timeout), [this] { loop_.leave(); });
  }

  // After a signal: lines that were read are still published.
  void stop() {
    boost::system::error_code ignored;
    input_.cancel(ignored);
    if (const auto octets = pipeline_.stop(); octets != 0)
      say("the last line had no end yet, " + std::to_string(octets) +
          " octets of it had come: not published");
    if (pipeline_.finished()) return loop_.leave();
    say("stopping: waiting for what is on its way, at most 30 s; a second signal ends at once");
    loop_.later(farewell, [this] { loop_.leave(); });
  }

  static std::string plural(std::uint64_t count, const std::string& what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
  }

  static std::string as_text(const StepCounts& counts) {
    std::string text = plural(counts.lines, "line") + ", " + plural(counts.acknowledged, "event") +
                       " acknowledged";
    const auto add = [&](std::uint64_t count, const char* what) {
      if (count != 0) text += ", " + std::to_string(count) + " " + what;
    };
    add(counts.duplicates, "known already");
    add(counts.refused, "refused");
    add(counts.unacknowledged, "not acknowledged");
    add(counts.without_code, "without any code");
    add(counts.shortened, "shortened");
    add(counts.doubtful, "doubtful");
    return text;
  }

  static std::string as_json(const StepCounts& counts) {
    return JsonObject()
        .put("lines", counts.lines)
        .put("acknowledged", counts.acknowledged)
        .put("duplicates", counts.duplicates)
        .put("refused", counts.refused)
        .put("unacknowledged", counts.unacknowledged)
        .put("withoutcode", counts.without_code)
        .put("shortened", counts.shortened)
        .put("doubtful", counts.doubtful)
        .take();
  }

  Loop& loop_;
  const StepOptions& options_;
  asio::posix::stream_descriptor input_;  // readable when standard input is
  bool always_ready_ = false;
  StepPipeline pipeline_;
  bool reading_ = false;
  bool unreadable_ = false;
};

int run_step(const Global& global, const StepOptions& options) {
  auto form = form_of(options);
  if (!form) return refused(form.error());
  Loop loop;
  const auto session = PublishSession::open(loop, global, options.via);
  if (!session) return refused(session.error());
  Step step(loop, std::move(*form), options, (*session)->publisher());
  if (const auto started = step.start(); !started) return failed(started.error());
  (void)loop.run();
  return step.report(global.json);
}

constexpr const char* step_notes =
    "Lines on standard input such as `342 Printer jam`: a code, one space, a reason. A line "
    "without\n"
    "a code is a further event under the last one. Each is published as text in the edition\n"
    "STEP.SingleLine.CC; see docs/step.md. It ends with the input, when every event is on disk.\n"
    "\n"
    "Examples:\n"
    "  printer-monitor | sense step --source //hq.example/printer/hp4\n"
    "  printer-monitor | sense step --source //hq.example/printer/hp4 --via "
    "sense://127.0.0.1:7367\n"
    "  printf '342 Printer jam\\nCover open\\n' | sense step --source //hq.example/printer/hp4 "
    "--json";

}  // namespace

Command step_command(const Global& global) {
  const auto options = std::make_shared<StepOptions>();
  return {
      .name = "step",
      .summary = "Publish STEP status lines, such as those of a printer",
      .notes = step_notes,
      .options = joined(
          {{{.name = "-s,--source",
             .value_name = "SOURCE",
             .target = &options->source,
             .help = "URI-reference of what the lines are about",
             .required = true},
            {.name = "-t,--type",
             .value_name = "TYPE",
             .target = &options->type,
             .help = "Type of the events: {namespace}local",
             .show_default = true},
            {.name = "--language",
             .value_name = "TAG",
             .target = &options->language,
             .help = "Language of the reasons (BCP 47)"}},
           via_options(options->via),
           {{.name = "--in-flight",
             .value_name = "N",
             .target = &options->in_flight,
             .help =
                 "Events on their way at once; more than 1 is faster and may change their order",
             .show_default = true,
             .range = NumberRange{1, in_flight_limit}},
            duration_option("--timeout", options->timeout,
                            "How long to wait at the end of the input for what is on its way; 0s: "
                            "for ever")}}),
      .run = [&global, options] { return run_step(global, *options); }};
}

}  // namespace sense::cli
