// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/model/limits.hpp"

#include <algorithm>

namespace sense::datagram {

namespace {

constexpr Option option_table[] = {
    {"listen", OptionType::list, "127.0.0.1:7367",
     "Where to listen: 0.0.0.0:7367, [::]:7367, sense+dtls://0.0.0.0:7368 (DTLS 1.2), "
     "/run/sense/sense.sock (Unix), "
     "0000002a.0000c0000207.ipx:16385 (IPX), 12.34.ddp:129 (AppleTalk); port or socket 0 takes "
     "any. Options of a listener follow its address, as in \"0.0.0.0:7367 key=required "
     "dtls=required publish=no register=no from=10.0.0.0/8,192.0.2.7 rate=50\".",
     1, 16, nullptr, /*secret=*/true},
    {"ipx-port", OptionType::integer, "213",
     "UDP port of every node of the IPX network (RFC 1234).", 1, 65'535},
    {"ddp-group", OptionType::text, "239.192.76.84:1954",
     "Multicast group and port that are the LocalTalk cable; @ADDRESS behind it names the "
     "interface.",
     1, 64},
    {"keys", OptionType::path, "",
     "The file of shared keys (`sense keys shared`) of clients that sign what they send; its "
     "changes are seen while the gateway runs. Empty: no client has a key.",
     0, 0, nullptr, /*secret=*/true},
    {"key-window", OptionType::duration, "1min",
     "Largest difference between the Time of a signed message and the clock of this server.", 5,
     3'600},
    {"fetch-url", OptionType::text, "",
     "Address of the HTTP gateway as clients reach it, such as http://events.example:8080, where "
     "they fetch events that are too big for a datagram; empty: they cannot.",
     0, 200},
    {"fetch-key", OptionType::path, "",
     "The file with the key that this gateway shares with the HTTP gateway for that (its option "
     "fetch-key).",
     0, 0, nullptr, /*secret=*/true},
    {"max-subscriptions", OptionType::integer, "10000",
     "Subscriptions served at once; an eighth is for clients on this machine alone.", 1, 1'000'000},
    {"max-subscriptions-per-client", OptionType::integer, "16",
     "Subscriptions served at once for one address and port.", 1, 10'000},
    {"max-subscriptions-per-host", OptionType::integer, "2500",
     "Subscriptions that one host (of IPv6 a whole /64) or key receives or owns at once; of this "
     "machine each port is a host.",
     1, 1'000'000},
    {"max-sources-per-subscription", OptionType::integer, "64", "Source patterns in one REGISTER.",
     1, 256},
    {"max-period", OptionType::duration, "1d", "Longest lease granted.", 1, 366 * 86'400},
    {"max-retries", OptionType::integer, "14",
     "Times that one event is sent at most. Where a fifth of the datagrams is lost each way, a try "
     "fails with 1 - 0.8 * 0.8 = 0.36, and 14 in a row fail for less than one event in a million.",
     1, 30},
    {"retry-interval", OptionType::duration, "1s",
     "Wait for an acknowledgement after the first try; doubles with each, up to 32 s.", 0, 32},
    {"retry-span", OptionType::duration, "5min", "No new try later than this after the first.", 1,
     86'400},
    {"window", OptionType::integer, "32", "Unacknowledged events in flight for one subscription.",
     1, 1'024},
    {"max-message", OptionType::size, "1200",
     "Longest datagram; what is longer travels truncated (RFC 8085 advises 1200).", 1'200, 65'507},
    {"max-pending", OptionType::integer, "1000",
     "Requests in progress, and verifications in progress, at once; one address has at most a "
     "quarter of each.",
     1, 100'000},
    {"rate", OptionType::integer, "1000",
     "Requests that one address may make per second (of IPv6 a whole /64; of this machine any "
     "number); 0: no limit.",
     0, 1'000'000},
    {"burst", OptionType::integer, "2000", "Requests that one address may make at once.", 1,
     10'000'000},
    {"unproved-rate", OptionType::integer, "5000",
     "Replies sent per second to all addresses together that have not returned a cookie; 0: no "
     "limit.",
     0, 10'000'000},
    {"dtls-certificate", OptionType::path, "",
     "The certificate of this gateway for sense+dtls:// listeners, in PEM, with its chain; empty: "
     "clients there have a shared key.",
     0, 0, nullptr, /*secret=*/true},
    {"dtls-private-key", OptionType::path, "",
     "The private key of that certificate, in PEM, readable by its owner alone.", 0, 0, nullptr,
     /*secret=*/true},
    {"dtls-clients", OptionType::path, "",
     "CAs of clients, in PEM: a client without a shared key then needs a certificate of one of "
     "them; empty: it needs none.",
     0, 0, nullptr, /*secret=*/true},
    {"dtls-sessions", OptionType::integer, "1000",
     "DTLS sessions and handshakes of one listener at once; further clients get no answer.", 1,
     100'000},
    {"dtls-sessions-per-host", OptionType::integer, "64",
     "The same, of one address (of IPv6 a whole /64; of this machine each port counts alone).", 1,
     100'000},
    {"dtls-handshake", OptionType::duration, "10s", "Longest DTLS handshake.", 1, 60},
    {"dtls-idle", OptionType::duration, "1h",
     "A DTLS session ends after so long without a datagram from its client.", 1, 366 * 86'400},
};

// Shorter waits would flood the subscriber.
constexpr std::chrono::milliseconds retry_interval_min{50};

std::uint32_t count(const Settings& settings, std::string_view key) {
  return static_cast<std::uint32_t>(settings.integer(key));
}

}  // namespace

std::span<const Option> sense_options() { return option_table; }

Limits limits_of(const Settings& settings) {
  Limits limits;
  limits.max_subscriptions = count(settings, "max-subscriptions");
  limits.max_subscriptions_per_client = count(settings, "max-subscriptions-per-client");
  limits.max_subscriptions_per_host = count(settings, "max-subscriptions-per-host");
  limits.max_sources_per_subscription = count(settings, "max-sources-per-subscription");
  limits.max_period =
      std::chrono::duration_cast<std::chrono::seconds>(settings.duration("max-period"));
  limits.max_retries = count(settings, "max-retries");
  limits.retry_interval =
      std::max<Duration>(settings.duration("retry-interval"), retry_interval_min);
  limits.retry_span = settings.duration("retry-span");
  limits.window = count(settings, "window");
  limits.max_message = static_cast<std::size_t>(settings.size("max-message"));
  limits.max_pending = count(settings, "max-pending");
  limits.rate = count(settings, "rate");
  limits.burst = count(settings, "burst");
  limits.unproved_rate = count(settings, "unproved-rate");
  limits.key_window =
      std::chrono::duration_cast<std::chrono::seconds>(settings.duration("key-window"));
  limits.dtls_sessions = count(settings, "dtls-sessions");
  limits.dtls_sessions_per_host = count(settings, "dtls-sessions-per-host");
  limits.dtls_handshake =
      std::chrono::duration_cast<std::chrono::seconds>(settings.duration("dtls-handshake"));
  limits.dtls_idle =
      std::chrono::duration_cast<std::chrono::seconds>(settings.duration("dtls-idle"));
  return limits;
}

std::vector<std::pair<std::string, std::string>> Limits::shown() const {
  return {{"max-subscriptions", std::to_string(max_subscriptions)},
          {"max-subscriptions-per-client", std::to_string(max_subscriptions_per_client)},
          {"max-subscriptions-per-host", std::to_string(max_subscriptions_per_host)},
          {"max-sources-per-subscription", std::to_string(max_sources_per_subscription)},
          {"max-period", std::to_string(max_period.count())},
          {"max-retries", std::to_string(max_retries)},
          {"retry-interval", seconds_text(retry_interval)},
          {"retry-span", seconds_text(retry_span)},
          {"window", std::to_string(window)},
          {"max-message", std::to_string(max_message)},
          {"max-pending", std::to_string(max_pending)},
          {"rate", std::to_string(rate)},
          {"burst", std::to_string(burst)},
          {"unproved-rate", std::to_string(unproved_rate)},
          {"key-window", std::to_string(key_window.count())},
          {"dtls-sessions", std::to_string(dtls_sessions)},
          {"dtls-sessions-per-host", std::to_string(dtls_sessions_per_host)},
          {"dtls-handshake", std::to_string(dtls_handshake.count())},
          {"dtls-idle", std::to_string(dtls_idle.count())}};
}

Duration Limits::pause_after(std::uint32_t attempt) const {
  return datagram::pause_after(retry_interval, attempt);
}

std::uint32_t Limits::tries() const {
  Duration begun{0};
  std::uint32_t tries = 1;
  while (tries < max_retries && (begun += pause_after(tries)) <= retry_span) ++tries;
  return tries;
}

std::uint32_t Limits::pending_per_host() const {
  constexpr std::uint32_t least = 16;
  return std::max(max_pending / 4, std::min(max_pending, least));
}

std::string seconds_text(Duration duration) {
  auto text = std::to_string(duration / std::chrono::seconds{1});
  auto fraction = std::to_string(duration % std::chrono::seconds{1} / Duration{1});
  if (fraction == "0") return text;
  fraction.insert(0, 6 - fraction.size(), '0');
  return text + "." + fraction.substr(0, fraction.find_last_not_of('0') + 1);
}

}  // namespace sense::datagram
