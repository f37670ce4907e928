// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/admin/metrics.hpp"
#include "core/base/counters.hpp"
#include "core/base/error.hpp"
#include "core/config/settings.hpp"

namespace sense {

[[nodiscard]] Status check_admin_listen(const std::string& address);
// The key that every process has.
inline constexpr auto admin_option =
    Option{"admin-listen",
           OptionType::text,
           "",
           "IP address and port of this process's own /livez, /readyz and /metrics, such as "
           "127.0.0.1:9464; they need no proof. Empty: none.",
           0,
           0,
           nullptr,
           /*secret=*/true}
        .checked(check_admin_listen);

// What the admin listener asks its process. Everything must outlive the listener; the counters and
// metrics are read on the listener's thread.
struct AdminSubject {
  // Runs a task soon on the loop that does the work of the process. Any thread.
  std::function<void(std::function<void()>)> post;
  // On that loop: sets the gauges, and answers what is missing for the process to serve, as a
  // sentence; empty: nothing is.
  std::function<std::string()> report;
  const Counters& counters;
  const Metrics& metrics;
};

// The HTTP listener for the operator's programs, beside what clients use, with a thread of its own,
// `sense-admin`, so that it can tell that the process's loop is stuck. GET and HEAD only:
//   /livez    200 while the loop answers within the deadline, else 503
//   /readyz   200 while the process serves, else 503 and what is missing
//   /metrics  Metrics::text(); of a loop that is stuck, the gauges as they were
// Tells numbers and the states of this process: no event, no principal, no callback. At most 16
// connections; a further one takes the place of one that waits.
class AdminListener {
 public:
  // Listens from now on, unless `address` is empty: then the result is null. Fails as
  // http::Server::open(). An address that is not of this machine alone is served to other machines.
  [[nodiscard]] static Result<std::unique_ptr<AdminListener>> open(
      const std::string& address, AdminSubject subject,
      Duration deadline = std::chrono::seconds{1});
  ~AdminListener();  // closes, and joins the thread; a task that was posted does nothing any more
  AdminListener(const AdminListener&) = delete;
  AdminListener& operator=(const AdminListener&) = delete;

  // "127.0.0.1:9464", with the port that was taken.
  [[nodiscard]] const std::string& address() const;

 private:
  class Impl;
  explicit AdminListener(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace sense
