// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "core/base/error.hpp"

// The SENSE/1 message format (docs/sense-protocol.md), shared by the gateway and the command line's
// client. Pure functions and values: any thread, no I/O.
namespace sense::datagram {

inline constexpr std::uint16_t default_port = 7367;       // S-E-N-S on a keypad
inline constexpr std::uint16_t default_dtls_port = 7368;  // of sense+dtls://
inline constexpr std::size_t default_message_max = 1200;  // octets; RFC 8085 section 3.2
inline constexpr std::size_t message_max = 65'507;        // limit of UDP over IPv4
inline constexpr std::size_t properties_max = 1024;
inline constexpr std::size_t property_name_max = 64;     // octets
inline constexpr std::size_t property_value_max = 8192;  // octets, as they are on the wire
inline constexpr std::size_t tag_length_max = 64;
inline constexpr std::size_t number_ranges_max = 512;

// The kinds of messages, in the order of the table in docs/sense-protocol.md.
enum class Kind {
  register_,  // REGISTER
  cancel,
  sources,
  parameters,
  publish,
  event,
  gap,
  ended,
  verify,
  ack,
  reply,
};

// As on the wire: "REGISTER".
[[nodiscard]] std::string_view to_text(Kind kind);
[[nodiscard]] std::optional<Kind> kind_from_text(std::string_view text);
// Whether clients send it and wait for a REPLY.
[[nodiscard]] bool is_request(Kind kind);
[[nodiscard]] bool valid_tag(std::string_view text);

// One line `name: value`.
struct Property {
  std::string name;   // as written; compared without case
  std::string value;  // without percent-encoding
  friend bool operator==(const Property&, const Property&) = default;
};

// One message, which is one datagram. A value. `Length` is not among the properties: it follows
// from data, or from truncated_length when the data was left out.
struct Message {
  Kind kind = Kind::ack;
  std::string tag;
  Code code = Code::noerror;  // of a REPLY
  std::vector<Property> properties;
  std::string data;  // opaque octets
  // Present: `Truncated: yes`, without data; the length of the whole data.
  std::optional<std::uint64_t> truncated_length;

  // The first property of that name, in any case.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  // Its value, or "".
  [[nodiscard]] std::string_view text(std::string_view name) const;
  // All of that name, in order. Views into this message.
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return get(name).has_value(); }
  // Its value as an unsigned decimal number. varnotfound: absent; badparam: not a number.
  [[nodiscard]] Result<std::uint64_t> number(std::string_view name) const;

  Message& add(std::string_view name, std::string_view value);
  Message& add(std::string_view name, std::uint64_t value);

  friend bool operator==(const Message&, const Message&) = default;
};

[[nodiscard]] Message make_message(Kind kind, std::string_view tag);
// A REPLY to `tag`; with a reason when one is given.
[[nodiscard]] Message make_reply(std::string_view tag, Code code, std::string_view reason = {});

// The error of a message, and what is needed for a reply: the tag, if the start line could be read.
struct Malformed {
  Error error;
  std::optional<std::string> tag;  // absent: no reply is possible
  std::optional<Kind> kind;        // absent: unreadable or unknown
};

// Strict. Checks every bound before it allocates: `octets_max` for the whole (datatoobig), number
// of properties (nomoreroom), names (varnametoobig), values (varvaltoobig). Everything else that is
// not SENSE/1 is protoerror, including a Length that is missing, repeated or wrong.
[[nodiscard]] tl::expected<Message, Malformed> parse(std::string_view octets,
                                                     std::size_t octets_max = message_max);

// The octets of a message. Control characters in values are percent-encoded. REQUIRES: tag and
// property names are valid (CHECKed); they come from code, or from parse().
[[nodiscard]] std::string serialize(const Message& message);

// Writes a message property by property, without a Message in between: for high rates. Property
// names and tag as in serialize(). One of end() and end_truncated() is called once, last.
class MessageWriter {
 public:
  MessageWriter(Kind kind, std::string_view tag, std::size_t octets_expected = 512);
  MessageWriter& add(std::string_view name, std::string_view value);
  MessageWriter& add(std::string_view name, std::uint64_t value);
  [[nodiscard]] std::string end(std::string_view data);
  // Without the data, whose length is given.
  [[nodiscard]] std::string end_truncated(std::uint64_t length);

 private:
  std::string out_;
};

// Percent-encoding of values, and back. Control characters are octets 0-31 and 127, written `%0A`.
// A percent sign before text that would be read as one of them is followed by `25`, so that every
// value survives; all other percent signs stay unchanged. Values of Type, Source, Deliver-To and
// Fetch have no control characters and are never changed.
[[nodiscard]] std::string encode_value(std::string_view value);
[[nodiscard]] std::string decode_value(std::string_view value);

// Numbers `first` to `last`, both included.
struct NumberRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  friend bool operator==(const NumberRange&, const NumberRange&) = default;
};

// "42" or "40-57,60": at most number_ranges_max, each with first <= last, in any order. badparam.
[[nodiscard]] Result<std::vector<NumberRange>> parse_ranges(std::string_view text);
[[nodiscard]] std::string format_ranges(const std::vector<NumberRange>& ranges);
[[nodiscard]] bool contains(const std::vector<NumberRange>& ranges, std::uint64_t number);

// A set of numbers as ranges; memory grows with the holes, not with the numbers.
class NumberSet {
 public:
  // Adds first..last. Answers whether any of them is new. REQUIRES: first <= last.
  bool add(std::uint64_t first, std::uint64_t last);
  [[nodiscard]] bool contains(std::uint64_t number) const;
  // The ranges missing between 1 and the highest number.
  [[nodiscard]] std::vector<NumberRange> holes() const;
  [[nodiscard]] const std::vector<NumberRange>& ranges() const { return ranges_; }
  // Fills the lowest hole and returns it. REQUIRES: there is one.
  NumberRange close_lowest_hole();
  void clear() { ranges_.clear(); }

 private:
  std::vector<NumberRange> ranges_;  // ordered, apart by at least one number
};

}  // namespace sense::datagram
