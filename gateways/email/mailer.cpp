// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/mailer.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <map>
#include <utility>
#include <vector>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "gateways/api/blocking_gateway.hpp"

namespace sense::email {

namespace {

constexpr unsigned maildir_threads = 2;
constexpr std::size_t maildir_unfinished_max = 4096;

MailOutcome stopping() { return {MailOutcome::Kind::failed, "this gateway is stopping"}; }

// Whether the relay is named as one on this machine.
bool is_local(const std::string& host) {
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  return !error && address.is_loopback();
}

// One Transfer for each message in progress, because each waits for the relay's reply by itself.
class SmtpMailer final : public Mailer {
 public:
  SmtpMailer(SmtpOptions options, std::vector<std::unique_ptr<Transfer>> transfers)
      : options_(std::move(options)) {
    for (auto& transfer : transfers) channels_.push_back({std::move(transfer), 0});
  }
  ~SmtpMailer() override { SmtpMailer::stop(); }

  void send(Purpose, const std::string& to, std::string message, Done done) override {
    if (channels_.empty()) return done(stopping());
    const auto least_busy = std::min_element(channels_.begin(), channels_.end(),
                                             [](const Channel& left, const Channel& right) {
                                               return left.unfinished < right.unfinished;
                                             });
    const auto index = static_cast<std::size_t>(least_busy - channels_.begin());
    const auto id = ++last_;
    under_way_->emplace(id, std::move(done));
    ++least_busy->unfinished;
    least_busy->transfer->mail(
        request_for(to, std::move(message)),
        [this, index, id, alive = std::weak_ptr(under_way_)](const Result<TransferReply>& reply) {
          const auto under_way = alive.lock();
          if (!under_way) return;
          auto taken = under_way->extract(id);
          if (taken.empty()) return;  // stopped meanwhile
          --channels_[index].unfinished;
          note_tls();
          taken.mapped()(outcome_of_smtp(reply));
        });
  }

  void stop() override {
    for (auto& channel : channels_) channel.transfer->stop();
    channels_.clear();
    auto left = std::exchange(*under_way_, {});
    for (auto& [id, done] : left) done(stopping());
  }

 private:
  struct Channel {
    std::unique_ptr<Transfer> transfer;
    std::size_t unfinished = 0;
  };
  using UnderWay = std::map<std::uint64_t, Done>;

  void note_tls() {
    if (options_.tls != MailRequest::Tls::when_offered || !*tls_offered_) return;
    if (!std::exchange(tls_noted_, true))
      log::info("the mail relay offers TLS; nothing is sent without it from now on",
                {{"relay", options_.relay}});
  }
  [[nodiscard]] MailRequest request_for(const std::string& to, std::string message) const {
    MailRequest request;
    request.relay = options_.relay;
    request.tls = options_.tls;
    request.tls_offered = tls_offered_;
    request.hello = options_.from.substr(options_.from.rfind('@') + 1);
    request.sender = options_.from;
    request.recipient = to;
    request.message = std::move(message);
    return request;
  }

  const SmtpOptions options_;
  const std::shared_ptr<std::atomic<bool>> tls_offered_ =
      std::make_shared<std::atomic<bool>>(false);
  bool tls_noted_ = false;
  std::vector<Channel> channels_;
  std::uint64_t last_ = 0;
  std::shared_ptr<UnderWay> under_way_ = std::make_shared<UnderWay>();
};

class MaildirMailer final : public Mailer {
 public:
  MaildirMailer(Maildir maildir, boost::asio::io_context& reactor)
      : maildir_(std::move(maildir)), pool_(reactor, maildir_threads, maildir_unfinished_max) {}

  void send(Purpose purpose, const std::string& to, std::string message, Done done) override {
    pool_.submit(
        [this, to, purpose, text = std::move(message)] {
          auto stored = purpose == Purpose::delivery ? maildir_.deliver(to, text)
                                                     : maildir_.deliver_question(to, text);
          return stored ? Attempt::delivered("stored") : Attempt::retry(stored.error().message);
        },
        [done = std::move(done)](const Attempt& attempt) {
          const bool stored = attempt.outcome == Attempt::Outcome::delivered;
          done({stored ? MailOutcome::Kind::sent : MailOutcome::Kind::failed, attempt.answer});
        });
  }
  void stop() override { pool_.stop(); }

 private:
  Maildir maildir_;
  BlockingPool pool_;  // last: its threads end before what they use
};

}  // namespace

Result<MailRequest::Tls> relay_tls(const std::string& starttls, const std::string& host) {
  using Tls = MailRequest::Tls;
  if (starttls.empty()) return is_local(host) ? Tls::when_offered : Tls::required;
  if (starttls == "never") return Tls::never;
  if (starttls == "when-offered") return Tls::when_offered;
  if (starttls == "required") return Tls::required;
  return fail(Code::badparam, "starttls: '" + printable(starttls) +
                                  "' is not one of never, when-offered, required");
}

Result<std::unique_ptr<Mailer>> make_smtp_mailer(SmtpOptions options,
                                                 boost::asio::io_context& reactor) {
  const auto executor = [&reactor](std::function<void()> task) {
    boost::asio::post(reactor, std::move(task));
  };
  auto each = options.transfer;
  each.in_flight_max = 1;
  std::vector<std::unique_ptr<Transfer>> transfers;
  for (unsigned i = 0; i < options.connections; ++i) {
    // The relay is not subject to the egress policy; an empty policy allows no other address.
    auto transfer = Transfer::make(each, EgressPolicy{}, executor);
    if (!transfer) return tl::unexpected(transfer.error());
    transfers.push_back(std::move(*transfer));
  }
  return std::make_unique<SmtpMailer>(std::move(options), std::move(transfers));
}

Result<std::unique_ptr<Mailer>> make_maildir_mailer(Maildir maildir,
                                                    boost::asio::io_context& reactor) {
  if (auto opened = maildir.open(); !opened) return tl::unexpected(opened.error());
  return std::make_unique<MaildirMailer>(std::move(maildir), reactor);
}

}  // namespace sense::email
