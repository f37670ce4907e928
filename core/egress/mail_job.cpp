// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/text.hpp"
#include "core/egress/easy_option.hpp"
#include "core/egress/transfer_job.hpp"

namespace sense {

namespace {

constexpr std::size_t refusal_kept_max = 1024;

bool bad_mailbox(std::string_view text) {
  return text.empty() || has_control(text) || text.find_first_of("<> \t") != std::string_view::npos;
}

// One message to one recipient, RFC 5321.
class MailJob final : public TransferJob {
 public:
  MailJob(MailRequest request, Transfer::Done done)
      : TransferJob(std::move(done)), request_(std::move(request)) {}

  [[nodiscard]] Status check() override;
  [[nodiscard]] std::size_t octets() const override { return 1024 + request_.message.size(); }
  [[nodiscard]] Result<TransferReply> result(int curl_code, bool& answered) override;

 private:
  void set_up() override;
  [[nodiscard]] bool take_body(std::string_view) override { return true; }
  [[nodiscard]] bool take_line(std::string_view line) override;
  // The relay is the operator's choice.
  [[nodiscard]] Status check_address(const boost::asio::ip::address&,
                                     std::uint16_t) const override {
    return {};
  }

  [[nodiscard]] TransferReply::MailStep refused_step() const;
  [[nodiscard]] bool take_tls_step(std::string_view line);
  void take_refusal(std::string_view line);

  static std::size_t read(char* data, std::size_t size, std::size_t count, void* self);
  static int rewind(void* self, curl_off_t offset, int origin);

  const MailRequest request_;
  List recipients_;
  MailRequest::Tls tls_ = MailRequest::Tls::never;  // what holds for this attempt
  bool tls_awaited_ = false;                        // the reply to EHLO offers STARTTLS
  bool tls_due_ = false;                            // and has ended: 220 is next
  bool tls_up_ = false;
  bool tls_missing_ = false;        // something else came
  std::size_t sent_ = 0;            // octets of the message that libcurl has taken
  bool refusal_continues_ = false;  // in the next line
  bool message_asked_ = false;      // the relay has said 354
  TransferReply reply_;
};

Status MailJob::check() {
  if (bad_mailbox(request_.sender) || bad_mailbox(request_.recipient))
    return fail(Code::badparam,
                "a mail address is empty or has a space, an angle bracket or a "
                "control character");
  if (!request_.hello.empty() && bad_mailbox(request_.hello))
    return fail(Code::badparam, "the name for EHLO has a character that host names may not have");
  auto endpoint = endpoint_of(request_.relay, "smtp", "smtps");
  if (!endpoint) return tl::unexpected(endpoint.error());
  endpoint_ = std::move(*endpoint);
  return {};
}

std::size_t MailJob::read(char* data, std::size_t size, std::size_t count, void* self) {
  auto& job = *static_cast<MailJob*>(self);
  const auto& text = job.request_.message;
  const auto octets = std::min(size * count, text.size() - job.sent_);
  std::memcpy(data, text.data() + job.sent_, octets);
  job.sent_ += octets;
  return octets;
}

// A persistent connection may fail after a part of the message was sent.
int MailJob::rewind(void* self, curl_off_t offset, int origin) {
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_FAIL;
  static_cast<MailJob*>(self)->sent_ = static_cast<std::size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

void MailJob::set_up() {
  set_option(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  const auto url = endpoint_ + "/" + request_.hello;
  set_option(CURLOPT_URL, url.c_str());
  using Tls = MailRequest::Tls;
  tls_ = request_.tls;
  if (tls_ == Tls::when_offered && request_.tls_offered && *request_.tls_offered)
    tls_ = Tls::required;
  if (endpoint_.starts_with("smtps:")) tls_ = Tls::required;  // an offer within TLS means nothing
  const auto use = tls_ == Tls::never          ? CURLUSESSL_NONE
                   : tls_ == Tls::when_offered ? CURLUSESSL_TRY
                                               : CURLUSESSL_ALL;
  set_option(CURLOPT_USE_SSL, static_cast<long>(use));
  // Without a login it is not sent; but libcurl uses a kept connection only for the same value, and
  // otherwise takes one that was opened without TLS, when TLS was not required yet.
  if (tls_ == Tls::required) set_option(CURLOPT_SASL_AUTHZID, "tls");
  const auto sender = "<" + request_.sender + ">";
  set_option(CURLOPT_MAIL_FROM, sender.c_str());
  append(recipients_, "<" + request_.recipient + ">");
  set_option(CURLOPT_MAIL_RCPT, recipients_.get());
  set_option(CURLOPT_UPLOAD, 1L);
  set_option(CURLOPT_READFUNCTION, &MailJob::read);
  set_option(CURLOPT_READDATA, this);
  set_option(CURLOPT_SEEKFUNCTION, &MailJob::rewind);
  set_option(CURLOPT_SEEKDATA, this);
  set_option(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.message.size()));
  // The bound of libcurl's blocking wait for the replies to the message and to QUIT.
  set_option(CURLOPT_SERVER_RESPONSE_TIMEOUT,
             std::max(1L, in_milliseconds(shared().options.total_timeout) / 1000));
}

// False: STARTTLS was offered and then refused, which a man in the middle would do to read the
// mail; libcurl would go on without it.
bool MailJob::take_tls_step(std::string_view line) {
  if (line.starts_with("220")) {  // TLS begins, or a connection
    tls_up_ = std::exchange(tls_due_, false);
    tls_awaited_ = false;
    return true;
  }
  if (tls_up_) return true;
  const bool agreed = line.starts_with("250");
  tls_missing_ = tls_due_ || (tls_awaited_ && !agreed);
  if (agreed && lower(line.substr(std::min<std::size_t>(4, line.size()))).starts_with("starttls")) {
    if (request_.tls_offered) *request_.tls_offered = true;
    tls_awaited_ = tls_ == MailRequest::Tls::when_offered;
  }
  tls_due_ = tls_awaited_ && line.substr(3, 1) != "-";
  return !tls_missing_;
}

bool MailJob::take_line(std::string_view line) {
  line = line.substr(0, line.find_first_of("\r\n"));
  if (line.starts_with("220")) message_asked_ = false;  // libcurl has connected anew
  const bool going_on = message_asked_ || line.size() < 3 || take_tls_step(line);
  // What follows is the reply to the message, and an earlier refusal (of EHLO) is history.
  if (line.starts_with("354")) {
    message_asked_ = true;
    reply_ = {};
  }
  take_refusal(line);
  return going_on;
}

void MailJob::take_refusal(std::string_view line) {
  const bool refusal = line.size() >= 3 && (line[0] == '4' || line[0] == '5');
  const bool more = std::exchange(refusal_continues_, refusal && line.substr(3, 1) == "-");
  // The last refusal counts: libcurl continued after earlier ones (of EHLO or STARTTLS).
  if (!refusal) return;
  if (!more) reply_.body.clear();
  reply_.status = parse_integer<unsigned>(line.substr(0, 3)).value_or(0);
  const auto room = refusal_kept_max - reply_.body.size();
  reply_.body += ((more ? "\n" : "") + std::string(line)).substr(0, room);
}

// By what libcurl says of the command; it says nothing of the reply to a whole message.
TransferReply::MailStep MailJob::refused_step() const {
  using Step = TransferReply::MailStep;
  if (error_text().starts_with("MAIL failed")) return Step::sender;
  if (error_text().starts_with("RCPT failed")) return Step::recipient;
  return message_asked_ ? Step::message : Step::session;
}

Result<TransferReply> MailJob::result(int curl_code, bool& answered) {
  if (tls_missing_ || curl_code == CURLE_USE_SSL_FAILED) {
    answered = true;
    const bool before = request_.tls != MailRequest::Tls::required;
    return fail(Code::noaccess,
                endpoint_ +
                    (before ? ": the relay has offered TLS, and now there is none"
                            : ": the relay offers no TLS, which starttls requires") +
                    (reply_.body.empty() ? "" : ": " + printable(reply_.body)));
  }
  if (curl_code == CURLE_OK) {
    reply_ = {};
    reply_.status = 250;
  } else {
    reply_.refused = refused_step();
  }
  answered = reply_.status != 0;
  if (answered) return std::move(reply_);
  return tl::unexpected(failure(curl_code));
}

}  // namespace

std::unique_ptr<TransferJob> make_mail_job(MailRequest request, Transfer::Done done) {
  return std::make_unique<MailJob>(std::move(request), std::move(done));
}

}  // namespace sense
