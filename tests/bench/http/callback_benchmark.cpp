// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/http/callback_benchmark.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cli/listen/http_receiver.hpp"
#include "core/base/text.hpp"
#include "core/subscription/webhook_secrets.hpp"
#include "tests/bench/harness/work_folder.hpp"
#include "tests/bench/http/bus_client.hpp"
#include "tests/bench/http/http_service.hpp"
#include "tests/bench/http/nginx.hpp"
#include "tests/bench/report/statistics.hpp"

namespace sense::bench {

namespace {

constexpr unsigned callback_connections = 64;
constexpr auto callback_tick = std::chrono::milliseconds{20};

std::string callback_type() { return "{urn:example:bench}callback"; }

Event callback_event(std::uint64_t number, std::string data) {
  Event event;
  event.id = "event-" + std::to_string(number);
  event.type = *QName::parse(callback_type());
  event.source = "//bench.example/1";
  event.datacontenttype = "text/plain";
  event.data = std::move(data);
  return event;
}

// Signed, with as many attempts in flight as an endpoint may have and as many waiting.
Subscription callback_subscription(const std::string& callback) {
  Subscription subscription;
  subscription.id = "s-1";
  subscription.types = {*TypePattern::parse(callback_type())};
  subscription.callback = callback;
  subscription.delivery.window = 4 * callback_connections;
  subscription.secrets.edit().current = make_webhook_secret();
  return subscription;
}

// Repeats a request like those of the gateway over each of 64 connections.
class BareCallbacks {
 public:
  explicit BareCallbacks(const std::string& url) : multi_(::curl_multi_init()) {
    for (const auto* line :
         {"ce-specversion: 1.0", "ce-id: event-1", "ce-type: {urn:example:bench}callback",
          "ce-source: //bench.example/1", "content-type: text/plain", "sense-subscription: s-1",
          "sense-number: 1", "sense-attempt: 1", "webhook-id: event-1",
          "webhook-timestamp: 1700000000",
          "webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="})
      headers_ = ::curl_slist_append(headers_, line);
    for (unsigned i = 0; i < callback_connections; ++i) {
      auto* easy = ::curl_easy_init();
      ::curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
      ::curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
      ::curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, std::string(256, 'x').c_str());
      ::curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
      ::curl_multi_add_handle(multi_, easy);
      easy_.push_back(easy);
    }
  }
  ~BareCallbacks() {
    for (auto* easy : easy_) {
      ::curl_multi_remove_handle(multi_, easy);
      ::curl_easy_cleanup(easy);
    }
    ::curl_multi_cleanup(multi_);
    ::curl_slist_free_all(headers_);
  }
  BareCallbacks(const BareCallbacks&) = delete;
  BareCallbacks& operator=(const BareCallbacks&) = delete;

  // Requests that were answered with 204 in that time.
  Result<std::uint64_t> run(Duration time) {
    std::uint64_t done = 0;
    const auto until = mono_now() + time;
    while (mono_now() < until) {
      int running = 0, left = 0;
      ::curl_multi_perform(multi_, &running);
      while (const auto* message = ::curl_multi_info_read(multi_, &left)) {
        auto* easy = message->easy_handle;
        long status = 0;
        ::curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        if (message->data.result != CURLE_OK || status != 204)
          return fail(Code::protoerror, "libcurl alone: " + std::to_string(message->data.result) +
                                            ", HTTP " + std::to_string(status));
        ++done;
        ::curl_multi_remove_handle(multi_, easy);
        ::curl_multi_add_handle(multi_, easy);
      }
      ::curl_multi_poll(multi_, nullptr, 0, 0, nullptr);
    }
    return done;
  }

 private:
  CURLM* multi_;
  curl_slist* headers_ = nullptr;
  std::vector<CURL*> easy_;
};

class CallbackRun {
 public:
  explicit CallbackRun(const MetricOptions& options) : options_(options), service_(options) {}

  Result<CallbackRates> rates(bool bare_first) {
    if (!Nginx::is_installed())
      return fail(Code::noserver,
                  "nginx is not installed; tests/bench/packages.txt names what is measured beside");
    CallbackRates rates;
    Nginx nginx(service_.children());
    if (auto good = service_.start(); !good) return tl::unexpected(good.error());
    if (auto good = nginx.start(); !good) return tl::unexpected(good.error());
    if (auto good = client_.connect(); !good) return tl::unexpected(good.error());
    for (const bool bare : {bare_first, !bare_first}) {
      const auto rate = bare ? measure_bare(nginx) : measure_sense(nginx);
      if (!rate) return fail(rate.error().code, rate.error().message + last_words_of_servers());
      (bare ? rates.bare : rates.sense) = *rate;
    }
    return rates;
  }

  Result<double> latency() {
    if (auto good = service_.start(); !good) return tl::unexpected(good.error());
    if (auto good = client_.connect(); !good) return tl::unexpected(good.error());
    auto receiver = cli::HttpReceiver::open(client_.io(), "http://127.0.0.1:0/hook",
                                            [this](const auto& event) { on_event(event); });
    if (!receiver) return tl::unexpected(receiver.error());
    if (auto good = subscribe((*receiver)->callback()); !good) return tl::unexpected(good.error());
    if (auto good = publish_at_rate(); !good)
      return fail(good.error().code, good.error().message + last_words_of_servers());
    std::sort(samples_.begin(), samples_.end());
    return percentile(samples_, 0.99);
  }

 private:
  Status subscribe(const std::string& callback) {
    client_.put(callback_subscription(callback));
    if (auto good = client_.run_until([&] { return client_.unanswered() == 0; }, "answers"); !good)
      return good;
    // The gateway reads the registry's change.
    return client_.run_for(std::chrono::seconds{2});
  }

  Result<double> measure_bare(Nginx& nginx) {
    const Duration time = std::chrono::seconds{options_.quick ? 1 : 10};
    BareCallbacks bare(nginx.hook());
    const auto begin = mono_now();
    const auto done = bare.run(time);
    if (!done) return tl::unexpected(done.error());
    return static_cast<double>(*done) / std::chrono::duration<double>(mono_now() - begin).count();
  }

  Result<double> measure_sense(Nginx& nginx) {
    const std::uint64_t events = options_.quick ? 2'000 : 100'000;
    if (auto good = subscribe(nginx.hook()); !good) return tl::unexpected(good.error());
    const auto before = nginx.answered();
    if (!before) return tl::unexpected(before.error());
    const auto begin = mono_now();
    for (std::uint64_t i = 0; i < events; ++i) {
      client_.publish(callback_event(i, std::string(256, 'x')));
      const auto good =
          client_.unanswered() < 10'000
              ? Status()
              : client_.run_until([&] { return client_.unanswered() < 1'000; }, "events stored");
      if (!good) return tl::unexpected(good.error());
    }
    Status failed;
    std::uint64_t answered = 0;
    MonoTime end{}, asked{};
    const auto all_answered = [&] {
      if (mono_now() - asked < callback_tick) return false;
      asked = mono_now();
      const auto count = nginx.answered();
      if (!count) failed = tl::unexpected(count.error());
      if (!failed) return true;
      answered = *count - *before;
      end = mono_now();
      return answered >= events;
    };
    // Each wait is bounded; they go on as long as callbacks come.
    for (std::uint64_t last = 0;; last = answered) {
      const auto good = client_.run_until(all_answered, "callbacks answered");
      if (!failed) return tl::unexpected(failed.error());
      if (good) break;
      if (answered == last) return tl::unexpected(good.error());
    }
    return static_cast<double>(answered) / std::chrono::duration<double>(end - begin).count();
  }

  // Open loop: events leave at their times, whatever became of those before.
  Status publish_at_rate() {
    const std::size_t events = std::size_t{callback_rate} * (options_.quick ? 1 : 20);
    const auto begin = mono_now();
    for (std::size_t sent = 0; sent < events; ++sent) {
      const auto due = begin + Duration{std::chrono::seconds{1}} * sent / callback_rate;
      if (auto good = client_.run_for(due - mono_now()); !good) return good;
      client_.publish(callback_event(sent, std::to_string(due.time_since_epoch().count())));
    }
    return client_.run_until([&] { return samples_.size() >= events; }, "callbacks have arrived");
  }

  void on_event(const cli::ReceivedEvent& event) {
    const auto due = parse_integer<std::int64_t>(event.data);
    if (!due) return;
    samples_.push_back(static_cast<double>(mono_now().time_since_epoch().count() - *due) / 1000);
  }

  const MetricOptions& options_;
  HttpService service_;
  BusClient client_{service_.children()};
  std::vector<double> samples_;
};

}  // namespace

Result<CallbackRates> measure_callbacks(const MetricOptions& options, bool bare_first) {
  return CallbackRun(options).rates(bare_first);
}

Result<double> measure_callback_latency(const MetricOptions& options) {
  return CallbackRun(options).latency();
}

}  // namespace sense::bench
