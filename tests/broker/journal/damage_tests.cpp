// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "broker/journal/journal_view.hpp"
#include "broker/journal/reader.hpp"
#include "core/base/log.hpp"
#include "tests/broker/ingest_fixture.hpp"

using namespace sense;

namespace {

// How many: SENSE_DAMAGE_FLIPS=20000 for the full run.
std::size_t from_environment(const char* name, std::size_t otherwise) {
  const auto* text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<std::size_t>(std::strtoull(text, nullptr, 10));
}

std::string data_of(std::uint64_t sequence) {
  std::mt19937_64 dice(sequence);
  std::string data(dice() % 600, 'x');
  for (auto& octet : data) octet = static_cast<char>(dice());
  return data;
}

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// What became of the journal's events after some damage. The sum is the number of events.
struct Outcome {
  std::uint64_t served = 0;
  std::uint64_t reported = 0;  // lost and reported
  std::uint64_t wrong = 0;     // another payload than was stored
  bool refused = false;        // the broker would not start; all is reported by that

  void add(const Outcome& other) {
    served += other.served;
    reported += other.reported;
    wrong += other.wrong;
  }
};

// A journal with known payloads, and its files as octets.
class Original {
 public:
  static constexpr std::uint64_t events = 900;

  Original() {
    IngestFixture fixture;
    std::uint64_t sequence = 1;
    for (std::mt19937 dice(7); sequence <= events;) {
      std::vector<std::string> group;
      for (auto count = 1 + dice() % 40; count > 0 && sequence <= events; --count, ++sequence) {
        auto event = make_event(std::to_string(sequence));
        event.data = data_of(sequence);
        group.push_back(encode(event));
      }
      (void)fixture.publish_now(group);
    }
    BOOST_REQUIRE(fixture.store->trim({WallTime{}, std::uint64_t{1} << 40, 0}, 1));
    const auto path = Store::path_in(fixture.folder.path());
    wal_ = contents(path + "-wal");
    before_wal_ = contents(path);
    BOOST_REQUIRE(fixture.store->restart_wal());
    main_ = contents(path);
    BOOST_REQUIRE(main_.size() > 100'000);
  }
  [[nodiscard]] const std::string& main() const { return main_; }
  [[nodiscard]] const std::string& before_wal() const { return before_wal_; }
  [[nodiscard]] const std::string& wal() const { return wal_; }

 private:
  std::string main_;
  std::string before_wal_;
  std::string wal_;
};

const Original& original() {
  static const Original made;
  return made;
}

// Counts one record; the broker's own event about the damage is none of ours.
void take(const Record& record, Outcome& outcome) {
  const auto event = decode_record(record);
  if (event && event->source == "/sense/journal") return;
  ++outcome.served;
  if (!event || record.sequence > Original::events ||
      event->id != std::to_string(record.sequence) || event->data != data_of(record.sequence))
    ++outcome.wrong;
}

// As the broker does: opens, restores, and serves a reader from the first event on.
Outcome serve(const std::string& main, const std::string& wal) {
  static const TemporaryFolder folder;
  Outcome outcome;
  const auto path = Store::path_in(folder.path());
  std::filesystem::remove(path + "-shm");
  std::ofstream(path, std::ios::binary) << main;
  std::ofstream(path + "-wal", std::ios::binary) << wal;
  Counters counters;
  VirtualClock clock;
  auto store = Store::open(folder.path());
  auto ingest =
      store ? Ingest::restore(*store, IngestFixture::default_limits(), counters, clock.now())
            : Result<Ingest>(tl::unexpected(store.error()));
  // What it announces goes behind the last event.
  const bool started = ingest && ingest->commit_group({}, clock.now());
  auto reader = Reader::open(folder.path(), counters);
  if (!started || !reader) {
    outcome.refused = true;
    return outcome;
  }
  std::uint64_t next = 1;
  for (;;) {
    bus::Request request;
    request.id = 1;
    request.operation = bus::Operation::fetch;
    request.from = next;
    request.prefixes = {"{"};
    request.bytes_max = 1 << 20;
    const auto reply = reader->answer(request);
    if (!reply) {  // an answer that says so, for the rest
      outcome.reported += Original::events + 1 - next;
      return outcome;
    }
    const auto records = split_records(reply->records);
    BOOST_REQUIRE(records);
    const auto end = Original::events + 1;
    if (reply->first > next) outcome.reported += std::min(reply->first, end) - std::min(next, end);
    for (const auto& record : *records) take(record, outcome);
    BOOST_REQUIRE(reply->next > next || reply->next > reply->head);
    next = reply->next;
    if (next > reply->head || next >= end) return outcome;
  }
}

// What `sense journal` can still read where the broker would not start.
void salvage(const std::string& main, Outcome& outcome) {
  const TemporaryFolder folder;
  std::ofstream(Store::path_in(folder.path()), std::ios::binary) << main;
  auto view = JournalView::open(folder.path());
  if (!view) return;
  (void)view->read(1, [&](const JournalGroup& group) {
    if (group.damaged) return true;
    const auto records = split_records(group.octets);
    BOOST_REQUIRE(records);
    for (const auto& record : *records) take(record, outcome);
    return true;
  });
}

struct Quiet {
  Quiet() { log::configure("damage", log::Level(4), log::Format::text); }
  ~Quiet() { log::configure("sense", log::Level::info, log::Format::text); }
};

struct Tally {
  std::uint64_t runs = 0;
  std::uint64_t harmless = 0;
  std::uint64_t refused = 0;
  std::uint64_t wrong = 0;
  std::uint64_t silent = 0;  // runs with an unreported loss
  std::uint64_t salvaged = 0;

  void count(const Outcome& outcome, const std::string& main) {
    ++runs;
    wrong += outcome.wrong;
    if (outcome.refused) {
      ++refused;
      Outcome saved;
      salvage(main, saved);
      wrong += saved.wrong;
      salvaged += saved.served;
    } else if (outcome.served == Original::events) {
      ++harmless;
    } else if (outcome.served + outcome.reported < Original::events) {
      ++silent;
    }
  }
  void print(const char* what) const {
    BOOST_TEST_MESSAGE(what << ": runs " << runs << ", harmless " << harmless
                            << ", refused at start " << refused << " (events saved of these "
                            << salvaged << "), told as a gap " << runs - harmless - refused - silent
                            << ", not told " << silent << ", wrong payloads " << wrong);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(damage_tests)

BOOST_AUTO_TEST_CASE(undamaged_journal_is_served_whole_from_either_state) {
  const auto& journal = original();
  BOOST_CHECK_EQUAL(serve(journal.main(), "").served, Original::events);
  BOOST_CHECK_EQUAL(serve(journal.before_wal(), journal.wal()).served, Original::events);
}

BOOST_AUTO_TEST_CASE(flipped_bits_are_never_delivered_and_always_told) {
  const Quiet quiet;
  const auto seed = from_environment("SENSE_SEED", std::random_device()());
  BOOST_TEST_MESSAGE("seed " << seed << " (run again with SENSE_SEED=" << seed << ")");
  std::mt19937_64 dice(seed);
  Tally tally;
  for (auto left = from_environment("SENSE_DAMAGE_FLIPS", 500); left > 0; --left) {
    auto main = original().main();
    const auto at = dice() % main.size();
    const auto bit = dice() % 8;
    main[at] = static_cast<char>(main[at] ^ (1 << bit));
    const auto silent = tally.silent;
    tally.count(serve(main, ""), main);
    if (tally.silent != silent) BOOST_TEST_MESSAGE("not told: bit " << bit << " of octet " << at);
  }
  tally.print("bit flips");
  BOOST_CHECK_EQUAL(tally.wrong, 0u);
  BOOST_CHECK_EQUAL(tally.silent, 0u);
  BOOST_CHECK_LT(tally.harmless, tally.runs);
}

BOOST_AUTO_TEST_CASE(file_that_is_cut_short_is_refused_or_served_without_a_wrong_payload) {
  const Quiet quiet;
  const auto step = std::max<std::size_t>(1, 4096 / from_environment("SENSE_DAMAGE_CUTS", 128));
  Tally tally;
  for (std::size_t cut = 1; cut <= 4096; cut += step) {
    const auto main = original().main().substr(0, original().main().size() - cut);
    tally.count(serve(main, ""), main);
  }
  tally.print("cut short");
  BOOST_CHECK_EQUAL(tally.wrong, 0u);
  BOOST_CHECK_EQUAL(tally.silent, 0u);
}

// SQLite takes a WAL up to its first frame that is not whole: what it serves is a beginning.
BOOST_AUTO_TEST_CASE(wal_that_is_damaged_serves_a_beginning_without_a_hole) {
  const Quiet quiet;
  const auto seed = from_environment("SENSE_SEED", std::random_device()());
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 dice(seed);
  const auto& journal = original();
  const auto step = std::max<std::size_t>(1, 4096 / from_environment("SENSE_DAMAGE_CUTS", 128));
  std::uint64_t runs = 0;
  std::uint64_t shorter = 0;
  std::uint64_t wrong = 0;
  const auto check = [&](const std::string& wal) {
    const auto outcome = serve(journal.before_wal(), wal);
    ++runs;
    wrong += outcome.wrong;
    shorter += outcome.served < Original::events ? 1 : 0;
    BOOST_CHECK_EQUAL(outcome.reported, 0u);
  };
  for (std::size_t cut = 1; cut <= 4096; cut += step)
    check(journal.wal().substr(0, journal.wal().size() - cut));
  for (int i = 0; i < 100; ++i) {
    auto wal = journal.wal();
    const auto at = dice() % wal.size();
    wal[at] = static_cast<char>(wal[at] ^ (1 << dice() % 8));
    check(wal);
  }
  BOOST_TEST_MESSAGE("WAL: runs " << runs << ", served a beginning " << shorter
                                  << ", wrong payloads " << wrong);
  BOOST_CHECK_EQUAL(wrong, 0u);
  BOOST_CHECK_GT(shorter, 0u);
}

BOOST_AUTO_TEST_SUITE_END()
