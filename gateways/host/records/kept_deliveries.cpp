// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/records/kept_deliveries.hpp"

#include <algorithm>

#include "core/subscription/dead_letter_request.hpp"

namespace sense {

struct KeptDeliveries::Orders {
  std::vector<DeadLetterSelection> selections;
  std::size_t given = 0;
  Ordered done;
};

Result<DeliveryRecords::Page<DeadLetterRecord>> KeptDeliveries::dead_letters(
    std::string_view subscription, std::int64_t after, std::size_t limit) {
  DeadLetterQuery query;
  query.subscription = subscription;
  query.after = after;
  query.limit = static_cast<std::uint32_t>(limit);
  auto found = store_.dead_letters(query);
  if (!found) return tl::unexpected(found.error());
  const auto served = served_.find(subscription);
  const std::string_view callback = served ? std::string_view(served->callback) : "";
  Page<DeadLetterRecord> page;
  page.more = found->more;
  for (auto& [id, time, dead] : found->dead_letters)
    page.records.push_back({id, time, dead.number, dead.sequence, dead.attempts,
                            std::move(dead.reason), shown_answer(dead.answer, callback)});
  return page;
}

Status KeptDeliveries::check_ids(const std::string& subscription,
                                 const std::vector<std::int64_t>& ids) {
  for (const auto id : ids) {
    DeadLetterQuery query;
    query.subscription = subscription;
    query.after = id - 1;
    query.upto = id;
    query.limit = 1;
    const auto found = store_.dead_letters(query);
    if (!found) return tl::unexpected(found.error());
    if (found->dead_letters.empty())
      return fail(Code::notfound,
                  "this subscription has no dead letter " + std::to_string(id) + " (any more)");
  }
  return {};
}

void KeptDeliveries::redrive(const std::string& subscription, const std::vector<std::int64_t>& ids,
                             Ordered done) {
  if (ids.size() > orders_max)
    return done(fail(Code::nomoreroom, "more than " + std::to_string(orders_max) +
                                           " dead letters are named: name fewer, or all"));
  if (auto good = check_ids(subscription, ids); !good) return done(tl::unexpected(good.error()));
  auto orders = std::make_shared<Orders>();
  orders->done = std::move(done);
  for (const auto id : ids) orders->selections.emplace_back().id = id;
  if (ids.empty()) orders->selections.emplace_back().subscription = subscription;
  order_next(orders);
}

void KeptDeliveries::order_next(const std::shared_ptr<Orders>& orders) {
  if (orders->given == orders->selections.size()) return orders->done(orders->given);
  const DeadLetterRequest request{DeadLetterAction::redrive, orders->selections[orders->given]};
  publisher_.publish(dead_letter_request_event(name_, request, clock_.now().wall),
                     [this, orders](const Result<Receipt>& receipt) {
                       if (!receipt) return orders->done(tl::unexpected(receipt.error()));
                       ++orders->given;
                       order_next(orders);
                     });
}

}  // namespace sense
