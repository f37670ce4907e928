// SPDX-License-Identifier: Apache-2.0
#include "broker/reader_loop.hpp"

#include <sys/prctl.h>

namespace sense {

void ReaderLoop::start() {
  thread_ = std::thread([this] { run(); });
}

void ReaderLoop::stop() {
  stopping_.store(true);
  requests_.wake();
  if (thread_.joinable()) thread_.join();
}

void ReaderLoop::run() {
  ::prctl(PR_SET_NAME, "sense-reader");
  while (!stopping_.load()) {
    requests_.wait(std::chrono::milliseconds{500});
    for (const auto& incoming : requests_.take()) {
      Outgoing out;
      out.answers.push_back({incoming->peer, reader_.answer(incoming->request, *incoming->rights)});
      results_.put(std::move(out));
      for (const auto range : reader_.take_damage()) on_damage_(range);
    }
  }
}

}  // namespace sense
