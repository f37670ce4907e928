// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/egress/transfer.hpp"

namespace sense {

// One transfer on a libcurl easy handle, and what all protocols have in common: deadlines, TLS, the
// sockets, errors. Neither copied nor moved, since libcurl holds its address. Transfer's thread
// only, but for the functions that say otherwise. Owned by the Transfer; the easy handle is not the
// job's own.
class TransferJob {
 public:
  explicit TransferJob(Transfer::Done done) : done_(std::move(done)) {}
  virtual ~TransferJob() = default;
  TransferJob(const TransferJob&) = delete;
  TransferJob& operator=(const TransferJob&) = delete;

  // Checks the request and names its endpoint; badparam. Any thread, once, before begin().
  [[nodiscard]] virtual Status check() = 0;
  // "http://host:port"; empty before check(). Any thread.
  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
  // An estimate of the memory that the request takes. Any thread.
  [[nodiscard]] virtual std::size_t octets() const = 0;

  // Shared by the jobs of one engine. Must outlive them and their connections.
  struct Shared {
    const TransferOptions& options;
    const EgressPolicy& policy;
    std::mutex mutex;                 // protects sockets
    std::unordered_set<int> sockets;  // open ones

    // Any thread. Ends immediately what libcurl waits for on the sockets.
    void shut_sockets();
  };

  // Sets up `easy` (a CURL*) for this request. False when there was no memory for a part of it:
  // then the rest must not be sent. REQUIRES: check() succeeded.
  [[nodiscard]] bool begin(void* easy, Shared& shared);
  [[nodiscard]] void* easy() const { return easy_; }
  // When the reply is taken as it is by then, although octets are still missing. Absent: not yet
  // known, only the deadline of the whole transfer holds.
  [[nodiscard]] virtual std::optional<MonoTime> enough_at() const { return std::nullopt; }
  // The result, once, from libcurl's result code; `answered`: whether the other side replied.
  [[nodiscard]] virtual Result<TransferReply> result(int curl_code, bool& answered) = 0;

  [[nodiscard]] Transfer::Done take_done() { return std::move(done_); }

 protected:
  struct FreeList {
    void operator()(void* list) const;  // a curl_slist
  };
  using List = std::unique_ptr<void, FreeList>;
  void append(List& list, const std::string& line);
  template <class Option, class T>
  void set_option(Option option, T value);  // of the easy handle; in easy_option.hpp

  // The protocol's own options, on easy().
  virtual void set_up() = 0;
  // Octets of a body, and one line of the reply's head with its line end. They return false when no
  // more is wanted: that ends the transfer.
  [[nodiscard]] virtual bool take_body(std::string_view octets) = 0;
  [[nodiscard]] virtual bool take_line(std::string_view line) = 0;
  // Whether a connection to this address and port may be opened.
  [[nodiscard]] virtual Status check_address(const boost::asio::ip::address& address,
                                             std::uint16_t port) const = 0;

  [[nodiscard]] const Shared& shared() const { return *shared_; }
  [[nodiscard]] std::string_view error_text() const { return error_text_.data(); }
  // The error that libcurl's result code stands for.
  [[nodiscard]] Error failure(int curl_code) const;

  std::string endpoint_;
  bool complete_ = true;  // false: there was no memory for a part of the request

 private:
  struct Callbacks;
  [[nodiscard]] int open_socket(const void* address);

  Transfer::Done done_;
  void* easy_ = nullptr;
  Shared* shared_ = nullptr;
  bool opened_allowed_ = false;  // at least one address was tried
  std::string denied_;           // the policy's error for the last refused address
  std::array<char, 256> error_text_{};
};

// Any thread.
[[nodiscard]] std::unique_ptr<TransferJob> make_http_job(HttpRequest request, Transfer::Done done);
[[nodiscard]] std::unique_ptr<TransferJob> make_mail_job(MailRequest request, Transfer::Done done);

// scheme://host:port of a URL with one of the two schemes; badparam.
[[nodiscard]] Result<std::string> endpoint_of(const std::string& url, std::string_view plain,
                                              std::string_view secure);
// Whether a control character other than a tab is in it: it could end a line of the protocol.
[[nodiscard]] bool has_control(std::string_view text);

}  // namespace sense
