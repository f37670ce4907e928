// SPDX-License-Identifier: Apache-2.0
#include <mosquitto.h>
#include <unistd.h>

#include <fstream>

#include "tests/bench/harness/system_under_test.hpp"
#include "tests/bench/harness/work_folder.hpp"

// mosquitto over MQTT 3.1.1, QoS 0 (unacknowledged) or 1 (acknowledged, not stored). Its limits on
// what waits are lifted, so that it is slow rather than lossy, and small packets may wait for each
// other only where latency is not the question.
namespace sense::bench {

namespace {

constexpr auto topic = "bench/event";
constexpr int qos = SENSE_QOS;
constexpr int inflight_max = 1000;
// Longer than any run: an unread answer to a ping would make the kernel discard the last data that
// the publisher wrote.
constexpr int keepalive_s = 3600;

Status check(int status, const std::string& what) {
  if (status == MOSQ_ERR_SUCCESS) return {};
  return fail(Code::system, what + ": " + mosquitto_strerror(status));
}

bool is_latency(const Workload& workload) { return workload.kind == Workload::Kind::latency; }

// A client without a thread of its own.
class Client {
 public:
  Client(void* closure, bool nodelay) : client_(mosquitto_new(nullptr, true, closure)) {
    mosquitto_int_option(client_, MOSQ_OPT_TCP_NODELAY, nodelay ? 1 : 0);
    mosquitto_max_inflight_messages_set(client_, inflight_max);
  }
  ~Client() { mosquitto_destroy(client_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  operator mosquitto*() const { return client_; }
  Status connect(std::uint16_t port) {
    return check(mosquitto_connect(client_, "127.0.0.1", port, keepalive_s), "cannot connect");
  }

 private:
  mosquitto* client_;
};

struct Publisher {
  Sender& sender;
  std::uint64_t probes = 0;
  std::uint64_t outstanding = 0;

  // QoS 1: acknowledged; QoS 0: written.
  static void published(mosquitto*, void* closure, int) {
    auto& self = *static_cast<Publisher*>(closure);
    --self.outstanding;
    if (self.probes > 0)
      --self.probes;
    else if (qos > 0)
      self.sender.acknowledged();
  }
};

class Mosquitto final : public SystemUnderTest {
 public:
  Result<pid_t> start(const Workload& workload, Children& children) override {
    const auto port = free_port();
    if (!port) return tl::unexpected(port.error());
    port_ = *port;
    {
      std::ofstream config("mosquitto.conf");
      config << "listener " << port_ << " 127.0.0.1\nallow_anonymous true\n"
             << "max_queued_messages 0\nmax_inflight_messages " << inflight_max << "\n"
             << "set_tcp_nodelay " << (is_latency(workload) ? "true" : "false")
             << "\nlog_dest stderr\n";
      // Changing the user would undo the signal that ends it with us.
      if (::getuid() == 0) config << "user root\n";
    }
    auto server = start_server(children, {"mosquitto", "-c", "mosquitto.conf"});
    if (!server) return server;
    if (auto good = await_port(children, port_); !good) return tl::unexpected(good.error());
    return server;
  }

  Status publish(const Workload& workload, Sender& sender) override {
    Publisher state{sender};
    Client client(&state, is_latency(workload));
    mosquitto_publish_callback_set(client, Publisher::published);
    if (auto good = client.connect(port_); !good) return good;
    int status = MOSQ_ERR_SUCCESS;
    const auto work = [&](int timeout_ms) {
      if (status == MOSQ_ERR_SUCCESS) status = mosquitto_loop(client, timeout_ms, 1);
    };
    const auto send = [&](std::string_view data) {
      ++state.outstanding;
      if (status == MOSQ_ERR_SUCCESS)
        status = mosquitto_publish(client, nullptr, topic, static_cast<int>(data.size()),
                                   data.data(), qos, false);
    };
    work(1000);  // CONNACK
    sender.warm_up([&](std::string_view probe) {
      ++state.probes;
      send(probe);
      work(1);
    });
    const bool eager = is_latency(workload) && qos > 0;
    while (status == MOSQ_ERR_SUCCESS) {
      const auto data = sender.next();
      if (!data) break;
      send(*data);
      if (eager) work(0);
      while (status == MOSQ_ERR_SUCCESS && state.outstanding >= inflight_max) work(100);
    }
    while (status == MOSQ_ERR_SUCCESS && (state.outstanding > 0 || mosquitto_want_write(client)))
      work(100);
    return check(status, "publishing failed");
  }

  Status subscribe(const Workload& workload, Receiver& receiver) override {
    Client client(&receiver, is_latency(workload));
    mosquitto_connect_callback_set(client, [](mosquitto* self, void*, int) {
      mosquitto_subscribe(self, nullptr, topic, qos);
    });
    mosquitto_message_callback_set(
        client, [](mosquitto*, void* closure, const mosquitto_message* message) {
          static_cast<Receiver*>(closure)->take({static_cast<const char*>(message->payload),
                                                 static_cast<std::size_t>(message->payloadlen)});
        });
    if (auto good = client.connect(port_); !good) return good;
    return check(mosquitto_loop_forever(client, -1, 1), "receiving failed");
  }

 private:
  std::uint16_t port_ = 0;
};

}  // namespace

}  // namespace sense::bench

int main(int argc, char** argv) {
  mosquitto_lib_init();
  sense::bench::Mosquitto system;
  return sense::bench::run_system({argv + 1, argv + argc}, system);
}
