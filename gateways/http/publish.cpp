// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/publish.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/event/cloudevents_json.hpp"
#include "core/http/problem.hpp"
#include "gateways/http/cloudevents/binding.hpp"
#include "gateways/http/management/responses.hpp"

namespace sense::http {

namespace {

constexpr std::size_t batch_max = 1'000;
constexpr std::size_t key_length_max = 256;

// Makes the ids of events that have none.
class Ids {
 public:
  // Fails with badparam for a header that is no key.
  static Result<Ids> of(const Request& request, const ServedClient& client, WallTime now) {
    const auto* given = request.header("idempotency-key");
    if (given == nullptr) return Ids(now, {});
    const auto key = decode_header(*given);
    if (key.empty() || key.size() > key_length_max)
      return fail(Code::badparam, "request: Idempotency-Key has 1 to 256 octets",
                  "Idempotency-Key");
    // Of the client, too: keys of two clients may be the same.
    return Ids(now, sha256_hex(client.principal + '\n' + key).substr(0, 32));
  }
  // `place`: of the event in the request.
  [[nodiscard]] std::string make(std::size_t place) const {
    return key_.empty() ? make_ulid(now_) : "key-" + key_ + "-" + std::to_string(place);
  }

 private:
  Ids(WallTime now, std::string key) : now_(now), key_(std::move(key)) {}
  WallTime now_;
  std::string key_;  // "": none was given
};

// The answers to a batch, until the last has come.
class BatchAnswers {
 public:
  BatchAnswers(std::size_t count, Respond respond)
      : results_(count), missing_(count), respond_(std::move(respond)) {}

  void set(std::size_t place, PublishedEvent result) {
    results_[place] = std::move(result);
    if (--missing_ == 0) respond_(batch_response(results_));
  }

 private:
  std::vector<PublishedEvent> results_;
  std::size_t missing_;
  Respond respond_;
};

void publish_batch(ClientServices& clients, const ServedClient& client, const Request& request,
                   const Ids& ids, Respond respond) {
  const auto parts = split_cloudevents_batch(request.body, batch_max);
  if (!parts) return respond(problem(parts.error()));
  if (parts->empty()) return respond(batch_response({}));
  const auto answers = std::make_shared<BatchAnswers>(parts->size(), std::move(respond));
  for (std::size_t place = 0; place < parts->size(); ++place) {
    auto event = event_from_cloudevents_json((*parts)[place], EventOrigin::producer);
    if (!event) {
      answers->set(place, {{}, tl::unexpected(event.error())});
      continue;
    }
    if (event->id.empty()) event->id = ids.make(place);
    clients.publish(client, *event, [answers, place, id = event->id](Result<Receipt> receipt) {
      answers->set(place, {id, std::move(receipt)});
    });
  }
}

}  // namespace

void publish_events(ClientServices& clients, const ServedClient& client, const Request& request,
                    WallTime now, Respond respond) {
  const auto ids = Ids::of(request, client, now);
  if (!ids) return respond(problem(ids.error()));
  if (is_batch(request)) return publish_batch(clients, client, request, *ids, std::move(respond));
  auto event = event_of(request);
  if (!event)
    return respond(has_no_mode(request) ? problem(415, event.error()) : problem(event.error()));
  if (event->id.empty()) event->id = ids->make(0);
  clients.publish(client, *event,
                  [id = event->id, respond = std::move(respond)](const Result<Receipt>& receipt) {
                    respond(receipt ? published_response(id, *receipt) : problem(receipt.error()));
                  });
}

}  // namespace sense::http
