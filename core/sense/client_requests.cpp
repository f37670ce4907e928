// SPDX-License-Identifier: Apache-2.0
#include "core/sense/client_requests.hpp"

#include <algorithm>

#include "core/sense/pause.hpp"

namespace sense::datagram {

namespace {

constexpr std::size_t cookie_length_max = 256;
constexpr std::uint32_t restarts_max = 3;

bool needs_cookie(const Message& request, const Message& reply) {
  if (!reply.has("Cookie")) return false;
  const bool listing = request.kind == Kind::sources || request.kind == Kind::parameters;
  return reply.code == Code::noaccess ||
         (listing && reply.code == Code::noerror && reply.data.empty());
}

}  // namespace

std::string ClientRequests::next_tag() { return options_.tag_prefix + std::to_string(++tags_); }

bool ClientRequests::start(ClientRequest request, Timestamp now, std::vector<std::string>& send) {
  if (under_way_.size() >= requests_max) return false;
  UnderWay one;
  one.request = std::move(request);
  one.tag = next_tag();
  this->send(one, now, send);
  under_way_.push_back(std::move(one));
  return true;
}

void ClientRequests::send(UnderWay& one, Timestamp now, std::vector<std::string>& send) {
  Message message = one.request.message;
  message.tag = one.tag;
  if (!cookie_.empty()) message.add("Cookie", cookie_);
  ++one.sent;
  one.due = now.mono + pause_after(options_.retry_interval, one.sent);
  send.push_back(signer_.octets_of(message, now));
}

// With a new tag: to a repeated tag the server repeats its reply.
bool ClientRequests::restart(UnderWay& one, const Message& reply, bool authenticated, Timestamp now,
                             std::vector<std::string>& send) {
  if (one.restarts >= restarts_max) return false;
  if (!(authenticated && signer_.correct_clock(reply, now)) &&
      !needs_cookie(one.request.message, reply))
    return false;
  ++one.restarts;
  one.tag = next_tag();
  one.sent = 0;
  this->send(one, now, send);
  return true;
}

ClientRequests::Reply ClientRequests::on_reply(const Message& reply, bool authenticated,
                                               Timestamp now, std::vector<std::string>& send) {
  const auto found = std::find_if(under_way_.begin(), under_way_.end(),
                                  [&](const UnderWay& one) { return one.tag == reply.tag; });
  if (found == under_way_.end()) return {};
  const auto cookie = reply.text("Cookie");
  if (!cookie.empty() && cookie.size() <= cookie_length_max) cookie_ = cookie;
  if (restart(*found, reply, authenticated, now, send)) return {true, std::nullopt};
  auto request = std::move(found->request);
  under_way_.erase(found);
  return {true, std::move(request)};
}

std::vector<ClientRequest> ClientRequests::on_timer(Timestamp now, std::vector<std::string>& send) {
  std::vector<ClientRequest> unanswered;
  for (auto one = under_way_.begin(); one != under_way_.end();) {
    if (one->due <= now.mono && one->sent >= options_.tries) {
      unanswered.push_back(std::move(one->request));
      one = under_way_.erase(one);
      continue;
    }
    if (one->due <= now.mono) this->send(*one, now, send);
    ++one;
  }
  return unanswered;
}

std::optional<MonoTime> ClientRequests::next_timer() const {
  std::optional<MonoTime> next;
  for (const auto& one : under_way_) next = next ? std::min(*next, one.due) : one.due;
  return next;
}

void ClientRequests::drop(Kind kind) {
  std::erase_if(under_way_, [&](const UnderWay& one) { return one.request.message.kind == kind; });
}

}  // namespace sense::datagram
