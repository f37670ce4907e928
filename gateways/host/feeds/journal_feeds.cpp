// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/feeds/journal_feeds.hpp"

#include <algorithm>
#include <utility>

#include "core/base/log.hpp"
#include "core/bus/protocol.hpp"
#include "core/event/recipients.hpp"
#include "core/subscription/test_event.hpp"

namespace sense {

struct JournalFeeds::Open {
  enum class State {
    idle,     // nothing is wanted, or may be handed out
    reading,  // a fetch is wanted or under way
    waiting,  // at the end of the journal
  };
  Open(FeedReader from, SubscriptionRef what, ServedClient whom, Handler to)
      : reader(std::move(from)),
        subscription(std::move(what)),
        client(std::move(whom)),
        handler(std::move(to)) {}

  [[nodiscard]] bool stored() const { return !subscription->id.empty(); }

  Handle handle = 0;
  FeedReader reader;
  SubscriptionRef subscription;
  ServedClient client;
  Handler handler;  // empty: closed
  OwnerKey owner = 0;
  State state = State::idle;
  std::size_t wanted = 0;
  bool listens = false;                // is in the index
  bool has_items = false;              // some were handed out since the end was reached last
  std::uint64_t listens_from = 0;      // sees each event of the stream behind this one
  std::uint64_t seen = 0;              // the last event of the stream that may be for it
  std::vector<EventRef> waiting = {};  // came during a fetch
};

// What the client of a feed holds.
class JournalFeeds::Client final : public Feed {
 public:
  Client(JournalFeeds& feeds, OpenRef feed) : feeds_(feeds), feed_(std::move(feed)) {}
  ~Client() override { feeds_.close(feed_); }
  void want(std::size_t items) override { feeds_.want(feed_, items); }
  void pause() override { feeds_.pause(feed_); }

 private:
  JournalFeeds& feeds_;
  const OpenRef feed_;
};

JournalFeeds::JournalFeeds(Dependencies dependencies, Callbacks callbacks)
    : dependencies_(std::move(dependencies)),
      callbacks_(std::move(callbacks)),
      refused_(dependencies_.counters["gateway.feeds.no-room"]),
      feeds_max_(static_cast<std::size_t>(dependencies_.host.integer("feeds-max"))),
      feeds_per_owner_max_(
          static_cast<std::size_t>(dependencies_.host.integer("feeds-per-owner-max"))),
      filters_(static_cast<std::uint64_t>(dependencies_.host.integer("filter-steps-per-owner"))) {}

JournalFeeds::~JournalFeeds() = default;

Status JournalFeeds::check_room(OwnerKey owner) const {
  if (feeds_.size() >= feeds_max_)
    return fail(Code::nomoreroom, "too many feeds are open (feeds-max); try again later");
  const auto own = by_owner_.find(owner);
  if (own == by_owner_.end() || own->second < feeds_per_owner_max_) return {};
  return fail(Code::nomoreroom, "this owner has " + std::to_string(own->second) +
                                    " feeds open already (feeds-per-owner-max); close one first");
}

Result<FeedPosition> JournalFeeds::start_of(const FeedRequest& request) {
  const auto& subscription = *request.subscription;
  if (subscription.id.empty())
    return FeedPosition{0, request.after ? request.after->sequence : callbacks_.position()};
  auto acknowledged = dependencies_.store.acknowledged(subscription.id);
  if (!acknowledged) return tl::unexpected(acknowledged.error());
  return acknowledged->value_or(FeedPosition{0, subscription.since});
}

Result<std::unique_ptr<Feed>> JournalFeeds::open(FeedRequest request, Handler handler) {
  const auto owner = owner_key(*request.subscription);
  if (auto status = check_room(owner); !status) {
    ++refused_;
    return tl::unexpected(status.error());
  }
  const auto from = start_of(request);
  if (!from) return tl::unexpected(from.error());
  const bool stored = !request.subscription->id.empty();
  auto feed = std::make_shared<Open>(FeedReader(*from, stored ? request.after : std::nullopt),
                                     std::move(request.subscription), std::move(request.client),
                                     std::move(handler));
  if (const auto acknowledged = feed->reader.acknowledged(); acknowledged && *acknowledged != *from)
    if (auto status = dependencies_.store.acknowledge(feed->subscription->id, *acknowledged);
        !status)
      return tl::unexpected(status.error());
  while (feeds_.contains(++last_handle_)) continue;
  feed->handle = last_handle_;
  feed->owner = owner;
  feeds_.emplace(feed->handle, feed);
  ++by_owner_[owner];
  if (stored) by_subscription_.emplace(feed->subscription->id, feed->handle);
  return std::make_unique<Client>(*this, std::move(feed));
}

void JournalFeeds::close(const OpenRef& feed) {
  feed->handler = {};
  if (feeds_.erase(feed->handle) == 0) return;
  listen(feed, false);
  if (const auto own = by_owner_.find(feed->owner); --own->second == 0) by_owner_.erase(own);
  const auto [first, last] = by_subscription_.equal_range(feed->subscription->id);
  for (auto each = first; each != last; ++each)
    if (each->second == feed->handle) {
      by_subscription_.erase(each);
      break;
    }
}

void JournalFeeds::want(const OpenRef& feed, std::size_t items) {
  feed->wanted += items;
  if (feed->state == Open::State::idle && feed->wanted > 0 && feed->handler) read(feed);
}

void JournalFeeds::pause(const OpenRef& feed) {
  feed->wanted = 0;
  if (feed->state == Open::State::waiting) rest(feed);
}

void JournalFeeds::rest(const OpenRef& feed) {
  feed->state = Open::State::idle;
  feed->waiting = {};
  listen(feed, false);
}

// ---- reading the journal

// Events that come during the fetch are kept, or followed by another fetch, so that none is missed
// between the two.
void JournalFeeds::read(const OpenRef& feed) {
  feed->state = Open::State::reading;
  listen(feed, true);
  queue_.push_back(feed);
  start_fetches();
}

void JournalFeeds::start_fetches() {
  while (fetching_ < fetches_max && !queue_.empty()) {
    const auto feed = std::move(queue_.front());
    queue_.pop_front();
    if (!feed->handler) continue;
    MatchIndex topics;
    topics.add(0, *feed->subscription);
    auto prefixes = topics.topic_prefixes(bus::prefixes_max);
    if (feed->stored() && prefixes.front() != "{") prefixes.push_back(std::string(test_type) + " ");
    ++fetching_;
    dependencies_.bus.fetch(
        feed->reader.position() + 1, std::move(prefixes), fetch_octets,
        [this, feed](const Result<Bus::FetchReply>& reply) {
          --fetching_;
          if (feed->handler) on_fetched(feed, reply);
          start_fetches();
        },
        feed->stored() ? ServedClient{} : feed->client);
  }
}

void JournalFeeds::on_fetched(const OpenRef& feed, const Result<Bus::FetchReply>& reply) {
  if (!reply && reply.error().code == Code::noaccess) return end(feed, reply.error());
  if (!reply)
    return callbacks_.after(retry_after, [this, feed] {
      if (feed->handler && feed->state == Open::State::reading) read(feed);
    });
  if (!pass(feed, *reply)) return;
  const auto& reader = feed->reader;
  // The stream is seen from listens_from on, so nothing is missed behind what was fetched.
  const bool caught_up =
      reader.at_end() && reader.position() >= (feed->stored() ? feed->listens_from : feed->seen);
  if (!caught_up) return read(feed);
  if (reader.asked_too_much())
    return end(feed, {Code::badparam, "after: there is no item of that number yet", "after"});
  feed->state = Open::State::waiting;
  for (const auto& event : std::exchange(feed->waiting, {}))
    if (feed->state == Open::State::waiting) take(feed, event);
  if (feed->state != Open::State::waiting || std::exchange(feed->has_items, false)) return;
  if (const auto handler = feed->handler) handler(std::vector<FeedItem>());
}

// ---- the stream

void JournalFeeds::on_event(const EventRef& event) {
  if (feeds_.empty()) return;
  filters_.on_event();
  std::vector<Handle> found;
  if (is_test(event->type)) {
    const auto [first, last] = by_subscription_.equal_range(event->subject);
    for (auto each = first; each != last; ++each) found.push_back(each->second);
  } else {
    index_.candidates(event->type, event->source, found);
  }
  for (const auto handle : found) {
    const auto held = feeds_.find(handle);
    if (held == feeds_.end() || !held->second->listens) continue;
    const OpenRef feed = held->second;
    feed->seen = event->sequence;
    if (feed->state == Open::State::waiting) {
      take(feed, event);
    } else if (feed->stored()) {
      feed->waiting.push_back(event);
      if (feed->waiting.size() <= waiting_max) continue;
      feed->waiting.clear();
      feed->listens_from = event->sequence;
    }
  }
}

void JournalFeeds::take(const OpenRef& feed, const EventRef& event) {
  if (event->sequence <= feed->reader.position()) return;
  if (!feed->stored()) return read(feed);
  Bus::FetchReply part;
  part.events = {event};
  part.next = event->sequence + 1;
  part.head = event->sequence;
  (void)pass(feed, part);
}

std::optional<bool> JournalFeeds::select(const Open& feed, const Event& event) {
  const auto& subscription = *feed.subscription;
  if (event.type.ns() == gateway_namespace || event.type.ns() == audit_namespace) return false;
  const auto names = has_recipients(event) ? dependencies_.names_of(subscription.owner)
                                           : std::vector<std::string>();
  if (subscription.filter.empty()) return matches(subscription, event, names);
  auto steps = filters_.lend(feed.owner);
  const bool matched = matches(subscription, event, steps, names);
  if (!filters_.take_back(feed.owner, steps)) return std::nullopt;
  return matched;
}

bool JournalFeeds::pass(const OpenRef& feed, const Bus::FetchReply& part) {
  const bool paused = feed->stored() && feed->subscription->state != SubscriptionState::active;
  if (!paused && feed->wanted > 0) {
    const auto before = feed->reader.acknowledged();
    auto items = feed->reader.read(part, feed->wanted, feed->subscription->delivery.expiry,
                                   dependencies_.clock.now().wall,
                                   [&](const Event& event) { return select(*feed, event); });
    if (!items) {
      end(feed, {Code::nomoreroom, std::string(filter_too_dear), "filter"});
      return false;
    }
    // What cannot be stored is handed out again.
    if (const auto now = feed->reader.acknowledged(); now && now != before)
      (void)dependencies_.store.acknowledge(feed->subscription->id, *now);
    feed->wanted -= std::min(feed->wanted, items->size());
    for (auto& item : *items) {
      if (item.event) item.event = without_recipients(std::move(item.event));
      if (!feed->stored()) item.number = item.number_last = 0;
    }
    if (!items->empty()) {
      feed->has_items = true;
      const auto handler = feed->handler;  // it may close the feed
      handler(std::move(*items));
      if (!feed->handler) return false;
    }
  }
  if (!paused && feed->wanted > 0) return true;
  rest(feed);
  return false;
}

void JournalFeeds::listen(const OpenRef& feed, bool on) {
  if (on) {
    feed->listens_from = callbacks_.position();
    feed->waiting.clear();
  }
  if (std::exchange(feed->listens, on) == on) return;
  if (!on) return index_.remove(feed->handle, *feed->subscription);
  index_.add(feed->handle, *feed->subscription);
  follow_wanted_later();
}

// Not at once: the stream may be handing out an event now.
void JournalFeeds::follow_wanted_later() {
  if (std::exchange(topics_scheduled_, true)) return;
  callbacks_.after(Duration{0}, [this] {
    topics_scheduled_ = false;
    if (callbacks_.follow_wanted()) on_restart();
  });
}

void JournalFeeds::end(const OpenRef& feed, const Error& error) {
  const auto handler = std::exchange(feed->handler, {});
  close(feed);
  if (handler) handler(error);
}

// ---- changes

void JournalFeeds::on_change(const std::string& id) {
  const auto changed = dependencies_.engine.find(id);
  if (!changed) return;
  const auto [first, last] = by_subscription_.equal_range(id);
  for (auto each = first; each != last; ++each) {
    const auto& feed = feeds_.at(each->second);
    listen(feed, false);
    feed->subscription = changed;
    if (feed->state == Open::State::reading)
      listen(feed, true);
    else if (feed->wanted > 0)
      read(feed);
  }
}

void JournalFeeds::on_end(const std::string& id, const std::string& reason) {
  if (const auto status = dependencies_.store.forget_acknowledged(id); !status)
    log::error("what a client had acknowledged cannot be removed",
               {{"subscription", id}, {"reason", status.error().message}});
  const auto [first, last] = by_subscription_.equal_range(id);
  std::vector<OpenRef> ended;
  for (auto each = first; each != last; ++each) ended.push_back(feeds_.at(each->second));
  for (const auto& feed : ended) end(feed, {Code::callbackstop, reason});
}

void JournalFeeds::on_restart() {
  std::vector<OpenRef> all;
  for (const auto& [handle, feed] : feeds_) all.push_back(feed);
  for (const auto& feed : all) {
    if (!feed->handler || feed->state == Open::State::idle) continue;
    if (feed->state == Open::State::reading)
      listen(feed, true);
    else
      read(feed);
  }
}

}  // namespace sense
