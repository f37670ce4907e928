// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace sense::test {

// A blocking client that sends exactly the octets that a test says.
class HttpClient {
 public:
  struct Reply {
    unsigned status = 0;
    std::string head;
    std::string body;
  };

  explicit HttpClient(std::uint16_t port) : socket_(context_) {
    socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port});
  }
  void write(const std::string& text) {
    boost::system::error_code error;
    boost::asio::write(socket_, boost::asio::buffer(text), error);
  }
  // Nothing when the server has closed. The reply to HEAD has no body, whatever its length says.
  std::optional<Reply> read_head() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
      if (!fill()) return std::nullopt;
    Reply reply;
    reply.head = buffer_.substr(0, end + 2);
    reply.status = static_cast<unsigned>(std::stoul(reply.head.substr(9, 3)));
    buffer_.erase(0, end + 4);
    return reply;
  }
  std::optional<Reply> read() {
    auto reply = read_head();
    if (!reply) return reply;
    const auto at = reply->head.find("Content-Length: ");
    const auto length = at == std::string::npos ? 0 : std::stoul(reply->head.substr(at + 16));
    while (buffer_.size() < length)
      if (!fill()) return std::nullopt;
    reply->body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return reply;
  }
  // What follows until the server closes.
  std::string read_rest() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
  }
  // That many octets; fewer when the server has closed.
  std::string read_octets(std::size_t count) {
    while (buffer_.size() < count && fill()) {
    }
    auto octets = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return octets;
  }
  void close() { socket_.close(); }
  bool closed_within(std::chrono::milliseconds time) {
    pollfd poll{socket_.native_handle(), POLLIN, 0};
    if (::poll(&poll, 1, static_cast<int>(time.count())) > 0 && !fill()) closed_ = true;
    return closed_;
  }
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  bool fill() {
    char chunk[4096];
    boost::system::error_code error;
    buffer_.append(chunk, socket_.read_some(boost::asio::buffer(chunk), error));
    return !error;
  }
  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_;
  std::string buffer_;
  bool closed_ = false;
};

}  // namespace sense::test
