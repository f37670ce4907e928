// SPDX-License-Identifier: Apache-2.0
#include "core/egress/transfer.hpp"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include "core/base/log.hpp"
#include "core/egress/transfer_job.hpp"
#include "core/egress/transfer_queue.hpp"

namespace sense {

namespace {

constexpr auto sweep_interval = std::chrono::milliseconds{500};
constexpr std::size_t idle_handles_max = 256;
constexpr long connections_kept_max = 512;
constexpr const char* stopping_text = "this process is shutting down";

// Half of the files that the process may open; the other half is for its other work.
std::size_t files_allowed() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 256;
  return std::max<std::size_t>(16, static_cast<std::size_t>(limit.rlim_cur) / 2);
}

}  // namespace

class Transfer::Engine {
 public:
  Engine(TransferOptions options, EgressPolicy policy, Executor executor)
      : options_(std::move(options)),
        policy_(std::move(policy)),
        executor_(std::move(executor)),
        queue_({std::min(options_.in_flight_max, files_allowed()),
                options_.in_flight_per_endpoint_max, options_.waiting_per_endpoint_max, 10'000,
                options_.waiting_timeout}) {}
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] Status start();
  void submit(TransferJob::Request request, Done done);
  void stop();

 private:
  struct Callbacks;
  using JobPtr = std::unique_ptr<TransferJob>;

  void run();
  [[nodiscard]] bool stopping();
  void take_inbox();
  void begin_waiting();
  void begin(TransferQueue::Id id);
  void wait();
  void collect_finished();
  void expire_waiting();
  void abandon_all();
  void fail_job(TransferQueue::Id id, Code code, const std::string& message);
  void answer(JobPtr job, Result<TransferReply> result);
  void release(CURL* easy);
  void on_socket(curl_socket_t socket, int what, void* known);

  const TransferOptions options_;
  const EgressPolicy policy_;
  const Executor executor_;
  int epoll_ = -1;
  int wake_ = -1;
  std::thread thread_;

  std::mutex mutex_;  // protects the next four members
  std::vector<JobPtr> inbox_;
  std::size_t unfinished_ = 0;
  std::size_t unfinished_octets_ = 0;
  bool stopping_ = false;

  // Used by the thread only.
  CURLM* multi_ = nullptr;
  std::vector<CURL*> idle_handles_;
  std::unordered_map<TransferQueue::Id, JobPtr> jobs_;
  std::unordered_map<const TransferJob*, TransferQueue::Id> in_flight_;
  TransferJob::Shared shared_{options_, policy_, {}, {}};
  TransferQueue::Id last_id_ = 0;
  TransferQueue queue_;
  std::optional<MonoTime> timer_;
  MonoTime next_sweep_{};
};

struct Transfer::Engine::Callbacks {
  static int socket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
    static_cast<Engine*>(self)->on_socket(socket, what, known);
    return 0;
  }
  static int timer(CURLM*, long milliseconds, void* self) {
    auto& engine = *static_cast<Engine*>(self);
    if (milliseconds < 0)
      engine.timer_.reset();
    else
      engine.timer_ = mono_now() + std::chrono::milliseconds{milliseconds};
    return 0;
  }
};

Status Transfer::Engine::start() {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  multi_ = curl_multi_init();
  if (initialised != CURLE_OK || epoll_ < 0 || wake_ < 0 || multi_ == nullptr)
    return fail(Code::system, "sending by HTTP and mail cannot start: out of memory or open files");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wake_;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Callbacks::socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Callbacks::timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, connections_kept_max);
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "transfer");
    // Signals are handled by other threads. A write to a closed TLS connection raises SIGPIPE,
    // which CURLOPT_NOSIGNAL does not prevent.
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    run();
  });
  return {};
}

Transfer::Engine::~Engine() {
  stop();
  if (multi_ != nullptr) curl_multi_cleanup(multi_);  // only if the thread was not started
  if (wake_ >= 0) ::close(wake_);
  if (epoll_ >= 0) ::close(epoll_);
}

void Transfer::Engine::submit(TransferJob::Request request, Done done) {
  auto job = std::make_unique<TransferJob>(std::move(request), std::move(done));
  auto good = job->check();
  if (good) {
    const std::lock_guard lock(mutex_);
    if (stopping_)
      good = fail(Code::interrupted, job->endpoint() + ": this process is shutting down");
    else if (unfinished_ >= options_.unfinished_max ||
             unfinished_octets_ + job->octets() > options_.unfinished_octets_max)
      good = fail(Code::nomoreroom, job->endpoint() + ": too many requests are unfinished already");
    if (good) {
      ++unfinished_;
      unfinished_octets_ += job->octets();
      inbox_.push_back(std::move(job));
    }
  }
  if (good) {
    const std::uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof one);
    return;
  }
  executor_([taken = job->take_done(), error = good.error()] { taken(tl::unexpected(error)); });
}

void Transfer::Engine::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  const std::uint64_t one = 1;
  (void)!::write(wake_, &one, sizeof one);
  shared_.shut_sockets();  // libcurl may be waiting for a relay's reply
  if (thread_.joinable()) thread_.join();
}

void Transfer::Engine::run() {
  for (;;) {
    take_inbox();
    if (stopping()) break;
    begin_waiting();
    wait();
    collect_finished();
    expire_waiting();
  }
  take_inbox();
  abandon_all();
}

bool Transfer::Engine::stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void Transfer::Engine::take_inbox() {
  std::vector<JobPtr> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(inbox_);
  }
  const auto now = taken.empty() ? MonoTime{} : mono_now();
  for (auto& job : taken) {
    const auto id = ++last_id_;
    if (auto pushed = queue_.push(id, job->endpoint(), now); !pushed)
      answer(std::move(job), tl::unexpected(pushed.error()));
    else
      jobs_.emplace(id, std::move(job));
  }
}

void Transfer::Engine::begin_waiting() {
  while (const auto id = queue_.next()) begin(*id);
}

void Transfer::Engine::begin(TransferQueue::Id id) {
  auto& job = *jobs_.at(id);
  CURL* easy = nullptr;
  if (idle_handles_.empty()) {
    easy = curl_easy_init();
  } else {
    easy = idle_handles_.back();
    idle_handles_.pop_back();
  }
  if (easy != nullptr) {
    job.begin(easy, shared_);
    if (curl_multi_add_handle(multi_, easy) == CURLM_OK) {
      in_flight_.emplace(&job, id);
      return;
    }
    release(easy);
  }
  queue_.finished(job.endpoint(), false);
  fail_job(id, Code::nomemory, "no memory for another transfer");
}

void Transfer::Engine::wait() {
  const auto now = mono_now();
  auto until =
      queue_.in_flight() == 0 && jobs_.empty() ? now + std::chrono::hours{1} : now + sweep_interval;
  if (timer_) until = std::min(until, *timer_);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
  std::array<epoll_event, 256> events{};
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(std::max<std::int64_t>(0, left)));
  int running = 0;
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (event.data.fd == wake_) {
      std::uint64_t ignored = 0;
      (void)!::read(wake_, &ignored, sizeof ignored);
      continue;
    }
    int mask = 0;
    if ((event.events & EPOLLIN) != 0) mask |= CURL_CSELECT_IN;
    if ((event.events & EPOLLOUT) != 0) mask |= CURL_CSELECT_OUT;
    if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) mask |= CURL_CSELECT_ERR;
    curl_multi_socket_action(multi_, event.data.fd, mask, &running);
  }
  if (timer_ && *timer_ <= mono_now()) {
    timer_.reset();
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  }
}

void Transfer::Engine::on_socket(curl_socket_t socket, int what, void* known) {
  if (what == CURL_POLL_REMOVE) {
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
    return;
  }
  epoll_event event{};
  event.data.fd = socket;
  if (what != CURL_POLL_OUT) event.events |= EPOLLIN;
  if (what != CURL_POLL_IN) event.events |= EPOLLOUT;
  ::epoll_ctl(epoll_, known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
  if (known == nullptr) curl_multi_assign(multi_, socket, this);
}

void Transfer::Engine::collect_finished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const auto code = message->data.result;
    TransferJob* job = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &job);
    bool answered = false;
    auto result = job->result(code, answered);
    if (!answered && stopping())
      result = fail(Code::interrupted, stopping_text);  // aborted by stop()
    curl_multi_remove_handle(multi_, easy);
    release(easy);
    const auto found = in_flight_.find(job);
    auto owned = jobs_.extract(found->second);
    in_flight_.erase(found);
    queue_.finished(job->endpoint(), answered);
    answer(std::move(owned.mapped()), std::move(result));
  }
}

void Transfer::Engine::expire_waiting() {
  const auto now = mono_now();
  if (now < next_sweep_) return;
  next_sweep_ = now + sweep_interval;
  for (const auto id : queue_.expire(now))
    fail_job(id, Code::timeout,
             "it was not attempted: earlier requests to this endpoint are not being answered");
}

void Transfer::Engine::abandon_all() {
  // Otherwise libcurl would terminate a partly sent message, and wait for the relay's replies to it
  // and to QUIT.
  shared_.shut_sockets();
  for (const auto& [job, id] : in_flight_) {
    curl_multi_remove_handle(multi_, static_cast<CURL*>(job->easy()));
    release(static_cast<CURL*>(job->easy()));
  }
  in_flight_.clear();
  for (auto* easy : idle_handles_) curl_easy_cleanup(easy);
  idle_handles_.clear();
  curl_multi_cleanup(multi_);
  multi_ = nullptr;
  auto jobs = std::move(jobs_);
  jobs_.clear();
  for (auto& [id, job] : jobs) answer(std::move(job), fail(Code::interrupted, stopping_text));
}

void Transfer::Engine::fail_job(TransferQueue::Id id, Code code, const std::string& message) {
  auto owned = jobs_.extract(id);
  auto text = owned.mapped()->endpoint() + ": " + message;
  answer(std::move(owned.mapped()), fail(code, std::move(text)));
}

void Transfer::Engine::answer(JobPtr job, Result<TransferReply> result) {
  {
    const std::lock_guard lock(mutex_);
    --unfinished_;
    unfinished_octets_ -= job->octets();
  }
  executor_([done = job->take_done(), outcome = std::move(result)]() mutable {
    done(std::move(outcome));
  });
}

void Transfer::Engine::release(CURL* easy) {
  // The kept connections belong to the multi handle; the easy one only spares its allocation.
  curl_easy_reset(easy);
  if (idle_handles_.size() < idle_handles_max)
    idle_handles_.push_back(easy);
  else
    curl_easy_cleanup(easy);
}

Transfer::Transfer(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
Transfer::~Transfer() = default;

Result<std::unique_ptr<Transfer>> Transfer::make(TransferOptions options, EgressPolicy policy,
                                                 Executor executor) {
  auto engine =
      std::make_unique<Engine>(std::move(options), std::move(policy), std::move(executor));
  if (auto started = engine->start(); !started) return tl::unexpected(started.error());
  return std::unique_ptr<Transfer>(new Transfer(std::move(engine)));
}

void Transfer::http(HttpRequest request, Done done) {
  engine_->submit(std::move(request), std::move(done));
}

void Transfer::mail(MailRequest request, Done done) {
  engine_->submit(std::move(request), std::move(done));
}

void Transfer::stop() { engine_->stop(); }

}  // namespace sense
