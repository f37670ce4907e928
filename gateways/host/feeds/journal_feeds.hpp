// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/counters.hpp"
#include "core/config/settings.hpp"
#include "gateways/api/feeds.hpp"
#include "gateways/host/engine/engine.hpp"
#include "gateways/host/feeds/feed_reader.hpp"
#include "gateways/host/store/gateway_store.hpp"

namespace sense {

// The feeds of one gateway. A feed that has been asked for items reads the journal; once it is at
// its end, events of a subscription come from the gateway's own stream, without a request to the
// broker, and those of a selection are fetched with the client's rights when the stream has one
// that fits. A feed that nothing is wanted of holds no events. Reactor thread only; all arguments
// must outlive it, it must outlive its feeds, and no answer of the bus may come after its end.
class JournalFeeds final : public Feeds {
 public:
  static constexpr std::size_t fetches_max = 64;  // under way at once; the others wait in line
  static constexpr std::size_t fetch_octets = 256 * 1024;
  static constexpr std::size_t waiting_max = 1'000;  // events of the stream during a fetch
  static constexpr Duration retry_after = std::chrono::seconds{1};

  struct Dependencies {
    Bus& bus;
    const Engine& engine;  // has the subscriptions
    GatewayStore& store;   // keeps what was acknowledged
    const Clock& clock;
    Counters& counters;
    const Settings& host;  // gateway_host_options()
    // What an event's audience may call that owner.
    std::function<std::vector<std::string>(const std::string& owner)> names_of;
  };
  struct Callbacks {
    // The last event of the gateway's stream that was handed out here.
    std::function<std::uint64_t()> position;
    // The stream is to have topic_prefixes(). True when it began anew for that.
    std::function<bool()> follow_wanted;
    std::function<void(Duration, std::function<void()>)> after;  // runs a task after a pause
  };
  JournalFeeds(Dependencies dependencies, Callbacks callbacks);
  ~JournalFeeds() override;

  [[nodiscard]] Result<std::unique_ptr<Feed>> open(FeedRequest request, Handler handler) override;

  // The next event of the stream, of the topics that are wanted.
  void on_event(const EventRef& event);
  // That subscription has changed.
  void on_change(const std::string& subscription);
  // It has ended: its feeds do, and what was acknowledged is forgotten.
  void on_end(const std::string& subscription, const std::string& reason);
  // The stream has begun anew, or has lost events.
  void on_restart();
  // As Engine::topic_prefixes, for the feeds that wait for an event.
  [[nodiscard]] std::vector<std::string> topic_prefixes(std::size_t max) const {
    return index_.topic_prefixes(max);
  }
  [[nodiscard]] std::size_t count() const { return feeds_.size(); }

 private:
  using Handle = MatchIndex::Handle;
  struct Open;
  class Client;
  using OpenRef = std::shared_ptr<Open>;

  [[nodiscard]] Result<FeedPosition> start_of(const FeedRequest& request);
  [[nodiscard]] Status check_room(OwnerKey owner) const;
  void want(const OpenRef& feed, std::size_t items);
  void pause(const OpenRef& feed);
  void close(const OpenRef& feed);
  void rest(const OpenRef& feed);

  void read(const OpenRef& feed);
  void start_fetches();
  void on_fetched(const OpenRef& feed, const Result<Bus::FetchReply>& reply);
  void take(const OpenRef& feed, const EventRef& event);
  // Passes on what is wanted of that part. False: the feed reads no further for now.
  [[nodiscard]] bool pass(const OpenRef& feed, const Bus::FetchReply& part);
  void end(const OpenRef& feed, const Error& error);
  void listen(const OpenRef& feed, bool on);
  void follow_wanted_later();
  [[nodiscard]] std::optional<bool> select(const Open& feed, const Event& event);

  Dependencies dependencies_;
  Callbacks callbacks_;
  Counters::Counter& refused_;
  std::size_t feeds_max_;
  std::size_t feeds_per_owner_max_;
  std::map<Handle, OpenRef> feeds_;
  Handle last_handle_ = 0;
  std::unordered_map<OwnerKey, std::size_t> by_owner_;
  std::multimap<std::string, Handle, std::less<>> by_subscription_;
  MatchIndex index_;  // of those that listen
  FilterBudget filters_;
  std::deque<OpenRef> queue_;  // wait for a fetch
  std::size_t fetching_ = 0;
  bool topics_scheduled_ = false;
};

}  // namespace sense
