// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/base/command.hpp"
#include "cli/listen/received_event.hpp"

namespace sense::cli {

namespace {

constexpr const char* examples =
    "Prints for each event that arrives:  delivered CALLBACK TYPE SOURCE #NUMBER ID\n"
    "sense://HOST:PORT   subscribes at a SENSE gateway and takes its datagrams; so do\n"
    "                    sense:///PATH and the addresses of IPX and AppleTalk\n"
    "http://HOST:PORT/X  listens there, and with --subscribe makes the subscription at a gateway\n"
    "maildir:FOLDER      waits for mail in the `new` folder of each mailbox in FOLDER\n"
    "\n"
    "Examples:\n"
    "  sense listen sense://127.0.0.1:7367 --type '{urn:example:printer}*'\n"
    "  sense listen http://127.0.0.1:0/events --subscribe http://127.0.0.1:8080\n"
    "  sense listen maildir:/var/lib/sense/mail --count 1 --timeout 60s";

int run_listen(const ListenOptions& options) {
  if (options.count == 0 && options.timeout != "0s")
    return refused("--timeout needs --count: it is how long to wait for that many events");
  if (options.uri.starts_with("sense:")) return listen_sense(options);
  if (!options.filter.empty() || !options.edition.empty() || !options.language.empty() ||
      !options.way.key_file.empty())
    return refused("--filter, --edition, --language and --key are for sense:// only");
  if (options.uri.starts_with("http:")) return listen_http(options);
  if (options.uri.starts_with("maildir:")) return listen_maildir(options);
  return refused("cannot listen at '" + options.uri +
                 "': it must begin with sense://, http:// or maildir:");
}

}  // namespace

void add_listen(CLI::App& app, Cli& cli) {
  auto* command = add_command(app, "listen", "Be called back: by datagram, HTTP or mail", examples);
  const auto options = std::make_shared<ListenOptions>();
  command->add_option("URI", options->uri, "Where: see below")->required();
  add_types(*command, options->types, "Only these types: {ns}local, {ns}* or *; repeatable");
  add_sources(*command, options->sources, "Only these sources; /** for all below; repeatable");
  add_duration(*command, "--period", options->period, "Lease to ask for; it is renewed");
  add_way(*command, options->way);
  command->add_option("--filter", options->filter, "For sense://: CloudEvents SQL, docs/filters.md")
      ->type_name("EXPRESSION");
  command->add_option("--edition", options->edition, "For sense://: wanted form of the payload")
      ->type_name("NAME");
  command->add_option("--language", options->language, "For sense://: wanted language (BCP 47)")
      ->type_name("TAG");
  add_duration(*command, "--ack-delay", options->ack_delay,
               "For sense://: how long to collect acknowledgements; 0s: one for each event");
  command->add_option("--subscribe", options->subscribe, "HTTP gateway to subscribe at")
      ->type_name("URL");
  command->add_option("-n,--count", options->count, "End after so many events (default: never)")
      ->type_name("N");
  add_duration(*command, "--timeout", options->timeout,
               "With --count: fail when they have not come by then; 0s waits for ever");
  command->callback([&cli, options] {
    cli.run = [&cli, options] {
      options->json = cli.global.json;
      return run_listen(*options);
    };
  });
}

}  // namespace sense::cli
