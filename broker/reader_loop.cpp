// SPDX-License-Identifier: Apache-2.0
#include "broker/reader_loop.hpp"

#include <sys/prctl.h>

namespace sense {

namespace {

FairQueue<IncomingRef>::Limits limits_of(const Settings& settings) {
  return {static_cast<std::size_t>(settings.integer("reads-per-principal-max")),
          static_cast<std::size_t>(settings.size("reads-size-per-principal")),
          static_cast<std::size_t>(settings.size("reads-size"))};
}

// As it lies in memory: short prefixes have longer views.
std::size_t octets_of(const Incoming& incoming) {
  return incoming.octets.size() + incoming.request.prefixes.size() * sizeof(std::string_view);
}

std::size_t answer_octets_for(const bus::Request& request) {
  return request.operation == bus::Operation::list ? bus::list_octets_max
                                                   : Reader::octets_for(request);
}

}  // namespace

ReaderLoop::ReaderLoop(Reader reader, const Settings& settings, AnswerBudget& answers,
                       Counters& counters, bus::Mailbox<Outgoing>& results, Hooks hooks)
    : reader_(std::move(reader)),
      answers_(answers),
      counters_(counters),
      results_(results),
      hooks_(std::move(hooks)),
      queue_(limits_of(settings)) {
  answers_.on_room([this] {
    const std::lock_guard lock(mutex_);
    changed_.notify_one();
  });
}

ReaderLoop::~ReaderLoop() {
  stop();
  answers_.on_room({});
}

void ReaderLoop::start() {
  thread_ = std::thread([this] { run(); });
}

void ReaderLoop::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

bool ReaderLoop::put(IncomingRef& request) {
  const std::string principal = request->connection();
  const std::string client = request->peer;
  const auto octets = octets_of(*request);
  const std::lock_guard lock(mutex_);
  if (!queue_.put(principal, client, request, octets)) {
    ++counters_["broker.reads.refused"];
    return false;
  }
  changed_.notify_one();
  return true;
}

void ReaderLoop::drop(const std::string& principal, const std::string& client) {
  const std::lock_guard lock(mutex_);
  counters_["broker.reads.dropped"] += queue_.drop(principal, client).size();
}

bool ReaderLoop::reserve(Incoming& incoming) {
  const auto wanted = answer_octets_for(incoming.request);
  if (wanted == 0) return true;
  incoming.hold = answers_.reserve(incoming.peer, incoming.connection(), wanted);
  const auto got = incoming.hold.octets();
  if (got > 0 && got < wanted) ++counters_["broker.answers.shortened"];
  return got > 0;
}

std::optional<IncomingRef> ReaderLoop::next() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    auto turn = queue_.take([this](const IncomingRef& incoming) { return reserve(*incoming); });
    if (turn) return turn;
    if (!queue_.empty()) ++counters_["broker.answers.awaited"];
    changed_.wait(lock);
  }
  return std::nullopt;
}

void ReaderLoop::run() {
  ::prctl(PR_SET_NAME, "sense-reader");
  while (auto turn = next()) serve(std::move(*turn));
}

void ReaderLoop::serve(IncomingRef incoming) {
  const auto& request = incoming->request;
  if (request.operation == bus::Operation::list) return hooks_.pass_on(std::move(incoming));
  const auto reply = reader_.answer(request, *incoming, incoming->hold.octets());
  Outgoing out;
  out.answers.push_back(reply ? make_answer(*incoming, *reply)
                              : make_refusal(*incoming, reply.error()));
  results_.put(std::move(out));
  for (const auto range : reader_.take_damage()) hooks_.on_damage(range);
}

}  // namespace sense
