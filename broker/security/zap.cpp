// SPDX-License-Identifier: Apache-2.0
#include "broker/security/zap.hpp"

#include <sys/prctl.h>
#include <unistd.h>
#include <zmq.h>

#include <array>
#include <set>
#include <zmq.hpp>

#include "broker/security/access_file.hpp"
#include "core/base/file.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/bus/keys.hpp"
#include "core/bus/mailbox.hpp"
#include "core/bus/zmq_socket.hpp"

namespace sense {

namespace {

constexpr auto address_of_zap = "inproc://zeromq.zap.01";
constexpr std::string_view zap_version = "1.0";
constexpr std::size_t zap_frames_min = 6;  // up to the mechanism
constexpr std::size_t curve_key_octets = 32;
constexpr auto later = "300";  // temporary error: ends the connection without an error message
constexpr auto log_interval = std::chrono::seconds{10};

std::string z85(std::string_view octets) {
  std::array<char, key_length + 1> text{};
  zmq_z85_encode(text.data(), reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size());
  return text.data();
}

class ZapAuthenticator final : public Authenticator {
 public:
  ZapAuthenticator(zmq::context_t& context, std::string access_file, Counters& counters,
                   AuditTrail* audit)
      : counters_(counters),
        audit_(audit),
        access_file_(std::move(access_file)),
        context_(context) {}
  ~ZapAuthenticator() override {
    stopping_.store(true);
    wake_.wake();
    if (thread_.joinable()) thread_.join();
  }

  Status open() {
    if (!access_file_.empty()) {
      (void)watch_.changed(system_clock().now().wall);
      auto access = read_access_file(access_file_, system_clock().now().wall);
      if (!access) return tl::unexpected(access.error());
      access_ = std::make_shared<const AccessList>(std::move(*access));
    }
    auto made = bus::make_socket(context_, zmq::socket_type::router, 64 * 1024);
    if (!made) return tl::unexpected(made.error());
    socket_ = std::move(*made);
    try {
      socket_.bind(address_of_zap);
    } catch (const zmq::error_t& error) {
      return fail(Code::internalerror,
                  std::string("the authenticator cannot be set up: ") + error.what());
    }
    thread_ = std::thread([this] { run(); });
    return {};
  }

  [[nodiscard]] std::shared_ptr<const AccessList> access() const override {
    const std::lock_guard lock(mutex_);
    return access_;
  }
  [[nodiscard]] std::uint64_t version() const override { return version_.load(); }

  void suspend_from_events(const std::string& user_id, MonoTime until) override {
    const std::lock_guard lock(mutex_);
    suspended_[user_id] = until;
  }
  [[nodiscard]] std::optional<Error> failure() const override {
    const std::lock_guard lock(mutex_);
    return failure_;
  }
  void expect(const std::string& key) override {
    const std::lock_guard lock(mutex_);
    expected_.insert(key);
  }

 private:
  void run() {
    ::prctl(PR_SET_NAME, "sense-access");
    auto look = mono_now() + look_interval;
    while (!stopping_.load()) {
      std::array<zmq::pollitem_t, 2> items = {
          {{socket_.handle(), 0, ZMQ_POLLIN, 0}, {nullptr, wake_.fd(), ZMQ_POLLIN, 0}}};
      if (auto status = bus::poll(items, look_interval); !status) {
        const std::lock_guard lock(mutex_);
        failure_ = status.error();
        return;
      }
      while (auto frames = bus::receive(socket_)) answer(*frames);
      if (mono_now() < look) continue;
      look = mono_now() + look_interval;
      look_at_file();
    }
  }

  void answer(const std::vector<zmq::message_t>& frames) {
    if (frames.size() < 2) return;  // no address to reply to
    std::vector<std::string_view> views;
    for (std::size_t i = 2; i < frames.size(); ++i) views.push_back(bus::view(frames[i]));
    const auto request = read_zap(views);
    const auto verdict = request ? decide(*request) : ZapVerdict{"500", "not a ZAP request", {}};
    const auto id = views.size() > 1 ? views[1] : std::string_view();
    [[maybe_unused]] const auto sent =
        bus::send(socket_, {bus::view(frames[0]), bus::view(frames[1]), zap_version, id,
                            verdict.status, verdict.reason, verdict.user_id, ""});
  }

  ZapVerdict decide(const ZapRequest& request) {
    auto verdict = judge_zap(request, *access(), ::geteuid());
    if (verdict.status == "200" && is_suspended(request.domain, verdict.user_id))
      return {later, "suspended from the live stream", {}};
    if (verdict.status == "200" || expected(request)) return verdict;
    log_refusal(request, verdict);
    // After a permanent refusal libzmq's clients do not retry until they are restarted, also when
    // the access file names them later. So the handshake is left to time out.
    return {later, verdict.reason, {}};
  }

  bool is_suspended(std::string_view domain, const std::string& user_id) {
    const std::lock_guard lock(mutex_);
    const auto entry = suspended_.find(user_id);
    return domain.ends_with("/events") && entry != suspended_.end() && mono_now() < entry->second;
  }

  static std::string key_of(const ZapRequest& request) {
    const bool key = request.mechanism == "CURVE" && request.credentials.size() == 1 &&
                     request.credentials[0].size() == curve_key_octets;
    return key ? z85(request.credentials[0]) : "none";
  }

  bool expected(const ZapRequest& request) {
    const std::lock_guard lock(mutex_);
    return expected_.contains(key_of(request));
  }

  void log_refusal(const ZapRequest& request, const ZapVerdict& verdict) {
    ++counters_["broker.keys.unknown"];
    note_refused(request, verdict);
    if (const auto line = log_limit_.check(request.address, mono_now()); line.allowed)
      log::warn("a connection to the bus was refused: " + verdict.reason,
                {{"address", std::string(request.address)},
                 {"key", key_of(request)},
                 {"suppressed", std::to_string(line.suppressed)}});
  }

  void note_refused(const ZapRequest& request, const ZapVerdict& verdict) {
    if (audit_ == nullptr || !audit_->takes(AuditEntry::Kind::refused, {}, mono_now())) return;
    AuditEntry entry;
    entry.peer = request.address;
    entry.operation = "CONNECT";
    entry.key = key_of(request);
    entry.code = Code::noaccess;
    entry.reason = verdict.reason;
    audit_->add(std::move(entry));
  }

  // Who wrote the file is not known.
  void note_file(AuditEntry::Kind kind, Code code, std::string reason) {
    if (audit_ == nullptr || !audit_->takes(kind, principal_broker, mono_now())) return;
    AuditEntry entry;
    entry.kind = kind;
    entry.operation = "ACCESS-FILE";
    entry.code = code;
    entry.reason = std::move(reason);
    audit_->add(std::move(entry));
  }

  void look_at_file() {
    const auto now = system_clock().now().wall;
    const auto before = access();
    // Not by reading the file again: it may be unreadable meanwhile.
    if (const auto end = before->next_end(); end && *end < now) {
      log::info("the time of a principal's proof is over", {{"file", access_file_}});
      replace(before->at(now));
    }
    if (access_file_.empty() || !watch_.changed(now)) return;
    auto access = read_access_file(access_file_, now);
    if (!access) return keep_old(access.error());
    if (*access == *this->access()) return;
    note_file(AuditEntry::Kind::changed, Code::noerror, describe_changes(*before, *access));
    replace(std::move(*access));
    log::info("the access file has changed and is in effect", {{"file", access_file_}});
  }

  void replace(AccessList access) {
    {
      const std::lock_guard lock(mutex_);
      access_ = std::make_shared<const AccessList>(std::move(access));
    }
    ++version_;
  }

  void keep_old(const Error& error) {
    ++counters_["broker.allow-file.refused"];
    note_file(AuditEntry::Kind::refused, error.code, error.message);
    if (const auto line = log_limit_.check("access file" + error.message, mono_now()); line.allowed)
      log::error("the access file has changed but cannot be used: the former rights stay in effect",
                 {{"reason", error.message}});
  }

  Counters& counters_;
  AuditTrail* const audit_;
  const std::string access_file_;
  zmq::context_t& context_;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> version_ = 1;
  bus::Mailbox<int> wake_;

  mutable std::mutex mutex_;
  std::shared_ptr<const AccessList> access_ = std::make_shared<const AccessList>();
  std::map<std::string, MonoTime> suspended_;  // by user id; at most one entry for each principal
  std::set<std::string> expected_;
  std::optional<Error> failure_;

  // Owned by the thread.
  zmq::socket_t socket_;
  FileWatch watch_{access_file_};
  log::RateLimiter log_limit_{log_interval};
  std::thread thread_;
};

}  // namespace

std::optional<ZapRequest> read_zap(const std::vector<std::string_view>& frames) {
  if (frames.size() < zap_frames_min || frames[0] != zap_version) return std::nullopt;
  return ZapRequest{
      frames[1], frames[2], frames[3], frames[5], {frames.begin() + zap_frames_min, frames.end()}};
}

namespace {

// Whose process has connected through a Unix socket: as the kernel says.
ZapVerdict judge_local(const ZapRequest& request, const AccessList& access,
                       std::uint32_t own_user) {
  const auto parts = split(request.address, ':');
  constexpr std::size_t parts_count = 4;  // host, user, group, process
  const auto user = parts.size() == parts_count ? parse_integer<std::uint32_t>(parts[1])
                                                : std::optional<std::uint32_t>();
  if (!user) return {"500", "the user of the process is not known", {}};
  auto id = user_id_of({Proof::Kind::user, std::to_string(*user)});
  if (access.find(id) != nullptr) return {"200", "", std::move(id)};
  if (*user == own_user || *user == 0) return {"200", "", std::string(principal_local)};
  return {"400",
          "no principal of the access file has the proof 'user: " + std::to_string(*user) + "'",
          {}};
}

}  // namespace

ZapVerdict judge_zap(const ZapRequest& request, const AccessList& access, std::uint32_t own_user) {
  const auto kind = request.domain.substr(0, request.domain.find('/'));
  if (request.mechanism == "NULL" && request.credentials.empty()) {
    if (kind == bus::listener_local) return judge_local(request, access, own_user);
    if (kind == bus::listener_plaintext) return {"200", "", std::string(principal_plaintext)};
    return {"400", "the endpoint requires a key", {}};
  }
  if (request.mechanism != "CURVE" || kind != bus::listener_curve)
    return {"400", "the endpoint does not accept this mechanism", {}};
  if (request.credentials.size() != 1 || request.credentials[0].size() != curve_key_octets)
    return {"500", "the credentials are not one key", {}};
  auto key = z85(request.credentials[0]);
  if (access.find(key) == nullptr) return {"400", "the key is not in the access file", {}};
  return {"200", "", std::move(key)};
}

Result<std::unique_ptr<Authenticator>> Authenticator::start(zmq::context_t& context,
                                                            std::string access_file,
                                                            Counters& counters, AuditTrail* audit) {
  auto authenticator =
      std::make_unique<ZapAuthenticator>(context, std::move(access_file), counters, audit);
  if (auto status = authenticator->open(); !status) return tl::unexpected(status.error());
  return authenticator;
}

}  // namespace sense
