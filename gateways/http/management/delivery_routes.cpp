// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/management/delivery_routes.hpp"

#include <limits>

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/http/problem.hpp"
#include "gateways/http/management/request_body.hpp"

namespace sense::http {

namespace {

std::string_view name_of(Attempt::Outcome outcome) {
  switch (outcome) {
    case Attempt::Outcome::delivered: return "delivered";
    case Attempt::Outcome::retry: return "retry";
    case Attempt::Outcome::rejected: return "rejected";
    case Attempt::Outcome::gone: return "gone";
  }
  return "retry";
}

// Null, with the refusal: they are kept in another process.
Result<DeliveryRecords*> records_of(const GatewayContext& context,
                                    const Subscription& subscription) {
  if (context.records != nullptr && context.served.find(subscription.id)) return context.records;
  return fail(Code::notyetimplemented,
              "what becomes of these deliveries is kept by the gateway that makes them, which is "
              "not this one, or has not begun yet: `sense deadletters` shows it to the operator");
}

struct NumberedPage {
  std::int64_t after = 0;
  std::size_t limit = 0;
};

Result<NumberedPage> numbered_page(std::string_view query) {
  const auto page = page_request(query);
  if (!page) return tl::unexpected(page.error());
  NumberedPage numbered{0, page->limit};
  if (page->after.empty()) return numbered;
  const auto after =
      parse_integer<std::int64_t>(page->after, 0, std::numeric_limits<std::int64_t>::max() - 1);
  if (!after)
    return fail(Code::badparam, "request: after is the id of the last one seen, a number");
  numbered.after = *after;
  return numbered;
}

std::string json_of(const AttemptRecord& record) {
  JsonObject json;
  json.put("id", record.id).put("time", to_rfc3339(record.time)).put("number", record.number);
  if (record.number_last > record.number) json.put("number-last", record.number_last);
  json.put("event", record.event).put("attempt", record.attempt);
  json.put("outcome", name_of(record.outcome));
  if (record.status != 0) json.put("status", record.status);
  json.put("duration", to_text(record.duration)).put("answer", record.answer);
  return json.take();
}

std::string json_of(const DeadLetterRecord& record) {
  JsonObject json;
  json.put("id", record.id).put("time", to_rfc3339(record.time)).put("number", record.number);
  json.put("sequence", record.sequence).put("attempts", record.attempts);
  json.put("reason", record.reason).put("answer", record.answer);
  return json.take();
}

template <class Record>
Response page_response(const char* name, const DeliveryRecords::Page<Record>& page) {
  std::string all = "[";
  for (const auto& record : page.records)
    all.append(all.size() == 1 ? "" : ",").append(json_of(record));
  Response response;
  response.body = JsonObject().put_raw(name, all + "]").put("more", page.more).take() + "\n";
  return response;
}

}  // namespace

void show_deliveries(const GatewayContext& context, const OwnedRequest& request,
                     const Respond& respond) {
  const auto page = numbered_page(request.query);
  if (!page) return respond(problem(page.error()));
  const auto records = records_of(context, *request.subscription);
  if (!records) return respond(problem(records.error()));
  const auto after = static_cast<std::uint64_t>(page->after);
  respond(page_response("deliveries",
                        (*records)->attempts(request.subscription->id, after, page->limit)));
}

void show_dead_letters(const GatewayContext& context, const OwnedRequest& request,
                       const Respond& respond) {
  const auto page = numbered_page(request.query);
  if (!page) return respond(problem(page.error()));
  const auto records = records_of(context, *request.subscription);
  if (!records) return respond(problem(records.error()));
  const auto found = (*records)->dead_letters(request.subscription->id, page->after, page->limit);
  respond(found ? page_response("dead-letters", *found) : problem(found.error()));
}

void redrive_dead_letters(const GatewayContext& context, const OwnedRequest& request,
                          const Respond& respond) {
  const auto ids = redrive_request(request.http.body);
  if (!ids) return respond(problem(ids.error()));
  const auto records = records_of(context, *request.subscription);
  if (!records) return respond(problem(records.error()));
  (*records)->redrive(request.subscription->id, *ids, [respond](const Result<std::size_t>& orders) {
    if (!orders) return respond(problem(orders.error()));
    Response response;
    response.status = 202;
    response.body = JsonObject().put("orders", *orders).take() + "\n";
    respond(std::move(response));
  });
}

}  // namespace sense::http
