// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <variant>
#include <vector>

#include "core/base/error.hpp"
#include "core/egress/transfer.hpp"

namespace sense {

// One transfer on a libcurl easy handle. Neither copied nor moved, since libcurl holds its address.
// Transfer's thread only.
class TransferJob {
 public:
  using Request = std::variant<HttpRequest, MailRequest>;

  TransferJob(Request request, Transfer::Done done)
      : request_(std::move(request)), done_(std::move(done)) {}
  ~TransferJob();
  TransferJob(const TransferJob&) = delete;
  TransferJob& operator=(const TransferJob&) = delete;

  // Checks the request and names its endpoint. Any thread, before begin().
  [[nodiscard]] Status check();
  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
  [[nodiscard]] std::size_t octets() const;

  // Shared by the jobs of one engine. Must outlive them and their connections.
  struct Shared {
    const TransferOptions& options;
    const EgressPolicy& policy;
    std::mutex mutex;                 // protects sockets
    std::unordered_set<int> sockets;  // open ones

    // Any thread. Ends immediately what libcurl waits for on the sockets.
    void shut_sockets();
  };

  // Sets up `easy` (a CURL*) for this request.
  void begin(void* easy, Shared& shared);
  [[nodiscard]] void* easy() const { return easy_; }
  // The result, from libcurl's result code; `answered`: whether the other side sent anything.
  [[nodiscard]] Result<TransferReply> result(int curl_code, bool& answered);

  [[nodiscard]] Transfer::Done take_done() { return std::move(done_); }

 private:
  struct Callbacks;
  void begin_http(const HttpRequest& request);
  void begin_mail(const MailRequest& request);
  void add_header(const std::string& line);
  void on_header(std::string_view line);
  void on_mail_line(std::string_view line);
  [[nodiscard]] TransferReply::MailStep refused_step() const;
  [[nodiscard]] int open_socket(const void* address);
  [[nodiscard]] Error failure(int curl_code) const;

  Request request_;
  Transfer::Done done_;
  std::string endpoint_;
  void* easy_ = nullptr;
  void* headers_ = nullptr;     // curl_slist: request headers
  void* resolve_ = nullptr;     // curl_slist: pinned address
  void* recipients_ = nullptr;  // curl_slist
  Shared* shared_ = nullptr;
  std::size_t sent_ = 0;            // octets of the message that libcurl has taken
  bool refusal_continues_ = false;  // mail: its next line follows
  bool message_asked_ = false;      // mail: the relay has said 354
  bool body_full_ = false;
  bool opened_allowed_ = false;  // at least one address was tried
  std::string denied_;           // the policy's error for the last refused address
  TransferReply reply_;
  std::array<char, 256> error_text_{};
};

}  // namespace sense
