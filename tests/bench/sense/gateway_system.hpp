// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "tests/bench/bus/bus_system.hpp"
#include "tests/bench/sense/load_generator.hpp"

namespace sense::bench {

// The whole way: Bus::publish, `sense broker`, its journal, `sense gateway sense`, and SENSE/1
// clients that acknowledge. Each event is for one client, in turn. One subscriber process for all
// of them.
class GatewaySystem final : public BusSystem {
 public:
  struct Setup {
    unsigned clients = 1;
    BadNetwork network;
    std::string plugins;  // empty: those beside the executable
  };
  explicit GatewaySystem(Setup setup);

  [[nodiscard]] Result<pid_t> start(const Workload& workload, Children& children) override;
  [[nodiscard]] Status subscribe(const Workload& workload, Receiver& receiver) override;
  // What was lost on the network is sent again after seconds.
  [[nodiscard]] Duration patience() const override { return std::chrono::seconds{60}; }

  // What the clients' process has counted; the gateway's datagrams of events.
  [[nodiscard]] std::uint64_t events_sent() const { return shared_->events_sent; }
  // How long all registrations took.
  [[nodiscard]] double registration_seconds() const {
    return static_cast<double>(shared_->registration_ns) * 1e-9;
  }

 private:
  [[nodiscard]] std::string more_config() const override;
  [[nodiscard]] std::string source_of(std::uint64_t number) const override;

  // In memory that is shared with the processes that this one forks.
  struct Shared {
    std::atomic<std::uint64_t> events_sent = 0;
    std::atomic<std::int64_t> registration_ns = 0;
  };
  struct Unmap {
    void operator()(Shared* shared) const;
  };
  Setup setup_;
  std::unique_ptr<Shared, Unmap> shared_;
  std::uint16_t port_ = 0;
};

// The sockets alone: datagrams as large as those of events, as many as the kernel takes.
class UdpSystem final : public SystemUnderTest {
 public:
  [[nodiscard]] Result<pid_t> start(const Workload& workload, Children& children) override;
  [[nodiscard]] Status publish(const Workload& workload, Sender& sender) override;
  [[nodiscard]] Status subscribe(const Workload& workload, Receiver& receiver) override;

 private:
  std::uint16_t port_ = 0;
};

}  // namespace sense::bench
