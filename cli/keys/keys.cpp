// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "broker/security/access_file.hpp"
#include "cli/base/output.hpp"
#include "cli/config/config_file.hpp"
#include "core/base/text.hpp"
#include "core/bus/keys.hpp"
#include "core/sense/shared_keys.hpp"

namespace sense::cli {

namespace {

using Json = nlohmann::ordered_json;

struct Wanted {
  std::string name;
  std::string file;
};

// The broker's key is told to the clients, everybody else's to the broker.
std::string entry_for(const std::string& name, const std::string& key) {
  if (name == principal_broker) return "  broker-key: \"" + key + "\"";
  return access_entry(name, key);
}

std::string place_of_entry(const std::string& name) {
  return name == principal_broker
             ? "set broker.key-file to it; in section `bus` of every client's configuration:"
             : "in the broker's allow file, below `principals:`, with the rights that it shall "
               "have:";
}

int run_new(const Global& global, const Wanted& wanted) {
  if (!valid_principal(wanted.name) || wanted.name == principal_local ||
      wanted.name == principal_plaintext || wanted.name == principal_config)
    return refused("'" + wanted.name +
                   "' cannot name a key: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', and not "
                   "local, plaintext or config, which have none");
  const auto keys = make_key_pair();
  if (!keys) return failed(keys.error());
  const auto file =
      std::filesystem::absolute(wanted.file.empty() ? wanted.name + ".key" : wanted.file)
          .lexically_normal()
          .string();
  if (auto written = write_key_file(file, wanted.name, *keys); !written)
    return failed(written.error());
  const auto entry = entry_for(wanted.name, keys->public_key);
  if (global.json) {
    print_line(
        Json{{"name", wanted.name}, {"file", file}, {"key", keys->public_key}, {"entry", entry}}
            .dump());
    return exit_ok;
  }
  print_line("key pair:   " + file + " (keep it to yourself)");
  print_line("public key: " + keys->public_key);
  print_line(place_of_entry(wanted.name));
  print_line(entry);
  return exit_ok;
}

int run_shared(const Global& global, const Wanted& wanted) {
  if (!datagram::valid_key_name(wanted.name))
    return refused("'" + wanted.name +
                   "' cannot name a key: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'");
  const auto file =
      std::filesystem::absolute(wanted.file.empty() ? wanted.name + ".shared" : wanted.file)
          .lexically_normal()
          .string();
  const auto key = datagram::make_shared_key(wanted.name);
  if (auto written = datagram::write_shared_key(file, key); !written)
    return failed(written.error());
  if (global.json) {
    print_line(Json{{"name", wanted.name}, {"file", file}}.dump());
    return exit_ok;
  }
  print_line("shared key: " + file + " (for both sides, and for nobody else)");
  print_line(
      "the client takes the file; of the SENSE gateway either the option `keys` is this file,");
  print_line("or the line below `keys:` in it is added to the file that `keys` names");
  return exit_ok;
}

int run_show(const Global& global, const Wanted& wanted) {
  const auto key = read_public_key(wanted.file);
  if (!key) return failed(key.error());
  print_line(global.json ? Json{{"file", wanted.file}, {"key", *key}}.dump() : *key);
  return exit_ok;
}

std::string text_of(const Rule& rule) {
  constexpr std::string_view any_source = "**";
  return rule.source.text() == any_source ? rule.type.text()
                                          : rule.type.text() + " of " + rule.source.text();
}

Json json_of(const std::vector<Rule>& rules) {
  auto list = Json::array();
  for (const auto& rule : rules)
    list.push_back({{"type", rule.type.text()}, {"source", rule.source.text()}});
  return list;
}

Json json_of(const Principal& principal) {
  const auto& rights = principal.rights->granted();
  return {{"name", principal.name},
          {"key", principal.key.empty() ? Json(nullptr) : Json(principal.key)},
          {"publish", json_of(rights.publish)},
          {"subscribe", json_of(rights.subscribe)},
          {"route", rights.route},
          {"list", rights.list},
          {"manage", rights.manage}};
}

void print_right(const std::string& name, const std::vector<std::string>& what) {
  std::string line;
  for (const auto& one : what) line += (line.empty() ? "" : ", ") + printable(one);
  if (!line.empty()) print_line("  " + name + line);
}

std::vector<std::string> texts_of(const std::vector<Rule>& rules) {
  std::vector<std::string> texts;
  for (const auto& rule : rules) texts.push_back(text_of(rule));
  return texts;
}

void print_principal(const Principal& principal) {
  const auto& rights = principal.rights->granted();
  print_line(principal.name + "  " + (principal.key.empty() ? "(no key)" : principal.key));
  print_right("publish:   ", texts_of(rights.publish));
  print_right("subscribe: ", texts_of(rights.subscribe));
  print_right("route:     ", rights.route);
  if (rights.list) print_line("  list");
  if (rights.manage) print_line("  manage");
}

int run_list(const Global& global) {
  const auto file = load_config(global);
  if (!file) return refused(file.error());
  const auto& path = file->broker.text("access-file");
  if (path.empty() && !global.json)
    print_line("no access file (broker.access-file): no key is accepted");
  const auto access = path.empty() ? Result<AccessList>(AccessList()) : read_access_file(path);
  if (!access) return refused(access.error());
  for (const auto& principal : access->principals()) {
    if (principal.name == principal_plaintext && !file->endpoints.keys.plaintext_tcp) continue;
    if (global.json)
      print_line(json_of(principal).dump());
    else
      print_principal(principal);
  }
  return exit_ok;
}

}  // namespace

void add_keys(CLI::App& app, Cli& cli) {
  auto* command = add_command(
      app, "keys", "Make keys for tcp:// and for SENSE/1, and list who may do what on the bus",
      "Examples:\n"
      "  sense keys new broker --file /etc/sense/broker.key\n"
      "  sense keys new shop                   makes shop.key, prints what to allow\n"
      "  sense keys shared hp4                 makes hp4.shared, for a SENSE/1 client\n"
      "  sense keys list                       the principals of the allow file");
  command->require_subcommand(1);
  const auto wanted = std::make_shared<Wanted>();

  auto* make = add_command(*command, "new", "Make a key pair in a new file that only you can read",
                           "Prints the public key and the line for the broker's allow file; of the "
                           "broker's own key\n(NAME broker) the line for its clients. The secret "
                           "is never shown.\n\nExample:\n  sense keys new shop --file shop.key");
  make->add_option("NAME", wanted->name, "Whose it is: the principal, or broker")->required();
  make->add_option("--file", wanted->file, "Where to write it (default: NAME.key)")
      ->type_name("FILE");
  make->callback(
      [&cli, wanted] { cli.run = [&cli, wanted] { return run_new(cli.global, *wanted); }; });

  auto* shared = add_command(
      *command, "shared", "Make a key that a SENSE/1 client and its server share, in a new file",
      "The client signs with it what it sends (docs/sense-protocol.md, rule 6). The secret is in "
      "the file\nonly, which nobody else can read.\n\n"
      "Example:\n  sense keys shared hp4 --file hp4.shared");
  shared->add_option("NAME", wanted->name, "The key's name, which travels in the clear")
      ->required();
  shared->add_option("--file", wanted->file, "Where to write it (default: NAME.shared)")
      ->type_name("FILE");
  shared->callback(
      [&cli, wanted] { cli.run = [&cli, wanted] { return run_shared(cli.global, *wanted); }; });

  auto* show = add_command(*command, "show", "Print the public key of a key file",
                           "Example:\n  sense keys show shop.key");
  show->add_option("FILE", wanted->file, "A file that `sense keys new` wrote")->required();
  show->callback(
      [&cli, wanted] { cli.run = [&cli, wanted] { return run_show(cli.global, *wanted); }; });

  auto* list = add_command(*command, "list", "List the principals, their keys and their rights",
                           "As the broker's allow file has them; `local` is who comes through "
                           "ipc://.\n\nExample:\n  sense keys list --json");
  list->callback([&cli] { cli.run = [&cli] { return run_list(cli.global); }; });
}

}  // namespace sense::cli
