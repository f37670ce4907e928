// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>

#include "gateways/host/store/gateway_store.hpp"
#include "tests/gateways/engine_fixture.hpp"

namespace sense::testing {

// A store on disk, and an engine that is saved in it and restored from it.
struct StoreFixture : EngineFixture {
  std::filesystem::path place = std::filesystem::temp_directory_path() /
                                ("sense_host_store_tests_" + std::to_string(::getpid()));
  std::optional<GatewayStore> store;

  StoreFixture() { reopen(); }
  ~StoreFixture() {
    store.reset();
    std::filesystem::remove_all(place);
  }
  void reopen() {
    store.reset();
    auto opened = GatewayStore::open(place.string());
    BOOST_REQUIRE_MESSAGE(opened.has_value(), opened.error().message);
    store.emplace(std::move(*opened));
  }
  void save(std::uint64_t position = 7) {
    const auto status = store->save(position, engine.take_checkpoint(clock.now()),
                                    std::exchange(dead, {}), clock.now());
    BOOST_REQUIRE_MESSAGE(status.has_value(), status.error().message);
    engine.stored(clock.now());
    take();
  }
  std::size_t restart() {
    reopen();
    out.clear();
    engine = Engine({{1s, 2s, 4s}, 2}, 1);
    const auto count = store->restore(engine, clock.now());
    BOOST_REQUIRE(count.has_value());
    engine.restored(clock.now());
    take();
    return *count;
  }
  // Beside the store, as a person with sqlite3 would: the first column of all rows.
  std::string sql(const std::string& text) const {
    auto database = Database::open((place / "gateway.db").string(), Database::Durability::normal);
    BOOST_REQUIRE(database.has_value());
    auto statement = database->prepare(text);
    BOOST_REQUIRE_MESSAGE(statement.has_value(), statement.error().message);
    std::string rows;
    for (;;) {
      const auto row = statement->step();
      BOOST_REQUIRE_MESSAGE(row.has_value(), row.error().message);
      if (!*row) return rows;
      rows.append(statement->octets(0)).append(";");
    }
  }
};

}  // namespace sense::testing
