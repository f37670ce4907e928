// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/email_gateway.hpp"

#include <array>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/base/uri.hpp"
#include "gateways/email/address.hpp"
#include "gateways/email/mailer.hpp"
#include "gateways/email/message.hpp"
#include "gateways/email/missing_mailboxes.hpp"

namespace sense::email {

namespace {

Status check_tls(const std::string& text) {
  const auto tls = relay_tls(text, {});
  return tls ? Status() : tl::unexpected(tls.error());
}

Status check_relay(const std::string& relay) {
  auto uri = parse_uri(relay);
  if (!uri) return fail(Code::badparam, "smtp: " + uri.error().message);
  const bool good = (uri->scheme == "smtp" || uri->scheme == "smtps") && !uri->host.empty() &&
                    (uri->path.empty() || uri->path == "/") && uri->query.empty();
  if (good) return {};
  return fail(Code::badparam,
              "smtp: '" + printable(relay) + "' is not smtp://host:port or smtps://host:port");
}

// The address becomes part of a command that the mail's reader may paste into a shell.
Status check_confirm_url(const std::string& url) {
  if (url.empty()) return {};
  auto uri = parse_uri(url);
  const bool good = uri && (uri->scheme == "http" || uri->scheme == "https") &&
                    uri->query.empty() && !url.ends_with('/') &&
                    url.find_first_of("'\"`$\\;&|<>()*?!{}") == std::string::npos;
  if (good) return {};
  return fail(Code::badparam, "confirm-url: '" + printable(url.substr(0, 200)) +
                                  "' is not http(s)://host:port without a slash at its end");
}

Status check_commands_address(const std::string& text) {
  return text.empty() ? Status() : checked_by<parse_address>(text);
}

constexpr std::array options_table{
    Option{"smtp", OptionType::text, "",
           "Mail relay that takes the messages: smtp://host:25 or smtps://host:465."}
        .checked(check_relay),
    Option{"maildir", OptionType::path, "mail",
           "Without a relay: the folder below which each address that has agreed gets a mailbox in "
           "maildir format."}
        .checked(check_folder),
    Option{"max-mailboxes", OptionType::integer, "1000", "Mailboxes made below `maildir` at most.",
           1, 1'000'000},
    Option{"from", OptionType::text, "sense@localhost",
           "The sender's address, in the message and for bounces.", 3, 254}
        .checked(checked_by<parse_address>),
    Option{
        "confirm-url", OptionType::text, "http://localhost:8080",
        "Address of the HTTP gateway as the readers of mail reach it, for the pages on which they "
        "confirm and end subscriptions; empty: mail has no links.",
        0, 400}
        .checked(check_confirm_url),
    Option{"commands-to", OptionType::text, "",
           "Address that takes commands by mail, for List-Help and List-Unsubscribe; empty: there "
           "is none.",
           0, 254}
        .checked(check_commands_address),
    Option{"starttls", OptionType::text, "",
           "TLS on smtp://: never, when-offered, or required; empty: required, or when-offered for "
           "a relay on this machine (localhost, 127.0.0.1, [::1])."}
        .checked(check_tls),
    Option{"ca-file", OptionType::path, "",
           "Certificates (PEM) to trust in the relay instead of the system's; empty: the system's."}
        .checked(check_readable),
    Option{"connect-timeout", OptionType::duration, "10s", "Time to connect to the relay.", 1, 300},
    Option{"timeout", OptionType::duration, "1min", "Time for the relay to take one message.", 1,
           3600},
    Option{"connections", OptionType::integer, "4",
           "Connections to the relay, each with one message at a time.", 1, 64},
};

constexpr Duration relay_warning_interval = std::chrono::minutes{10};

class EmailGateway final : public Gateway {
 public:
  using MakeMailer = std::function<Result<std::unique_ptr<Mailer>>()>;

  EmailGateway(std::string from, Contact contact, MakeMailer make_mailer, GatewayContext& context)
      : context_(context),
        from_(std::move(from)),
        contact_(std::move(contact)),
        make_mailer_(std::move(make_mailer)),
        delivered_(context.counters["email.deliveries.delivered"]),
        failed_(context.counters["email.deliveries.failed"]),
        no_tls_(context.counters["email.relay.no-tls"]) {}
  ~EmailGateway() override { stop(); }

  [[nodiscard]] Status start() override {
    auto mailer = make_mailer_();
    if (!mailer) return tl::unexpected(mailer.error());
    mailer_ = std::move(*mailer);
    return {};
  }
  void stop() override {
    if (mailer_) mailer_->stop();
    mailer_.reset();
  }
  void deliver(std::shared_ptr<const Delivery> delivery, AttemptDone done) override;
  void verify(SubscriptionRef subscription, std::string token, VerificationDone done) override;
  [[nodiscard]] std::vector<std::string> listening() const override { return {}; }

 private:
  [[nodiscard]] Envelope envelope(std::string to) const {
    return {from_, std::move(to), context_.clock.now().wall, contact_};
  }
  [[nodiscard]] Attempt attempt_of(const MailOutcome& outcome, const std::string& to);
  void watch_relay(const MailOutcome& outcome);
  void warn_of_relay(const char* what, const std::string& answer);

  GatewayContext& context_;
  const std::string from_;
  const Contact contact_;
  const MakeMailer make_mailer_;
  std::unique_ptr<Mailer> mailer_;
  MissingMailboxes missing_;
  log::RateLimiter relay_warnings_{relay_warning_interval};
  Counters::Counter& delivered_;
  Counters::Counter& failed_;
  Counters::Counter& no_tls_;
};

void EmailGateway::deliver(std::shared_ptr<const Delivery> delivery, AttemptDone done) {
  if (!mailer_) return done(Attempt::retry("this gateway is stopping"));
  auto to = address_of_callback(delivery->subscription->callback);
  if (!to) return done(Attempt::gone(to.error().message));
  auto message = delivery_message(envelope(*to), *delivery);
  mailer_->send(Mailer::Purpose::delivery, *to, std::move(message),
                [this, to = *to, done = std::move(done)](const MailOutcome& outcome) {
                  ++(outcome.kind == MailOutcome::Kind::sent ? delivered_ : failed_);
                  watch_relay(outcome);
                  done(attempt_of(outcome, to));
                });
}

Attempt EmailGateway::attempt_of(const MailOutcome& outcome, const std::string& to) {
  const auto& answer = outcome.answer;
  switch (outcome.kind) {
    case MailOutcome::Kind::sent: missing_.forget(to); return Attempt::delivered(answer);
    case MailOutcome::Kind::failed:
    case MailOutcome::Kind::relay_refuses:
    case MailOutcome::Kind::no_tls: return Attempt::retry(answer);
    case MailOutcome::Kind::no_mailbox:
      return missing_.confirmed(to, context_.clock.now().mono) ? Attempt::gone(answer)
                                                               : Attempt::retry(answer);
    case MailOutcome::Kind::message_refused: return Attempt::rejected(answer);
  }
  return Attempt::retry(answer);
}

void EmailGateway::watch_relay(const MailOutcome& outcome) {
  if (outcome.kind == MailOutcome::Kind::relay_refuses)
    warn_of_relay("the mail relay refuses this gateway; mail waits and is tried again",
                  outcome.answer);
  if (outcome.kind != MailOutcome::Kind::no_tls) return;
  ++no_tls_;
  warn_of_relay("there is no TLS to the mail relay; mail waits, and nothing is sent without",
                outcome.answer);
}

void EmailGateway::warn_of_relay(const char* what, const std::string& answer) {
  const auto line = relay_warnings_.check(what, context_.clock.now().mono);
  if (!line.allowed) return;
  log::error(what, {{"gateway", context_.name},
                    {"answer", answer},
                    {"suppressed", std::to_string(line.suppressed)}});
}

void EmailGateway::verify(SubscriptionRef subscription, std::string token, VerificationDone done) {
  using Outcome = Verification::Outcome;
  if (!mailer_) return done({Outcome::failed, "this gateway is stopping"});
  auto to = address_of_callback(subscription->callback);
  if (!to) return done({Outcome::refused, to.error().message});
  auto message = verification_message(envelope(*to), *subscription, token);
  mailer_->send(Mailer::Purpose::question, *to, std::move(message),
                [this, done = std::move(done)](const MailOutcome& outcome) {
                  watch_relay(outcome);
                  if (outcome.kind == MailOutcome::Kind::sent)
                    return done({Outcome::asked, outcome.answer});
                  // A mistyped address: here nothing is lost by believing the first answer.
                  const bool no_mailbox = outcome.kind == MailOutcome::Kind::no_mailbox;
                  done({no_mailbox ? Outcome::refused : Outcome::failed,
                        "the mail that asks for confirmation cannot be sent: " + outcome.answer});
                });
}

Result<SmtpOptions> smtp_options(const Settings& options, std::string from) {
  if (auto good = check_relay(options.text("smtp")); !good) return tl::unexpected(good.error());
  const auto tls = relay_tls(options.text("starttls"), parse_uri(options.text("smtp"))->host);
  if (!tls) return tl::unexpected(tls.error());
  SmtpOptions smtp;
  smtp.relay = options.text("smtp");
  smtp.from = std::move(from);
  smtp.tls = *tls;
  smtp.transfer.connect_timeout = options.duration("connect-timeout");
  smtp.transfer.total_timeout = options.duration("timeout");
  smtp.transfer.waiting_timeout = std::chrono::minutes{5};
  smtp.connections = static_cast<unsigned>(options.integer("connections"));
  smtp.transfer.ca_file = options.text("ca-file");
  return smtp;
}

}  // namespace

std::span<const Option> email_options() { return options_table; }

Result<std::vector<std::string>> check_email(const Settings& options) {
  if (options.text("smtp").empty() && options.text("maildir").empty())
    return fail(Code::badparam,
                "smtp (a relay such as smtp://localhost:25) or maildir (a folder) is to be set for "
                "an email gateway");
  return std::vector<std::string>();  // it listens nowhere
}

Result<std::unique_ptr<Gateway>> make_email_gateway(const Settings& options,
                                                    GatewayContext& context) {
  if (auto good = check_email(options); !good) return tl::unexpected(good.error());
  const bool by_smtp = !options.text("smtp").empty();
  const auto maildir = options.text("maildir");
  auto from = parse_address(options.text("from"));
  if (!from) return fail(Code::badparam, "from: " + from.error().message);
  Contact contact{options.text("confirm-url"), {}};
  if (auto good = check_confirm_url(contact.pages); !good) return tl::unexpected(good.error());
  if (const auto commands = options.text("commands-to"); !commands.empty()) {
    auto address = parse_address(commands);
    if (!address) return fail(Code::badparam, "commands-to: " + address.error().message);
    contact.commands = std::move(*address);
  }
  const auto mailboxes_max = static_cast<std::size_t>(options.integer("max-mailboxes"));
  EmailGateway::MakeMailer make = [maildir, mailboxes_max, &context] {
    return make_maildir_mailer({maildir, mailboxes_max, context.counters["email.maildir.no-room"]},
                               context.reactor);
  };
  if (by_smtp) {
    auto smtp = smtp_options(options, *from);
    if (!smtp) return tl::unexpected(smtp.error());
    make = [smtp = *smtp, &context] { return make_smtp_mailer(smtp, context.reactor); };
  }
  return std::make_unique<EmailGateway>(std::move(*from), std::move(contact), std::move(make),
                                        context);
}

}  // namespace sense::email
