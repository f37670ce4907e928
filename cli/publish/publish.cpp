// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>

#include "cli/base/commands.hpp"
#include "cli/base/input.hpp"
#include "cli/base/loop.hpp"
#include "cli/publish/publish_session.hpp"
#include "core/base/json.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/event/cloudevents_json.hpp"
#include "core/event/event.hpp"

namespace sense::cli {

namespace {

struct PublishOptions {
  std::string type, source, id, data, data_file, content_type, subject, language, edition, time;
  std::vector<std::string> attributes;
  int severity = -1;
  Via via;
  std::string timeout = "30s";
};

Result<std::string> data_of(const PublishOptions& options) {
  if (options.data_file.empty()) return options.data;
  return read_input(options.data_file, Event::data_length_max);
}

Result<Event> event_of(const PublishOptions& options, WallTime now) {
  auto type = QName::parse(options.type);
  if (!type) return tl::unexpected(type.error());
  auto data = data_of(options);
  if (!data) return tl::unexpected(data.error());
  Event event;
  event.id = options.id.empty() ? make_ulid(now) : options.id;
  event.type = *type;
  event.source = options.source;
  event.time = now;
  event.subject = options.subject;
  event.language = options.language;
  event.edition = options.edition;
  event.data = std::move(*data);
  event.datacontenttype = options.content_type;
  if (event.datacontenttype.empty() && !event.data.empty())
    event.datacontenttype =
        valid_utf8(event.data) ? "text/plain; charset=utf-8" : "application/octet-stream";
  if (options.severity >= 0) event.severity = static_cast<std::uint8_t>(options.severity);
  if (!options.time.empty()) {
    const auto time = parse_precise_rfc3339(options.time);
    if (!time) return tl::unexpected(time.error());
    event.time = *time;
  }
  for (const auto& given : options.attributes) {
    const auto equals = given.find('=');
    if (equals == std::string::npos)
      return fail(Code::badparam, "--attribute '" + printable(given) + "' is not NAME=VALUE");
    if (auto good = set_attribute(event, given.substr(0, equals), given.substr(equals + 1),
                                  EventOrigin::producer);
        !good)
      return tl::unexpected(good.error());
  }
  if (auto good = validate(event); !good) return tl::unexpected(good.error());
  return event;
}

void print_receipt(const Receipt& receipt, const std::string& id, bool json) {
  if (json) {
    JsonObject line;
    line.put("sequence", receipt.sequence).put("id", id).put("duplicate", receipt.duplicate);
    std::puts(line.take().c_str());
    return;
  }
  std::printf("%llu %s%s\n", static_cast<unsigned long long>(receipt.sequence),
              printable(id).c_str(), receipt.duplicate ? " (it was there before)" : "");
}

int run_publish(const Global& global, const PublishOptions& options) {
  auto event = event_of(options, system_clock().now().wall);
  if (!event) return refused(event.error());
  Loop loop;
  const auto session = PublishSession::open(loop, global, options.via);
  if (!session) return refused(session.error());
  const auto id = event->id;
  loop.set_interrupted_code(exit_failed);
  loop.set_deadline(*parse_duration(options.timeout), [&] {
    loop.finish(failed("no receipt from " + (*session)->where() + " within " + options.timeout +
                       ": is it running? The event may be stored or not; to publish it again "
                       "without a repeat, give --id " +
                       id));
  });
  (*session)->publisher().publish(*event, [&](Result<Receipt> receipt) {
    if (!receipt) return loop.finish(failed(receipt.error()));
    print_receipt(*receipt, id, global.json);
    loop.finish(exit_ok);
  });
  return loop.run();
}

std::vector<CommandOption> event_options(PublishOptions& options) {
  return {
      {.name = "TYPE",
       .target = &options.type,
       .help = "Type: {namespace}local, or a bare name",
       .required = true},
      {.name = "SOURCE",
       .target = &options.source,
       .help = "URI-reference of what the event arose on",
       .required = true},
      {.name = "-d,--data", .value_name = "TEXT", .target = &options.data, .help = "Data, as text"},
      {.name = "--data-file",
       .value_name = "FILE",
       .target = &options.data_file,
       .help = "Data, from a file; - is standard input",
       .excludes = "--data"},
      {.name = "--content-type",
       .value_name = "TYPE",
       .target = &options.content_type,
       .help = "Media type of the data"},
      {.name = "--id",
       .value_name = "ID",
       .target = &options.id,
       .help = "Id; the same id and source again is the same event"},
      {.name = "--severity",
       .value_name = "N",
       .target = &options.severity,
       .help = "0 (emergency) to 7 (debug)",
       .range = NumberRange{0, 7}},
      {.name = "--subject",
       .value_name = "TEXT",
       .target = &options.subject,
       .help = "What in the source it is about"},
      {.name = "--time",
       .value_name = "TIME",
       .target = &options.time,
       .help = "When it happened (RFC 3339; default: now)"},
      {.name = "--language",
       .value_name = "TAG",
       .target = &options.language,
       .help = "Language of the text (BCP 47)"},
      {.name = "--attribute",
       .value_name = "NAME=VALUE",
       .target = &options.attributes,
       .help = "Any other attribute, such as correlationid or replyto; several times"},
      {.name = "--edition",
       .value_name = "NAME",
       .target = &options.edition,
       .help = "Form of the data"},
  };
}

}  // namespace

Command publish_command(const Global& global) {
  const auto options = std::make_shared<PublishOptions>();
  return {.name = "publish",
          .summary = "Publish one event; prints its sequence number and id once it is on disk",
          .notes =
              "Examples:\n"
              "  sense publish '{urn:example:printer}jam' //hq.example/printer/4 --data 'tray 2'\n"
              "  df -h | sense publish '{urn:example:host}disk' //hq.example/host/a --data-file -\n"
              "  sense publish '{urn:example:door}open' //hq.example/door/3 --via "
              "sense://127.0.0.1:7367",
          .options = joined({event_options(*options),
                             via_options(options->via),
                             {duration_option("--timeout", options->timeout,
                                              "How long to wait for the receipt")}}),
          .run = [&global, options] { return run_publish(global, *options); }};
}

}  // namespace sense::cli
