// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/feeds/feed_server.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "core/http/response_stream.hpp"
#include "tests/gateways/http/routes_fixture.hpp"

using namespace sense;
using namespace sense::http;

namespace {

// Feeds whose items a test hands out.
class FakeFeeds final : public Feeds {
 public:
  struct Opened {
    FeedRequest request;
    Handler handler;
    std::size_t wanted = 0;
    int pauses = 0;
    bool closed = false;
  };
  Result<std::unique_ptr<Feed>> open(FeedRequest request, Handler handler) override {
    if (refusal) return tl::unexpected(*refusal);
    all.push_back(std::make_shared<Opened>(Opened{std::move(request), std::move(handler)}));
    return std::make_unique<Held>(all.back());
  }
  std::vector<std::shared_ptr<Opened>> all;
  std::optional<Error> refusal;

 private:
  class Held final : public Feed {
   public:
    explicit Held(std::shared_ptr<Opened> opened) : opened_(std::move(opened)) {}
    ~Held() override { opened_->closed = true; }
    void want(std::size_t items) override { opened_->wanted += items; }
    void pause() override {
      opened_->wanted = 0;
      ++opened_->pauses;
    }

   private:
    std::shared_ptr<Opened> opened_;
  };
};

class FakeStream final : public ResponseStream {
 public:
  Push push(std::shared_ptr<const std::string> octets) override {
    if (answer == Push::taken) text += *octets;
    return answer;
  }
  void end() override { ended = true; }
  [[nodiscard]] std::size_t waiting() const override { return 0; }
  Push answer = Push::taken;
  std::string text;
  bool ended = false;
};

std::vector<FeedItem> items_of(std::initializer_list<std::uint64_t> numbers) {
  std::vector<FeedItem> items;
  for (const auto number : numbers) {
    Event event;
    event.id = "e" + std::to_string(number);
    event.type = *QName::parse("{urn:a}one");
    event.source = "/s";
    items.push_back({number, number, number * 10, std::make_shared<const Event>(event), {}});
  }
  return items;
}

struct FeedsOverHttp : test::RoutesFixture {
  FeedsOverHttp() {
    harness.context.feeds = &feeds;
    pulled = create(R"({"callback":"pull:"})");
  }
  // The response, when it has come.
  std::shared_ptr<std::optional<Response>> get(const std::string& target,
                                               const std::string& last_event_id = "") {
    Request request;
    request.method = "GET";
    request.target = target;
    if (!last_event_id.empty()) request.headers.emplace_back("last-event-id", last_event_id);
    auto response = std::make_shared<std::optional<Response>>();
    harness.on_reactor([&] {
      routes->handle(std::move(request), [response](Response given) {
        BOOST_CHECK(!response->has_value());
        *response = std::move(given);
      });
    });
    return response;
  }
  void hand_out(std::vector<FeedItem> items) {
    harness.on_reactor([&] { feeds.all.at(0)->handler(std::move(items)); });
  }
  std::string path(const std::string& rest) const { return "/v1/subscriptions/" + pulled + rest; }

  FakeFeeds feeds;
  std::string pulled;
};

// A stream that has begun.
struct StreamOverHttp : FeedsOverHttp {
  explicit StreamOverHttp(const std::string& last_event_id = "") {
    const auto response = get(path("/stream"), last_event_id);
    BOOST_REQUIRE(response->has_value());
    BOOST_CHECK_EQUAL((*response)->content_type, "text/event-stream");
    source = (*response)->stream;
    harness.on_reactor([this] { source->begin(stream); });
  }
  ~StreamOverHttp() {
    harness.on_reactor([this] { source.reset(); });
  }
  std::shared_ptr<FakeStream> stream = std::make_shared<FakeStream>();
  std::shared_ptr<StreamSource> source;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(feed_server_tests, FeedsOverHttp)

BOOST_AUTO_TEST_CASE(a_page_has_what_is_there) {
  const auto response = get(path("/events?after=4.40&limit=7"));
  BOOST_REQUIRE_EQUAL(feeds.all.size(), 1U);
  const auto& feed = *feeds.all[0];
  BOOST_CHECK(feed.request.after == (FeedPosition{4, 40}));
  BOOST_CHECK_EQUAL(feed.wanted, 7U);
  BOOST_CHECK(!*response);
  auto items = items_of({5});
  items.push_back({6, 8, 85, nullptr, "expired"});
  hand_out(items);
  BOOST_REQUIRE(*response);
  const auto body = nlohmann::json::parse((*response)->body);
  BOOST_CHECK_EQUAL(body["events"][0]["event"]["id"], "e5");
  BOOST_CHECK_EQUAL(body["events"][1].dump(), R"({"gap":"expired","last":8,"number":6})");
  BOOST_CHECK_EQUAL(body["after"], "8.85");
  BOOST_CHECK(feed.closed);
}

BOOST_AUTO_TEST_CASE(a_page_without_a_wait_is_empty_at_the_end_of_the_journal) {
  const auto response = get(path("/events?after=4"));
  hand_out({});
  BOOST_REQUIRE(*response);
  BOOST_CHECK_EQUAL((*response)->body, "{\"events\":[],\"after\":\"4\"}\n");
  BOOST_CHECK(feeds.all[0]->closed);
}

BOOST_AUTO_TEST_CASE(a_page_with_a_wait_stays_for_the_first_event) {
  const auto response = get(path("/events?wait=20s"));
  hand_out({});
  BOOST_CHECK(!*response);
  hand_out(items_of({1}));
  BOOST_REQUIRE(*response);
  BOOST_CHECK_EQUAL((*response)->status, 200U);
}

BOOST_AUTO_TEST_CASE(the_end_and_refusals_are_problems) {
  const auto response = get(path("/events?wait=20s"));
  harness.on_reactor([this] { feeds.all[0]->handler(Error{Code::callbackstop, "cancelled", ""}); });
  BOOST_REQUIRE(*response);
  check_problem(**response, 410, Code::callbackstop);
  feeds.refusal = Error{Code::nomoreroom, "too many feeds", ""};
  check_problem(**get(path("/events")), 503, Code::nomoreroom);
}

BOOST_AUTO_TEST_CASE(only_the_owner_of_a_subscription_that_is_pulled_is_served) {
  const auto delivered = create();
  for (const auto* rest : {"/events", "/stream"}) {
    check_problem(**get("/v1/subscriptions/" + delivered + rest), 409, Code::badcontext);
    check_problem(**get("/v1/subscriptions/s-unknown" + std::string(rest)), 404, Code::notfound);
  }
  harness.subscriptions.all[pulled]->owner = "bert";
  check_problem(**get(path("/events")), 404, Code::notfound);
  check_problem(**get(path("/stream")), 404, Code::notfound);
  BOOST_CHECK(feeds.all.empty());
}

BOOST_AUTO_TEST_CASE(a_stream_tells_events_gaps_and_its_end) {
  StreamOverHttp one("3.30");
  BOOST_CHECK(one.feeds.all[0]->request.after == (FeedPosition{3, 30}));
  one.hand_out(items_of({4}));
  one.hand_out({{5, 6, 62, nullptr, "retention"}});
  one.hand_out({});
  BOOST_CHECK_EQUAL(
      one.stream->text,
      "id: 4.40\n"
      "data: {\"specversion\":\"1.0\",\"id\":\"e4\",\"type\":\"{urn:a}one\",\"source\":\"/s\"}\n\n"
      "id: 6.62\nevent: gap\ndata: {\"number\":5,\"last\":6,\"gap\":\"retention\"}\n\n");
  one.stream->text.clear();
  one.harness.on_reactor([&] {
    one.feeds.all[0]->handler(Error{Code::callbackstop, "expired", ""});
  });
  BOOST_CHECK_EQUAL(one.stream->text,
                    "event: ended\ndata: {\"code\":4,\"symbol\":\"CALLBACKSTOP\","
                    "\"reason\":\"expired\"}\n\n");
  BOOST_CHECK(one.stream->ended);
  BOOST_CHECK(one.feeds.all[0]->closed);
}

BOOST_AUTO_TEST_CASE(a_slow_client_gets_no_more_until_it_has_room) {
  StreamOverHttp one;
  auto& feed = *one.feeds.all[0];
  one.stream->answer = ResponseStream::Push::full;
  one.hand_out(items_of({1, 2}));
  BOOST_CHECK_EQUAL(feed.pauses, 1);
  BOOST_CHECK_EQUAL(feed.wanted, 0U);
  one.stream->answer = ResponseStream::Push::taken;
  one.harness.on_reactor([&] { one.source->has_room(); });
  BOOST_CHECK_EQUAL(one.stream->text.find("id: 1.10"), 0U);
  BOOST_CHECK(one.stream->text.find("id: 2.20") != std::string::npos);
  BOOST_CHECK_GT(feed.wanted, 0U);
}

BOOST_AUTO_TEST_CASE(a_client_that_has_gone_closes_its_feed) {
  StreamOverHttp one;
  BOOST_CHECK(!one.feeds.all[0]->closed);
  one.harness.on_reactor([&] { one.source->gone(); });
  BOOST_CHECK(one.feeds.all[0]->closed);
  one.hand_out(items_of({1}));
  BOOST_CHECK_EQUAL(one.stream->text, "");
}

BOOST_AUTO_TEST_CASE(a_selection_has_the_rights_of_its_client) {
  const auto response = get("/v1/events?type=%7Burn:a%7D*&after=7");
  BOOST_REQUIRE(*response);
  const auto stream = std::make_shared<FakeStream>();
  harness.on_reactor([&] { (*response)->stream->begin(stream); });
  const auto& request = feeds.all.at(0)->request;
  BOOST_CHECK_EQUAL(request.client.principal, "anonymous");
  BOOST_CHECK_EQUAL(request.subscription->owner, "anonymous");
  BOOST_CHECK(request.after == (FeedPosition{0, 7}));
  harness.on_reactor([&] { (*response)->stream.reset(); });
}

BOOST_AUTO_TEST_CASE(a_wrong_query_opens_nothing) {
  for (const auto* rest : {"/events?wait=1x", "/events?x=1", "/stream?wait=1s"})
    check_problem(**get(path(rest)), 400, Code::badparam);
  check_problem(**get("/v1/events?filter=("), 400, Code::badparam);
  check_problem(**get("/v1/events", "1.2.3"), 400, Code::badparam);
  BOOST_CHECK(feeds.all.empty());
}

BOOST_AUTO_TEST_SUITE_END()
