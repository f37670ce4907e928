// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sense {

// Items that wait for one server, of principals that share it fairly: the principals take turns of
// one item each, and within a turn of a principal its clients do; items of one client are in order.
// So an item that is the first of its principal waits for at most one item of each other principal.
// Bounded for each principal; a principal that has nothing waiting may always put one. Pure; one
// thread.
template <class T>
class FairQueue {
 public:
  // Of what waits.
  struct Limits {
    std::size_t count = 0;       // items of one principal
    std::size_t octets = 0;      // of those
    std::size_t octets_all = 0;  // of all principals
  };

  explicit FairQueue(Limits limits) : limits_(limits) {}

  // Moves from `item`. False, and `item` is as it was: there is no room.
  [[nodiscard]] bool put(const std::string& principal, const std::string& client, T& item,
                         std::size_t octets) {
    const auto known = by_name_.find(principal);
    if (known != by_name_.end() && !has_room(*known->second, octets)) return false;
    const auto turn = known != by_name_.end() ? known->second : add(principal);
    auto place = turn->clients.begin();
    while (place != turn->clients.end() && place->name != client) ++place;
    if (place == turn->clients.end()) place = turn->clients.insert(place, Client{client, {}});
    place->items.push_back({std::move(item), octets});
    count(*turn, 1, octets);
    return true;
  }

  // The next item for which ready(item) is true; ready is asked once for each client at most, about
  // its first item. A client that is not ready keeps its place.
  template <class Ready>
  [[nodiscard]] std::optional<T> take(Ready ready) {
    for (auto turn = turns_.begin(); turn != turns_.end(); ++turn)
      for (auto client = turn->clients.begin(); client != turn->clients.end(); ++client)
        if (ready(client->items.front().value)) return take_from(turn, client);
    return std::nullopt;
  }

  // Removes the items of a client, which has gone.
  std::vector<T> drop(const std::string& principal, const std::string& client) {
    std::vector<T> dropped;
    const auto known = by_name_.find(principal);
    if (known == by_name_.end()) return dropped;
    const auto turn = known->second;
    for (auto& [name, items] : turn->clients) {
      if (name != client) continue;
      for (auto& item : items) {
        uncount(*turn, item.octets);
        dropped.push_back(std::move(item.value));
      }
    }
    turn->clients.remove_if([&](const Client& one) { return one.name == client; });
    if (turn->clients.empty()) remove(turn);
    return dropped;
  }

  [[nodiscard]] std::size_t octets() const { return octets_; }
  [[nodiscard]] bool empty() const { return turns_.empty(); }

 private:
  struct Item {
    T value;
    std::size_t octets = 0;
  };
  struct Client {
    std::string name;
    std::deque<Item> items;  // not empty
  };
  // A principal with items; those that are served sooner are in front.
  struct Turn {
    std::string principal;
    std::list<Client> clients;
    std::size_t count = 0;
    std::size_t octets = 0;
  };
  using TurnRef = typename std::list<Turn>::iterator;

  [[nodiscard]] bool has_room(const Turn& turn, std::size_t octets) const {
    return turn.count < limits_.count && turn.octets + octets <= limits_.octets &&
           octets_ + octets <= limits_.octets_all;
  }
  TurnRef add(const std::string& principal) {
    turns_.push_back({principal, {}, 0, 0});
    return by_name_[principal] = std::prev(turns_.end());
  }
  void remove(TurnRef turn) {
    by_name_.erase(turn->principal);
    turns_.erase(turn);
  }
  void count(Turn& turn, std::size_t items, std::size_t octets) {
    turn.count += items;
    turn.octets += octets;
    octets_ += octets;
  }
  void uncount(Turn& turn, std::size_t octets) {
    turn.count -= 1;
    turn.octets -= octets;
    octets_ -= octets;
  }
  T take_from(TurnRef turn, typename std::list<Client>::iterator client) {
    auto item = std::move(client->items.front());
    client->items.pop_front();
    uncount(*turn, item.octets);
    if (client->items.empty())
      turn->clients.erase(client);
    else
      turn->clients.splice(turn->clients.end(), turn->clients, client);
    if (turn->clients.empty())
      remove(turn);
    else
      turns_.splice(turns_.end(), turns_, turn);
    return std::move(item.value);
  }

  const Limits limits_;
  std::list<Turn> turns_;
  std::map<std::string, TurnRef, std::less<>> by_name_;
  std::size_t octets_ = 0;
};

}  // namespace sense
