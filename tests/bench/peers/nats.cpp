// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/peers/nats_client.hpp"

// NATS core: nothing is stored, nothing acknowledged.
namespace sense::bench {

namespace {

class Nats final : public SystemUnderTest {
 public:
  Result<pid_t> start(const Workload&, Children& children) override {
    return start_nats_server(children, "", url_);
  }

  Status publish(const Workload&, Sender& sender) override {
    NatsConnection connection;
    if (auto good = connection.open(url_); !good) return good;
    natsStatus status = NATS_OK;
    const auto send = [&](std::string_view data) {
      status = natsConnection_Publish(connection, nats_subject, data.data(),
                                      static_cast<int>(data.size()));
    };
    sender.warm_up(send);
    while (status == NATS_OK) {
      const auto data = sender.next();
      if (!data) break;
      send(*data);
    }
    if (status == NATS_OK) status = natsConnection_Flush(connection);
    return check(status, "publishing failed");
  }

  Status subscribe(const Workload&, Receiver& receiver) override {
    NatsConnection connection;
    if (auto good = connection.open(url_); !good) return good;
    natsSubscription* subscription = nullptr;
    if (auto good = check(natsConnection_Subscribe(&subscription, connection, nats_subject,
                                                   take_nats_message, &receiver),
                          "cannot subscribe");
        !good)
      return good;
    return receive_for_ever(subscription);
  }

 private:
  std::string url_;
};

}  // namespace

}  // namespace sense::bench

int main(int argc, char** argv) {
  sense::bench::Nats system;
  return sense::bench::run_system({argv + 1, argv + argc}, system);
}
