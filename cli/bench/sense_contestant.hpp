#pragma once

#include "cli/bench/contestant.hpp"

namespace sense::bench {

// SENSE itself: `sense broker` from this executable, Bus::publish and Bus::follow.
class SenseContestant final : public Contestant {
 public:
  [[nodiscard]] Result<pid_t> start(const Workload& workload, Children& children) override;
  [[nodiscard]] Status publish(const Workload& workload, Sender& sender) override;
  [[nodiscard]] Status subscribe(const Workload& workload, Receiver& receiver) override;

  // It loses nothing, but a subscriber that was stopped first reads what waited for it.
  [[nodiscard]] Duration patience() const override { return std::chrono::seconds{60}; }

 private:
  // Relative to the contestant's folder.
  std::string service_;
  std::string events_;
};

}  // namespace sense::bench
