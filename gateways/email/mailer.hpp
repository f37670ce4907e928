// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/egress/transfer.hpp"
#include "gateways/email/maildir.hpp"
#include "gateways/email/smtp_outcome.hpp"

namespace boost::asio {
class io_context;
}

namespace sense::email {

// Sends mail: to a relay by SMTP, or into maildir folders. Owned by the gateway; the reactor must
// outlive it. Reactor thread only, and never blocks it.
class Mailer {
 public:
  using Done = std::function<void(const MailOutcome&)>;
  // A question goes to an address that has not agreed to anything yet.
  enum class Purpose { delivery, question };

  virtual ~Mailer() = default;
  // `message` as of to_octets(). `done` is called exactly once, on the reactor's thread, perhaps
  // before this returns.
  virtual void send(Purpose purpose, const std::string& to, std::string message, Done done) = 0;
  // Completes the attempts in progress as failed. Nothing is sent afterwards.
  virtual void stop() = 0;
};

// A relay, and how to send to it. A value.
struct SmtpOptions {
  std::string relay;  // smtp://host:25
  std::string from;
  MailRequest::Tls tls = MailRequest::Tls::when_offered;
  unsigned connections = 4;  // to the relay at once, a thread for each; at least 1
  TransferOptions transfer;
};
// How TLS is used with a relay of that host, by the option `starttls`: "" means required, or
// when-offered for a host on this machine. badparam, with the option's name. Pure.
[[nodiscard]] Result<MailRequest::Tls> relay_tls(const std::string& starttls,
                                                 const std::string& host);
// Fails when the process has no memory or files left for the connections.
[[nodiscard]] Result<std::unique_ptr<Mailer>> make_smtp_mailer(SmtpOptions options,
                                                               boost::asio::io_context& reactor);
// Mailboxes below the maildir's root, which is made when it is not there. Fails with its path. A
// mail beyond 4,096 unfinished ones fails for now.
[[nodiscard]] Result<std::unique_ptr<Mailer>> make_maildir_mailer(Maildir maildir,
                                                                  boost::asio::io_context& reactor);

}  // namespace sense::email
