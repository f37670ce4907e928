// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "adapters/api/adapter.hpp"
#include "tests/core/storage/temporary_folder.hpp"

extern "C" const sense::AdapterDescriptor* sense_adapter_descriptor();

using namespace sense;
using namespace std::chrono_literals;

namespace {

constexpr auto patience = 30s;

std::atomic<int> reads_to_fail{0};

// Acknowledges on the publishing thread, or holds the acknowledgements back.
class ThreadSafePublisher final : public Publisher {
 public:
  void publish(const Event& event, Done done) override {
    std::optional<Error> answer;
    {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
      changed_.notify_all();
      if (hold_) {
        held_.push_back(std::move(done));
        return;
      }
      answer = refusal_;
    }
    if (answer) return done(tl::unexpected(*answer));
    done(Receipt{1, false});
  }
  void hold(bool hold) {
    std::vector<Done> held;
    {
      const std::lock_guard lock(mutex_);
      hold_ = hold;
      if (!hold) held.swap(held_);
    }
    for (auto& done : held) done(Receipt{1, false});
  }
  void refuse(std::optional<Error> refusal) {
    const std::lock_guard lock(mutex_);
    refusal_ = std::move(refusal);
  }
  // The events published so far, once there are so many.
  std::vector<Event> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    const bool came = changed_.wait_for(lock, patience, [&] { return events_.size() >= count; });
    BOOST_REQUIRE_MESSAGE(came, events_.size() << " of " << count << " events");
    return events_;
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return events_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> events_;
  std::vector<Done> held_;
  std::optional<Error> refusal_;
  bool hold_ = false;
};

struct Fixture {
  Fixture() { BOOST_REQUIRE(settings.set("path", path)); }
  ~Fixture() {
    if (adapter) adapter->stop();
  }
  void start() {
    auto made = sense_adapter_descriptor()->create(settings, context);
    BOOST_REQUIRE_MESSAGE(made, made.error().message);
    adapter = std::move(*made);
    BOOST_REQUIRE(adapter->start());
  }
  void restart() {
    adapter->stop();
    start();
  }
  void append(const std::string& text) const { std::ofstream(path, std::ios::app) << text; }
  std::vector<std::string> texts(std::size_t count) {
    std::vector<std::string> texts;
    for (const auto& event : publisher.wait_for(count)) texts.push_back(event.data);
    return texts;
  }
  void check_texts(const std::vector<std::string>& expected) {
    const auto found = texts(expected.size());
    BOOST_CHECK_EQUAL_COLLECTIONS(found.begin(), found.end(), expected.begin(), expected.end());
  }
  std::uint64_t counter(const char* name) { return counters[name]; }
  template <class Condition>
  static void wait_until(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + patience;
    bool holds = condition();
    for (; !holds && std::chrono::steady_clock::now() < until; holds = condition())
      std::this_thread::yield();
    BOOST_REQUIRE(holds);
  }
  // How much of the file is confirmed.
  [[nodiscard]] long confirmed() const {
    std::string id;
    unsigned long inode = 0;
    long octets = -1;
    std::ifstream(path + ".position") >> id >> inode >> octets;
    return octets;
  }

  TemporaryFolder place;
  const std::string path = place / "lines";
  boost::asio::io_context reactor;
  Counters counters;
  ThreadSafePublisher publisher;
  EgressPolicy egress;
  AdapterContext context{"test",    system_clock(), counters,      reactor,
                         publisher, egress,         place / "kept"};
  Settings settings = Settings::defaults(sense_adapter_descriptor()->options);
  std::unique_ptr<Adapter> adapter;
};

class PipeWriter {
 public:
  explicit PipeWriter(const std::string& path) : fd_(::open(path.c_str(), O_WRONLY)) {
    BOOST_REQUIRE_GE(fd_, 0);
  }
  ~PipeWriter() { ::close(fd_); }
  PipeWriter(const PipeWriter&) = delete;
  PipeWriter& operator=(const PipeWriter&) = delete;
  void write(const std::string& text) const {
    BOOST_REQUIRE_EQUAL(::write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

 private:
  int fd_;
};

}  // namespace

// In the place of the C library's, for this whole program.
extern "C" ssize_t read(int fd, void* at, std::size_t size) {
  if (reads_to_fail > 0) {
    --reads_to_fail;
    errno = EIO;
    return -1;
  }
  return ::syscall(SYS_read, fd, at, size);
}

BOOST_FIXTURE_TEST_SUITE(lines_adapter_tests, Fixture)

BOOST_AUTO_TEST_CASE(each_line_of_a_file_becomes_an_event) {
  BOOST_REQUIRE(settings.set("type", "{urn:x}y"));
  BOOST_REQUIRE(settings.set("source", "//host/log"));
  append("one\n\ntwo words\n");
  start();
  check_texts({"one", "", "two words"});
  std::set<std::string> ids;
  for (const auto& event : publisher.wait_for(3)) {
    BOOST_CHECK_EQUAL(event.type.clark(), "{urn:x}y");
    BOOST_CHECK_EQUAL(event.source, "//host/log");
    BOOST_CHECK(event.time.has_value());
    BOOST_CHECK(validate(event));
    ids.insert(event.id);
  }
  BOOST_CHECK_EQUAL(ids.size(), 3U);
}

BOOST_AUTO_TEST_CASE(a_file_is_followed_as_it_grows) {
  start();  // before the file is there
  append("one\ntw");
  check_texts({"one"});
  append("o\n");
  check_texts({"one", "two"});
}

BOOST_AUTO_TEST_CASE(a_restart_goes_on_where_it_stopped) {
  append("one\ntwo\n");
  start();
  check_texts({"one", "two"});
  wait_until([this] { return confirmed() == 8; });
  restart();
  append("three\n");
  check_texts({"one", "two", "three"});
}

BOOST_AUTO_TEST_CASE(a_line_that_was_not_acknowledged_is_published_again_with_the_same_id) {
  publisher.hold(true);
  append("one\n");
  start();
  const auto first = publisher.wait_for(1);
  adapter->stop();
  start();
  const auto both = publisher.wait_for(2);
  BOOST_CHECK_EQUAL(both[1].data, "one");
  BOOST_CHECK_EQUAL(both[1].id, first[0].id);
}

BOOST_AUTO_TEST_CASE(nothing_is_read_while_lines_are_unacknowledged) {
  publisher.hold(true);
  append("one\n");
  start();
  BOOST_CHECK_EQUAL(publisher.wait_for(1).size(), 1U);
  append("two\n");
  BOOST_CHECK_EQUAL(confirmed(), 0);
  BOOST_CHECK_EQUAL(publisher.count(), 1U);
  publisher.hold(false);
  check_texts({"one", "two"});
  wait_until([this] { return confirmed() == 8; });
}

BOOST_AUTO_TEST_CASE(a_file_that_takes_its_place_is_read_from_its_start) {
  append("one\nlast");
  start();
  check_texts({"one"});
  std::filesystem::rename(path, place / "old");
  append("new\n");
  check_texts({"one", "last", "new"});
}

BOOST_AUTO_TEST_CASE(a_truncated_file_is_read_from_its_start_with_new_ids) {
  append("one\ntwo\n");
  start();
  wait_until([this] { return confirmed() == 8; });
  std::filesystem::resize_file(path, 0);
  // The size must be seen to be smaller: wait for what a new beginning writes.
  wait_until([this] { return confirmed() == 0; });
  append("one\n");
  const auto events = publisher.wait_for(3);
  BOOST_CHECK_EQUAL(events[2].data, "one");
  BOOST_CHECK_NE(events[2].id, events[0].id);
}

BOOST_AUTO_TEST_CASE(a_pipe_may_have_one_writer_after_another) {
  BOOST_REQUIRE_EQUAL(::mkfifo(path.c_str(), 0600), 0);
  start();
  {
    const PipeWriter writer(path);
    writer.write("one\ntwo");
    check_texts({"one"});
  }
  check_texts({"one", "two"});  // the writer's end is the line's end
  const PipeWriter writer(path);
  writer.write("three\n");
  check_texts({"one", "two", "three"});
  BOOST_CHECK(!std::filesystem::exists(path + ".position"));
}

BOOST_AUTO_TEST_CASE(a_line_over_the_limit_is_left_out_counted_and_no_part_of_it_published) {
  BOOST_REQUIRE(settings.set("line-max", "10"));
  append("0123456789\n01234567890\n" + std::string(100'000, 'x') + "\nend\n");
  start();
  check_texts({"0123456789", "end"});
  wait_until([this] { return counter("lines.left-out") == 2; });
}

BOOST_AUTO_TEST_CASE(a_line_of_the_greatest_length_is_one_event) {
  BOOST_REQUIRE(settings.set("line-max", "1MiB"));
  const std::string longest(Event::data_length_max, 'x');
  append(longest + "\n");
  start();
  check_texts({longest});
}

BOOST_AUTO_TEST_CASE(a_line_that_the_broker_refuses_is_counted_and_the_next_one_published) {
  publisher.refuse(Error{Code::noaccess, "no right to publish this type"});
  append("one\n");
  start();
  wait_until([this] { return counter("lines.left-out") == 1; });
  publisher.refuse(std::nullopt);
  append("two\n");
  check_texts({"one", "two"});
  wait_until([this] { return counter("lines.published") == 1; });
}

BOOST_AUTO_TEST_CASE(a_stop_does_not_wait_for_acknowledgements_nor_for_a_line_without_end) {
  BOOST_REQUIRE_EQUAL(::mkfifo(path.c_str(), 0600), 0);
  publisher.hold(true);
  start();
  const PipeWriter writer(path);
  writer.write("one\nunfinished");
  BOOST_CHECK_EQUAL(publisher.wait_for(1).size(), 1U);
  adapter->stop();
  adapter.reset();
  publisher.hold(false);  // an acknowledgement behind the adapter's end does no harm
}

// Only this process had it: a new reader of the pipe gets its rest alone.
BOOST_AUTO_TEST_CASE(a_begun_line_of_a_pipe_is_published_at_a_stop) {
  BOOST_REQUIRE_EQUAL(::mkfifo(path.c_str(), 0600), 0);
  start();
  const PipeWriter writer(path);
  writer.write("one\nbeg");
  check_texts({"one"});
  // "beg" may be in the pipe, or be read already.
  restart();
  const PipeWriter second(path);  // opens once there is a reader again
  writer.write("un\n");
  wait_until([this] {
    std::string all;
    for (const auto& event : publisher.wait_for(1)) all += event.data;
    return all == "onebegun";
  });
}

BOOST_AUTO_TEST_CASE(a_begun_line_of_a_file_is_left_for_the_next_start) {
  append("one\nbeg");
  start();
  check_texts({"one"});
  restart();
  append("un\n");
  check_texts({"one", "begun"});
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_there_yet_is_awaited_and_leaves_nothing_behind) {
  BOOST_REQUIRE(!std::filesystem::exists(path));
  start();
  restart();
  BOOST_CHECK(!std::filesystem::exists(path + ".position"));
  append("one\n");
  check_texts({"one"});
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_tried_again) {
  std::filesystem::create_directory(path);
  start();
  std::filesystem::remove(path);
  append("one\n");
  check_texts({"one"});
}

BOOST_AUTO_TEST_CASE(after_a_read_that_failed_it_goes_on_where_it_was) {
  append("one\ntwo\nth");
  start();
  check_texts({"one", "two"});
  wait_until([&] { return confirmed() == 8; });
  reads_to_fail = 1;
  wait_until([&] { return reads_to_fail == 0; });
  append("ree\n");
  check_texts({"one", "two", "three"});
  wait_until([&] { return confirmed() == 14; });
  BOOST_CHECK_EQUAL(publisher.count(), 3U);
}

BOOST_AUTO_TEST_CASE(a_position_that_cannot_be_read_is_tried_again) {
  append("one\n");
  start();
  wait_until([&] { return confirmed() == 4; });
  adapter->stop();
  append("two\n");
  reads_to_fail = 1;  // the position's
  start();
  check_texts({"one", "two"});
  BOOST_CHECK_EQUAL(publisher.count(), 2U);
}

BOOST_AUTO_TEST_CASE(options_that_make_no_event_are_refused) {
  BOOST_REQUIRE(settings.set("type", std::string(257, 'x')));
  BOOST_CHECK(!sense_adapter_descriptor()->create(settings, context));
  BOOST_REQUIRE(settings.set("type", "{urn:x}y"));
  BOOST_REQUIRE(settings.set("source", "with space"));
  BOOST_CHECK(!sense_adapter_descriptor()->create(settings, context));
}

BOOST_AUTO_TEST_SUITE_END()
