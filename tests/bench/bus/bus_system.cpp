// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bus/bus_system.hpp"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <fstream>
#include <memory>

#include "core/bus/bus.hpp"
#include "core/event/event.hpp"
#include "tests/bench/bus/plain_subscriber.hpp"
#include "tests/bench/harness/work_folder.hpp"

namespace sense::bench {

namespace {

namespace asio = boost::asio;

// The thread of a client, as a gateway or an adapter has it: the bus calls back here.
class Client {
 public:
  static Result<std::unique_ptr<Client>> connect(const std::string& service,
                                                 const std::string& events, const BusKeys& keys) {
    auto client = std::make_unique<Client>();
    client->options_.service = service;
    client->options_.events = events;
    client->options_.keys = keys;
    client->options_.executor = [raw = client.get()](std::function<void()> work) {
      asio::post(raw->io_, std::move(work));
    };
    auto bus = connect_zmq_bus(client->options_);
    if (!bus) return tl::unexpected(bus.error());
    client->bus_ = std::move(*bus);
    return client;
  }

  Bus& bus() { return *bus_; }
  void run_one() { io_.run_one(); }
  void run() { io_.run(); }
  // How many events the bus holds for us without an answer.
  [[nodiscard]] std::size_t outstanding_max(std::size_t octets) const {
    constexpr std::size_t envelope = 256;
    return std::min(options_.waiting_max, options_.waiting_bytes_max / (octets + envelope));
  }

 private:
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> keep_ = asio::make_work_guard(io_);
  sense::BusOptions options_;
  std::unique_ptr<Bus> bus_;
};

Status write_file(const std::string& name, const std::string& text) {
  std::ofstream file(name);
  file << text;
  if (!file.flush()) return fail(Code::system, name + " cannot be written");
  return {};
}

constexpr auto broker_key = "broker.key";
constexpr auto client_key = "bench.key";

// One key for all clients, the gateway among them, with the rights of each.
Status write_keys() {
  std::string public_key;
  for (const auto* name : {broker_key, client_key}) {
    const auto keys = make_key_pair();
    if (!keys) return tl::unexpected(keys.error());
    if (auto good = write_key_file(name, "bench", *keys); !good) return good;
    public_key = keys->public_key;
  }
  return write_file("allow.yaml",
                    "principals:\n  - name: bench\n    key: \"" + public_key +
                        "\"\n    manage: true\n    speak-for: [\"*\"]\n    publish: [\"*\", "
                        "\"{urn:sense:management}*\", \"{urn:sense:gateway}*\"]\n    subscribe: "
                        "[\"*\", \"{urn:sense:management}*\", \"{urn:sense:gateway}*\"]\n");
}

}  // namespace

Result<pid_t> BusSystem::start(const Workload& workload, Children& children) {
  service_ = "ipc://service";
  events_ = "ipc://events";
  std::string publish = "ipc://publish";
  if (workload.transport != Workload::Transport::ipc)
    for (auto* endpoint : {&service_, &events_, &publish}) {
      const auto port = free_port();
      if (!port) return tl::unexpected(port.error());
      *endpoint = "tcp://127.0.0.1:" + std::to_string(*port);
    }
  keys_.plaintext_tcp = workload.transport == Workload::Transport::tcp;
  std::string config = "data: .\nbus:\n  service: " + service_ + "\n  events: " + events_ +
                       "\n  publish: " + publish +
                       "\n  allow-plaintext-tcp: " + (keys_.plaintext_tcp ? "true" : "false") +
                       "\n";
  if (workload.transport == Workload::Transport::curve) {
    if (auto good = write_keys(); !good) return tl::unexpected(good.error());
    keys_ = {client_key, broker_key, false};
    config +=
        std::string("  key-file: ") + client_key + "\n  broker-key: " + broker_key +
        "\nbroker: {access-file: allow.yaml, prefixes-per-principal-max: 1000000, key-file: " +
        broker_key + "}\n";
  }
  if (auto good = write_file(config_file, config + more_config()); !good)
    return tl::unexpected(good.error());
  return start_sense(children, {"broker"}, config_file);
}

std::string BusSystem::source_of(std::uint64_t) const { return "//bench.example/publisher"; }

Status BusSystem::publish(const Workload& workload, Sender& sender) {
  auto client = Client::connect(service_, events_, keys_);
  if (!client) return tl::unexpected(client.error());
  const auto limit =
      workload.kind == Workload::Kind::sync ? 1 : (*client)->outstanding_max(workload.octets);
  const auto type = *QName::parse(type_text());
  std::uint64_t number = 0;
  std::size_t outstanding = 0;
  Status failure;
  const auto publish = [&](std::string_view data, std::uint64_t counted) {
    Event event;
    event.id = std::to_string(++number);
    event.type = type;
    event.source = source_of(number);
    event.data = data;
    ++outstanding;
    (*client)->bus().publish(std::move(event), [&, counted](const Result<Receipt>& receipt) {
      --outstanding;
      if (!receipt) failure = tl::unexpected(receipt.error());
      if (receipt && counted > 0) sender.acknowledged(counted);
    });
  };
  sender.warm_up([&](std::string_view probe) { publish(probe, 0); });
  while (const auto data = sender.next()) {
    while (outstanding >= limit) (*client)->run_one();
    if (!failure) return failure;
    publish(*data, 1);
  }
  while (outstanding > 0) (*client)->run_one();
  return failure;
}

Status BusSystem::subscribe(const Workload& workload, Receiver& receiver) {
  const auto index = receiver.index();
  const auto prefix = std::string(type_text()) + " ";  // the blank ends the type
  if (workload.kind == Workload::Kind::stalled && index >= followers(workload) &&
      index < workload.subscribers)
    return subscribe_plainly(events_, keys_, prefix, [&] { receiver.take_unread(); });
  auto client = Client::connect(service_, events_, keys_);
  if (!client) return tl::unexpected(client.error());
  auto& bus = (*client)->bus();
  bus.follow(0, {prefix}, [&](const Batch& batch) {
    if (batch.lost_from != 0)
      std::fprintf(stderr, "sense: events %llu to %llu had left the journal\n",
                   static_cast<unsigned long long>(batch.lost_from),
                   static_cast<unsigned long long>(batch.lost_to));
    for (const auto& event : batch.events) receiver.take(event->data);
    bus.resume();
  });
  (*client)->run();
  return {};
}

}  // namespace sense::bench
