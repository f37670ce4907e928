// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "core/egress/transfer.hpp"
#include "gateways/api/gateway.hpp"

namespace sense::email {

// The two ways a message can leave. Reactor thread only; `done` exactly once, on that thread.
class Mailer {
 public:
  virtual ~Mailer() = default;
  virtual void send(const std::string& to, std::string message, AttemptDone done) = 0;
  // Answers what is under way with retry. Nothing is sent afterwards.
  virtual void stop() = 0;
};

struct SmtpOptions {
  std::string relay;  // smtp://host:25
  std::string from;
  MailRequest::Tls tls = MailRequest::Tls::when_offered;
  unsigned connections = 4;  // to the relay at once, a thread for each; at least 1
  TransferOptions transfer;
};
[[nodiscard]] Result<std::unique_ptr<Mailer>> make_smtp_mailer(SmtpOptions options,
                                                               boost::asio::io_context& reactor);
// `root` is made when it is not there.
[[nodiscard]] Result<std::unique_ptr<Mailer>> make_maildir_mailer(std::string root,
                                                                  boost::asio::io_context& reactor);

// What the relay's answer means (docs/email-gateway.md). Pure.
[[nodiscard]] Attempt outcome_of_smtp(const Result<TransferReply>& reply);

}  // namespace sense::email
