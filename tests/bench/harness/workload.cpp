// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/harness/workload.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "core/base/text.hpp"

namespace sense::bench {

namespace {

constexpr std::array<std::string_view, 4> kinds{"throughput", "sync", "latency", "stalled"};
constexpr std::array<std::string_view, 3> transports{"ipc", "tcp", "curve"};
constexpr std::array<std::string_view, 2> receivers{"follower", "gateway"};

tl::unexpected<Error> refuse(std::string_view word, const std::string& wanted) {
  return fail(Code::badparam, "'" + printable(word) + "' of the workload is no " + wanted);
}

template <class Number>
Status read_number(std::string_view word, std::string_view text, std::uint64_t least,
                   std::uint64_t most, Number& target) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < least || number > most)
    return refuse(word, "number from " + std::to_string(least) + " to " + std::to_string(most));
  target = static_cast<Number>(number);
  return {};
}

Status read_word(std::string_view word, Workload& workload) {
  const auto key = word.substr(0, word.find('='));
  if (key.size() == word.size()) return refuse(word, "KEY=VALUE");
  const auto value = word.substr(key.size() + 1);
  if (key == "kind") {
    const auto found = std::find(kinds.begin(), kinds.end(), value);
    if (found == kinds.end()) return refuse(word, "kind: throughput, sync, latency or stalled");
    workload.kind = static_cast<Workload::Kind>(found - kinds.begin());
    return {};
  }
  if (key == "transport") {
    const auto transport = parse_transport(value);
    if (!transport) return refuse(word, transport.error().message);
    workload.transport = *transport;
    return {};
  }
  if (key == "receiver") {
    const auto found = std::find(receivers.begin(), receivers.end(), value);
    if (found == receivers.end()) return refuse(word, "receiver: follower or gateway");
    workload.receiver = static_cast<Workload::Receiver>(found - receivers.begin());
    return {};
  }
  if (key == "folder") {
    workload.folder = value;
    return {};
  }
  if (key == "events") return read_number(word, value, 1, Workload::events_max, workload.events);
  if (key == "octets")
    return read_number(word, value, Workload::octets_min, Workload::octets_max, workload.octets);
  if (key == "subscribers")
    return read_number(word, value, 0, Workload::subscribers_max, workload.subscribers);
  if (key == "stopped")
    return read_number(word, value, 0, Workload::subscribers_max, workload.stopped);
  if (key == "rate") return read_number(word, value, 0, Workload::events_max, workload.rate);
  return refuse(word,
                "key: kind, events, octets, subscribers, stopped, rate, transport, receiver or "
                "folder");
}

}  // namespace

std::string_view name_of(Workload::Transport transport) {
  return transports.at(static_cast<std::size_t>(transport));
}

Result<Workload::Transport> parse_transport(std::string_view text) {
  const auto found = std::find(transports.begin(), transports.end(), text);
  if (found == transports.end()) return fail(Code::badparam, "transport: ipc, tcp or curve");
  return static_cast<Workload::Transport>(found - transports.begin());
}

unsigned followers(const Workload& workload) {
  if (workload.kind != Workload::Kind::stalled) return workload.subscribers - workload.stopped;
  return std::min(workload.subscribers, Workload::stalled_subscriber + 1);
}

std::vector<std::string> to_words(const Workload& workload) {
  return {"kind=" + std::string(kinds.at(static_cast<std::size_t>(workload.kind))),
          "events=" + std::to_string(workload.events),
          "octets=" + std::to_string(workload.octets),
          "subscribers=" + std::to_string(workload.subscribers),
          "rate=" + std::to_string(workload.rate),
          "stopped=" + std::to_string(workload.stopped),
          "transport=" + std::string(name_of(workload.transport)),
          "receiver=" + std::string(receivers.at(static_cast<std::size_t>(workload.receiver))),
          "folder=" + workload.folder};
}

Result<Workload> parse_workload(const std::vector<std::string>& words) {
  Workload workload;
  for (const auto& word : words)
    if (auto good = read_word(word, workload); !good) return tl::unexpected(good.error());
  if (workload.kind == Workload::Kind::latency && workload.rate == 0)
    return fail(Code::badparam, "a workload of kind=latency needs a rate=N");
  if (workload.stopped > 0 &&
      (workload.kind != Workload::Kind::latency || workload.stopped >= workload.subscribers))
    return fail(Code::badparam,
                "a workload with stopped=N needs kind=latency and more subscribers");
  return workload;
}

std::string to_json(const Outcome& outcome) {
  if (!outcome.absent.empty()) return nlohmann::json{{"absent", outcome.absent}}.dump();
  const nlohmann::ordered_json line{{"seconds", outcome.seconds},
                                    {"acknowledged", outcome.acknowledged},
                                    {"received", outcome.received},
                                    {"missed", outcome.missed},
                                    {"p50", outcome.p50},
                                    {"p99", outcome.p99},
                                    {"server_rss", outcome.server_rss},
                                    {"replay_seconds", outcome.replay_seconds}};
  return line.dump();
}

Result<Outcome> parse_outcome(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object())
    return fail(Code::protoerror,
                "a system under test printed no outcome, but: " + printable(line));
  Outcome outcome;
  try {
    outcome.absent = json.value("absent", "");
    outcome.seconds = json.value("seconds", 0.0);
    outcome.acknowledged = json.value("acknowledged", std::uint64_t{0});
    outcome.received = json.value("received", std::vector<std::uint64_t>{});
    outcome.missed = json.value("missed", std::vector<std::uint64_t>{});
    outcome.p50 = json.value("p50", 0.0);
    outcome.p99 = json.value("p99", 0.0);
    outcome.server_rss = json.value("server_rss", 0.0);
    outcome.replay_seconds = json.value("replay_seconds", 0.0);
  } catch (const nlohmann::json::exception&) {
    return fail(Code::protoerror,
                "a system under test printed a malformed outcome: " + printable(line));
  }
  return outcome;
}

std::uint64_t lost(const Workload& workload, const Outcome& outcome) {
  std::uint64_t missing = 0;
  for (const auto received : outcome.received)
    missing += workload.events - std::min(workload.events, received);
  return missing;
}

}  // namespace sense::bench
