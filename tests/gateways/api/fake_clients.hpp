// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <vector>

#include "gateways/api/gateway.hpp"

namespace sense::testing {

// Passes everything on to one publisher and one list of subscriptions, and remembers for whom it
// was asked. Both must outlive it.
class FakeClients final : public ClientServices {
 public:
  FakeClients(Publisher& publisher, Subscriptions& subscriptions)
      : publisher_(publisher), subscriptions_(subscriptions) {}

  ServedClient unproved(std::string peer) const override { return {anonymous, "fake", peer}; }
  Result<ServedClient> identify(const Proof& proof, std::string peer) override {
    const auto found = principals.find(proof);
    if (found == principals.end()) return fail(Code::noaccess, "no such proof");
    return ServedClient{found->second, "fake", std::move(peer)};
  }
  void publish(const ServedClient& client, const Event& event, Publisher::Done done) override {
    asked.push_back(client);
    publisher_.publish(event, std::move(done));
  }
  std::shared_ptr<Subscriptions> subscriptions(const ServedClient& client) override {
    asked.push_back(client);
    return {std::shared_ptr<void>(), &subscriptions_};
  }

  void refused(const ServedClient& client, std::string request, const Error& error) override {
    refusals.push_back({client, std::move(request), error});
  }

  std::vector<ServedClient> asked;
  std::vector<ClientRefusal> refusals;
  std::map<Proof, std::string> principals;

 private:
  Publisher& publisher_;
  Subscriptions& subscriptions_;
};

}  // namespace sense::testing
