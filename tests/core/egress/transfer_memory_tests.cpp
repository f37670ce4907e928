// SPDX-License-Identifier: Apache-2.0
// Transfers while an allocation of libcurl fails.
#include <curl/curl.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "tests/core/egress/transfer_fixture.hpp"

using namespace sense;
using namespace sense::test;

namespace {

std::atomic<long> until_failure{0};  // how many allocations are left; 0: none fails

bool fails() { return until_failure > 0 && --until_failure == 0; }

// libcurl's allocations are those below in the whole program, and fail only when a test says so.
struct FailingAllocations {
  FailingAllocations() {
    curl_global_init_mem(
        CURL_GLOBAL_DEFAULT, [](std::size_t size) { return fails() ? nullptr : std::malloc(size); },
        &std::free,
        [](void* old, std::size_t size) { return fails() ? nullptr : std::realloc(old, size); },
        [](const char* text) { return fails() ? nullptr : ::strdup(text); },
        [](std::size_t count, std::size_t size) {
          return fails() ? nullptr : std::calloc(count, size);
        });
  }
};
BOOST_GLOBAL_FIXTURE(FailingAllocations);

}  // namespace

BOOST_AUTO_TEST_SUITE(transfer_memory_tests)

BOOST_AUTO_TEST_CASE(a_request_arrives_with_all_its_headers_or_fails) {
  std::atomic<int> incomplete{0};
  LoopbackServer server([&](LoopbackServer::Peer& peer) {
    while (const auto head = peer.read_until("\r\n\r\n")) {
      incomplete += head->find("\r\nce-id: jam-17\r\n") == std::string::npos;
      (void)peer.read(5);
      peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
  });
  auto request = post("http://sink.example:" + std::to_string(server.port()) + "/hook");
  request.headers = {{"ce-id", "jam-17"}};
  request.pinned_address = "127.0.0.1";
  unsigned failed = 0;
  for (long at = 1;; ++at) {
    BOOST_REQUIRE_LT(at, 10'000);
    const auto transfer = make_transfer(allowing({"127.0.0.1"}));
    until_failure = at;
    failed += !send(*transfer, request).get();
    const bool all_succeeded = until_failure.exchange(0) > 0;
    if (all_succeeded) break;
  }
  BOOST_CHECK_EQUAL(incomplete, 0);
  BOOST_CHECK_GT(failed, 10);
}

BOOST_AUTO_TEST_SUITE_END()
