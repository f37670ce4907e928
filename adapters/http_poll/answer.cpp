// SPDX-License-Identifier: Apache-2.0
#include "adapters/http_poll/answer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "adapters/http_poll/json_value.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/egress/http_date.hpp"

namespace sense::http_poll {

namespace {

constexpr const char* octets_type = "application/octet-stream";
// A header of this length was cut: it is not used.
constexpr std::size_t header_cut = 1024;

std::string header_of(const TransferReply& reply, std::string_view name) {
  const auto* value = reply.header(name);
  return value == nullptr || value->size() >= header_cut ? std::string() : *value;
}

Finding failed(Failure failure, std::string why) {
  Finding finding;
  finding.failure = failure;
  finding.why = std::move(why);
  return finding;
}

Finding failed(const Error& error) {
  switch (error.code) {
    case Code::noaccess: return failed(Failure::denied, error.message);
    case Code::timeout: return failed(Failure::timeout, error.message);
    default: return failed(Failure::connection, error.message);
  }
}

// Sent back as it is, so it must be one (RFC 9110 section 8.8.3).
std::string etag_of(const TransferReply& reply) {
  const auto text = header_of(reply, "etag");
  const auto opaque = std::string_view(text).substr(text.starts_with("W/") ? 2 : 0);
  const bool quoted = opaque.size() >= 2 && opaque.front() == '"' && opaque.back() == '"';
  const bool good = quoted && std::none_of(text.begin(), text.end(), is_control);
  return good ? text : std::string();
}

std::string last_modified_of(const TransferReply& reply) {
  const auto text = header_of(reply, "last-modified");
  const bool good =
      parse_http_date(text).has_value() && std::none_of(text.begin(), text.end(), is_control);
  return good ? text : std::string();
}

// The value of max-age of Cache-Control (RFC 9111 section 5.2.2.1).
std::optional<std::int64_t> max_age_in(std::string_view text) {
  for (const auto piece : split(text, ',')) {
    const auto directive = lower(trim(piece));
    if (directive == "no-cache" || directive == "no-store") return std::nullopt;
  }
  constexpr std::string_view name = "max-age=";
  for (const auto piece : split(text, ',')) {
    const auto directive = lower(trim(piece));
    if (directive.starts_with(name))
      return parse_integer<std::int64_t>(std::string_view(directive).substr(name.size(), 9), 0);
  }
  return std::nullopt;
}

std::optional<Duration> wanted_by(const TransferReply& reply, WallTime now) {
  std::optional<Duration> wanted;
  if (const auto* after = reply.header("retry-after")) wanted = parse_retry_after(*after, now);
  const auto* control = reply.header("cache-control");
  const auto max_age = control != nullptr ? max_age_in(*control) : std::nullopt;
  if (!max_age) return wanted;
  // What a cache on the way has used up of it already.
  const auto age = parse_integer<std::int64_t>(header_of(reply, "age"), 0).value_or(0);
  const Duration rest = std::chrono::seconds{std::max<std::int64_t>(0, *max_age - age)};
  return std::max(wanted.value_or(Duration{}), rest);
}

std::string media_type_of(const TransferReply& reply) {
  auto type = header_of(reply, "content-type");
  return type.empty() || !valid_text(type) ? octets_type : type;
}

// The event that tells of this, unless the last one did.
Finding found(const Known& known, Known next, Content content, WallTime now) {
  const bool same = known.sequence != 0 && known.digest == next.digest &&
                    known.there() == (next.change != Change::vanished);
  if (same) {
    next.sequence = known.sequence;
    next.change = known.change;
    next.time = known.time;
  } else {
    next.sequence = known.sequence + 1;
    next.time = now;
    if (next.change != Change::vanished)
      next.change = known.there() ? Change::changed : Change::appeared;
  }
  Finding finding;
  finding.kind = same && known.acknowledged ? Finding::Kind::unchanged : Finding::Kind::changed;
  next.acknowledged = finding.kind == Finding::Kind::unchanged;
  finding.known = std::move(next);
  finding.content = std::move(content);
  return finding;
}

Finding judge_absent(const Known& known, unsigned status, WallTime now) {
  if (known.sequence == 0)
    return failed(Failure::status,
                  "it answers " + std::to_string(status) + ", and was not there before either");
  Known next;
  next.change = Change::vanished;
  auto finding = found(known, std::move(next), {}, now);
  if (finding.kind == Finding::Kind::unchanged) finding.kind = Finding::Kind::absent;
  return finding;
}

// Too long to be read: its validators stand for it.
Finding judge_too_long(const Known& known, Known next, const TransferReply& reply,
                       const std::string& pointer, WallTime now) {
  const auto validators = next.etag + '\n' + next.last_modified;
  if (!pointer.empty() || validators.size() == 1)
    return failed(Failure::too_long, "its content is longer than body-max, " +
                                         std::to_string(reply.body.size()) + " octets");
  next.digest = "validators " + sha256_hex(validators);
  return found(known, std::move(next), {media_type_of(reply), "", true}, now);
}

Finding judge_content(const Resource& resource, const Known& known, const TransferReply& reply,
                      const ContentLimits& limits, WallTime now) {
  Known next;
  next.etag = etag_of(reply);
  next.last_modified = last_modified_of(reply);
  const auto coding = lower(header_of(reply, "content-encoding"));
  if (!coding.empty() && coding != "identity")
    return failed(Failure::body, "its content is compressed (" + printable(coding.substr(0, 50)) +
                                     "), which it was asked not to be");
  if (!reply.body_ended && reply.body.size() >= limits.body_max)
    return judge_too_long(known, std::move(next), reply, resource.pointer, now);
  if (!reply.body_ended)
    return failed(Failure::body, "its content was cut off, or did not end in time");
  Content content{media_type_of(reply), reply.body, false};
  if (!resource.pointer.empty()) {
    auto value = json_value(reply.body, resource.pointer);
    if (!value)
      return failed(value.error().code == Code::notfound ? Failure::pointer : Failure::json,
                    value.error().message);
    content = {"application/json", std::move(*value), false};
  }
  next.digest = sha256_hex(content.data);
  content.reference = content.data.size() > limits.data_max;
  if (content.reference) content.data.clear();
  return found(known, std::move(next), std::move(content), now);
}

Finding judge_reply(const Resource& resource, const Known& known, const TransferReply& reply,
                    const ContentLimits& limits, WallTime now) {
  const auto status = std::to_string(reply.status);
  if (reply.status == 200) return judge_content(resource, known, reply, limits, now);
  if (reply.status == 404 || reply.status == 410) return judge_absent(known, reply.status, now);
  if (reply.status == 304 && request_headers(known).size() > 1) {
    Finding finding;
    finding.kind = Finding::Kind::unchanged;
    finding.known = known;
    return finding;
  }
  if (reply.status > 300 && reply.status < 400 && reply.status != 304)
    return failed(Failure::redirect, "it answers " + status +
                                         ", a redirection, which is not followed: configure the "
                                         "URL that it leads to");
  return failed(Failure::status, "it answers " + status);
}

}  // namespace

const char* failure_name(Failure failure) {
  constexpr std::array<const char*, failure_kinds> names = {
      "connection", "denied", "timeout", "redirect", "status", "too-long",
      "body",       "json",   "pointer", "secret",   "state",  "publish"};
  return names[static_cast<std::size_t>(failure)];
}

std::vector<std::string> judged_headers() {
  return {"etag",          "last-modified", "content-type", "content-encoding",
          "cache-control", "age",           "retry-after"};
}

std::vector<std::pair<std::string, std::string>> request_headers(const Known& known) {
  std::vector<std::pair<std::string, std::string>> headers = {{"accept-encoding", "identity"}};
  // What is not acknowledged has to be seen again: the server may be back at what was before.
  if (!known.there() || !known.acknowledged) return headers;
  if (!known.etag.empty()) headers.emplace_back("if-none-match", known.etag);
  if (!known.last_modified.empty()) headers.emplace_back("if-modified-since", known.last_modified);
  return headers;
}

Finding judge(const Resource& resource, const Known& known, const Result<TransferReply>& reply,
              const ContentLimits& limits, WallTime now) {
  if (!reply) return failed(reply.error());
  auto finding = judge_reply(resource, known, *reply, limits, now);
  finding.wanted = wanted_by(*reply, now);
  return finding;
}

Result<Event> event_of(const Resource& resource, const Known& known, const Content& content) {
  constexpr std::array<const char*, 3> changes = {"appeared", "changed", "vanished"};
  const std::string change = changes[static_cast<std::size_t>(known.change)];
  Event event;
  event.id = sha256_hex(resource.key() + '\n' + std::to_string(known.sequence) + '\n' + change +
                        '\n' + known.digest)
                 .substr(0, 40);
  event.type = resource.type;
  event.source = resource.source;
  event.subject = resource.subject;
  event.time = known.time;
  event.extensions["change"] = change;
  if (content.reference) event.extensions["dataref"] = resource.url;
  event.datacontenttype = content.type;
  event.data = content.data;
  if (auto good = validate(event); !good) return tl::unexpected(good.error());
  return event;
}

}  // namespace sense::http_poll
