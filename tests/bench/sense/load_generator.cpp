// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/sense/load_generator.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "core/base/text.hpp"
#include "tests/bench/harness/loopback.hpp"

namespace sense::bench {

namespace {

constexpr std::size_t batch = 128;
constexpr std::size_t datagram_max = 2048;
constexpr int buffer_octets = 8 * 1024 * 1024;
constexpr auto patience = std::chrono::seconds{10};
constexpr auto ask_again = std::chrono::milliseconds{500};
constexpr std::string_view event_start = "SENSE/1 EVENT ";

in_addr address_of(unsigned client) { return {htonl((127U << 24U) + (1U << 16U) + 1 + client)}; }
unsigned client_at(in_addr address) {
  return ntohl(address.s_addr) - ((127U << 24U) + (1U << 16U) + 1);
}

// The value of a property, by "\nName: ".
std::string_view value_of(std::string_view octets, std::string_view name) {
  const auto at = octets.find(name);
  if (at == std::string_view::npos) return {};
  const auto begin = at + name.size();
  return octets.substr(begin, octets.find('\n', begin) - begin);
}

std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

union Control {
  cmsghdr header;
  std::array<char, CMSG_SPACE(sizeof(in_pktinfo))> octets;
};

}  // namespace

LoadGenerator::LoadGenerator(unsigned clients, std::uint16_t server, BadNetwork network,
                             std::atomic<std::uint64_t>& events_sent)
    : network_(network),
      server_(loopback(server)),
      events_sent_(events_sent),
      clients_(clients),
      random_(network.seed) {}

LoadGenerator::~LoadGenerator() {
  if (socket_ >= 0) ::close(socket_);
}

Status LoadGenerator::open() {
  socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  const int on = 1;
  if (socket_ < 0 || ::bind(socket_, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0 ||
      ::setsockopt(socket_, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) != 0)
    return fail(Code::system, std::string("no socket for the clients: ") + std::strerror(errno));
  if (::setsockopt(socket_, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_octets, sizeof buffer_octets) != 0)
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &buffer_octets, sizeof buffer_octets);
  return {};
}

Status LoadGenerator::register_all(const Patterns& patterns, unsigned at_once) {
  if (auto good = open(); !good) return good;
  unsigned begun = 0;
  Status good;
  std::vector<unsigned> under_way;
  moved_ = mono_now();
  while (registered_ < clients_.size()) {
    while (begun < clients_.size() && begun - registered_ < at_once) {
      under_way.push_back(begun);
      ask(begun++, patterns);
    }
    flush();
    read(ask_again, [&](unsigned client, std::string_view octets) {
      if (good) good = on_reply(client, octets, patterns);
    });
    if (!good) return good;
    const auto now = mono_now();
    if (now - moved_ > patience)
      return fail(Code::timeout,
                  "the gateway has answered no registration for " + to_text(Duration{patience}));
    std::erase_if(under_way, [&](unsigned client) {
      return clients_[client].stage == Client::Stage::registered;
    });
    for (const auto client : under_way)
      if (clients_[client].due <= now) ask(client, patterns);
  }
  return {};
}

// The first time without a cookie; a repeat keeps its tag.
void LoadGenerator::ask(unsigned client, const Patterns& patterns) {
  auto& one = clients_[client];
  const bool proved = !one.cookie.empty();
  one.stage = proved ? Client::Stage::proved : Client::Stage::asked;
  one.due = mono_now() + ask_again;
  std::string text = std::string("SENSE/1 REGISTER ") + (proved ? "s" : "r") +
                     std::to_string(client) + "\n" + patterns(client) + "Period: 3600\n";
  if (proved) text += "Cookie: " + one.cookie + "\n";
  queue(client, text + "\n");
}

Status LoadGenerator::on_reply(unsigned client, std::string_view octets, const Patterns& patterns) {
  auto& one = clients_.at(client);
  constexpr std::string_view start = "SENSE/1 REPLY ";
  if (!octets.starts_with(start) || one.stage == Client::Stage::registered) return {};
  const bool first = octets[start.size()] == 'r';
  if (first != (one.stage == Client::Stage::asked)) return {};
  moved_ = mono_now();
  if (first) {
    one.cookie = value_of(octets, "\nCookie: ");
    ask(client, patterns);
    return {};
  }
  one.subscription = value_of(octets, "\nSubscription: ");
  if (one.subscription.empty())
    return fail(Code::internalerror,
                "a registration was refused: " + printable(octets.substr(0, octets.find('\n'))) +
                    " " + printable(value_of(octets, "\nReason: ")));
  one.stage = Client::Stage::registered;
  ++registered_;
  return {};
}

void LoadGenerator::receive(const Take& take) {
  for (;;) {
    read(std::chrono::milliseconds{100},
         [&](unsigned client, std::string_view octets) { on_event(client, octets, take); });
    acknowledge();
    flush();
  }
}

void LoadGenerator::on_event(unsigned client, std::string_view octets, const Take& take) {
  if (!octets.starts_with(event_start)) return;
  auto& one = clients_.at(client);
  const auto number = number_in(value_of(octets, "\nNumber: "));
  const auto place = number / 64;
  if (place >= one.seen.size()) one.seen.resize(place + 64);
  const auto bit = std::uint64_t{1} << (number % 64);
  if ((one.seen[place] & bit) == 0) {
    one.seen[place] |= bit;
    if (const auto end = octets.find("\n\n"); end != std::string_view::npos)
      take(octets.substr(end + 2));
  }
  one.arrived.push_back(number);
  if (!std::exchange(one.touched, true)) touched_.push_back(client);
}

void LoadGenerator::acknowledge() {
  for (const auto client : touched_) {
    auto& one = clients_[client];
    one.touched = false;
    std::sort(one.arrived.begin(), one.arrived.end());
    std::string ranges;
    std::uint64_t done = 0;
    for (const auto number : one.arrived) {
      if (number <= done || ranges.size() > 500) continue;
      auto last = number;
      while (std::binary_search(one.arrived.begin(), one.arrived.end(), last + 1)) ++last;
      ranges += (ranges.empty() ? "" : ",") + std::to_string(number) + "-" + std::to_string(last);
      done = last;
    }
    one.arrived.clear();
    queue(client,
          "SENSE/1 ACK a\nSubscription: " + one.subscription + "\nNumber: " + ranges + "\n\n");
  }
  touched_.clear();
}

void LoadGenerator::read(Duration wait, const Handle& handle) {
  thread_local std::array<std::array<char, datagram_max>, batch> buffers;
  thread_local std::array<Control, batch> controls;
  std::array<mmsghdr, batch> messages{};
  std::array<iovec, batch> parts{};
  for (std::size_t i = 0; i < batch; ++i) {
    parts[i] = {buffers[i].data(), buffers[i].size()};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_control = &controls[i];
    messages[i].msg_hdr.msg_controllen = sizeof(Control);
  }
  for (const auto& late : std::exchange(in_late_, {})) handle(late.client, late.octets);
  int count = ::recvmmsg(socket_, messages.data(), batch, MSG_DONTWAIT, nullptr);
  if (count <= 0) {
    pollfd ready{socket_, POLLIN, 0};
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(wait).count();
    if (::poll(&ready, 1, static_cast<int>(ms)) <= 0) return;
    count = ::recvmmsg(socket_, messages.data(), batch, MSG_DONTWAIT, nullptr);
  }
  for (int i = 0; i < count; ++i) {
    const auto& message = messages[static_cast<std::size_t>(i)];
    const std::string_view octets(buffers[static_cast<std::size_t>(i)].data(), message.msg_len);
    for (auto* part = CMSG_FIRSTHDR(&message.msg_hdr); part != nullptr;) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(part), sizeof info);
      const auto client = client_at(info.ipi_addr);
      if (client < clients_.size()) receive_one(client, octets, handle);
      break;
    }
  }
}

void LoadGenerator::receive_one(unsigned client, std::string_view octets, const Handle& handle) {
  if (octets.starts_with(event_start)) events_sent_.fetch_add(1, std::memory_order_relaxed);
  if (network_.perfect()) return handle(client, octets);
  if (happens(network_.lost)) return;
  if (happens(network_.repeated)) handle(client, octets);
  if (happens(network_.reordered))
    in_late_.push_back({client, std::string(octets)});
  else
    handle(client, octets);
}

bool LoadGenerator::happens(double share) {
  return std::uniform_real_distribution<double>(0, 1)(random_) < share;
}

void LoadGenerator::queue(unsigned client, std::string octets) {
  if (network_.perfect()) {
    out_.push_back({client, std::move(octets)});
    return;
  }
  if (happens(network_.lost)) return;
  if (happens(network_.repeated)) out_.push_back({client, octets});
  (happens(network_.reordered) ? out_late_ : out_).push_back({client, std::move(octets)});
}

void LoadGenerator::flush() {
  std::array<mmsghdr, batch> messages{};
  std::array<iovec, batch> parts{};
  std::array<Control, batch> controls{};
  std::size_t done = 0;
  while (done < out_.size()) {
    const auto size = std::min(batch, out_.size() - done);
    for (std::size_t i = 0; i < size; ++i) {
      auto& one = out_[done + i];
      auto& header = messages[i].msg_hdr;
      parts[i] = {one.octets.data(), one.octets.size()};
      header.msg_iov = &parts[i];
      header.msg_iovlen = 1;
      header.msg_name = const_cast<sockaddr_in*>(&server_);
      header.msg_namelen = sizeof server_;
      header.msg_control = &controls[i];
      header.msg_controllen = sizeof(Control);
      auto* part = CMSG_FIRSTHDR(&header);
      part->cmsg_level = IPPROTO_IP;
      part->cmsg_type = IP_PKTINFO;
      part->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
      in_pktinfo info{};
      info.ipi_spec_dst = address_of(one.client);
      std::memcpy(CMSG_DATA(part), &info, sizeof info);
    }
    const int sent = ::sendmmsg(socket_, messages.data(), static_cast<unsigned>(size), 0);
    // What cannot be sent is as lost as a datagram that the network dropped.
    done += sent > 0 ? static_cast<std::size_t>(sent) : 1;
  }
  out_ = std::exchange(out_late_, {});
}

}  // namespace sense::bench
