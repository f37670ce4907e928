// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netinet/in.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"

namespace sense::bench {

// A network that loses, repeats and reorders, both ways. Shares of all datagrams, 0 to 1.
struct BadNetwork {
  double lost = 0;
  double repeated = 0;
  double reordered = 0;
  std::uint64_t seed = 1;
  [[nodiscard]] bool perfect() const { return lost + repeated + reordered == 0; }
};

// Many SENSE/1 clients that cost little: the load for a gateway. Each has an address of its own in
// 127.0.0.0/8, all share one socket and one thread. They read only what they need to register, to
// tell events apart and to acknowledge: what arrived together is acknowledged together, in ranges,
// once for each time it came, as by the clients that are shipped.
class LoadGenerator {
 public:
  static constexpr unsigned clients_max = 1'000'000;

  // `server`: its port at 127.0.0.1. `events_sent`: counts the datagrams of events that the server
  // has sent, repeats and those that were lost included; outlives this.
  LoadGenerator(unsigned clients, std::uint16_t server, BadNetwork network,
                std::atomic<std::uint64_t>& events_sent);
  ~LoadGenerator();
  LoadGenerator(const LoadGenerator&) = delete;
  LoadGenerator& operator=(const LoadGenerator&) = delete;

  // Every client registers for what `patterns` answers for its index: lines "Type: ...\nSource:
  // ...\n". So many requests are under way at a time. Fails when one is refused, or when nothing is
  // answered for ten seconds.
  using Patterns = std::function<std::string(unsigned client)>;
  [[nodiscard]] Status register_all(const Patterns& patterns, unsigned at_once);

  // Acknowledges what comes, for ever; `take` is given the data of each event, once.
  using Take = std::function<void(std::string_view data)>;
  [[noreturn]] void receive(const Take& take);

 private:
  struct Client {
    enum class Stage { idle, asked, proved, registered } stage = Stage::idle;
    MonoTime due;
    std::string cookie;
    std::string subscription;
    std::vector<std::uint64_t> seen;     // a bit for each number
    std::vector<std::uint64_t> arrived;  // numbers to be acknowledged
    bool touched = false;
  };
  struct Datagram {
    unsigned client = 0;
    std::string octets;
  };

  [[nodiscard]] Status open();
  void ask(unsigned client, const Patterns& patterns);
  [[nodiscard]] Status on_reply(unsigned client, std::string_view octets, const Patterns& patterns);
  void on_event(unsigned client, std::string_view octets, const Take& take);
  void acknowledge();
  using Handle = std::function<void(unsigned client, std::string_view octets)>;
  // What has come; waits that long for the first.
  void read(Duration wait, const Handle& handle);
  void receive_one(unsigned client, std::string_view octets, const Handle& handle);
  void queue(unsigned client, std::string octets);
  void flush();
  [[nodiscard]] bool happens(double share);

  const BadNetwork network_;
  const sockaddr_in server_;
  std::atomic<std::uint64_t>& events_sent_;
  int socket_ = -1;
  std::vector<Client> clients_;
  std::vector<unsigned> touched_;
  // Reordered datagrams wait for the next flush or read, a list for each direction.
  std::vector<Datagram> out_, out_late_, in_late_;
  std::mt19937_64 random_;
  unsigned registered_ = 0;
  MonoTime moved_;
};

}  // namespace sense::bench
