#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

namespace {

using Json = nlohmann::json;

constexpr std::size_t json_length_max = 1024 * 1024;
constexpr int json_depth_max = 3;
constexpr std::array states = {SubscriptionState::pending, SubscriptionState::active,
                               SubscriptionState::paused, SubscriptionState::suspended,
                               SubscriptionState::ended};

tl::unexpected<Error> wrong(std::string_view what) {
  return fail(Code::badparam, std::string(what));
}

// ---- Reading a member: the caller puts the member's name before the message ----

Status read(const Json& json, std::string& into) {
  if (!json.is_string()) return wrong("is not a text");
  into = json.get_ref<const std::string&>();
  return {};
}

Status read(const Json& json, SubscriptionFilter& into) {
  if (!json.is_string()) return wrong("is not a text");
  into = json.get_ref<const std::string&>();
  return {};
}

Status read(const Json& json, std::uint64_t& into) {
  if (!json.is_number_unsigned()) return wrong("is not a whole number from 0");
  into = json.get<std::uint64_t>();
  return {};
}

Status read(const Json& json, std::optional<std::uint32_t>& into) {
  std::uint64_t number = 0;
  if (auto status = read(json, number); !status) return status;
  if (number > std::numeric_limits<std::uint32_t>::max()) return wrong("is too big a number");
  into = static_cast<std::uint32_t>(number);
  return {};
}

Status read(const Json& json, Duration& into) {
  if (!json.is_string()) return wrong("is not a duration such as \"600s\"");
  const auto duration = parse_duration(json.get_ref<const std::string&>());
  if (!duration) return wrong(duration.error().message);
  into = *duration;
  return {};
}

Status read(const Json& json, WallTime& into) {
  if (!json.is_string()) return wrong("is not an RFC 3339 time");
  const auto time = parse_rfc3339(json.get_ref<const std::string&>());
  if (!time) return wrong(time.error().message);
  into = *time;
  return {};
}

// Two steps, so that the overload is looked up where it is used, behind all of them.
template <class T>
Status read(const Json& json, std::optional<T>& into);

Status read(const Json& json, SubscriptionState& into) {
  if (json.is_string()) {
    for (const auto state : states) {
      if (json.get_ref<const std::string&>() != to_text(state)) continue;
      into = state;
      return {};
    }
  }
  return wrong("is not one of pending, active, paused, suspended, ended");
}

template <class Pattern>
Status read(const Json& json, std::vector<Pattern>& into) {
  if (!json.is_array()) return wrong("is not an array of patterns");
  if (json.size() > Subscription::patterns_max)
    return fail(Code::nomoreroom, "has more than 256 patterns");
  for (const auto& entry : json) {
    if (!entry.is_string()) return wrong("has an entry that is not a text");
    auto pattern = Pattern::parse(entry.template get_ref<const std::string&>());
    if (!pattern) return tl::unexpected(pattern.error());
    into.push_back(*std::move(pattern));
  }
  return {};
}

Status read(const Json& json, std::map<std::string, std::string, std::less<>>& into) {
  if (!json.is_object()) return wrong("is not an object of texts");
  if (json.size() > Subscription::labels_max) return fail(Code::nomoreroom, "are more than 32");
  for (const auto& [key, value] : json.items())
    if (!read(value, into[key])) return wrong("has a value that is not a text");
  return {};
}

Status read(const Json& json, double& into) {
  if (!json.is_number()) return wrong("is not a number");
  into = json.get<double>();
  return {};
}

template <class Choice>
Status choose(const Json& json, Choice& into, Choice first, Choice second) {
  for (const auto choice : {first, second}) {
    if (!json.is_string() || json.get_ref<const std::string&>() != to_text(choice)) continue;
    into = choice;
    return {};
  }
  return wrong("is neither \"" + std::string(to_text(first)) + "\" nor \"" +
               std::string(to_text(second)) + "\"");
}
Status read(const Json& json, Coalesce& into) {
  return choose(json, into, Coalesce::batch, Coalesce::latest);
}
Status read(const Json& json, Order& into) {
  return choose(json, into, Order::none, Order::source);
}
Status read(const Json& json, OnFailure& into) {
  return choose(json, into, OnFailure::dead_letter, OnFailure::drop);
}

// "18:00", UTC.
Status read_time_of_day(const Json& json, std::optional<Duration>& into) {
  const auto text = json.is_string() ? json.get_ref<const std::string&>() : std::string();
  const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4))
    return wrong("is not a time of day such as \"18:00\", UTC");
  const auto two = [&](std::size_t at) { return (text[at] - '0') * 10 + text[at + 1] - '0'; };
  if (two(0) > 23 || two(3) > 59) return wrong("is a time of day, 00:00 to 23:59");
  into = std::chrono::hours{two(0)} + std::chrono::minutes{two(3)};
  return {};
}

Status read(const Json& json, Digest& into);
Status read(const Json& json, DeliveryOptions& into);

template <class T>
Status read(const Json& json, std::optional<T>& into) {
  return read(json, into.emplace());
}

// One row per member; `read` picks the overload by the field's type.
template <class Object>
struct Member {
  std::string_view name;
  Status (*read)(const Json&, Object&);
};

template <auto Field>
constexpr auto field = [](const Json& json, auto& object) { return read(json, object.*Field); };

template <class Object, std::size_t N>
Status read_members(const Json& json, Object& into, const std::array<Member<Object>, N>& members) {
  if (!json.is_object()) return wrong("is not an object");
  for (const auto& [key, value] : json.items()) {
    const auto found = std::find_if(
        members.begin(), members.end(),
        [&, name = std::string_view(key)](const auto& member) { return member.name == name; });
    if (found == members.end()) {
      std::vector<std::string> names;
      for (const auto& member : members) names.emplace_back(member.name);
      const auto near = nearest(std::string_view(key).substr(0, 64), names);
      return wrong("unknown member '" + printable(key.substr(0, 64)) + "'" +
                   (near.empty() ? "" : "; is '" + near + "' meant?"));
    }
    if (auto status = found->read(value, into); !status)
      return fail(status.error().code, std::string(found->name) + " " + status.error().message);
  }
  return {};
}

template <auto Field>
constexpr auto rare = [](const Json& json, DeliveryOptions& options) {
  return read(json, options.rare.edit().*Field);
};

constexpr std::array<Member<Digest>, 4> digest_members = {{
    {"interval", field<&Digest::interval>},
    {"until",
     [](const Json& json, Digest& digest) { return read_time_of_day(json, digest.until); }},
    {"count", field<&Digest::count>},
    {"octets", field<&Digest::octets>},
}};

Status read(const Json& json, Digest& into) { return read_members(json, into, digest_members); }

constexpr std::array<Member<DeliveryOptions>, 17> delivery_members = {{
    {"retry-initial", field<&DeliveryOptions::retry_initial>},
    {"retry-factor", rare<&RareOptions::retry_factor>},
    {"retry-max", field<&DeliveryOptions::retry_max>},
    {"retry-jitter", rare<&RareOptions::retry_jitter>},
    {"retry-count", field<&DeliveryOptions::retry_count>},
    {"retry-span", rare<&RareOptions::retry_span>},
    {"expiry", field<&DeliveryOptions::expiry>},
    {"hold", rare<&RareOptions::hold>},
    {"min-interval", rare<&RareOptions::min_interval>},
    {"coalesce", rare<&RareOptions::coalesce>},
    {"digest", rare<&RareOptions::digest>},
    {"order", rare<&RareOptions::order>},
    {"window", field<&DeliveryOptions::window>},
    {"rate", rare<&RareOptions::rate>},
    {"on-failure", rare<&RareOptions::on_failure>},
    {"suspend-after", rare<&RareOptions::suspend_after>},
    {"suspend-over", rare<&RareOptions::suspend_over>},
}};

Status read(const Json& json, DeliveryOptions& into) {
  return read_members(json, into, delivery_members);
}

constexpr std::array<Member<Subscription>, 20> subscription_members = {{
    {"id", field<&Subscription::id>},
    {"revision", field<&Subscription::revision>},
    {"since", field<&Subscription::since>},
    {"owner", field<&Subscription::owner>},
    {"via", field<&Subscription::via>},
    {"created", field<&Subscription::created>},
    {"updated", field<&Subscription::updated>},
    {"types", field<&Subscription::types>},
    {"sources", field<&Subscription::sources>},
    {"filter", field<&Subscription::filter>},
    {"callback", field<&Subscription::callback>},
    {"expires", field<&Subscription::expires>},
    {"period", field<&Subscription::period>},
    {"state", field<&Subscription::state>},
    {"reason", field<&Subscription::reason>},
    {"challengehash", field<&Subscription::challenge_hash>},
    {"edition", field<&Subscription::edition>},
    {"language", field<&Subscription::language>},
    {"delivery", field<&Subscription::delivery>},
    {"labels", field<&Subscription::labels>},
}};

// Notes what the library accepts in silence: repeated members, and any depth.
class Strictness {
 public:
  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    if (!problem.empty()) return false;
    if (event == Json::parse_event_t::object_start) members_.push_back(0);
    if (event == Json::parse_event_t::key) ++members_.back();
    if (event == Json::parse_event_t::object_end) {
      // The library has kept the last of each name.
      if (members_.back() != parsed.size()) problem = "a member is repeated";
      members_.pop_back();
    }
    if (depth > json_depth_max) problem = "it nests deeper than a subscription does";
    return problem.empty();
  }
  std::string problem;

 private:
  std::vector<std::size_t> members_;  // of each object that is open
};

Result<Json> parse_strictly(std::string_view text) {
  if (text.size() > json_length_max)
    return fail(Code::datatoobig, "subscription: the JSON is longer than 1 MiB");
  Strictness strictness;
  auto json = Json::parse(text, std::ref(strictness), /*allow_exceptions=*/false);
  if (!strictness.problem.empty()) return wrong("subscription: " + strictness.problem);
  if (json.is_discarded()) return wrong("subscription: this is not valid JSON");
  return json;
}

// ---- Writing ----

using Ordered = nlohmann::ordered_json;  // in the order of docs/subscriptions.md, for people

void put(Ordered& json, const char* name, const std::string& text) {
  if (!text.empty()) json[name] = text;
}

void put(Ordered& json, const char* name, const std::optional<Duration>& duration) {
  if (duration) json[name] = to_text(*duration);
}

template <class Number>
void put(Ordered& json, const char* name, const std::optional<Number>& number) {
  if (number) json[name] = *number;
}

template <class Choice>
void put_choice(Ordered& json, const char* name, const std::optional<Choice>& choice) {
  if (choice) json[name] = to_text(*choice);
}

template <class Pattern>
Ordered texts(const std::vector<Pattern>& patterns) {
  auto array = Ordered::array();
  for (const auto& pattern : patterns) array.push_back(pattern.text());
  return array;
}

std::string time_of_day(Duration since_midnight) {
  const auto minutes = since_midnight / std::chrono::minutes{1};
  const auto two = [](std::int64_t number) {
    return std::string(number < 10 ? "0" : "") + std::to_string(number);
  };
  return two(minutes / 60) + ":" + two(minutes % 60);
}

Ordered digest_json(const Digest& digest) {
  auto json = Ordered::object();
  put(json, "interval", digest.interval);
  if (digest.until) json["until"] = time_of_day(*digest.until);
  put(json, "count", digest.count);
  put(json, "octets", digest.octets);
  return json;
}

Ordered delivery_json(const DeliveryOptions& delivery) {
  const auto& rare = *delivery.rare;
  auto json = Ordered::object();
  put(json, "retry-initial", delivery.retry_initial);
  put(json, "retry-factor", rare.retry_factor);
  put(json, "retry-max", delivery.retry_max);
  put(json, "retry-jitter", rare.retry_jitter);
  put(json, "retry-count", delivery.retry_count);
  put(json, "retry-span", rare.retry_span);
  put(json, "expiry", delivery.expiry);
  put(json, "hold", rare.hold);
  put(json, "min-interval", rare.min_interval);
  put_choice(json, "coalesce", rare.coalesce);
  if (rare.digest) json["digest"] = digest_json(*rare.digest);
  put_choice(json, "order", rare.order);
  put(json, "window", delivery.window);
  put(json, "rate", rare.rate);
  put_choice(json, "on-failure", rare.on_failure);
  put(json, "suspend-after", rare.suspend_after);
  put(json, "suspend-over", rare.suspend_over);
  return json;
}

}  // namespace

std::string to_json(const Subscription& subscription, bool secrets) {
  Ordered json;
  json["id"] = subscription.id;
  json["revision"] = subscription.revision;
  json["since"] = subscription.since;
  json["owner"] = subscription.owner;
  json["via"] = subscription.via;
  json["created"] = to_rfc3339(subscription.created);
  json["updated"] = to_rfc3339(subscription.updated);
  json["types"] = texts(subscription.types);
  json["sources"] = texts(subscription.sources);
  put(json, "filter", std::string(subscription.filter.text()));
  json["callback"] = subscription.callback;
  if (subscription.expires) json["expires"] = to_rfc3339(*subscription.expires);
  if (subscription.period != Duration{0}) json["period"] = to_text(subscription.period);
  json["state"] = to_text(subscription.state);
  put(json, "reason", subscription.reason);
  if (secrets) put(json, "challengehash", subscription.challenge_hash);
  put(json, "edition", subscription.edition);
  put(json, "language", subscription.language);
  if (subscription.delivery != DeliveryOptions{})
    json["delivery"] = delivery_json(subscription.delivery);
  if (!subscription.labels.empty()) json["labels"] = subscription.labels;
  // Text that is not UTF-8 cannot be in a valid subscription; it must not end the process either.
  return json_text(json);
}

namespace {

Result<Subscription> read_subscription(const Json& json) {
  Subscription subscription;
  if (auto status = read_members(json, subscription, subscription_members); !status)
    return fail(status.error().code, "subscription: " + status.error().message);
  if (auto status = validate(subscription); !status) return tl::unexpected(status.error());
  return subscription;
}

}  // namespace

Result<Subscription> subscription_from_json(std::string_view json) {
  const auto parsed = parse_strictly(json);
  if (!parsed) return tl::unexpected(parsed.error());
  return read_subscription(*parsed);
}

std::string change_to_json(const Subscription& subscription, std::string_view by,
                           std::string_view reason) {
  const auto said = json_text(Ordered{{"by", by}, {"reason", reason}});
  return "{\"subscription\":" + to_json(subscription, false) + "," + said.substr(1);
}

std::optional<AnnouncedChange> change_from_json(std::string_view json) {
  const auto parsed = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return std::nullopt;
  const auto subscription = parsed.find("subscription");
  if (subscription == parsed.end()) return std::nullopt;
  const auto reason = parsed.find("reason");
  const bool said = reason != parsed.end() && reason->is_string();
  return AnnouncedChange{read_subscription(*subscription),
                         said ? reason->get<std::string>() : std::string()};
}

namespace {

// Takes the texts of two top-level members and builds nothing of the others.
struct HeadReader final : nlohmann::json_sax<nlohmann::json> {
  std::string owner;
  std::optional<std::string> expires;

  bool null() override { return other(); }
  bool boolean(bool) override { return other(); }
  bool number_integer(number_integer_t) override { return other(); }
  bool number_unsigned(number_unsigned_t) override { return other(); }
  bool number_float(number_float_t, const string_t&) override { return other(); }
  bool binary(binary_t&) override { return other(); }
  bool string(string_t& value) override {
    if (member_ == Member::owner) owner = value;
    if (member_ == Member::expires) expires = value;
    return other();
  }
  bool start_object(std::size_t) override { return enter(); }
  bool end_object() override { return --depth_ >= 0; }
  bool start_array(std::size_t) override { return enter(); }
  bool end_array() override { return --depth_ >= 0; }
  bool key(string_t& name) override {
    member_ = depth_ != 1         ? Member::other
              : name == "owner"   ? Member::owner
              : name == "expires" ? Member::expires
                                  : Member::other;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override {
    return false;
  }

 private:
  enum class Member { owner, expires, other };
  bool enter() {
    member_ = Member::other;
    return ++depth_ <= depth_max;
  }
  bool other() {
    member_ = Member::other;
    return depth_ > 0;
  }
  static constexpr int depth_max = 16;
  int depth_ = 0;
  Member member_ = Member::other;
};

}  // namespace

Result<SubscriptionHead> peek_subscription(std::string_view json) {
  HeadReader reader;
  if (!nlohmann::json::sax_parse(json.begin(), json.end(), &reader))
    return fail(Code::badparam, "subscription: not JSON");
  SubscriptionHead head{std::move(reader.owner), std::nullopt};
  if (!reader.expires) return head;
  const auto time = parse_rfc3339(*reader.expires);
  if (!time) return fail(Code::badparam, "subscription: expires is not a time");
  head.expires = *time;
  return head;
}

std::string owner_from_json(std::string_view text) {
  const auto head = peek_subscription(text);
  return head ? head->owner : std::string();
}

}  // namespace sense
