// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sqlite3.h>

#include <mutex>
#include <string>
#include <vector>

namespace sense {

// Limits every database that is opened in this process while this lives, as a disk would.
class FullDisk {
 public:
  FullDisk() {
    connections().clear();
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(&opened));
  }
  ~FullDisk() {
    sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&opened));
    connections().clear();
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

  // From now on no file of these connections grows, until free().
  void fill() const { set(1); }
  void free() const { set(1'000'000); }

 private:
  static std::vector<sqlite3*>& connections() {
    static std::vector<sqlite3*> all;
    return all;
  }
  static int opened(sqlite3* connection, const char**, const void*) {
    connections().push_back(connection);
    return SQLITE_OK;
  }
  static void set(int pages) {
    const auto sql = "PRAGMA max_page_count=" + std::to_string(pages);
    for (auto* connection : connections())
      sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr);
  }
};

}  // namespace sense
