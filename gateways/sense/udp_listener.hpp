#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/counters.hpp"
#include "core/base/error.hpp"
#include "gateways/sense/address.hpp"

namespace sense::datagram {

// "127.0.0.1:7367", "[::]:7367", "0.0.0.0:0".
[[nodiscard]] Result<Endpoint> parse_listen(std::string_view text);

// One bound UDP socket. Owned by the plugin; the reactor's thread only. Asks the kernel for 4 MiB
// of receive buffer (a default one keeps 256 datagrams of a burst), drains it in batches, and
// counts what the kernel had to drop. Never blocks: what cannot be sent at once is dropped and
// counted, as the network would, and the protocol sends it again.
class UdpListener {
 public:
  // The octets are valid during the call only. `cut`: the datagram was longer than `octets_max`.
  using Handler = std::function<void(std::string_view octets, const Endpoint& from, bool cut)>;

  // Binds and starts to receive. The error names the address and says what to do.
  [[nodiscard]] static Result<std::unique_ptr<UdpListener>> open(boost::asio::io_context& reactor,
                                                                 const Endpoint& endpoint,
                                                                 std::size_t octets_max,
                                                                 Counters& counters,
                                                                 Handler handler);
  ~UdpListener();
  UdpListener(const UdpListener&) = delete;
  UdpListener& operator=(const UdpListener&) = delete;

  void send(const Endpoint& to, std::string_view octets);
  [[nodiscard]] const Endpoint& local() const { return local_; }
  // No handler is called any more.
  void close();

 private:
  UdpListener(boost::asio::io_context& reactor, std::size_t octets_max, Counters& counters,
              Handler handler);
  [[nodiscard]] Status bind(const Endpoint& endpoint);
  void ask_for_buffer();
  void wait();
  void drain();

  boost::asio::ip::udp::socket socket_;
  Endpoint local_;
  std::size_t octets_max_;
  std::vector<char> buffer_;
  Handler handler_;
  std::uint32_t kernel_drops_seen_ = 0;
  Counters::Counter& kernel_drops_;
  Counters::Counter& sent_;
  Counters::Counter& send_failed_;
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);
};

}  // namespace sense::datagram
