// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/base/commands.hpp"
#include "cli/listen/listen_options.hpp"

namespace sense::cli {

namespace {

constexpr const char* listen_notes =
    "Prints for each event that arrives:  delivered CALLBACK TYPE SOURCE #NUMBER ID\n"
    "sense://HOST:PORT   subscribes at a SENSE gateway and takes its datagrams; so do\n"
    "                    sense:///PATH and the addresses of IPX and AppleTalk, and encrypted,\n"
    "                    with --key FILE, sense+dtls://HOST:PORT\n"
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
  if (options.uri.starts_with("sense:") || options.uri.starts_with("sense+dtls:"))
    return listen_sense(options);
  if (!options.filter.empty() || !options.edition.empty() || !options.language.empty() ||
      !options.socket.key_file.empty() || !options.socket.authorities.empty())
    return refused("--filter, --edition, --language, --key and --ca are for sense:// only");
  if (options.uri.starts_with("http:")) return listen_http(options);
  if (options.uri.starts_with("maildir:")) return listen_maildir(options);
  return refused("cannot listen at '" + options.uri +
                 "': it must begin with sense://, sense+dtls://, http:// or maildir:");
}

std::vector<CommandOption> listen_command_options(ListenOptions& options) {
  return joined(
      {{{.name = "URI", .target = &options.uri, .help = "Where: see below", .required = true},
        types_option(options.types, "Only these types: {ns}local, {ns}* or *; repeatable"),
        sources_option(options.sources, "Only these sources; /** for all below; repeatable"),
        duration_option("--period", options.period, "Lease to ask for; it is renewed")},
       socket_options(options.socket),
       {{.name = "--filter",
         .value_name = "EXPRESSION",
         .target = &options.filter,
         .help = "For sense://: CloudEvents SQL, docs/filters.md"},
        {.name = "--edition",
         .value_name = "NAME",
         .target = &options.edition,
         .help = "For sense://: wanted form of the payload"},
        {.name = "--language",
         .value_name = "TAG",
         .target = &options.language,
         .help = "For sense://: wanted language (BCP 47)"},
        duration_option(
            "--ack-delay", options.ack_delay,
            "For sense://: how long to collect acknowledgements; 0s: one for each event"),
        {.name = "--subscribe",
         .value_name = "URL",
         .target = &options.subscribe,
         .help = "HTTP gateway to subscribe at"},
        {.name = "-n,--count",
         .value_name = "N",
         .target = &options.count,
         .help = "End after so many events (default: never)"},
        duration_option("--timeout", options.timeout,
                        "With --count: fail when they have not come by then; 0s waits for ever")}});
}

}  // namespace

Command listen_command(const Global& global) {
  const auto options = std::make_shared<ListenOptions>();
  return {.name = "listen",
          .summary = "Be called back: by datagram, HTTP or mail",
          .notes = listen_notes,
          .options = listen_command_options(*options),
          .run = [&global, options] {
            options->json = global.json;
            return run_listen(*options);
          }};
}

}  // namespace sense::cli
