// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/bus/proof.hpp"
#include "core/bus/protocol.hpp"
#include "core/event/pattern.hpp"
#include "core/subscription/subscription.hpp"

// Principals of the bus and their rights. Pure values: no I/O, no clock; shared between threads as
// const.
namespace sense {

// The topics of SENSE's own events: those about what happens in the service, those between
// gateways, and those for auditors, which are not on the live stream.
inline constexpr std::array<std::string_view, 3> reserved_namespaces = {
    "{urn:sense:management}", "{urn:sense:gateway}", bus::unannounced_topics};
// Whether a type, in Clark notation, is in one of them.
[[nodiscard]] bool is_reserved(std::string_view type);

// Patterns of a type and of a source: a rule covers an event when both match.
struct Rule {
  TypePattern type;
  SourcePattern source;

  // Every type and every source.
  [[nodiscard]] static Rule everything();
  friend bool operator==(const Rule&, const Rule&) = default;
};

// The rights of one principal; none by default. A rule for every type does not cover the reserved
// namespaces (is_reserved): these are granted by name only.
class Rights {
 public:
  // As the access file grants them.
  struct Granted {
    std::vector<Rule> publish;
    std::vector<Rule> subscribe;
    std::vector<std::string> route;  // audiences; "*": all
    bool list = false;               // see the whole registry, with subscriptions of others
    // Change what belongs to others, and gateways. Who may read management events, too, reads the
    // whole of each change of a subscription (whole_change_type).
    bool manage = false;
    std::vector<std::string> speak_for = {};  // principals; "*": all
    bool audit = false;                       // read the audit trail, which no rule covers

    friend bool operator==(const Granted&, const Granted&) = default;
  };
  Rights() = default;
  explicit Rights(Granted granted);
  // All rights, for principals that file permissions or the operator's decision protect.
  [[nodiscard]] static std::shared_ptr<const Rights> all();
  // Of clients on this machine that have proved nothing, unless the access file says otherwise: to
  // publish and to subscribe outside the reserved namespaces.
  [[nodiscard]] static std::shared_ptr<const Rights> of_anonymous();
  // Of processes that the broker's own user runs (names_process), unless the access file says
  // otherwise: a gateway reads and manages, speaks for its clients and publishes what gateways have
  // to say; an adapter publishes, outside the reserved namespaces, to any audience.
  [[nodiscard]] static std::shared_ptr<const Rights> of_gateway();
  [[nodiscard]] static std::shared_ptr<const Rights> of_adapter();

  // `audience`: of the event; an event without an audience needs no right to route.
  [[nodiscard]] bool may_publish(const QName& type, std::string_view source,
                                 std::span<const std::string> audience) const;
  // Whether every event to every audience may be published, outside the reserved namespaces.
  [[nodiscard]] bool may_publish_all() const { return publish_all_ && route_all_; }
  // Messages with topics of other programs: needs the right to publish every event.
  [[nodiscard]] bool may_publish_foreign() const { return publish_all_; }

  // Whether one rule covers all topics that the prefix selects. The topic of commit watermarks
  // needs no right.
  [[nodiscard]] bool may_follow(std::string_view prefix) const;
  // And whether all their events may be read, so that the live stream, which selects by topic
  // alone, may have them. The others are fetched.
  [[nodiscard]] bool may_subscribe(std::string_view prefix) const;
  // Of all that is on the live stream.
  [[nodiscard]] bool may_subscribe_all() const { return subscribe_all_ && subscribe_reserved_; }
  [[nodiscard]] bool may_read_all() const { return may_subscribe_all() && granted_.audit; }
  // Whether an event of the journal may be read; `type` in Clark notation.
  [[nodiscard]] bool may_read(std::string_view type, std::string_view source) const;
  // Of such events only those about one's own subscriptions (is_about), without the right to list.
  [[nodiscard]] bool reads_own_only(std::string_view type) const;

  // Whether events of that type, in Clark notation, may be read from some source.
  [[nodiscard]] bool may_read_some(std::string_view type) const;
  // Whether events of some type from that source may be read.
  [[nodiscard]] bool may_read_from(std::string_view source) const;
  [[nodiscard]] bool may_list() const { return granted_.list || granted_.manage; }
  [[nodiscard]] bool may_manage() const { return granted_.manage; }
  [[nodiscard]] bool may_speak_for(std::string_view principal) const;
  // Whether the rights to subscribe cover all that a subscription selects.
  [[nodiscard]] bool may_hold(const Subscription& subscription) const;

  [[nodiscard]] const Granted& granted() const { return granted_; }

 private:
  Granted granted_;
  bool publish_all_ = false;
  bool subscribe_all_ = false;       // outside the reserved namespaces
  bool subscribe_reserved_ = false;  // and within
  bool route_all_ = false;
};
// Rights are shared, not copied.
using RightsRef = std::shared_ptr<const Rights>;

// One of the proofs of a principal. Several are valid at once, so that each can be replaced.
struct DatedProof {
  Proof proof;
  std::optional<WallTime> not_after = {};  // by default for ever

  friend bool operator==(const DatedProof&, const DatedProof&) = default;
};

// A client of the bus or of a gateway, what it proves itself with, and its rights, those of its
// groups among them.
struct Principal {
  static constexpr std::size_t name_length_max = 64;

  std::string name;
  std::vector<DatedProof> proofs;  // none: `local`, `plaintext` and `anonymous`
  RightsRef rights;

  friend bool operator==(const Principal& left, const Principal& right) {
    return left.name == right.name && left.proofs == right.proofs &&
           left.rights->granted() == right.rights->granted();
  }
};

// Principals that rules, `audience` and `except` name together.
struct Group {
  std::string name;
  std::vector<std::string> members;  // principals

  friend bool operator==(const Group&, const Group&) = default;
};

// Principals without a proof of their own: of connections through Unix sockets by the broker's own
// user and by root, and of connections through unencrypted ports.
inline constexpr std::string_view principal_local = "local";
inline constexpr std::string_view principal_plaintext = "plaintext";
// Clients of a gateway that have proved nothing.
inline constexpr std::string_view principal_anonymous = "anonymous";
// Reserved names of the broker.
inline constexpr std::string_view principal_broker = "broker";
inline constexpr std::string_view principal_config = "config";
inline constexpr std::string_view principal_external = "external";  // of bus.external

// Whether it is that of a process of the broker's own user: "gateway-http", "adapter-snmp". Such a
// principal needs no proof.
[[nodiscard]] bool names_process(std::string_view principal);

// The user id of a connection that such a proof has opened: of a key or a user.
[[nodiscard]] std::string user_id_of(const Proof& proof);

// Whether text can name a principal: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'.
[[nodiscard]] bool valid_principal(std::string_view text);

// All principals, their groups and their rights, as they are at one time: a proof whose time is
// over is none. Others have no access, except `local` and `plaintext`, which have all rights unless
// they are listed.
class AccessList {
 public:
  AccessList() : AccessList(std::vector<Principal>{}) {}
  // REQUIRES: names of principals and groups, and proofs, are valid and unique (parse_access_file
  // ensures it).
  explicit AccessList(std::vector<Principal> principals, std::vector<Group> groups = {},
                      WallTime now = wall_time_min);

  // The principal of a user id, which the authenticator gave the connection: user_id_of() a key or
  // a user, `local` or `plaintext`. Null: none. A replaced key has none, also on connections opened
  // with it.
  [[nodiscard]] const Principal* find(std::string_view user_id) const;
  // Whose proof it is. Null: no principal's.
  [[nodiscard]] const Principal* proven(const Proof& proof) const;
  // The principal of that name, which a gateway speaks for. Null: none, or one that no gateway
  // speaks for, as `local`.
  [[nodiscard]] const Principal* named(std::string_view name) const;
  // What clients of a gateway with these rights may prove themselves with, and who they are then:
  // names by to_text() the proof. None for the bus itself.
  [[nodiscard]] std::map<std::string, std::string> proofs_for(const Rights& gateway) const;
  [[nodiscard]] const std::vector<Principal>& principals() const { return principals_; }
  [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }
  // The names of the groups that a principal is in; null: none.
  [[nodiscard]] std::shared_ptr<const std::vector<std::string>> groups_of(
      std::string_view principal) const;
  // When the time of the next proof is over, and at() gives another list. Nothing: never.
  [[nodiscard]] std::optional<WallTime> next_end() const { return next_end_; }
  // The same at another time.
  [[nodiscard]] AccessList at(WallTime now) const { return AccessList(principals_, groups_, now); }

  // Whether a principal may subscribe to a part only, so that subscriptions must be checked.
  [[nodiscard]] bool restricts_subscriptions() const;

  friend bool operator==(const AccessList& left, const AccessList& right) {
    return left.principals_ == right.principals_ && left.groups_ == right.groups_ &&
           left.by_proof_ == right.by_proof_;
  }

 private:
  friend bool subscriptions_change(const AccessList& before, const AccessList& after);

  std::vector<Principal> principals_;  // `local` and `plaintext` always among them
  std::vector<Group> groups_;
  std::optional<WallTime> next_end_;
  std::map<std::string, std::size_t, std::less<>> by_user_id_;
  std::map<Proof, std::size_t> by_proof_;
  std::map<std::string, std::shared_ptr<std::vector<std::string>>, std::less<>> groups_of_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

// Whether the rights to subscribe of a principal differ, so that subscriptions must be checked
// again.
[[nodiscard]] bool subscriptions_change(const AccessList& before, const AccessList& after);

// Which principals were added, removed or have other rights, in a sentence that names some.
[[nodiscard]] std::string describe_changes(const AccessList& before, const AccessList& after);

}  // namespace sense
