// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace sense::email {

// The name of an address's folder: letters, digits and . _ - + @ as they are, the rest as %XX; one
// that would be too long for a file name is replaced by its SHA-256. Never starts with a dot.
[[nodiscard]] std::string folder_name(std::string_view address);

// Mailboxes in maildir format, one for each address, below one folder. A value; any thread.
class Maildir {
 public:
  explicit Maildir(std::string root) : root_(std::move(root)) {}

  // Makes the root folder when it is not there. Fails with its path.
  [[nodiscard]] Status open() const;
  // Blocks until the message is on stable storage under new/. Line ends become LF, as mailboxes
  // have them. Failure leaves at most a file in tmp/, which readers ignore.
  [[nodiscard]] Status deliver(const std::string& address, std::string_view message) const;

 private:
  std::string root_;
};

}  // namespace sense::email
