// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "adapters/api/adapter.hpp"
#include "adapters/http_poll/resource.hpp"
#include "adapters/http_poll/schedule.hpp"
#include "core/egress/transfer.hpp"

namespace sense::http_poll {

// What the options say, checked. A value.
struct PollerOptions {
  std::vector<Resource> resources;
  PollBounds bounds;
  PollQueue::Limits limits;
  std::size_t data_max = 256 * 1024;  // octets of content in an event
  TransferOptions transfer;
};

// Asks the resources, and publishes what has changed: of each resource one request or event at a
// time. That an event is to be published is stored before, and that the broker has it afterwards,
// so that a restart repeats no event but with its id, and misses no change that lasts.
//
// The reactor's thread alone; the context outlives it. start() fails when what is known cannot be
// read. stop() ends requests under way; what is published is still stored once the broker has it.
[[nodiscard]] std::unique_ptr<Adapter> make_poller(PollerOptions options, AdapterContext& context);

}  // namespace sense::http_poll
