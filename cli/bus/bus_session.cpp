// SPDX-License-Identifier: Apache-2.0
#include "cli/bus/bus_session.hpp"

#include <cstdio>

#include "cli/config/config_file.hpp"

namespace sense::cli {

Result<std::unique_ptr<BusSession>> BusSession::open(Loop& loop, const Global& global) {
  const auto file = load_config(global);
  if (!file) return tl::unexpected(file.error());
  std::unique_ptr<BusSession> session(
      new BusSession(loop, client_endpoint(file->endpoints.service)));
  BusOptions options;
  options.service = file->endpoints.service;
  options.events = file->endpoints.events;
  options.keys = file->endpoints.keys;
  options.executor = loop.executor();
  auto bus = connect_zmq_bus(std::move(options));
  if (!bus) return tl::unexpected(bus.error());
  session->bus_ = std::move(*bus);
  loop.later(std::chrono::seconds{1}, [&loop, raw = session.get()] {
    if (!loop.finishing() && !raw->bus_->connected())
      std::fprintf(stderr, "sense: waiting for the broker at %s\n", raw->endpoint_.c_str());
  });
  return session;
}

BusSession::~BusSession() {
  if (bus_) bus_->close();
}

}  // namespace sense::cli
