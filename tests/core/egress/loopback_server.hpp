// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace sense::test {

// A server for tests on a loopback address and a port that the kernel chooses: a thread for each
// connection, which `serve` keeps until it returns. stop() ends them all.
class LoopbackServer {
 public:
  class Peer {
   public:
    explicit Peer(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}
    // Up to and with the delimiter; nothing when the other side has closed.
    std::optional<std::string> read_until(const std::string& delimiter) {
      for (;;) {
        if (const auto at = buffer_.find(delimiter); at != std::string::npos)
          return take(at + delimiter.size());
        if (!fill()) return std::nullopt;
      }
    }
    std::optional<std::string> read(std::size_t octets) {
      while (buffer_.size() < octets)
        if (!fill()) return std::nullopt;
      return take(octets);
    }
    void write(const std::string& text) {
      boost::system::error_code error;
      boost::asio::write(socket_, boost::asio::buffer(text), error);
    }
    // For a protocol below: reading here after that misses what it has read.
    [[nodiscard]] int fd() { return socket_.native_handle(); }
    void wait_for_close() {
      while (fill()) buffer_.clear();
    }
    void shut() {
      boost::system::error_code error;
      socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_both, error);
    }

   private:
    std::string take(std::size_t octets) {
      auto taken = buffer_.substr(0, octets);
      buffer_.erase(0, octets);
      return taken;
    }
    bool fill() {
      char chunk[4096];
      boost::system::error_code error;
      const auto count = socket_.read_some(boost::asio::buffer(chunk), error);
      buffer_.append(chunk, count);
      return !error;
    }
    boost::asio::ip::tcp::socket socket_;
    std::string buffer_;
  };
  using Serve = std::function<void(Peer&)>;

  explicit LoopbackServer(Serve serve, const std::string& address = "127.0.0.1",
                          std::uint16_t port = 0)
      : serve_(std::move(serve)),
        acceptor_(context_, {boost::asio::ip::make_address(address), port}),
        port_(acceptor_.local_endpoint().port()),
        thread_([this] { accept(); }) {}
  ~LoopbackServer() { stop(); }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::size_t connections() const { return connections_; }

  void stop() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);  // wakes the accept
    thread_.join();
    {
      const std::lock_guard lock(mutex_);
      for (auto& peer : peers_) peer.shut();
    }
    for (auto& worker : workers_) worker.join();
  }

 private:
  void accept() {
    while (!stopping_) {
      boost::system::error_code error;
      auto socket = acceptor_.accept(error);
      if (error || stopping_) return;
      ++connections_;
      const std::lock_guard lock(mutex_);
      auto& peer = peers_.emplace_back(std::move(socket));
      workers_.emplace_back([this, &peer] {
        serve_(peer);
        peer.shut();
      });
    }
  }

  Serve serve_;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_;
  std::atomic<std::size_t> connections_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::list<Peer> peers_;
  std::vector<std::thread> workers_;
  std::thread thread_;
};

struct HttpSeen {
  std::string head;  // request line and headers
  std::string body;
  [[nodiscard]] bool has(const std::string& line) const {
    return head.find("\r\n" + line + "\r\n") != std::string::npos;
  }
  // Empty when there is none.
  [[nodiscard]] std::string value(const std::string& name) const {
    const auto at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const auto start = at + name.size() + 4;
    return head.substr(start, head.find("\r\n", start) - start);
  }
};

// Answers each HTTP request with what the function gives; an empty text is no answer at all, until
// the client goes.
inline LoopbackServer::Serve http_answers(std::function<std::string(const HttpSeen&)> answer) {
  return [answer = std::move(answer)](LoopbackServer::Peer& peer) {
    while (auto head = peer.read_until("\r\n\r\n")) {
      HttpSeen seen{*head, ""};
      if (const auto length = seen.value("Content-Length"); !length.empty()) {
        auto body = peer.read(std::stoul(length));
        if (!body) return;
        seen.body = *body;
      }
      const auto text = answer(seen);
      if (text.empty()) return peer.wait_for_close();
      peer.write(text);
      if (text.find("Connection: close") != std::string::npos) return;
    }
  };
}

inline std::string http_answer(const std::string& status, const std::string& headers = "",
                               const std::string& body = "") {
  return "HTTP/1.1 " + status + "\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace sense::test
