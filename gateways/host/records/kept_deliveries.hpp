// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/bus/bus.hpp"
#include "gateways/host/records/delivery_log.hpp"
#include "gateways/host/records/lateness_table.hpp"
#include "gateways/host/store/gateway_store.hpp"

namespace sense {

// The attempts and dead letters of this gateway, for its plugin. Redrives by the same events as
// `sense deadletters` (core/subscription/dead_letter_request.hpp), as this gateway. Its
// dependencies must outlive it. Reactor thread only.
class KeptDeliveries final : public DeliveryRecords {
 public:
  // `name`: of this gateway.
  KeptDeliveries(std::string name, const DeliveryLog& log, const LatenessTable& lateness,
                 GatewayStore& store, Publisher& publisher, const ServedSubscriptions& served,
                 const Clock& clock)
      : name_(std::move(name)),
        log_(log),
        lateness_(lateness),
        store_(store),
        publisher_(publisher),
        served_(served),
        clock_(clock) {}

  [[nodiscard]] Page<AttemptRecord> attempts(std::string_view subscription, std::uint64_t after,
                                             std::size_t limit) const override {
    return log_.page(subscription, after, limit);
  }
  [[nodiscard]] Lateness lateness(std::string_view subscription) const override {
    return lateness_.of(subscription);
  }
  [[nodiscard]] Result<Page<DeadLetterRecord>> dead_letters(std::string_view subscription,
                                                            std::int64_t after,
                                                            std::size_t limit) override;
  void redrive(const std::string& subscription, const std::vector<std::int64_t>& ids,
               Ordered done) override;

 private:
  // Publishes the orders one after the other.
  struct Orders;
  void order_next(const std::shared_ptr<Orders>& orders);
  [[nodiscard]] Status check_ids(const std::string& subscription,
                                 const std::vector<std::int64_t>& ids);

  const std::string name_;
  const DeliveryLog& log_;
  const LatenessTable& lateness_;
  GatewayStore& store_;
  Publisher& publisher_;
  const ServedSubscriptions& served_;
  const Clock& clock_;
};

}  // namespace sense
