// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/base/command.hpp"
#include "cli/base/loop.hpp"
#include "cli/publish/publish_session.hpp"
#include "core/base/json.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/event/event.hpp"

namespace sense::cli {

namespace {

struct PublishOptions {
  std::string type, source, id, data, data_file, content_type, subject, language, edition, time;
  int severity = -1;
  Via via;
  std::string timeout = "30s";
};

Result<std::string> read_data(std::istream& in, const std::string& name) {
  std::string data(Event::data_length_max + 1, '\0');
  in.read(data.data(), static_cast<std::streamsize>(data.size()));
  if (in.bad()) return fail(Code::system, name + " cannot be read");
  data.resize(static_cast<std::size_t>(in.gcount()));
  if (data.size() > Event::data_length_max)
    return fail(Code::datatoobig, name + " is longer than the " +
                                      std::to_string(Event::data_length_max) +
                                      " octets that an event may carry");
  return data;
}

Result<std::string> data_of(const PublishOptions& wanted) {
  if (wanted.data_file.empty()) return wanted.data;
  if (wanted.data_file == "-") return read_data(std::cin, "standard input");
  std::ifstream in(wanted.data_file, std::ios::binary);
  if (!in) return fail(Code::notfound, wanted.data_file + " cannot be opened");
  return read_data(in, wanted.data_file);
}

Result<Event> event_of(const PublishOptions& wanted, WallTime now) {
  auto type = QName::parse(wanted.type);
  if (!type) return tl::unexpected(type.error());
  auto data = data_of(wanted);
  if (!data) return tl::unexpected(data.error());
  Event event;
  event.id = wanted.id.empty() ? make_ulid(now) : wanted.id;
  event.type = *type;
  event.source = wanted.source;
  event.time = now;
  event.subject = wanted.subject;
  event.language = wanted.language;
  event.edition = wanted.edition;
  event.data = std::move(*data);
  event.datacontenttype = wanted.content_type;
  if (event.datacontenttype.empty() && !event.data.empty())
    event.datacontenttype =
        valid_utf8(event.data) ? "text/plain; charset=utf-8" : "application/octet-stream";
  if (wanted.severity >= 0) event.severity = static_cast<std::uint8_t>(wanted.severity);
  if (!wanted.time.empty()) {
    const auto time = parse_rfc3339(wanted.time);
    if (!time) return tl::unexpected(time.error());
    event.time = *time;
  }
  if (auto good = validate(event); !good) return tl::unexpected(good.error());
  return event;
}

void print_receipt(const Receipt& receipt, const std::string& id, bool json) {
  if (json) {
    const nlohmann::ordered_json line{
        {"sequence", receipt.sequence}, {"id", id}, {"duplicate", receipt.duplicate}};
    std::puts(json_text(line).c_str());
    return;
  }
  std::printf("%llu %s%s\n", static_cast<unsigned long long>(receipt.sequence),
              printable(id).c_str(), receipt.duplicate ? " (it was there before)" : "");
}

int run_publish(const Global& global, const PublishOptions& wanted) {
  auto event = event_of(wanted, system_clock().now().wall);
  if (!event) return refused(event.error());
  Loop loop;
  const auto session = PublishSession::open(loop, global, wanted.via);
  if (!session) return refused(session.error());
  const auto id = event->id;
  loop.set_interrupted_code(exit_failed);
  loop.set_deadline(*parse_duration(wanted.timeout), [&] {
    loop.finish(failed("no receipt from " + (*session)->where() + " within " + wanted.timeout +
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

void add_options(CLI::App& command, PublishOptions& wanted) {
  command.add_option("TYPE", wanted.type, "Type: {namespace}local, or a bare name")->required();
  command.add_option("SOURCE", wanted.source, "URI-reference of what the event arose on")
      ->required();
  auto* data = command.add_option("-d,--data", wanted.data, "Data, as text")->type_name("TEXT");
  command.add_option("--data-file", wanted.data_file, "Data, from a file; - is standard input")
      ->type_name("FILE")
      ->excludes(data);
  command.add_option("--content-type", wanted.content_type, "Media type of the data")
      ->type_name("TYPE");
  command.add_option("--id", wanted.id, "Id; the same id and source again is the same event")
      ->type_name("ID");
  command.add_option("--severity", wanted.severity, "0 (emergency) to 7 (debug)")
      ->type_name("N")
      ->check(CLI::Range(0, 7));
  command.add_option("--subject", wanted.subject, "What in the source it is about")
      ->type_name("TEXT");
  command.add_option("--time", wanted.time, "When it happened (RFC 3339; default: now)")
      ->type_name("TIME");
  command.add_option("--language", wanted.language, "Language of the text (BCP 47)")
      ->type_name("TAG");
  command.add_option("--edition", wanted.edition, "Form of the data")->type_name("NAME");
  add_via(command, wanted.via);
  add_duration(command, "--timeout", wanted.timeout, "How long to wait for the receipt");
}

}  // namespace

void add_publish(CLI::App& app, Cli& cli) {
  auto* command = add_command(
      app, "publish", "Publish one event; prints its sequence number and id once it is on disk",
      "Examples:\n"
      "  sense publish '{urn:example:printer}jam' //hq.example/printer/4 --data 'tray 2'\n"
      "  df -h | sense publish '{urn:example:host}disk' //hq.example/host/a --data-file -\n"
      "  sense publish '{urn:example:door}open' //hq.example/door/3 --via sense://127.0.0.1:7367");
  const auto wanted = std::make_shared<PublishOptions>();
  add_options(*command, *wanted);
  command->callback(
      [&cli, wanted] { cli.run = [&cli, wanted] { return run_publish(cli.global, *wanted); }; });
}

}  // namespace sense::cli
