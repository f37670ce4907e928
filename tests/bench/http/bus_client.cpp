// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/http/bus_client.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace sense::bench {

namespace {

constexpr auto tick = std::chrono::milliseconds{20};
constexpr auto client_patience = std::chrono::seconds{30};

}  // namespace

BusClient::~BusClient() {
  if (bus_) bus_->close();
}

Status BusClient::connect() {
  BusOptions options;
  options.service = "ipc://service";
  options.events = "ipc://events";
  options.executor = [this](std::function<void()> task) {
    boost::asio::post(io_, std::move(task));
  };
  auto bus = connect_zmq_bus(std::move(options));
  if (!bus) return tl::unexpected(bus.error());
  bus_ = std::move(*bus);
  return {};
}

void BusClient::put(Subscription subscription) {
  subscription.owner = "local";
  subscription.period = std::chrono::hours{1};
  subscription.created = subscription.updated = system_clock().now().wall;
  subscription.expires = subscription.created + subscription.period;
  subscription.state = SubscriptionState::active;
  ++unanswered_;
  bus_->registry_put({"subscription", subscription.id, 0, to_json(subscription, true)}, "created",
                     [this](const Result<std::uint64_t>& answer) {
                       --unanswered_;
                       if (!answer) failure_ = tl::unexpected(answer.error());
                     });
}

void BusClient::publish(Event event) {
  ++unanswered_;
  bus_->publish(std::move(event), [this](const Result<Receipt>& receipt) {
    --unanswered_;
    if (!receipt) failure_ = tl::unexpected(receipt.error());
  });
}

Status BusClient::run_for(Duration time) {
  const auto until = mono_now() + time;
  do {
    if (auto good = run_once(std::min<Duration>(until - mono_now(), tick)); !good) return good;
  } while (mono_now() < until);
  return {};
}

Status BusClient::run_until(const std::function<bool()>& condition, const std::string& what) {
  const auto until = mono_now() + client_patience;
  while (!condition()) {
    if (mono_now() > until)
      return fail(Code::timeout,
                  "not all " + what + " within " + to_text(Duration{client_patience}));
    if (auto good = run_once(tick); !good) return good;
  }
  return failure_;
}

Status BusClient::run_once(Duration most) {
  if (most > Duration{0}) io_.run_one_for(most);
  io_.poll();
  io_.restart();
  if (!failure_) return failure_;
  if (const auto now = mono_now(); now - looked_ > tick) {
    looked_ = now;
    return children_.pause(Duration{0});
  }
  return {};
}

}  // namespace sense::bench
