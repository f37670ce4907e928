// SPDX-License-Identifier: Apache-2.0
#include "core/sense/transport/socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace sense::datagram {

namespace {

constexpr std::size_t batch_max = 256;
constexpr std::size_t batch_min = 16;
constexpr std::size_t inbox_octets = 1024 * 1024;
constexpr std::size_t inbox_each_min = 1024;  // no frame of LocalTalk is longer
constexpr std::size_t outbox_octets = 256 * 1024;
// Datagrams per turn; then other work of the reactor runs.
constexpr std::size_t datagrams_per_turn_max = 1024;

bool is_unreachable(int error) { return error == ECONNREFUSED || error == ENOENT; }

}  // namespace

// The vectors of recvmmsg, over one buffer. Allocated once: receiving allocates nothing.
struct SocketTransport::Inbox {
  struct alignas(cmsghdr) Control {
    std::array<char, CMSG_SPACE(sizeof(std::uint32_t))> octets;
  };

  explicit Inbox(std::size_t octets_each)
      : each(octets_each),
        slots(std::clamp(inbox_octets / octets_each, batch_min, batch_max)),
        octets(slots * each),
        messages(slots),
        pieces(slots),
        from(slots),
        controls(slots),
        datagrams(slots) {
    for (std::size_t i = 0; i < slots; ++i) {
      pieces[i] = {octets.data() + i * each, each};
      messages[i].msg_hdr.msg_iov = &pieces[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    prepare(slots);
  }
  // Resets the headers, which the system has changed, for the next call.
  void prepare(std::size_t used) {
    for (std::size_t i = 0; i < used; ++i) {
      auto& header = messages[i].msg_hdr;
      header.msg_name = &from[i].any;
      header.msg_namelen = sizeof(from[i].path);
      header.msg_control = controls[i].octets.data();
      header.msg_controllen = controls[i].octets.size();
      header.msg_flags = 0;
    }
  }

  std::size_t each;
  std::size_t slots;
  std::vector<char> octets;
  std::vector<mmsghdr> messages;
  std::vector<iovec> pieces;
  std::vector<SocketAddress> from;
  std::vector<Control> controls;
  std::vector<Datagram> datagrams;
};

// Queued datagrams, in one buffer.
struct SocketTransport::Outbox {
  explicit Outbox(std::size_t longest)
      : octets(std::max(outbox_octets, longest)),
        messages(batch_max),
        pieces(batch_max),
        to(batch_max) {
    for (std::size_t i = 0; i < batch_max; ++i) {
      messages[i].msg_hdr.msg_iov = &pieces[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
  }
  [[nodiscard]] bool has_room(std::size_t size) const {
    return count < batch_max && octets.size() - used >= size;
  }
  void add(std::size_t size) {
    pieces[count] = {octets.data() + used, size};
    auto& header = messages[count].msg_hdr;
    header.msg_name = to[count].length == 0 ? nullptr : &to[count].any;
    header.msg_namelen = to[count].length;
    used += size;
    ++count;
  }

  std::vector<char> octets;
  std::vector<mmsghdr> messages;
  std::vector<iovec> pieces;
  std::vector<SocketAddress> to;
  std::size_t used = 0;
  std::size_t count = 0;
};

SocketTransport::SocketTransport(boost::asio::io_context& reactor, const TransportOptions& options,
                                 Shape shape, Counters& counters)
    : options_(options),
      socket_(reactor),
      unanswerable_(counters["sense.datagrams.unanswerable"]),
      misframed_(counters["sense.datagrams.misframed"]),
      foreign_(counters["sense.datagrams.foreign"]),
      shape_(shape),
      in_(std::make_unique<Inbox>(shape.header_max + std::max(options.octets_max, inbox_each_min))),
      out_(std::make_unique<Outbox>(shape.header_max + shape.sendable_max)),
      kernel_drops_(counters["sense.datagrams.kernel-drops"]),
      sent_(counters["sense.datagrams.sent"]),
      send_failed_(counters["sense.datagrams.send-failed"]) {}

// Derived classes have closed the socket in their destructors, because on_close() is theirs.
SocketTransport::~SocketTransport() { *open_ = false; }

void SocketTransport::start(OnBatch on_batch, OnRefused on_refused) {
  on_batch_ = std::move(on_batch);
  on_refused_ = std::move(on_refused);
  wait();
}

void SocketTransport::wait() {
  socket_.descriptor().async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                  [this, open = open_](const boost::system::error_code& problem) {
                                    if (!*open || problem == boost::asio::error::operation_aborted)
                                      return;
                                    drain();
                                    if (*open) wait();
                                  });
}

void SocketTransport::drain() {
  for (std::size_t taken = 0; taken < datagrams_per_turn_max;) {
    const auto count = receive();
    if (!count) return;
    if (*count > 0) deliver_batch(*count);
    if (!*open_) return;
    taken += std::max<std::size_t>(*count, 1);
  }
}

std::optional<std::size_t> SocketTransport::receive() {
  const int count = ::recvmmsg(socket_.handle(), in_->messages.data(),
                               static_cast<unsigned>(in_->slots), MSG_DONTWAIT, nullptr);
  if (count >= 0) return static_cast<std::size_t>(count);
  const int error = errno;
  if (error == EAGAIN || error == EWOULDBLOCK) return std::nullopt;
  // The error of a datagram sent earlier. It is reported once, and received datagrams may follow
  // it.
  if (is_unreachable(error) && on_refused_) on_refused_();
  return 0;
}

void SocketTransport::deliver_batch(std::size_t count) {
  std::size_t good = 0;
  for (std::size_t i = 0; i < count; ++i) {
    auto& header = in_->messages[i].msg_hdr;
    count_drops(header);
    in_->from[i].length = std::min<socklen_t>(header.msg_namelen, sizeof(in_->from[i].path));
    auto& datagram = in_->datagrams[good];
    datagram.cut = (header.msg_flags & MSG_TRUNC) != 0;
    const std::string_view octets(static_cast<const char*>(in_->pieces[i].iov_base),
                                  in_->messages[i].msg_len);
    if (!unwrap(octets, in_->from[i], datagram)) continue;
    datagram.cut = datagram.cut || datagram.octets.size() > options_.octets_max;
    datagram.octets = datagram.octets.substr(0, options_.octets_max);
    ++good;
  }
  in_->prepare(count);
  if (good > 0) on_batch_({in_->datagrams.data(), good});
}

// SO_RXQ_OVFL: each datagram carries the number that this socket has lost so far.
void SocketTransport::count_drops(msghdr& header) {
  for (auto* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SO_RXQ_OVFL) continue;
    std::uint32_t drops = 0;
    std::memcpy(&drops, CMSG_DATA(part), sizeof(drops));
    kernel_drops_ += drops - kernel_drops_seen_;
    kernel_drops_seen_ = drops;
  }
}

void SocketTransport::send(const Endpoint& to, std::string_view octets) {
  if (!*open_) return;
  if (octets.size() > shape_.sendable_max) {
    ++send_failed_;
    return;
  }
  if (!out_->has_room(shape_.header_max + octets.size())) flush();
  auto& out = *out_;
  char* const place = out.octets.data() + out.used;
  auto& address = out.to[out.count];
  address.length = 0;
  const auto header = wrap({to, octets.size(), place, address});
  if (!header) {
    ++send_failed_;
    return;
  }
  std::memcpy(place + *header, octets.data(), octets.size());
  out.add(*header + octets.size());
}

void SocketTransport::flush() {
  if (!*open_) return;
  auto& out = *out_;
  std::size_t at = 0;
  std::size_t failed_at = out.count;
  while (at < out.count) {
    const int count =
        ::sendmmsg(socket_.handle(), out.messages.data() + at,
                   static_cast<unsigned>(out.count - at), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count > 0) {
      sent_ += static_cast<unsigned>(count);
      at += static_cast<std::size_t>(count);
      continue;
    }
    const int error = errno;
    if (error == EINTR) continue;
    const auto skipped = std::min(skip_failed(error, failed_at == at), out.count - at);
    failed_at = at;
    send_failed_ += skipped;
    at += skipped;
  }
  out.count = 0;
  out.used = 0;
  if (std::exchange(peer_unreachable_, false) && on_refused_) on_refused_();
}

// `again`: the same datagram has failed before.
std::size_t SocketTransport::skip_failed(int error, bool again) {
  const bool full = error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS;
  if (full) return buffer_of_peer_ ? 1 : batch_max;
  if (is_unreachable(error) && options_.peer) peer_unreachable_ = true;
  // On a connected socket the error may belong to an earlier datagram; this one has not been tried.
  return connected_ && !again ? 0 : 1;
}

void SocketTransport::close() {
  if (!std::exchange(*open_, false)) return;
  on_close();
  boost::system::error_code ignored;
  socket_.descriptor().close(ignored);
}

}  // namespace sense::datagram
