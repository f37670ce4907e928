// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/bus/bus.hpp"

namespace sense {

// Reads whole lists of the registry, together with the position in the journal from which they are
// to be followed. A list that is kept current must be read by this class: a list read otherwise is
// tied to no position, and misses what changes between reading and following.
//
// Reactor thread only; the bus must outlive it, and no answer of it may come after the reader's
// end. It holds one page at a time (1,000 entries, some 8 MiB).
class RegistryReader {
 public:
  // Runs a task later, when the broker did not answer; drops it once the reader's owner is gone.
  using RetryLater = std::function<void(std::function<void()>)>;
  using Each = std::function<void(const RegistryEntry&)>;
  // The lists have every change up to the event `position`, and may have later ones: a process that
  // follows {urn:sense:management} from `position` or from an earlier event misses none. A change
  // that the lists have already comes again then; `RegistryEntry::revision` tells.
  using Done = std::function<void(std::uint64_t position)>;
  RegistryReader(RegistryClient& bus, RetryLater retry_later)
      : bus_(bus), retry_later_(std::move(retry_later)) {}

  // Reads all entries of each kind in turn, ordered by key; then calls `done` once. It asks again
  // while the broker does not answer, or shows a part only because a right is missing (which is
  // logged). A second read() replaces the first, whose `done` is never called.
  void read(std::vector<std::string> kinds, Each each, Done done);
  // Calls nothing any more.
  void stop() { ++run_; }

 private:
  struct Read {
    std::uint64_t run = 0;
    std::vector<std::string> kinds;  // the last one is being read
    std::string after;
    std::optional<std::uint64_t> position;  // as of the first page
    Each each;
    Done done;
  };
  void read_page(std::shared_ptr<Read> read);
  void on_page(const std::shared_ptr<Read>& read, const Result<RegistryClient::RegistryPage>& page);

  RegistryClient& bus_;
  RetryLater retry_later_;
  std::uint64_t run_ = 0;
  bool refusal_logged_ = false;
};

}  // namespace sense
