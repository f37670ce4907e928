// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/counters.hpp"
#include "core/base/error.hpp"

namespace sense::email {

// The name of an address's folder: letters, digits and . _ - + @ as they are, the rest as %XX; one
// that would be too long for a file name is replaced by its SHA-256. Never starts with a dot.
[[nodiscard]] std::string folder_name(std::string_view address);

// Mailboxes in maildir format below one folder: one for each address that is delivered to, which
// has agreed or is named by the configuration, and one for questions to all others. So who invents
// addresses makes no folders. A value; any thread.
class Maildir {
 public:
  // The mailbox of questions, and how many may lie there unread.
  static constexpr const char* questions = "unconfirmed";
  static constexpr std::size_t questions_max = 1000;

  // `no_room` counts what is refused with nomoreroom for these limits; it must outlive this.
  Maildir(std::string root, std::size_t mailboxes_max, Counters::Counter& no_room)
      : root_(std::move(root)), mailboxes_max_(mailboxes_max), no_room_(&no_room) {}

  // Makes the root folder when it is not there. Fails with its path.
  [[nodiscard]] Status open() const;
  // Blocks until the message is on stable storage under new/. Line ends become LF, as mailboxes
  // have them. Failure leaves at most a file in tmp/, which readers ignore. nomoreroom when the
  // address has no mailbox yet and there are as many as there may be.
  [[nodiscard]] Status deliver(const std::string& address, std::string_view message) const;
  // As deliver(), for an address that has not agreed yet: into its mailbox, if it has one, else
  // into that of questions; nomoreroom when too many lie there.
  [[nodiscard]] Status deliver_question(const std::string& address, std::string_view message) const;

 private:
  [[nodiscard]] Status refuse_room(const std::string& what) const;

  std::string root_;
  std::size_t mailboxes_max_;
  Counters::Counter* no_room_;
};

}  // namespace sense::email
