#include "gateways/sense/udp_listener.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "core/base/log.hpp"
#include "core/base/text.hpp"

namespace sense::datagram {

namespace {

constexpr int receive_buffer_wanted = 4 * 1024 * 1024;
constexpr std::size_t batch = 32;
// After so many batches other work of the reactor gets its turn.
constexpr unsigned batches_max = 8;

struct alignas(cmsghdr) Control {
  std::array<char, CMSG_SPACE(sizeof(std::uint32_t))> octets;
};

// SO_RXQ_OVFL: how many datagrams this socket has lost so far, sent along with each one.
std::uint32_t drops_told(msghdr& header, std::uint32_t before) {
  for (auto* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SO_RXQ_OVFL) continue;
    std::uint32_t drops = 0;
    std::memcpy(&drops, CMSG_DATA(part), sizeof(drops));
    return drops;
  }
  return before;
}

// The vectors that recvmmsg wants, over one buffer.
struct Batch {
  std::array<mmsghdr, batch> messages{};
  std::array<iovec, batch> pieces{};
  std::array<Endpoint, batch> from{};
  std::array<Control, batch> controls{};

  void prepare(std::vector<char>& buffer) {
    const auto each = buffer.size() / batch;
    for (std::size_t i = 0; i < batch; ++i) {
      pieces[i] = {buffer.data() + i * each, each};
      from[i] = Endpoint();
      auto& header = messages[i].msg_hdr;
      header = {};
      header.msg_name = from[i].data();
      header.msg_namelen = static_cast<socklen_t>(from[i].capacity());
      header.msg_iov = &pieces[i];
      header.msg_iovlen = 1;
      header.msg_control = controls[i].octets.data();
      header.msg_controllen = controls[i].octets.size();
    }
  }
};

}  // namespace

Result<Endpoint> parse_listen(std::string_view text) {
  const auto colon = text.rfind(':');
  auto host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const auto digits = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  const auto [stop, bad_port] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  boost::system::error_code problem;
  const auto address = boost::asio::ip::make_address(std::string(host), problem);
  const bool whole = !digits.empty() && stop == digits.data() + digits.size();
  if (problem || bad_port != std::errc{} || !whole || address.is_v6() != bracketed)
    return fail(Code::badparam,
                "listen: '" + printable(text) +
                    "' is not an address and port such as 127.0.0.1:7367 or [::]:7367");
  return Endpoint(address, port);
}

UdpListener::UdpListener(boost::asio::io_context& reactor, std::size_t octets_max,
                         Counters& counters, Handler handler)
    : socket_(reactor),
      octets_max_(octets_max),
      buffer_(batch * (octets_max + 1)),  // the one octet more tells what is too long
      handler_(std::move(handler)),
      kernel_drops_(counters["sense.datagrams.kernel-drops"]),
      sent_(counters["sense.datagrams.sent"]),
      send_failed_(counters["sense.datagrams.send-failed"]) {}

UdpListener::~UdpListener() { close(); }

Result<std::unique_ptr<UdpListener>> UdpListener::open(boost::asio::io_context& reactor,
                                                       const Endpoint& endpoint,
                                                       std::size_t octets_max, Counters& counters,
                                                       Handler handler) {
  std::unique_ptr<UdpListener> listener(
      new UdpListener(reactor, octets_max, counters, std::move(handler)));
  if (auto status = listener->bind(endpoint); !status) return tl::unexpected(status.error());
  listener->wait();
  return listener;
}

Status UdpListener::bind(const Endpoint& endpoint) {
  boost::system::error_code problem;
  socket_.open(endpoint.protocol(), problem);
  // Each kind of address has its own socket, so that no client appears under a mapped address.
  if (!problem && endpoint.address().is_v6())
    socket_.set_option(boost::asio::ip::v6_only(true), problem);
  if (!problem) socket_.bind(endpoint, problem);
  if (!problem) socket_.non_blocking(true, problem);
  if (!problem) local_ = socket_.local_endpoint(problem);
  if (problem)
    return fail(Code::addrnotavail, "cannot listen on " + callback_of(endpoint) + ": " +
                                        problem.message() + "; change `listen` of this gateway");
  const int on = 1;
  (void)::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
  ask_for_buffer();
  return {};
}

void UdpListener::ask_for_buffer() {
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::socket_base::receive_buffer_size(receive_buffer_wanted), ignored);
  boost::asio::socket_base::receive_buffer_size granted;
  socket_.get_option(granted, ignored);
  // Linux answers twice what it grants, for its own book-keeping.
  if (ignored || granted.value() / 2 >= receive_buffer_wanted) return;
  log::info(
      "the receive buffer is smaller than wanted; bursts may be lost and sent again; raise "
      "the kernel's net.core.rmem_max",
      {{"listen", callback_of(local_)},
       {"octets", std::to_string(granted.value() / 2)},
       {"wanted", std::to_string(receive_buffer_wanted)}});
}

void UdpListener::wait() {
  socket_.async_wait(boost::asio::socket_base::wait_read,
                     [this, open = open_](const boost::system::error_code& problem) {
                       if (!*open || problem == boost::asio::error::operation_aborted) return;
                       drain();
                       if (*open) wait();
                     });
}

void UdpListener::drain() {
  const auto open = open_;
  Batch received;
  for (unsigned round = 0; round < batches_max; ++round) {
    received.prepare(buffer_);
    const int count =
        ::recvmmsg(socket_.native_handle(), received.messages.data(), batch, MSG_DONTWAIT, nullptr);
    for (int i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      auto& message = received.messages[at];
      const auto drops = drops_told(message.msg_hdr, kernel_drops_seen_);
      kernel_drops_ += drops - kernel_drops_seen_;
      kernel_drops_seen_ = drops;
      received.from[at].resize(message.msg_hdr.msg_namelen);
      handler_({static_cast<const char*>(received.pieces[at].iov_base), message.msg_len},
               received.from[at], (message.msg_hdr.msg_flags & MSG_TRUNC) != 0);
      if (!*open) return;  // the handler closed us
    }
    if (count < static_cast<int>(batch)) return;
  }
}

void UdpListener::send(const Endpoint& to, std::string_view octets) {
  const auto result =
      ::sendto(socket_.native_handle(), octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
               to.data(), static_cast<socklen_t>(to.size()));
  ++(result < 0 ? send_failed_ : sent_);
}

void UdpListener::close() {
  *open_ = false;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace sense::datagram
