// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "core/bus/keys.hpp"
#include "tests/broker/ingest_fixture.hpp"
#include "tests/broker/peers.hpp"
#include "tests/broker/running_broker.hpp"

namespace sense {

// A broker with CURVE on tcp:// endpoints of the loopback, beside ipc://, and an access file.
class SecuredBroker {
 public:
  using Steady = std::chrono::steady_clock;
  using Principals = std::map<std::string, std::string>;

  // `principals`: name and rights, as in the access file: "publish: [\"*\"], list: true".
  explicit SecuredBroker(Principals principals, RunningBroker::Change change = {})
      : broker_([this, change](BrokerConfig& config) {
          for (auto* endpoint :
               {&config.endpoints.service, &config.endpoints.events, &config.endpoints.publish})
            *endpoint += ",tcp://127.0.0.1:*";
          BOOST_REQUIRE(config.settings.set("key-file", files_ / "broker.key"));
          BOOST_REQUIRE(config.settings.set("access-file", files_ / "allow.yaml"));
          if (change) change(config);
        }) {
    BOOST_REQUIRE(write_key_file(files_ / "broker.key", "broker", own_));
    allow(std::move(principals));
  }

  // Each principal gets a key pair at first use.
  // `groups`: as in the access file.
  void allow(Principals principals, const std::string& groups = "") {
    std::string text = "principals:\n";
    for (const auto& [name, rights] : principals) {
      text += "  - {name: " + name + ", ";
      if (name != "local" && name != "anonymous")
        text += "key: \"" + keys(name).public_key + "\", ";
      text += rights + "}\n";
    }
    write_access_file(text + groups);
  }
  // As an editor does it: beside, and renamed.
  void write_access_file(const std::string& text) {
    std::ofstream(files_ / "allow.new") << text;
    std::filesystem::permissions(files_ / "allow.new", std::filesystem::perms(0600));
    std::filesystem::rename(files_ / "allow.new", files_ / "allow.yaml");
  }

  const KeyPair& keys(const std::string& name) {
    const auto found = keys_.find(name);
    if (found != keys_.end()) return found->second;
    auto& fresh = keys_[name];
    fresh = make_key_pair().value();
    BOOST_REQUIRE(write_key_file(key_file(name), name, fresh));
    return fresh;
  }
  [[nodiscard]] std::string key_file(const std::string& name) const {
    return files_ / (name + ".key");
  }

  // The tcp:// endpoints.
  [[nodiscard]] BusEndpoints tcp() const {
    const auto last = [](const std::string& list) { return endpoint_list(list).back(); };
    const auto bound = broker_.bound();
    return {last(bound.service), last(bound.events), last(bound.publish)};
  }
  [[nodiscard]] const std::string& public_key() const { return own_.public_key; }
  RunningBroker& broker() { return broker_; }

 private:
  TemporaryFolder files_;
  std::map<std::string, KeyPair> keys_;
  KeyPair own_ = make_key_pair().value();
  RunningBroker broker_;
};

// A ZeroMQ program that comes with a key.
class KeyPeer : public Peer {
 public:
  KeyPeer(zmq::socket_type type, const std::string& endpoint, const KeyPair& own,
          const std::string& broker_key, const std::vector<std::string>& prefixes = {})
      : Peer(type) {
    socket().set(zmq::sockopt::curve_publickey, own.public_key);
    socket().set(zmq::sockopt::curve_secretkey, own.secret_key);
    socket().set(zmq::sockopt::curve_serverkey, broker_key);
    for (const auto& prefix : prefixes) socket().set(zmq::sockopt::subscribe, prefix);
    socket().connect(endpoint);
  }
  // Whether anything comes within that time.
  bool hears(std::chrono::milliseconds time) {
    std::array<zmq::pollitem_t, 1> items = {{{socket().handle(), 0, ZMQ_POLLIN, 0}}};
    return zmq::poll(items.data(), items.size(), time) > 0;
  }
};

[[nodiscard]] inline std::string encoded_event(const std::string& id,
                                               const std::string& type = "{urn:a}one",
                                               const std::string& source = "//h/p/4") {
  return encode(make_event(id, type, source));
}

// A subscriber whose subscription to watermarks is known to be there.
struct KeySubscriber : KeyPeer {
  KeySubscriber(SecuredBroker& broker, const std::string& name, std::vector<std::string> prefixes)
      : KeyPeer(zmq::socket_type::sub, broker.tcp().events, broker.keys(name), broker.public_key(),
                with_watermark(std::move(prefixes))) {
    next_watermark();
  }
  static std::vector<std::string> with_watermark(std::vector<std::string> prefixes) {
    prefixes.emplace_back(bus::watermark_topic);
    return prefixes;
  }
  void next_watermark() {
    while (receive()[0] != bus::watermark_topic) {
    }
  }
};

}  // namespace sense
