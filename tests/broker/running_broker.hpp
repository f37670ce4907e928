// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/test/unit_test.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "broker/broker.hpp"
#include "tests/core/storage/temporary_folder.hpp"

namespace sense {

// A broker in a thread of this process, on ipc endpoints in a folder of its own.
class RunningBroker {
 public:
  using Change = std::function<void(BrokerConfig&)>;
  explicit RunningBroker(Change change = {}) : change_(std::move(change)) {}
  ~RunningBroker() { stop(); }

  [[nodiscard]] BrokerConfig config() const {
    BrokerConfig config{endpoints(), folder_ / "data", Settings::defaults(broker_options()), {}};
    if (change_) change_(config);
    return config;
  }
  [[nodiscard]] BusEndpoints endpoints() const {
    return {"ipc://" + (folder_ / "s"), "ipc://" + (folder_ / "e"), "ipc://" + (folder_ / "p")};
  }

  // As they were bound, ports that the system chose included.
  [[nodiscard]] BusEndpoints bound() const { return broker_->endpoints(); }

  RunningBroker& start() {
    auto broker = Broker::start(config());
    BOOST_REQUIRE_MESSAGE(broker, (broker ? "" : broker.error().message));
    broker_ = std::move(*broker);
    thread_ = std::thread([this] { result_ = broker_->run(); });
    return *this;
  }
  // What run() answered.
  Status stop() {
    if (!thread_.joinable()) return result_;
    broker_->stop();
    thread_.join();
    broker_.reset();
    return result_;
  }
  void restart() {
    BOOST_CHECK(stop().has_value());
    start();
  }
  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;
  Change change_;
  std::unique_ptr<Broker> broker_;
  Status result_;
  std::thread thread_;
};

}  // namespace sense
