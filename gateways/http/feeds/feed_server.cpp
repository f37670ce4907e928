// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/feeds/feed_server.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "core/event/cloudevents_json.hpp"
#include "core/http/problem.hpp"
#include "core/http/response_stream.hpp"
#include "gateways/http/feeds/feed_query.hpp"
#include "gateways/http/feeds/feed_text.hpp"

namespace sense::http {

namespace {

constexpr std::size_t items_ahead = 64;  // of one stream

// One request for a page. Holds itself until it has answered.
class WaitingPage : public std::enable_shared_from_this<WaitingPage> {
 public:
  WaitingPage(boost::asio::io_context& reactor, std::string asked, bool waits, Respond respond)
      : timer_(reactor), asked_(std::move(asked)), waits_(waits), respond_(std::move(respond)) {}

  void begin(Feeds& feeds, FeedRequest request, std::size_t limit, Duration time) {
    auto feed = feeds.open(std::move(request),
                           [self = shared_from_this()](const auto& given) { self->on(given); });
    if (!feed) return respond_(problem(feed.error()));
    feed_ = std::move(*feed);
    timer_.expires_after(time);
    timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error) self->on_time_over();
    });
    feed_->want(limit);
  }

 private:
  void on(const std::variant<std::vector<FeedItem>, Feeds::Ended>& given) {
    if (const auto* error = std::get_if<Error>(&given)) return finish(problem(*error));
    const auto& items = std::get<std::vector<FeedItem>>(given);
    at_end_ = items.empty();
    if (!items.empty() || !waits_) finish(feed_page_response(items, asked_));
  }
  void on_time_over() {
    if (at_end_) return finish(feed_page_response({}, asked_));
    finish(problem(Error{Code::noserver, "the broker does not answer: ask again"}));
  }
  void finish(Response response) {
    if (!feed_) return;
    const auto self = shared_from_this();
    feed_.reset();
    timer_.cancel();
    respond_(std::move(response));
  }

  boost::asio::steady_timer timer_;
  const std::string asked_;
  const bool waits_;
  const Respond respond_;
  std::unique_ptr<Feed> feed_;
  bool at_end_ = false;
};

Response not_pulled() {
  return problem(Error{Code::badcontext,
                       "this subscription is delivered to its callback; one with the callback "
                       "pull: can be asked for its events"});
}

}  // namespace

// One stream. The server holds it while its client is there.
class EventStream final : public StreamSource, public std::enable_shared_from_this<EventStream> {
 public:
  EventStream(std::shared_ptr<FeedServer> server, FeedRequest request)
      : server_(std::move(server)), request_(std::move(request)) {}

  void begin(std::shared_ptr<ResponseStream> stream) override {
    stream_ = std::move(stream);
    auto feed = server_->context_.feeds->open(std::move(request_),
                                              [weak = weak_from_this()](const auto& given) {
                                                if (const auto self = weak.lock()) self->on(given);
                                              });
    if (!feed) return finish(feed.error());
    feed_ = std::move(*feed);
    server_->keep_alive(shared_from_this());
    feed_->want(items_ahead);
  }
  void has_room() override {
    if (left_) push(std::exchange(left_, nullptr));
    if (feed_ && !left_) feed_->want(items_ahead);
  }
  void gone() override {
    feed_.reset();
    stream_.reset();
  }
  // False: it has ended.
  [[nodiscard]] bool beat(const std::shared_ptr<const std::string>& comment) {
    if (!feed_ || !stream_) return false;
    // A stream that is full shows its client that it works.
    (void)stream_->push(comment);
    return true;
  }

 private:
  void on(const std::variant<std::vector<FeedItem>, Feeds::Ended>& given) {
    if (!stream_) return;
    if (const auto* error = std::get_if<Error>(&given)) return finish(*error);
    auto octets = std::make_shared<std::string>();
    const auto& items = std::get<std::vector<FeedItem>>(given);
    for (const auto& item : items)
      *octets += stream_message(item, item.event ? server_->json_of(item.event) : std::string());
    if (octets->empty()) return;
    push(std::move(octets));
    if (feed_ && !left_) feed_->want(items.size());
  }
  // A client that is slow has these octets waiting, and gets the rest from the journal.
  void push(std::shared_ptr<const std::string> octets) {
    if (stream_->push(octets) != ResponseStream::Push::full) return;
    left_ = std::move(octets);
    if (feed_) feed_->pause();
  }
  void finish(const Error& error) {
    feed_.reset();
    (void)stream_->push(std::make_shared<const std::string>(stream_end(error)));
    std::exchange(stream_, nullptr)->end();
  }

  const std::shared_ptr<FeedServer> server_;
  FeedRequest request_;
  std::shared_ptr<ResponseStream> stream_;
  std::unique_ptr<Feed> feed_;
  std::shared_ptr<const std::string> left_;  // was not taken
};

void FeedServer::page(const OwnedRequest& request, Respond respond) {
  const auto query = feed_page_query(request.query);
  if (!query) return respond(problem(query.error()));
  if (!is_pulled(*request.subscription)) return respond(not_pulled());
  std::string asked;
  if (query->after) {
    asked = std::to_string(query->after->number);
    if (query->after->sequence != 0) asked += "." + std::to_string(query->after->sequence);
  }
  const bool waits = query->wait > Duration{0};
  std::make_shared<WaitingPage>(context_.reactor, std::move(asked), waits, std::move(respond))
      ->begin(*context_.feeds, {request.subscription, {}, query->after}, query->limit,
              waits ? std::min(query->wait, wait_max_) : wait_max_);
}

void FeedServer::stream(const OwnedRequest& request, Respond respond) {
  const auto after = feed_stream_query(request.query, request.http.header("last-event-id"));
  if (!after) return respond(problem(after.error()));
  if (!is_pulled(*request.subscription)) return respond(not_pulled());
  start({request.subscription, {}, *after}, respond);
}

void FeedServer::select(const ServedClient& client, std::string_view query, const Request& http,
                        Respond respond) {
  auto wanted = selection_query(query, http.header("last-event-id"));
  if (!wanted) return respond(problem(wanted.error()));
  wanted->selection.owner = client.principal;
  start({std::make_shared<const Subscription>(std::move(wanted->selection)), client, wanted->after},
        respond);
}

void FeedServer::start(FeedRequest request, const Respond& respond) {
  Response response;
  response.content_type = "text/event-stream";
  response.headers.emplace_back("X-Accel-Buffering", "no");
  response.stream = std::make_shared<EventStream>(shared_from_this(), std::move(request));
  respond(std::move(response));
}

const std::string& FeedServer::json_of(const EventRef& event) {
  if (event != last_event_) {
    last_json_ = to_cloudevents_json(*event);
    last_event_ = event;
  }
  return last_json_;
}

// ---- heartbeats

void FeedServer::keep_alive(const std::shared_ptr<EventStream>& stream) {
  beats_[streams_++ % beats_.size()].push_back(stream);
  if (std::exchange(beating_, true)) return;
  beat();
}

// Each stream once in `heartbeat`, a fifteenth of them each second.
void FeedServer::beat() {
  static const auto comment = std::make_shared<const std::string>(stream_heartbeat);
  timer_.expires_after(heartbeat / beats_.size());
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (error || !self) return;
    auto& due = self->beats_[self->next_beat_++ % self->beats_.size()];
    std::erase_if(due, [](const auto& each) {
      const auto stream = each.lock();
      return !stream || !stream->beat(comment);
    });
    self->beat();
  });
}

}  // namespace sense::http
