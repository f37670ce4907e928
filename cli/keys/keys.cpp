// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>

#include "broker/security/access_file.hpp"
#include "cli/base/commands.hpp"
#include "cli/base/output.hpp"
#include "cli/config/config_file.hpp"
#include "cli/keys/access_edit.hpp"
#include "core/base/clock.hpp"
#include "core/base/file.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/bus/keys.hpp"
#include "core/bus/proof.hpp"
#include "core/egress/signing_key.hpp"
#include "core/sense/shared_keys.hpp"

namespace sense::cli {

namespace {

struct KeysOptions {
  std::string name;
  std::string file;
};

struct TokenOptions : KeysOptions {
  std::string access_file;
  std::vector<std::string> publish, subscribe;
};

// Clients are given the broker's public key, the broker that of each client.
std::string entry_for(const std::string& name, const std::string& key) {
  if (name == principal_broker) return "  broker-key: \"" + key + "\"";
  return access_entry(name, key);
}

std::string place_of_entry(const std::string& name) {
  return name == principal_broker
             ? "set broker.key-file to it; in section `bus` of every client's configuration:"
             : "in the broker's access file, below `principals:`, with the rights that it shall "
               "have:";
}

std::string absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

std::string path_of(const KeysOptions& options, const char* ending) {
  return absolute(options.file.empty() ? options.name + ending : options.file);
}

int run_new(const Global& global, const KeysOptions& options) {
  if (!valid_principal(options.name) || options.name == principal_local ||
      options.name == principal_plaintext || options.name == principal_config)
    return refused("'" + options.name +
                   "' cannot name a key: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', and not "
                   "local, plaintext or config, which have none");
  const auto keys = make_key_pair();
  if (!keys) return failed(keys.error());
  const auto file = path_of(options, ".key");
  if (auto written = write_key_file(file, options.name, *keys); !written)
    return failed(written.error());
  const auto entry = entry_for(options.name, keys->public_key);
  if (global.json) {
    print_line(JsonObject()
                   .put("name", options.name)
                   .put("file", file)
                   .put("key", keys->public_key)
                   .put("entry", entry)
                   .take());
    return exit_ok;
  }
  print_line("key pair:   " + file + " (keep it to yourself)");
  print_line("public key: " + keys->public_key);
  print_line(place_of_entry(options.name));
  print_line(entry);
  return exit_ok;
}

int run_shared(const Global& global, const KeysOptions& options) {
  if (!datagram::valid_key_name(options.name))
    return refused("'" + options.name +
                   "' cannot name a key: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'");
  const auto file = path_of(options, ".shared");
  const auto key = datagram::make_shared_key(options.name);
  if (auto written = datagram::write_shared_key(file, key); !written)
    return failed(written.error());
  if (global.json) {
    print_line(JsonObject().put("name", options.name).put("file", file).take());
    return exit_ok;
  }
  print_line("shared key: " + file + " (for the client and its server only)");
  print_line(
      "the client takes the file; of the SENSE gateway either the option `keys` is this file,");
  print_line("or the line below `keys:` in it is added to the file that `keys` names");
  return exit_ok;
}

void print_token(const Global& global, const TokenOptions& options, const std::string& file,
                 const Proof& proof, const std::string& entry) {
  if (global.json) {
    print_line(JsonObject()
                   .put("name", options.name)
                   .put("file", file)
                   .put("proof", to_text(proof))
                   .put("entry", entry)
                   .take());
    return;
  }
  print_line("token: " + file + " (for the client only; it is shown by no command)");
  if (!options.access_file.empty()) {
    print_line("principal " + options.name + " is in " + absolute(options.access_file) +
               " now, which a broker whose access-file it is takes by itself");
    return;
  }
  print_line("in the broker's access file, below `proofs:` of principal " + options.name +
             "; with `, not-after: 2027-12-31` in it, it ends by itself:");
  print_line("      - " + entry);
}

int run_token(const Global& global, const TokenOptions& options) {
  if (!valid_principal(options.name))
    return refused("'" + options.name +
                   "' cannot name a token: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'");
  const auto& access = options.access_file;
  if (access.empty() && !(options.publish.empty() && options.subscribe.empty()))
    return refused("--publish and --subscribe are for a new entry: say in which --access-file");
  const auto file = path_of(options, ".token");
  const auto token = make_token();
  const auto proof = proof_of_token(token);
  const auto entry = "{token: \"" + proof.value + "\"}";
  Result<std::string> changed;
  if (!access.empty()) {
    changed = access_file_with(access, {options.name, entry, options.publish, options.subscribe});
    if (!changed) return failed(changed.error());
  }
  if (auto written = write_secret_file(file, token + "\n"); !written)
    return failed(written.error());
  if (!access.empty())
    if (auto replaced = replace_access_file(access, *changed); !replaced) {
      // Of no use without an entry.
      std::filesystem::remove(file);
      return failed(replaced.error());
    }
  print_token(global, options, file, proof, entry);
  return exit_ok;
}

int run_signing(const Global& global, const KeysOptions& options) {
  const auto file = path_of(options, ".signing");
  const auto key = SigningKey::make();
  if (auto written = write_signing_key(file, key); !written) return failed(written.error());
  if (global.json) {
    print_line(JsonObject()
                   .put("name", options.name)
                   .put("file", file)
                   .put("key", key.public_text())
                   .take());
    return exit_ok;
  }
  print_line("signing key: " + file + " (for the HTTP gateway only: its option `signing-key`)");
  print_line("public key:  " + key.public_text());
  return exit_ok;
}

int run_show(const Global& global, const KeysOptions& options) {
  const auto key = read_public_key(options.file);
  if (!key) return failed(key.error());
  print_line(global.json ? JsonObject().put("file", options.file).put("key", *key).take() : *key);
  return exit_ok;
}

std::string text_of(const Rule& rule) {
  constexpr std::string_view any_source = "**";
  return rule.source.text() == any_source ? rule.type.text()
                                          : rule.type.text() + " of " + rule.source.text();
}

std::string json_of(const std::vector<Rule>& rules) {
  std::vector<std::string> values;
  for (const auto& rule : rules)
    values.push_back(
        JsonObject().put("type", rule.type.text()).put("source", rule.source.text()).take());
  return json_array(values);
}

std::string time_of(WallTime time) { return to_rfc3339(time); }

std::string json_of(const Principal& principal) {
  std::vector<std::string> proofs;
  for (const auto& [proof, not_after] : principal.proofs)
    proofs.push_back(
        JsonObject()
            .put("kind", std::string(to_text(proof.kind)))
            .put("value", proof.value)
            .put_raw("not_after", not_after ? json_string(time_of(*not_after)) : "null")
            .take());
  const auto& rights = principal.rights->granted();
  return JsonObject()
      .put("name", principal.name)
      .put_raw("proofs", json_array(proofs))
      .put_raw("publish", json_of(rights.publish))
      .put_raw("subscribe", json_of(rights.subscribe))
      .put_raw("route", json_array_of_texts(rights.route))
      .put_raw("speak_for", json_array_of_texts(rights.speak_for))
      .put("list", rights.list)
      .put("manage", rights.manage)
      .put("audit", rights.audit)
      .take();
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

void print_principal(const Principal& principal, WallTime now) {
  const auto& rights = principal.rights->granted();
  print_line(principal.name + (principal.proofs.empty() ? "  (no proof)" : ""));
  for (const auto& [proof, not_after] : principal.proofs)
    print_right(std::string(to_text(proof.kind)) + ": ",
                {proof.value + (!not_after         ? ""
                                : *not_after < now ? "  (over since " + time_of(*not_after) + ")"
                                                   : "  (until " + time_of(*not_after) + ")")});
  print_right("publish:   ", texts_of(rights.publish));
  print_right("subscribe: ", texts_of(rights.subscribe));
  print_right("route:     ", rights.route);
  print_right("speak-for: ", rights.speak_for);
  if (rights.list) print_line("  list");
  if (rights.manage) print_line("  manage");
  if (rights.audit) print_line("  audit");
}

int run_list(const Global& global) {
  const auto file = load_config(global);
  if (!file) return refused(file.error());
  const auto& path = file->broker.text("access-file");
  if (path.empty() && !global.json)
    print_line("no access file (broker.access-file): no key is accepted");
  const auto now = system_clock().now().wall;
  const auto access = path.empty() ? Result<AccessList>(AccessList()) : read_access_file(path, now);
  if (!access) return refused(access.error());
  for (const auto& principal : access->principals()) {
    if (principal.name == principal_plaintext && !file->endpoints.keys.plaintext_tcp) continue;
    if (global.json)
      print_line(json_of(principal));
    else
      print_principal(principal, now);
  }
  if (!global.json)
    for (const auto& group : access->groups()) {
      print_line("group " + group.name);
      print_right("members:   ", group.members);
    }
  return exit_ok;
}

CommandOption key_file_option(KeysOptions& options, const char* help) {
  return {.name = "--file", .value_name = "FILE", .target = &options.file, .help = help};
}

Command new_command(const Global& global) {
  const auto options = std::make_shared<KeysOptions>();
  return {.name = "new",
          .summary = "Make a key pair in a new file that only you can read",
          .notes =
              "Prints the public key and the line for the broker's access file; of the "
              "broker's own key\n(NAME broker) the line for its clients. The secret "
              "is never shown.\n\nExample:\n  sense keys new shop --file shop.key",
          .options = {{.name = "NAME",
                       .target = &options->name,
                       .help = "Whose it is: the principal, or broker",
                       .required = true},
                      key_file_option(*options, "Where to write it (default: NAME.key)")},
          .run = [&global, options] { return run_new(global, *options); }};
}

Command shared_command(const Global& global) {
  const auto options = std::make_shared<KeysOptions>();
  return {.name = "shared",
          .summary = "Make a key that a SENSE/1 client and its server share, in a new file",
          .notes =
              "The client signs with it what it sends (docs/sense-protocol.md, rule 6). The "
              "secret is in the file\nonly, which only its owner can read.\n\n"
              "Example:\n  sense keys shared hp4 --file hp4.shared",
          .options = {{.name = "NAME",
                       .target = &options->name,
                       .help = "The key's name, which travels in the clear",
                       .required = true},
                      key_file_option(*options, "Where to write it (default: NAME.shared)")},
          .run = [&global, options] { return run_shared(global, *options); }};
}

Command token_command(const Global& global) {
  const auto options = std::make_shared<TokenOptions>();
  return {
      .name = "token",
      .summary = "Make a bearer token for HTTP clients, in a new file that only you can read",
      .notes =
          "Prints the line for the broker's access file, which has a hash of the token only; or "
          "adds the\nprincipal to that file itself, which is made when there is none.\n\n"
          "Examples:\n"
          "  sense keys token shop\n"
          "  sense keys token shop --access-file access.yaml --publish '{urn:example:shop}*'\n"
          "  curl -H \"Authorization: Bearer $(cat shop.token)\" ...",
      .options = {{.name = "NAME",
                   .target = &options->name,
                   .help = "The principal that it is for",
                   .required = true},
                  key_file_option(*options, "Where to write it (default: NAME.token)"),
                  {.name = "--access-file",
                   .value_name = "FILE",
                   .target = &options->access_file,
                   .help = "Add the principal, with this token, to the broker's access file"},
                  {.name = "--publish",
                   .value_name = "PATTERN",
                   .target = &options->publish,
                   .help = "Types that it may publish; several times"},
                  {.name = "--subscribe",
                   .value_name = "PATTERN",
                   .target = &options->subscribe,
                   .help = "Types that it may subscribe to; several times"}},
      .run = [&global, options] { return run_token(global, *options); }};
}

Command signing_command(const Global& global) {
  const auto options = std::make_shared<KeysOptions>();
  return {
      .name = "signing",
      .summary = "Make a key that the HTTP gateway signs web hooks with, in a new file",
      .notes =
          "An ed25519 key (Standard Webhooks, v1a). Prints the public key, with which receivers "
          "check the\nsignatures.\n\nExample:\n  sense keys signing hooks",
      .options =
          {{.name = "NAME", .target = &options->name, .help = "What to call it", .required = true},
           key_file_option(*options, "Where to write it (default: NAME.signing)")},
      .run = [&global, options] { return run_signing(global, *options); }};
}

Command show_command(const Global& global) {
  const auto options = std::make_shared<KeysOptions>();
  return {.name = "show",
          .summary = "Print the public key of a key file",
          .notes = "Example:\n  sense keys show shop.key",
          .options = {{.name = "FILE",
                       .target = &options->file,
                       .help = "A file that `sense keys new` wrote",
                       .required = true}},
          .run = [&global, options] { return run_show(global, *options); }};
}

Command list_command(const Global& global) {
  return {.name = "list",
          .summary = "List the principals, what they prove themselves with, and their rights",
          .notes =
              "As the broker's access file has them; `local` are the clients that connect through "
              "ipc:// as\nthe broker's user or root.\n\nExample:\n  sense keys list --json",
          .run = [&global] { return run_list(global); }};
}

}  // namespace

Command keys_command(const Global& global) {
  return {.name = "keys",
          .summary = "Make keys and tokens, and list who may do what on the bus",
          .notes =
              "Examples:\n"
              "  sense keys new broker --file /etc/sense/broker.key\n"
              "  sense keys new shop                   makes shop.key, prints what to allow\n"
              "  sense keys shared hp4                 makes hp4.shared, for a SENSE/1 client\n"
              "  sense keys token shop                 makes shop.token, for an HTTP client\n"
              "  sense keys signing hooks              makes hooks.signing, for web hooks\n"
              "  sense keys list                       the principals of the access file",
          .subcommands = {new_command(global), shared_command(global), token_command(global),
                          signing_command(global), show_command(global), list_command(global)}};
}

}  // namespace sense::cli
