// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/event/qname.hpp"

namespace sense {

// Octets that are no text.
using Bytes = std::vector<std::uint8_t>;
// The value of an attribute that SENSE has no field for (CloudEvents 1.0.2, Type System: Boolean,
// Integer, String, Binary, Timestamp; URIs travel as strings).
using Value = std::variant<bool, std::int32_t, std::string, Bytes, PreciseTime>;

// One thing that happened: CloudEvents 1.0.2's info-set and SENSE's additions. A plain value; an
// empty string or list means that the attribute is absent. All text is UTF-8.
struct Event {
  // Limits that validate() holds and the codec checks before it takes memory.
  static constexpr std::size_t id_length_max = 256;
  static constexpr std::size_t source_length_max = 1024;
  static constexpr std::size_t text_length_max = 2048;  // any other attribute, in octets
  static constexpr std::size_t extensions_max = 64;
  static constexpr std::size_t principals_max = 256;  // in audience and in except
  static constexpr std::size_t data_length_max = 1024 * 1024;

  std::string id;  // unique with source; made at the edge if the producer sets none
  QName type;
  std::string source;  // URI-reference of the entity that the event occurred at, not of the peer
  std::string subject;
  std::optional<PreciseTime> time;  // of occurrence
  std::string datacontenttype;
  std::string dataschema;
  std::optional<PreciseTime> notbefore;   // not delivered before
  std::optional<PreciseTime> expirytime;  // not delivered after
  std::optional<std::uint8_t> severity;   // 0-7, syslog order (RFC 5424 section 6.2.1)
  std::string language;                   // BCP 47 tag of the text in data
  std::string correlationid;
  std::string replyto;
  std::string traceparent;
  std::string edition;                // the form of the payload, e.g. "STEP.SingleLine.CC"
  std::vector<std::string> audience;  // route only to these principals or groups
  std::vector<std::string> except;    // not to these, for this event only
  std::map<std::string, Value, std::less<>> extensions;  // unknown attributes, passed through
  std::string data;                                      // opaque octets

  // Set by the broker, never by a producer; 0 and empty before.
  std::uint64_t sequence = 0;               // position in the journal, from 1
  std::optional<PreciseTime> observedtime;  // when the broker accepted it
  std::string principal;                    // the publisher, as authenticated
  std::string via;                          // the gateway that authenticated it, and spoke for it

  friend bool operator==(const Event&, const Event&) = default;
};

// Accepted events are shared, not copied.
using EventRef = std::shared_ptr<const Event>;

// Whether an event that is checked must have its id already, or gets one later.
enum class EventId { needed, made_later };

// Fails with the attribute's name, in the sentence and as the error's field, when something is
// missing, malformed or too big: varnotfound, badparam, varvaltoobig, datatoobig.
[[nodiscard]] Status validate(const Event& event, EventId id = EventId::needed);

// Whether text can be the name of an extension attribute: 1 to 64 lower-case letters and digits,
// and not one of the names above (CloudEvents 1.0.2, Naming Conventions).
[[nodiscard]] bool valid_extension_name(std::string_view text);

// The frame that the bus routes by: QName::clark() SP `source` NUL; neither has a space.
[[nodiscard]] std::string topic_of(std::string_view type, std::string_view source);
[[nodiscard]] std::string topic_of(const Event& event);
[[nodiscard]] bool is_topic(std::string_view text, std::string_view type, std::string_view source);

}  // namespace sense
