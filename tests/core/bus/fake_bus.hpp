// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>

#include "core/bus/bus.hpp"

namespace sense::testing {

// A registry in memory behind the interface of the bus. Answers wait until run().
class FakeBus : public Bus {
 public:
  std::map<std::pair<std::string, std::string>, RegistryEntry> entries;
  std::deque<std::function<void()>> later;
  std::function<void()> before_put;  // a concurrent writer
  std::optional<Error> failure;      // of everything
  std::vector<std::string> reasons;
  std::vector<Event> published;
  std::uint64_t sequence = 0;
  int puts = 0;
  int lists = 0;
  int resumed = 0;
  bool own_only = false;  // lists
  ProofTable proof_table;
  std::vector<ClientRefusal> refusals;  // that were reported
  std::vector<ServedClient> clients;    // that the registry was asked for, in order
  std::vector<std::pair<ServedClient, Event>> published_for;

  Executor executor() {
    return [this](std::function<void()> task) { later.push_back(std::move(task)); };
  }
  void run() {
    while (run_one()) {
    }
  }
  bool run_one() {
    if (later.empty()) return false;
    const auto task = std::move(later.front());
    later.pop_front();
    task();
    return true;
  }

  void registry_get(std::string kind, std::string key, Answer<RegistryEntry> done,
                    const ServedClient& client) override {
    clients.push_back(client);
    later.push_back([=, this] {
      if (failure) return done(tl::unexpected(*failure));
      const auto found = entries.find({kind, key});
      if (found == entries.end()) return done(fail(Code::notfound, key + " is not there"));
      done(found->second);
    });
  }
  void registry_put(RegistryEntry entry, std::string reason, Answer<std::uint64_t> done,
                    const ServedClient& client) override {
    clients.push_back(client);
    later.push_back([=, this]() mutable {
      ++puts;
      if (before_put) std::exchange(before_put, nullptr)();
      if (failure) return done(tl::unexpected(*failure));
      const auto found = entries.find({entry.kind, entry.key});
      const auto current = found == entries.end() ? 0 : found->second.revision;
      if (current != entry.revision) return done(fail(Code::badcontext, "changed meanwhile"));
      reasons.push_back(reason);
      entry.revision = ++sequence;
      entries[{entry.kind, entry.key}] = entry;
      done(sequence);
    });
  }
  void registry_remove(std::string kind, std::string key, std::uint64_t, std::string reason,
                       Answer<std::uint64_t> done, const ServedClient& client) override {
    clients.push_back(client);
    later.push_back([=, this] {
      if (failure) return done(tl::unexpected(*failure));
      if (entries.erase({kind, key}) == 0) return done(fail(Code::notfound, "is not there"));
      reasons.push_back(reason);
      done(++sequence);
    });
  }
  void registry_list(std::string kind, std::string after, std::uint32_t limit,
                     Answer<RegistryPage> done, const ServedClient& client) override {
    clients.push_back(client);
    later.push_back([=, this] {
      ++lists;
      if (failure) return done(tl::unexpected(*failure));
      RegistryPage page;
      page.sequence = sequence;
      page.own_only = own_only;
      for (auto next = entries.upper_bound({kind, after});
           next != entries.end() && next->first.first == kind; ++next) {
        page.more = page.entries.size() == limit;
        if (page.more) break;
        page.entries.push_back(next->second);
      }
      done(std::move(page));
    });
  }

  void publish_for(const ServedClient& client, const Event& event, Done done) override {
    published_for.emplace_back(client, event);
    publish(event, std::move(done));
  }
  void publish(const Event& event, Done done) override {
    later.push_back([=, this] {
      if (failure) return done(tl::unexpected(*failure));
      published.push_back(event);
      done(Receipt{++sequence, false});
    });
  }
  void fetch(std::uint64_t, std::vector<std::string>, std::size_t, Answer<FetchReply>,
             const ServedClient&) override {}
  void follow(std::uint64_t, std::vector<std::string>, std::function<void(Batch)>) override {}
  void resume() override { ++resumed; }
  void parameters(Answer<std::map<std::string, std::string>>) override {}
  void proofs(std::string known, Answer<ProofTable> done) override {
    later.push_back([=, this] {
      if (failure) return done(tl::unexpected(*failure));
      done(known == proof_table.version ? ProofTable{known, {}, {}} : proof_table);
    });
  }
  void report(const ClientRefusal& refusal, std::function<void(Status)> done) override {
    later.push_back([=, this] {
      if (failure) return done(tl::unexpected(*failure));
      refusals.push_back(refusal);
      done({});
    });
  }
  [[nodiscard]] bool connected() const override { return true; }
  void close() override {}
};

}  // namespace sense::testing
