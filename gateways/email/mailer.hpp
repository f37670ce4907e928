// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "core/egress/transfer.hpp"
#include "gateways/api/gateway.hpp"

namespace sense::email {

// Sends mail: to a relay by SMTP, or into maildir folders. Reactor thread only; `done` is called
// exactly once, on that thread.
class Mailer {
 public:
  virtual ~Mailer() = default;
  virtual void send(const std::string& to, std::string message, AttemptDone done) = 0;
  // Completes the attempts in progress with retry. Nothing is sent afterwards.
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

// The outcome that a reply of the relay stands for (docs/email-gateway.md). Pure.
[[nodiscard]] Attempt outcome_of_smtp(const Result<TransferReply>& reply);

}  // namespace sense::email
