// SPDX-License-Identifier: Apache-2.0
#include "core/egress/transfer.hpp"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "core/base/log.hpp"
#include "core/egress/transfer_job.hpp"
#include "core/egress/transfer_queue.hpp"

namespace sense {

namespace {

constexpr int sweep_ms = 500;
constexpr int idle_wait_ms = 3'600'000;
constexpr std::size_t idle_handles_max = 256;
constexpr const char* stopping_text = "this process is shutting down";

// libcurl counts the connections in use, too: a smaller bound than that of the transfers in flight
// would close each connection after its transfer, once so many wait for slow endpoints.
long connections_max(std::size_t in_flight_max) {
  return static_cast<long>(in_flight_max + in_flight_max / 4);
}

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
        in_flight_max_(std::min(options_.in_flight_max, files_allowed())),
        queue_({in_flight_max_, options_.in_flight_per_endpoint_max,
                options_.waiting_per_endpoint_max, 10'000, options_.waiting_timeout}) {}
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] Status start();
  void submit(std::unique_ptr<TransferJob> job);
  void stop();

 private:
  using JobPtr = std::unique_ptr<TransferJob>;

  void run();
  [[nodiscard]] bool stopping();
  void take_inbox();
  void begin_waiting();
  void begin(TransferQueue::Id id);
  [[nodiscard]] bool collect_finished();
  void finish(TransferJob& job, CURLcode code);
  void sweep();
  void abandon_all();
  void fail_job(TransferQueue::Id id, Code code, const std::string& message);
  void answer(JobPtr job, Result<TransferReply> result);
  void release(CURL* easy);

  const TransferOptions options_;
  const EgressPolicy policy_;
  const Executor executor_;
  const std::size_t in_flight_max_;
  // The thread's, but for curl_multi_wakeup, which needs the mutex. Null after the thread's end.
  CURLM* multi_ = nullptr;
  std::thread thread_;

  std::mutex mutex_;  // protects the next four members
  std::vector<JobPtr> inbox_;
  std::size_t unfinished_ = 0;
  std::size_t unfinished_octets_ = 0;
  bool stopping_ = false;

  // Used by the thread only.
  std::vector<CURL*> idle_handles_;
  std::unordered_map<TransferQueue::Id, JobPtr> jobs_;
  std::unordered_map<TransferJob*, TransferQueue::Id> in_flight_;
  TransferJob::Shared shared_{options_, policy_, {}, {}};
  TransferQueue::Id last_id_ = 0;
  TransferQueue queue_;
  MonoTime next_sweep_{};
};

Status Transfer::Engine::start() {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  multi_ = curl_multi_init();
  if (initialised != CURLE_OK || multi_ == nullptr)
    return fail(Code::system, "sending by HTTP and mail cannot start: out of memory or open files");
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, connections_max(in_flight_max_));
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
  if (multi_ != nullptr) curl_multi_cleanup(multi_);
}

void Transfer::Engine::submit(JobPtr job) {
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
      curl_multi_wakeup(multi_);
    }
  }
  if (good) return;
  executor_([taken = job->take_done(), error = good.error()] { taken(tl::unexpected(error)); });
}

void Transfer::Engine::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (multi_ != nullptr) curl_multi_wakeup(multi_);
  }
  shared_.shut_sockets();  // libcurl may be waiting for a relay's reply
  if (thread_.joinable()) thread_.join();
}

void Transfer::Engine::run() {
  for (;;) {
    take_inbox();
    if (stopping()) break;
    begin_waiting();
    int running = 0;
    curl_multi_perform(multi_, &running);
    const bool finished = collect_finished();
    sweep();
    if (finished) continue;  // others may begin
    // libcurl wakes for its own timers, which include the deadlines of transfers.
    curl_multi_poll(multi_, nullptr, 0, jobs_.empty() ? idle_wait_ms : sweep_ms, nullptr);
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
    const bool complete = job.begin(easy, shared_);
    if (queue_.unanswered(job.endpoint())) curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    if (complete && curl_multi_add_handle(multi_, easy) == CURLM_OK) {
      in_flight_.emplace(&job, id);
      return;
    }
    release(easy);
  }
  queue_.finished(job.endpoint(), false);
  fail_job(id, Code::nomemory, "no memory for another transfer");
}

bool Transfer::Engine::collect_finished() {
  bool any = false;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    TransferJob* job = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &job);
    finish(*job, message->data.result);
    any = true;
  }
  return any;
}

// A transfer that libcurl has not ended loses its connection by this.
void Transfer::Engine::finish(TransferJob& job, CURLcode code) {
  bool answered = false;
  auto result = job.result(code, answered);
  if (!answered && stopping()) result = fail(Code::interrupted, stopping_text);  // by stop()
  auto* easy = static_cast<CURL*>(job.easy());
  curl_multi_remove_handle(multi_, easy);
  release(easy);
  const auto found = in_flight_.find(&job);
  auto owned = jobs_.extract(found->second);
  in_flight_.erase(found);
  queue_.finished(job.endpoint(), answered);
  answer(std::move(owned.mapped()), std::move(result));
}

// Gives up what has waited for too long, and takes replies whose rest does not come.
void Transfer::Engine::sweep() {
  const auto now = mono_now();
  if (now < next_sweep_) return;
  next_sweep_ = now + std::chrono::milliseconds{sweep_ms};
  for (const auto id : queue_.expire(now))
    fail_job(id, Code::timeout,
             "it was not attempted: earlier requests to this endpoint are not being answered");
  std::vector<TransferJob*> enough;
  for (const auto& [job, id] : in_flight_)
    if (const auto at = job->enough_at(); at && *at <= now) enough.push_back(job);
  for (auto* job : enough) finish(*job, CURLE_OPERATION_TIMEDOUT);
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
  CURLM* multi = nullptr;
  {
    const std::lock_guard lock(mutex_);  // nothing wakes it any more
    multi = std::exchange(multi_, nullptr);
  }
  curl_multi_cleanup(multi);
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
  engine_->submit(make_http_job(std::move(request), std::move(done)));
}

void Transfer::mail(MailRequest request, Done done) {
  engine_->submit(make_mail_job(std::move(request), std::move(done)));
}

void Transfer::stop() { engine_->stop(); }

}  // namespace sense
