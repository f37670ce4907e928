// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/test/unit_test.hpp>
#include <future>

#include "core/egress/transfer.hpp"
#include "tests/core/egress/loopback_server.hpp"

// Requests by a Transfer to servers on loopback.
namespace sense::test {

inline EgressPolicy allowing(std::vector<std::string> networks) {
  auto policy = EgressPolicy::make(networks);
  BOOST_REQUIRE(policy);
  return *policy;
}

inline std::unique_ptr<Transfer> make_transfer(EgressPolicy policy, TransferOptions options = {}) {
  auto transfer = Transfer::make(std::move(options), std::move(policy), [](auto task) { task(); });
  BOOST_REQUIRE(transfer);
  return std::move(*transfer);
}

inline HttpRequest post(const std::string& url, std::string body = "hello") {
  HttpRequest request;
  request.url = url;
  request.body = std::move(body);
  return request;
}

inline std::future<Result<TransferReply>> send(Transfer& transfer, HttpRequest request) {
  auto promise = std::make_shared<std::promise<Result<TransferReply>>>();
  auto future = promise->get_future();
  transfer.http(std::move(request),
                [promise](Result<TransferReply> reply) { promise->set_value(std::move(reply)); });
  return future;
}

inline std::string url_of(const LoopbackServer& server, const std::string& host = "127.0.0.1") {
  return "http://" + host + ":" + std::to_string(server.port()) + "/hook";
}

}  // namespace sense::test
