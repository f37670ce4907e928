// SPDX-License-Identifier: Apache-2.0
#include "core/storage/journal_file.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <vector>

#include "core/storage/journal.hpp"
#include "tests/core/storage/temporary_folder.hpp"

using namespace sense;
using Kind = JournalFileEntry::Kind;

namespace {

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& path) {
  auto writer = JournalFileWriter::create(path);
  BOOST_REQUIRE(writer);
  BOOST_REQUIRE(writer->write({Kind::group, 1, 3, from_micros(10), "first"}));
  BOOST_REQUIRE(writer->write({Kind::group, 7, 9, from_micros(20), std::string(3000, 'x')}));
  BOOST_REQUIRE(writer->write({Kind::registry, 5, 0, WallTime{}, "k"}));
  BOOST_REQUIRE(writer->finish(from_micros(30)));
}

// What could be read before the end or an error; the error's sentence, if there was one.
std::pair<std::vector<std::string>, std::string> read(const std::string& path) {
  std::vector<std::string> seen;
  auto reader = JournalFileReader::open(path);
  if (!reader) return {seen, reader.error().message};
  for (;;) {
    const auto entry = reader->next();
    if (!entry) return {seen, entry.error().message};
    if (!*entry) return {seen, {}};
    seen.push_back(std::to_string((*entry)->first) + "-" + std::to_string((*entry)->last) + " " +
                   std::string((*entry)->octets));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(journal_file_tests)

BOOST_AUTO_TEST_CASE(entries_come_back_as_written) {
  const TemporaryFolder folder;
  write(folder / "j");
  const auto [seen, error] = read(folder / "j");
  BOOST_CHECK_EQUAL(error, "");
  BOOST_REQUIRE(seen.size() == 4u);
  BOOST_CHECK_EQUAL(seen[0], "1-3 first");
  BOOST_CHECK_EQUAL(seen[1], "7-9 " + std::string(3000, 'x'));
  BOOST_CHECK_EQUAL(seen[2], "5-0 k");
  BOOST_CHECK_EQUAL(seen[3], "2-1 ");
  BOOST_CHECK(!std::filesystem::exists(folder / "j.part"));
}

BOOST_AUTO_TEST_CASE(octets_are_those_of_the_format_document) {
  const TemporaryFolder folder;
  write(folder / "j");
  const auto file = contents(folder / "j");
  BOOST_CHECK_EQUAL(file.substr(0, 16), std::string("SENSEJNL\1\0\0\0\0\0\0\0", 16));
  BOOST_CHECK_EQUAL(file.substr(24, 40),
                    std::string("\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0"
                                "\12\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0",
                                40));
  BOOST_CHECK_EQUAL(file.substr(64, 5), "first");
  BOOST_CHECK_EQUAL(file.size(), 24u + 4 * 48 + 5 + 3000 + 1);
}

BOOST_AUTO_TEST_CASE(every_changed_octet_is_found) {
  const TemporaryFolder folder;
  write(folder / "j");
  const auto file = contents(folder / "j");
  for (std::size_t at = 0; at < file.size(); ++at) {
    auto changed = file;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    std::ofstream(folder / "c", std::ios::binary) << changed;
    const auto [seen, error] = read(folder / "c");
    BOOST_TEST_CONTEXT("octet " << at) { BOOST_CHECK_NE(error, ""); }
  }
}

BOOST_AUTO_TEST_CASE(file_that_is_cut_short_or_longer_is_found) {
  const TemporaryFolder folder;
  write(folder / "j");
  const auto file = contents(folder / "j");
  for (std::size_t length = 0; length < file.size(); length += length < 200 ? 1 : 13) {
    std::ofstream(folder / "c", std::ios::binary) << file.substr(0, length);
    BOOST_CHECK_MESSAGE(read(folder / "c").second != "", "length " << length);
  }
  std::ofstream(folder / "c", std::ios::binary) << file << 'x';
  BOOST_CHECK_NE(read(folder / "c").second.find("octets follow"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(entries_that_were_left_out_or_moved_are_found) {
  const TemporaryFolder folder;
  write(folder / "j");
  const auto file = contents(folder / "j");
  const auto header = file.substr(0, 24);
  const auto first = file.substr(24, 53);
  const auto second = file.substr(77, 3048);
  const auto rest = file.substr(77 + 3048);
  for (const auto& changed :
       {header + second + rest, header + second + first + rest, header + first + rest}) {
    std::ofstream(folder / "c", std::ios::binary) << changed;
    const auto [seen, error] = read(folder / "c");
    BOOST_CHECK_NE(error.find("checksum"), std::string::npos);
    BOOST_CHECK_NE(error.find("octet"), std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(promised_length_is_not_believed) {
  const TemporaryFolder folder;
  write(folder / "j");
  auto file = contents(folder / "j");
  file.replace(24 + 32, 8, std::string(7, '\xff') + '\x7f');
  std::ofstream(folder / "c", std::ios::binary) << file;
  BOOST_CHECK_NE(read(folder / "c").second.find("longer than"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(newer_version_and_foreign_file_are_refused) {
  const TemporaryFolder folder;
  std::ofstream(folder / "c") << "name,age\n";
  BOOST_CHECK_NE(read(folder / "c").second.find("sense journal export"), std::string::npos);
  BOOST_CHECK_NE(read(folder / "none").second.find("none"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(file_that_is_there_is_not_overwritten_and_a_part_is_removed) {
  const TemporaryFolder folder;
  write(folder / "j");
  BOOST_CHECK(!JournalFileWriter::create(folder / "j"));
  {
    auto writer = JournalFileWriter::create(folder / "k");
    BOOST_REQUIRE(writer->write({Kind::group, 1, 3, WallTime{}, "first"}));
    BOOST_CHECK(std::filesystem::exists(folder / "k.part"));
  }
  BOOST_CHECK(!std::filesystem::exists(folder / "k.part"));
  BOOST_CHECK(!std::filesystem::exists(folder / "k"));
}

BOOST_AUTO_TEST_SUITE_END()
