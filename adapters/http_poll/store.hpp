// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/http_poll/known.hpp"
#include "core/base/error.hpp"
#include "core/storage/database.hpp"
#include "core/storage/folder_lock.hpp"

namespace sense::http_poll {

// What is known of each resource, in an SQLite file in a folder that it locks. Each change is one
// transaction: a kill loses none, a power cut the last ones. One thread; blocks, without a sync.
class Store {
 public:
  // Makes the folder and the file when they are not there, and forgets all resources but these.
  // `owner`: as FolderLock::take. Fails when another process has the folder, or the file is not one
  // of this version.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(const std::string& folder,
                                                           const std::string& owner,
                                                           const std::vector<std::string>& keys);
  // Nothing is known of a resource that is not there.
  [[nodiscard]] Result<Known> load(const std::string& key);
  [[nodiscard]] Status save(const std::string& key, const Known& known);

 private:
  Store(FolderLock lock, Database database)
      : lock_(std::move(lock)), database_(std::move(database)) {}
  [[nodiscard]] Status prepare();
  [[nodiscard]] Status forget_others(const std::vector<std::string>& keys);

  FolderLock lock_;
  Database database_;
};

}  // namespace sense::http_poll
