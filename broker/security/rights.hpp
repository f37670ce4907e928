// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/event/pattern.hpp"
#include "core/subscription/subscription.hpp"

// Who may do what on the bus. Pure values: no I/O, no clock; shared between threads as const.
namespace sense {

// Types of sources: a right covers an event when both patterns match.
struct Rule {
  TypePattern type;
  SourcePattern source;

  // Every type and every source.
  [[nodiscard]] static Rule everything();
  friend bool operator==(const Rule&, const Rule&) = default;
};

// What one principal may do. A new one may do nothing.
class Rights {
 public:
  struct Granted {
    std::vector<Rule> publish;
    std::vector<Rule> subscribe;
    std::vector<std::string> route;  // audiences; "*": all
    bool list = false;               // see the registry, the subscriptions of others in it
    bool manage = false;             // change what belongs to others, and gateways

    friend bool operator==(const Granted&, const Granted&) = default;
  };
  Rights() = default;
  explicit Rights(Granted granted);
  // May do everything; for whom the permissions of a file, or the operator's word, are the guard.
  [[nodiscard]] static std::shared_ptr<const Rights> all();

  // `audience`: of the event; an event that names none may be routed to anybody.
  [[nodiscard]] bool may_publish(const QName& type, std::string_view source,
                                 std::span<const std::string> audience) const;
  // Whether there is no event, and no audience, that may not be published.
  [[nodiscard]] bool may_publish_all() const { return publish_all_ && route_all_; }
  // Messages with topics that are not SENSE's: of those who may publish every event.
  [[nodiscard]] bool may_publish_foreign() const { return publish_all_; }

  // Whether all topics that the prefix selects are within one of the rules. The marks' topic is
  // everybody's.
  [[nodiscard]] bool may_subscribe(std::string_view prefix) const;
  [[nodiscard]] bool may_subscribe_all() const { return subscribe_all_; }
  // One event of the journal; `type` in Clark notation.
  [[nodiscard]] bool may_read(std::string_view type, std::string_view source) const;

  [[nodiscard]] bool may_list() const { return granted_.list || granted_.manage; }
  [[nodiscard]] bool may_manage() const { return granted_.manage; }
  // Whether a subscription asks for no more than may be subscribed to.
  [[nodiscard]] bool may_hold(const Subscription& subscription) const;

  [[nodiscard]] const Granted& granted() const { return granted_; }

 private:
  Granted granted_;
  bool publish_all_ = false;
  bool subscribe_all_ = false;
  bool route_all_ = false;
};
using RightsRef = std::shared_ptr<const Rights>;

struct Principal {
  static constexpr std::size_t name_length_max = 64;

  std::string name;
  std::string key;  // Z85; empty for `local` and `plaintext`
  RightsRef rights;

  friend bool operator==(const Principal& left, const Principal& right) {
    return left.name == right.name && left.key == right.key &&
           left.rights->granted() == right.rights->granted();
  }
};

// Principals that need no key: who may open the Unix socket, and who reaches an unencrypted port.
inline constexpr std::string_view principal_local = "local";
inline constexpr std::string_view principal_plaintext = "plaintext";
// The broker's own names, which nobody can have.
inline constexpr std::string_view principal_broker = "broker";
inline constexpr std::string_view principal_config = "config";
inline constexpr std::string_view principal_external = "external";  // of bus.external

// Whether text can name a principal: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'.
[[nodiscard]] bool valid_principal(std::string_view text);

// All principals. Whoever is not among them may do nothing, but for `local` and `plaintext`, who
// may do everything as long as nothing is said about them.
class Access {
 public:
  Access() : Access(std::vector<Principal>{}) {}
  // REQUIRES: names and keys are valid and each stands there once (the allow file holds it).
  explicit Access(std::vector<Principal> principals);

  // By the user id that the authenticator gave a connection: a key, `local` or `plaintext`. Null:
  // nobody. A key that was replaced is nobody's, also on connections that were made with it.
  [[nodiscard]] const Principal* find(std::string_view user_id) const;
  [[nodiscard]] const std::vector<Principal>& principals() const { return principals_; }

  // Whether somebody may subscribe to a part only, so that subscriptions must be judged.
  [[nodiscard]] bool restricts_subscriptions() const;

  friend bool operator==(const Access& left, const Access& right) {
    return left.principals_ == right.principals_;
  }

 private:
  std::vector<Principal> principals_;  // `local` and `plaintext` always among them
  std::map<std::string, std::size_t, std::less<>> by_user_id_;
};

// Whether somebody's subscriptions may have to be judged anew.
[[nodiscard]] bool subscriptions_change(const Access& before, const Access& after);

}  // namespace sense
