// SPDX-License-Identifier: Apache-2.0
// An adapter on one screen: each line of a file or named pipe becomes an event. A file is followed
// as it grows; a restart goes on where the last run stopped (line_reader.hpp). The lines of one
// read must be acknowledged before the next; until then a pipe's writer waits. A line that is
// longer than `line-max`, or that the broker refuses, is left out, counted and logged.
//
// Permission to write to PATH or to its folder is permission to publish these events, as many as
// the broker takes: there is no other check.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "adapters/api/adapter.hpp"
#include "adapters/lines/line_reader.hpp"
#include "core/base/log.hpp"
#include "core/base/uri.hpp"

namespace sense::lines {

// Acknowledgements share this with the adapter, since they may come after its end.
struct Progress {
  std::atomic<std::size_t> unacknowledged = 0;
  log::RateLimiter limiter{std::chrono::minutes{10}};

  void warn(const std::string& what, const Error& why) {
    if (limiter.check(what, mono_now()).allowed) log::warn(what, {{"why", why.message}});
  }
};

class LinesAdapter final : public Adapter {
 public:
  LinesAdapter(const Settings& options, AdapterContext& context)
      : context_(context),
        path_(options.text("path")),
        reader_(path_, static_cast<std::size_t>(options.size("line-max"))) {
    event_.type = *QName::parse(options.text("type"));
    event_.source = options.text("source");
    event_.datacontenttype = "text/plain";
  }

  // Reading a file may block, which the reactor's thread must not: a thread reads and publishes.
  Status start() override {
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested())
        if (!publish_some(stop)) pause(stop, std::chrono::milliseconds{200});
      for (const auto& line : reader_.take_begun()) publish(line);
    });
    return {};
  }
  void stop() override { thread_ = {}; }  // tells the thread, and waits for its end

 private:
  void pause(const std::stop_token& stop, Duration time) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, time, [] { return false; });
  }

  // Whether there may be more to read at once.
  bool publish_some(const std::stop_token& stop) {
    const auto lines = reader_.read();
    if (lines && !reader_.is_open() && !std::exchange(awaited_, true))
      log::info("there is nothing to read yet; waiting for it", {{"path", path_}});
    if (!lines) return progress_->warn("no line can be read at present", lines.error()), false;
    for (const auto& line : *lines) publish(line);
    while (progress_->unacknowledged > 0) {
      if (stop.stop_requested()) return false;
      pause(stop, std::chrono::milliseconds{1});
    }
    if (const auto stored = reader_.confirm(); !stored)
      progress_->warn("after a restart, lines will be published again", stored.error());
    return !lines->empty();
  }

  void publish(const LineReader::Line& line) {
    ++progress_->unacknowledged;
    const auto done = [progress = progress_, &counters = context_.counters](const auto& result) {
      if (!result && result.error().code == Code::interrupted) return;  // unknown: comes again
      ++counters[result ? "lines.published" : "lines.left-out"];
      if (!result) progress->warn("a line is left out", result.error());
      --progress->unacknowledged;
    };
    if (line.too_long)
      return done(Result<Receipt>(fail(Code::datatoobig, line.id + " is longer than line-max")));
    event_.id = line.id;
    event_.data = line.text;
    event_.time = context_.clock.now().wall;
    context_.publisher.publish(event_, done);
  }

  AdapterContext& context_;
  const std::string path_;
  LineReader reader_;
  bool awaited_ = false;  // that the path is not there yet was logged
  Event event_;           // of the line that is published
  std::shared_ptr<Progress> progress_ = std::make_shared<Progress>();
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses the others
};

constexpr Option options[] = {
    {"path", OptionType::path, "lines", "The file or named pipe with the lines.", 1, 1000},
    {"type", OptionType::text, "{urn:sense:lines}line", "The type of the events.", 1, 1000},
    {"source", OptionType::text, "//localhost/lines", "The source of the events.", 1, 1000},
    {"line-max", OptionType::size, "64KiB", "The longest line.", 1, Event::data_length_max}};

Result<std::vector<std::string>> check(const Settings& settings) {
  if (auto type = QName::parse(settings.text("type")); !type)
    return fail(Code::badparam, "type: " + type.error().message);
  if (valid_source(settings.text("source"))) return std::vector<std::string>();  // listens nowhere
  return fail(Code::badparam, "source: it must be a URI, without spaces");
}

Result<std::unique_ptr<Adapter>> create(const Settings& settings, AdapterContext& context) {
  if (auto good = check(settings); !good) return tl::unexpected(good.error());
  return std::make_unique<LinesAdapter>(settings, context);
}

const AdapterDescriptor descriptor = {
    adapter_abi, "lines", "The lines of a file or named pipe become events.",
    options,     &create, &check};

}  // namespace sense::lines

SENSE_ADAPTER(sense::lines::descriptor)
