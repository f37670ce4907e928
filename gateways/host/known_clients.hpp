// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/bus/bus.hpp"
#include "core/bus/proof.hpp"

namespace sense {

// Who the clients of a gateway are, by what they prove: a copy of the broker's table, which is
// asked for again each second, so that a proof that is withdrawn is none within two. While the
// broker does not answer, the last copy stays; nothing can be published then either. One thread.
class KnownClients {
 public:
  static constexpr Duration interval = std::chrono::seconds{1};
  using After = std::function<void(Duration, std::function<void()>)>;  // runs a task after a pause

  // The reader must outlive it, and its answers and the tasks of begin() must not come after its
  // end.
  explicit KnownClients(ProofReader& reader) : reader_(reader) {}

  // Begins to ask. Once.
  void begin(After after);
  // The name of the principal whose proof it is. Fails with noaccess: no principal's, or of one
  // that this gateway does not speak for; with noserver: the broker has not answered yet.
  [[nodiscard]] Result<std::string> identify(const Proof& proof);
  // What an event's audience may call the owner of a subscription: its name; of a shared key
  // (`key:NAME`) the principal, too; and the groups of the principal.
  [[nodiscard]] std::vector<std::string> names_of(const std::string& owner) const;
  // Whether identify() has answered this name, and would again.
  [[nodiscard]] bool is_identified(const std::string& principal) const {
    return identified_.contains(principal);
  }

 private:
  void ask();
  void on_table(Result<ProofTable> answer);

  ProofReader& reader_;
  After after_;
  bool known_ = false;
  ProofTable table_;
  std::set<std::string> identified_;  // at most the names of the table
};

}  // namespace sense
