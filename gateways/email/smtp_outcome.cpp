// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/smtp_outcome.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "core/base/text.hpp"

namespace sense::email {

namespace {

using Kind = MailOutcome::Kind;

// Subject and detail of an enhanced status code of class 5.
struct Enhanced {
  std::uint64_t subject = 0;
  std::uint64_t detail = 0;

  friend bool operator==(const Enhanced&, const Enhanced&) = default;
};

// RFC 3463 and its registry: bad mailbox, bad system, bad address syntax, moved without forwarding
// address, null MX; mailbox disabled.
constexpr std::array<Enhanced, 6> mailbox_codes = {
    {{1, 1}, {1, 2}, {1, 3}, {1, 6}, {1, 10}, {2, 1}}};
// The message is too big, for the mailbox or for the system.
constexpr std::array<Enhanced, 2> size_codes = {{{2, 3}, {3, 4}}};

constexpr unsigned size_status = 552;  // RFC 1870 section 6.1, in reply to MAIL

template <std::size_t count>
bool is_one_of(const std::optional<Enhanced>& code, const std::array<Enhanced, count>& codes) {
  return code && std::find(codes.begin(), codes.end(), *code) != codes.end();
}

// "550-5.1.1 there is no such user"
std::optional<Enhanced> code_of_line(std::string_view line) {
  if (line.size() < 4) return std::nullopt;
  line.remove_prefix(4);
  const auto pieces = split(line.substr(0, line.find(' ')), '.');
  if (pieces.size() != 3 || pieces[0] != "5") return std::nullopt;
  const auto subject = parse_integer<std::uint64_t>(pieces[1]);
  const auto detail = parse_integer<std::uint64_t>(pieces[2]);
  if (!subject || !detail) return std::nullopt;
  return Enhanced{*subject, *detail};
}

// The code of all lines that have one; nothing when they differ.
std::optional<Enhanced> code_of(std::string_view refusal) {
  std::optional<Enhanced> found;
  for (const auto line : split(refusal, '\n')) {
    const auto code = code_of_line(line);
    if (code && found && *code != *found) return std::nullopt;
    if (code) found = code;
  }
  return found;
}

// Whether the content was refused, which the relay has seen whole: by the subjects "media" and
// "security or policy" (of which those from 8 on are about the sender's proof of identity), or
// without any. The others are about the mailbox, the relay's own system and its network.
bool content_refused(const std::optional<Enhanced>& code) {
  if (!code || code->subject == 0 || code->subject == 6) return true;
  return code->subject == 7 && code->detail < 8;
}

Kind kind_of(const TransferReply& reply) {
  using Step = TransferReply::MailStep;
  if (reply.status >= 200 && reply.status < 300) return Kind::sent;
  if (reply.status < 500) return Kind::failed;
  const auto code = code_of(reply.body);
  if (is_one_of(code, size_codes)) return Kind::message_refused;
  switch (reply.refused) {
    case Step::session: return Kind::relay_refuses;
    case Step::sender:
      return !code && reply.status == size_status ? Kind::message_refused : Kind::relay_refuses;
    case Step::recipient: return is_one_of(code, mailbox_codes) ? Kind::no_mailbox : Kind::failed;
    case Step::message: return content_refused(code) ? Kind::message_refused : Kind::failed;
  }
  return Kind::failed;
}

std::string answer_of(const TransferReply& reply) {
  if (reply.body.empty()) return "SMTP " + std::to_string(reply.status);
  auto text = reply.body;
  std::replace(text.begin(), text.end(), '\n', ' ');
  return "SMTP " + printable(text);
}

}  // namespace

MailOutcome outcome_of_smtp(const Result<TransferReply>& reply) {
  if (reply) return {kind_of(*reply), answer_of(*reply)};
  const auto& [code, message, field] = reply.error();
  if (code == Code::noaccess) return {Kind::no_tls, message};
  return {code == Code::badparam ? Kind::message_refused : Kind::failed, message};
}

}  // namespace sense::email
