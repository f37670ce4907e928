// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.hpp"
#include "gateways/sense/client/sense_client.h"

namespace sense::datagram::test {

// Memory of exactly this size, behind and before which any access ends the process: behind at once,
// before within a page.
class Fenced {
 public:
  explicit Fenced(std::size_t size) : size_(size) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const auto inner = (size + page - 1) / page * page;
    all_size_ = inner + 2 * page;
    all_ = static_cast<char*>(
        ::mmap(nullptr, all_size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    BOOST_REQUIRE(all_ != MAP_FAILED);
    if (inner > 0) BOOST_REQUIRE_EQUAL(::mprotect(all_ + page, inner, PROT_READ | PROT_WRITE), 0);
    at_ = all_ + page + inner - size;
    before_ = at_ - (all_ + page);
    std::memset(all_ + page, 0x5a, static_cast<std::size_t>(before_));
  }
  ~Fenced() { ::munmap(all_, all_size_); }
  Fenced(const Fenced&) = delete;
  Fenced& operator=(const Fenced&) = delete;
  [[nodiscard]] char* at() const { return at_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  // Whether the memory below is unchanged.
  [[nodiscard]] bool intact() const {
    for (auto i = 1; i <= before_; ++i)
      if (at_[-i] != 0x5a) return false;
    return true;
  }

 private:
  std::size_t size_;
  std::size_t all_size_ = 0;
  char* all_ = nullptr;
  char* at_ = nullptr;
  std::ptrdiff_t before_ = 0;
};

inline std::string string_of(sense_text text) {
  return text.at == nullptr ? std::string() : std::string(text.at, text.size);
}
inline sense_text text_of(std::string_view text) { return {text.data(), text.size()}; }

// A notice of the library, with its texts copied.
struct Told {
  sense_kind kind = sense_answered;
  unsigned code = 0;
  bool maybe_repeat = false;
  std::uint64_t number = 0;
  std::uint64_t last = 0;
  std::string reason;
  std::string data;
  std::string properties;

  [[nodiscard]] std::string text(const char* name) const {
    sense_notice notice{};
    notice.properties = test::text_of(properties);
    return string_of(sense_client_property(&notice, name));
  }
};

struct DeviceOptions {
  std::string prefix = "d4c1-";
  std::optional<std::string> registration = "Period: 600\nType: {urn:example:printer}*\n";
  std::uint32_t ack_delay = 0;
  std::size_t out_size = 1200;
  std::uint32_t clock_offset = 0;  // what the device's clock shows at the beginning of time
};

// The C library with a caller around it: datagrams sent and notices are kept, and log has both in
// order. Its state and its output buffer lie between fences.
class Device {
 public:
  explicit Device(DeviceOptions options = {}, MonoTime start = VirtualClock().now().mono)
      : options_(std::move(options)), out_(options_.out_size), state_(sizeof(sense_client)) {
    settings_.prefix = options_.prefix.c_str();
    settings_.registration = options_.registration ? options_.registration->c_str() : nullptr;
    settings_.ack_delay = options_.ack_delay;
    settings_.out = out_.at();
    settings_.out_size = out_.size();
    settings_.context = this;
    settings_.send = [](void* self, const void* octets, std::size_t size) {
      static_cast<Device*>(self)->on_send({static_cast<const char*>(octets), size});
    };
    settings_.tell = [](void* self, sense_kind kind, const sense_notice* notice) {
      return static_cast<Device*>(self)->on_told(kind, *notice);
    };
    usable = sense_client_init(&client(), &settings_, ticks(start)) == 1;
  }
  // Octets that are written between head and the empty line, in the manner of a keyed client.
  void seal_with(std::size_t (*seal)(void*, char*, std::size_t, sense_text), MonoTime start) {
    settings_.seal = seal;
    usable = sense_client_init(&client(), &settings_, ticks(start)) == 1;
  }

  void receive(std::string_view octets, MonoTime now) {
    // Exactly so much memory that a read beyond the datagram ends the test.
    const Fenced datagram(octets.size());
    std::memcpy(datagram.at(), octets.data(), octets.size());
    sense_client_receive(&client(), datagram.at(), octets.size(), ticks(now));
    tick(now);
  }
  void tick(MonoTime now) {
    const auto wait = sense_client_tick(&client(), ticks(now));
    due.reset();
    if (wait != UINT32_MAX) due = now + std::chrono::milliseconds{wait};
  }
  bool ask(const char* kind, std::string lines, std::string data, MonoTime now) {
    const auto& texts = asked_.emplace_back(std::move(lines), std::move(data));
    const bool done = sense_client_ask(&client(), kind, texts.first.c_str(),
                                       test::text_of(texts.second), ticks(now)) == 1;
    tick(now);
    return done;
  }
  void cancel(MonoTime now) {
    sense_client_cancel(&client(), ticks(now));
    tick(now);
  }
  [[nodiscard]] sense_client& client() const {
    return *reinterpret_cast<sense_client*>(state_.at());
  }
  [[nodiscard]] std::string id() const { return client().id; }
  [[nodiscard]] bool intact() const { return out_.intact() && state_.intact(); }
  [[nodiscard]] std::vector<Told> all(sense_kind kind) const {
    std::vector<Told> found;
    for (const auto& one : told)
      if (one.kind == kind) found.push_back(one);
    return found;
  }
  // What is missing up to the highest number.
  [[nodiscard]] std::vector<std::uint64_t> missing() const {
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t n = 1; n <= client().top; ++n)
      if (sense_client_has(&client(), n) == 0) numbers.push_back(n);
    return numbers;
  }
  [[nodiscard]] std::uint32_t ticks(MonoTime now) const {
    const auto passed = now - VirtualClock().now().mono;
    return options_.clock_offset +
           static_cast<std::uint32_t>(
               std::chrono::duration_cast<std::chrono::milliseconds>(passed).count());
  }

  bool usable = false;
  bool accepts = true;  // events and registrations of other clients
  std::vector<std::string> sent;
  std::vector<Told> told;
  std::vector<std::string> log;  // "told 1", "sent ACK"
  std::optional<MonoTime> due;

 private:
  void on_send(std::string_view octets) {
    sent.emplace_back(octets);
    const auto kind = octets.substr(0, octets.find(' ', 8)).substr(8);
    log.push_back("sent " + std::string(kind));
  }
  int on_told(sense_kind kind, const sense_notice& notice) {
    Told one{kind,
             notice.code,
             notice.maybe_repeat != 0,
             notice.number,
             notice.last,
             string_of(notice.reason),
             string_of(notice.data),
             string_of(notice.properties)};
    if (kind == sense_arrived) log.push_back("told " + std::to_string(one.number));
    told.push_back(std::move(one));
    return accepts ? 1 : 0;
  }

  DeviceOptions options_;
  sense_client_options settings_{};
  Fenced out_;
  Fenced state_;
  std::list<std::pair<std::string, std::string>> asked_;  // addresses must be stable
};

}  // namespace sense::datagram::test
