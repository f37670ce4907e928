// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/fake_sense_server.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

namespace sense::test {

using datagram::Kind;
using datagram::Message;

namespace {

constexpr const char* cookie = "shown-to-be-there";

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = ::htons(port);
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

FakeSenseServer::FakeSenseServer(Answer answer, std::uint16_t port) : answer_(std::move(answer)) {
  socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  auto address = loopback(port);
  socklen_t size = sizeof address;
  BOOST_REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  BOOST_REQUIRE(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ::ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

FakeSenseServer::~FakeSenseServer() {
  stop_ = true;
  thread_.join();
  ::close(socket_);
}

void FakeSenseServer::run() {
  std::string buffer(65'536, '\0');
  while (!stop_) {
    pollfd ready{socket_, POLLIN, 0};
    if (::poll(&ready, 1, 20) <= 0) continue;
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const auto got = ::recvfrom(socket_, buffer.data(), buffer.size(), 0,
                                reinterpret_cast<sockaddr*>(&from), &size);
    if (got <= 0) continue;
    for (const auto& octets : take(buffer.substr(0, static_cast<std::size_t>(got))))
      (void)::sendto(socket_, octets.data(), octets.size(), 0, reinterpret_cast<sockaddr*>(&from),
                     size);
  }
}

std::vector<std::string> FakeSenseServer::take(const std::string& octets) {
  const auto message = datagram::parse(octets);
  if (!message) return {};
  if (message->kind != Kind::ack && message->text("Cookie") != cookie) {
    const bool listing = message->kind == Kind::sources || message->kind == Kind::parameters;
    return {reply_to(*message, {{"Cookie", cookie}}, {}, listing ? Code::noerror : Code::noaccess)};
  }
  // Rule 8: what was answered is answered alike, and happens once.
  const auto before = answered_.find(message->tag);
  if (before != answered_.end()) return before->second;
  {
    const std::lock_guard lock(mutex_);
    received_.push_back(*message);
  }
  auto answers = answer_(*message);
  if (!answers.empty() && message->kind != Kind::ack) answered_.emplace(message->tag, answers);
  return answers;
}

std::vector<Message> FakeSenseServer::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

std::vector<Message> FakeSenseServer::received(Kind kind) const {
  auto messages = received();
  std::erase_if(messages, [&](const Message& message) { return message.kind != kind; });
  return messages;
}

std::string reply_to(const Message& request, const Properties& properties, const std::string& data,
                     Code code) {
  auto reply = datagram::make_reply(request.tag, code);
  for (const auto& [name, value] : properties) reply.add(name, value);
  reply.data = data;
  return datagram::serialize(reply);
}

std::uint16_t closed_port() {
  return FakeSenseServer([](const Message&) { return std::vector<std::string>(); }).port();
}

}  // namespace sense::test
