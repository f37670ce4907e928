// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/sense/message.hpp"
#include "gateways/sense/admission/quota.hpp"
#include "gateways/sense/delivery/deliveries.hpp"
#include "gateways/sense/delivery/verifications.hpp"
#include "gateways/sense/reply_sender.hpp"

namespace sense::datagram {

// Executes requests of addresses that returned their cookie, and keeps those that wait for the
// broker: at most max-pending, of one host a quarter. Each gets exactly one reply, unless the
// server stops before. Pure; one thread.
class Requests {
 public:
  // All must outlive this. `directory` and `egress` are only read. `no_room` counts refusals by the
  // quota.
  Requests(const ServerConfig& config, const ServedSubscriptions& directory,
           const EgressPolicy& egress, Deliveries& deliveries, Verifications& verifications,
           ReplySender& replies, Counters::Counter& no_room);

  void execute(const Message& request, const Requester& requester, Timestamp now, Actions& out);

  // Results of the Actions. An unknown request_id is ignored.
  void on_subscription(RequestId request_id, Result<SubscriptionRef> result, Timestamp now,
                       Actions& out);
  void on_sources(RequestId request_id, const Result<Subscriptions::SourcePage>& result,
                  Timestamp now, Actions& out);
  void on_receipt(RequestId request_id, const Result<Receipt>& result, Timestamp now, Actions& out);
  // Those in progress get no reply; clients repeat them.
  void drop_all();

  [[nodiscard]] std::size_t pending() const { return pending_.size(); }
  [[nodiscard]] std::size_t pending_hosts() const { return pending_per_host_.hosts(); }
  [[nodiscard]] std::size_t creations() const { return quota_.size(); }

 private:
  enum class Stage { create, look_up, renew, cancel, sources, publish };
  struct Pending {
    Requester requester;
    Message request;
    Stage stage = Stage::create;
    // Of create, and of renew when events go elsewhere from now on; else without a callback.
    SubscriptionQuota::Claim claim;
    std::string event_id;  // of publish
    SubscriptionRef subscription;
  };

  [[nodiscard]] Status counted(Status admitted);
  [[nodiscard]] Status check_room(const Requester& requester) const;
  Status start_register(const Message& request, const Requester& requester, Timestamp now,
                        Actions& out);
  Status start_create(const Message& request, const Requester& requester,
                      Subscriptions::Request wanted, Timestamp now, Actions& out);
  Status start_existing(const Message& request, const Requester& requester, Actions& out);
  Status start_change(RequestId request_id, Pending& pending, Actions& out);
  Status start_sources(const Message& request, const Requester& requester, Actions& out);
  Status start_publish(const Message& request, const Requester& requester, Timestamp now,
                       Actions& out);
  Status reply_parameters(const Message& request, const Requester& requester, Timestamp now,
                          Actions& out);
  [[nodiscard]] ServerConfig::Parameters parameters_for(const Requester& requester) const;
  [[nodiscard]] Message registered_reply(const Message& request, const Subscription& granted) const;
  // As many lines as fit into one datagram; `More` says that some are left, and `Omitted` how many
  // are longer than a datagram.
  [[nodiscard]] Message list_reply(const Message& request, const Requester& requester,
                                   const std::vector<std::string>& lines, bool more) const;
  RequestId add_pending(Pending pending);
  [[nodiscard]] std::optional<Pending> take_pending(RequestId request_id);

  const ServerConfig& config_;
  const ServedSubscriptions& directory_;
  const EgressPolicy& egress_;
  Deliveries& deliveries_;
  Verifications& verifications_;
  ReplySender& replies_;
  SubscriptionQuota quota_;
  Counters::Counter& no_room_;
  std::map<RequestId, Pending> pending_;
  PerHostCounts pending_per_host_;
  RequestId last_request_id_ = 0;
};

}  // namespace sense::datagram
