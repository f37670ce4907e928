// SPDX-License-Identifier: Apache-2.0
#include "core/registry/capabilities.hpp"

namespace sense {

namespace {

// In the order of their enumerations.
constexpr std::array<std::string_view, 3> initiators = {"gateway", "subscriber", "either"};
constexpr std::array<std::string_view, 3> intermediations = {"none", "relays", "store-and-forward"};
constexpr std::array<std::string_view, 3> acknowledgements = {"none", "relay", "subscriber"};
constexpr std::array<std::string_view, 4> privacies = {"none", "signature", "tls", "end-to-end"};
constexpr std::array<std::string_view, 3> consents = {"implied", "configuration", "challenge"};

template <class Choice, std::size_t N>
bool read_choice(JsonView json, const std::array<std::string_view, N>& words, Choice& into) {
  const auto text = json.text();
  for (std::size_t i = 0; text && i < N; ++i) {
    if (*text != words[i]) continue;
    into = static_cast<Choice>(i);
    return true;
  }
  return false;
}

std::string bounds_json(const Bounds& bounds, std::string_view lowest, std::string_view highest) {
  return JsonObject()
      .put(lowest, to_text(bounds.lowest))
      .put(highest, to_text(bounds.highest))
      .take();
}

bool read_duration(JsonView json, Duration& into) {
  const auto text = json.text();
  const auto duration = text ? parse_duration(*text) : fail(Code::varnotfound, "");
  if (!duration) return false;
  into = *duration;
  return true;
}

bool read_bounds(JsonView json, std::string_view lowest, std::string_view highest, Bounds& into) {
  return read_duration(json.find(lowest), into.lowest) &&
         read_duration(json.find(highest), into.highest) && into.lowest <= into.highest;
}

}  // namespace

std::string_view to_text(Initiator initiator) {
  return initiators.at(static_cast<std::size_t>(initiator));
}
std::string_view to_text(Intermediation intermediation) {
  return intermediations.at(static_cast<std::size_t>(intermediation));
}
std::string_view to_text(Acknowledgement acknowledgement) {
  return acknowledgements.at(static_cast<std::size_t>(acknowledgement));
}
std::string_view to_text(Privacy privacy) {
  return privacies.at(static_cast<std::size_t>(privacy));
}
std::string_view to_text(Consent consent) { return consents.at(static_cast<std::size_t>(consent)); }

std::string to_json(const Capabilities& capabilities) {
  JsonObject json;
  json.put_raw("latency", bounds_json(capabilities.latency, "lowest", "highest"));
  if (capabilities.digest_latency)
    json.put_raw("digest-latency", bounds_json(*capabilities.digest_latency, "lowest", "highest"));
  json.put("initiator", to_text(capabilities.initiator));
  json.put("intermediation", to_text(capabilities.intermediation));
  json.put("acknowledgement", to_text(capabilities.acknowledgement));
  json.put("privacy", to_text(capabilities.privacy));
  json.put("consent", to_text(capabilities.consent));
  json.put("payload-max", capabilities.payload_max);
  if (capabilities.poll)
    json.put_raw("poll", bounds_json(*capabilities.poll, "shortest", "longest"));
  return json.take();
}

std::optional<Capabilities> capabilities_from_json(JsonView json) {
  Capabilities read;
  const auto payload = json.find("payload-max").natural();
  const bool good =
      read_bounds(json.find("latency"), "lowest", "highest", read.latency) &&
      read_choice(json.find("initiator"), initiators, read.initiator) &&
      read_choice(json.find("intermediation"), intermediations, read.intermediation) &&
      read_choice(json.find("acknowledgement"), acknowledgements, read.acknowledgement) &&
      read_choice(json.find("privacy"), privacies, read.privacy) &&
      read_choice(json.find("consent"), consents, read.consent) && payload;
  if (!good) return std::nullopt;
  read.payload_max = *payload;
  if (const auto digest = json.find("digest-latency"); digest.exists())
    if (!read_bounds(digest, "lowest", "highest", read.digest_latency.emplace()))
      return std::nullopt;
  if (const auto poll = json.find("poll"); poll.exists())
    if (!read_bounds(poll, "shortest", "longest", read.poll.emplace())) return std::nullopt;
  return read;
}

}  // namespace sense
