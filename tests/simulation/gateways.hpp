// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "gateways/host/lifecycle.hpp"
#include "tests/core/storage/temporary_folder.hpp"
#include "tests/simulation/attempt_checks.hpp"
#include "tests/simulation/broker.hpp"
#include "tests/simulation/plugin.hpp"
#include "tests/simulation/simulated_disk.hpp"

namespace sense::simulation {

// The gateways of the world: the host as it is shipped, over a simulated disk, with a plugin that
// asks the callbacks of the ledgers. They are killed, their machine loses power, they are stopped,
// and begin again.
class Gateways final : public PluginCalls {
 public:
  Gateways(Context& context, Broker& broker, std::uint64_t seed);
  ~Gateways() override;

  void begin();
  // To be called behind each thing that happens: removes what has crashed, and lets more crash.
  void after_step();
  // Deliveries, gaps and notices that the one that leads has not settled; nullopt: none leads.
  [[nodiscard]] std::optional<std::size_t> waiting() const;
  // For the message that some wait.
  [[nodiscard]] std::string who_waits() const;
  // All dead letters in the stores: by subscription, the sequences of their events.
  [[nodiscard]] std::map<std::string, std::set<std::uint64_t>> dead_letters();

  void deliver(const std::string& gateway, std::shared_ptr<const Delivery> delivery,
               AttemptDone done) override;
  void verify(const std::string& gateway, const SubscriptionRef& subscription,
              VerificationDone done) override;

 private:
  struct Process {
    Process(Context& context, std::string called) : name(std::move(called)), bus(context.hub) {}
    const std::string name;
    boost::asio::io_context reactor;
    testing::HubBus bus;
    std::unique_ptr<Lifecycle> life;
    bool dead = false;     // its machine, or itself: it is gone behind this step
    bool stopped = false;  // it has ended by itself
    bool led = false;
  };
  [[nodiscard]] std::string folder(const std::string& name) const { return folder_ / name; }
  void start(const std::string& name);
  void watch(Process& process);
  void on_takeover();
  void remove(std::unique_ptr<Process>& process);
  // A process does nothing more, in the middle of whatever it does.
  void crash(Process& process, SimulatedDisk::Crash crash);
  void on_crash(Process& process, SimulatedDisk::Crash crash);
  [[nodiscard]] SimulatedDisk::Crash random_crash() const;
  void arm(const Process& process);
  void trouble();
  [[nodiscard]] bool is_dead(const Process& process) const;
  void on_result(const std::string& id, std::uint64_t attempt, const Delivery& delivery,
                 const Attempt& answer);
  void trace(const Delivery& delivery, const std::string& what) const;
  void settle(Ledger& ledger, const Delivery& delivery);

  Context& context_;
  Random& random_;
  Broker& broker_;
  AttemptChecks checks_;
  const TemporaryFolder folder_;
  const SimulatedDisk disk_;
  std::map<std::string, std::unique_ptr<Process>> processes_;  // by name
  std::string armed_;  // the process that crashes in a write; empty: none
  SimulatedDisk::Crash armed_crash_{};
  std::uint64_t attempt_ = 0;
  std::string led_last_;
  std::optional<MonoTime> stopped_;  // in good order: the one that led last
  MonoTime disk_failed_{};           // since then it is not well
  bool disk_fails_ = false;
};

}  // namespace sense::simulation
