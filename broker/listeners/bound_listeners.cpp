// SPDX-License-Identifier: Apache-2.0
#include "broker/listeners/bound_listeners.hpp"

#include <sys/stat.h>

#include <algorithm>

namespace sense {

namespace {
constexpr std::string_view ipc = "ipc://";
constexpr auto closing_max = std::chrono::seconds{1};
}  // namespace

BoundListeners::FileId BoundListeners::file_of(const bus::Listener& listener) {
  struct stat found {};
  if (!listener.endpoint.starts_with(ipc) ||
      ::stat(listener.endpoint.c_str() + ipc.size(), &found) != 0)
    return {};
  return {found.st_dev, found.st_ino};
}

Status BoundListeners::bind(Bound& one) {
  if (auto status = bus::bind(*socket_, one.listener); !status) return status;
  one.listener.endpoint = socket_->get(zmq::sockopt::last_endpoint);
  one.file = file_of(one.listener);
  one.bound = true;
  return {};
}

Status BoundListeners::open(zmq::socket_t& socket, const std::vector<bus::Listener>& listeners) {
  socket_ = &socket;
  for (const auto& listener : listeners) {
    all_.push_back({listener, false, {}, 0});
    if (auto status = bind(all_.back()); !status) return status;
  }
  return {};
}

std::string BoundListeners::endpoints() const {
  std::string list;
  for (const auto& one : all_) list += (list.empty() ? "" : ",") + one.listener.endpoint;
  return list;
}

std::vector<bus::Listener> BoundListeners::listeners() const {
  std::vector<bus::Listener> listeners;
  for (const auto& one : all_) listeners.push_back(one.listener);
  return listeners;
}

void BoundListeners::on_replaced(MonoTime now) {
  replaced_ = now;
  for (auto& one : all_) one.bound = false;
}

bool BoundListeners::tick(MonoTime now) {
  const bool soon_replaced = now - replaced_ < closing_max;
  const bool look = now - looked_ >= look_interval;
  if (look) looked_ = now;
  for (auto& one : all_) {
    if (one.bound && look) look_at_file(one, now);
    if (!one.bound && (look || soon_replaced)) retry(one, now);
  }
  return !soon_replaced ||
         std::all_of(all_.begin(), all_.end(), [](const Bound& one) { return one.bound; });
}

void BoundListeners::look_at_file(Bound& one, MonoTime now) {
  if (file_of(one.listener) == one.file) return;
  if (one.restored == restored_max) {
    if (const auto line = log_limit_.check(one.listener.endpoint, now); line.allowed)
      log::error("the socket file of the bus was removed too often: restart the broker",
                 {{"endpoint", one.listener.endpoint}});
    return;
  }
  ++one.restored;
  one.bound = false;
  ++counters_["broker.listeners.lost"];
  log::warn("the socket file of the bus was removed or replaced; the broker binds it again",
            {{"endpoint", one.listener.endpoint}});
}

void BoundListeners::retry(Bound& one, MonoTime now) {
  // libzmq closes asynchronously: the old socket of this process may still listen.
  const auto status = bind(one);
  if (status || now - replaced_ < closing_max) return;
  if (const auto line = log_limit_.check(one.listener.endpoint, now); line.allowed)
    log::error("a listener of the bus cannot be bound again; retrying",
               {{"reason", status.error().message}});
}

}  // namespace sense
