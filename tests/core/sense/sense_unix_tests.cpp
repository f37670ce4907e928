// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "tests/core/sense/two_ends.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

namespace {

bool is_socket(const std::string& path) {
  return std::filesystem::is_socket(std::filesystem::symlink_status(path));
}

unsigned mode_of(const std::string& path) {
  struct stat file {};
  BOOST_REQUIRE(::stat(path.c_str(), &file) == 0);
  return file.st_mode & 07777U;
}

// A socket of the system, bound to a path or to none.
struct Plain {
  explicit Plain(const std::string& own = "") : id(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    if (own.empty()) return;
    const auto address = address_of(own);
    BOOST_REQUIRE(::bind(id, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  }
  ~Plain() { ::close(id); }
  static sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
  }
  bool send(const std::string& path, std::string_view octets) const {
    const auto address = address_of(path);
    return ::sendto(id, octets.data(), octets.size(), MSG_DONTWAIT,
                    reinterpret_cast<const sockaddr*>(&address), sizeof(address)) >= 0;
  }
  int id;
};

Error refusal(const std::string& path) {
  asio::io_context io;
  Counters counters;
  const auto opened = open_transport(io, Endpoint::at_path(path), {}, counters);
  BOOST_REQUIRE(!opened.has_value());
  BOOST_CHECK_MESSAGE(opened.error().message.find(path) != std::string::npos,
                      opened.error().message);
  return opened.error();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_unix_tests)

BOOST_AUTO_TEST_CASE(socket_file_is_for_owner_and_group_and_gone_at_the_end) {
  asio::io_context io;
  const Folder folder;
  const auto path = folder / "server.sock";
  const auto before = ::umask(0);
  {
    End server(io, Endpoint::at_path(path));
    BOOST_CHECK_EQUAL(mode_of(path), 0660U);
    TransportOptions options;
    options.unix_mode = 0606;
    End client(io, Endpoint::at_path(folder / "client.sock"), options);
    BOOST_CHECK_EQUAL(mode_of(folder / "client.sock"), 0606U);
    server.transport->close();
    BOOST_CHECK(!std::filesystem::exists(path));
  }
  ::umask(before);
  BOOST_CHECK(std::filesystem::is_empty(folder.path));
}

BOOST_AUTO_TEST_CASE(what_a_killed_process_left_behind_is_replaced) {
  asio::io_context io;
  const Folder folder;
  const auto path = folder / "server.sock";
  { const Plain killed(path); }
  BOOST_REQUIRE(is_socket(path));
  End server(io, Endpoint::at_path(path));
  End client(io, Endpoint::at_path(folder / "client.sock"));
  client.send(server.local(), "asked");
  BOOST_CHECK_EQUAL(server.next().octets, "asked");
}

BOOST_AUTO_TEST_CASE(path_that_another_answers_at_is_refused_and_left_to_it) {
  asio::io_context io;
  const Folder folder;
  const auto path = folder / "server.sock";
  End server(io, Endpoint::at_path(path));
  (void)refusal(path);
  End client(io, Endpoint::at_path(folder / "client.sock"));
  client.send(server.local(), "asked");
  BOOST_CHECK_EQUAL(server.next().octets, "asked");
}

BOOST_AUTO_TEST_CASE(file_that_is_no_socket_is_never_removed) {
  const Folder folder;
  const auto path = folder / "precious";
  std::ofstream(path) << "data";
  BOOST_CHECK_NE(refusal(path).message.find("not a socket"), std::string::npos);
  const auto link = folder / "link";
  const auto gone = folder / "gone";
  { const Plain killed(gone); }
  std::filesystem::create_symlink(gone, link);
  (void)refusal(link);
  BOOST_CHECK_EQUAL(std::filesystem::file_size(path), 4U);
  BOOST_CHECK(std::filesystem::is_symlink(link));
  BOOST_CHECK(is_socket(gone));
  (void)refusal(folder / "no-such-folder/server.sock");
}

BOOST_AUTO_TEST_CASE(path_that_was_taken_over_is_not_removed_at_the_end) {
  asio::io_context io;
  const Folder folder;
  const auto path = folder / "server.sock";
  End server(io, Endpoint::at_path(path));
  std::filesystem::remove(path);
  const Plain other(path);
  server.transport->close();
  BOOST_CHECK(is_socket(path));
}

BOOST_AUTO_TEST_CASE(sender_without_a_path_of_its_own_is_counted_and_not_handed_on) {
  asio::io_context io;
  const Folder folder;
  const auto path = folder / "server.sock";
  End server(io, Endpoint::at_path(path));
  const Plain unnamed;
  BOOST_REQUIRE(unnamed.send(path, "from nowhere"));
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path);
  const Plain relative("client.sock");  // means nothing in another working directory
  std::filesystem::current_path(before);
  BOOST_REQUIRE(relative.send(path, "from somewhere"));
  End client(io, Endpoint::at_path(folder / "named.sock"));
  client.send(server.local(), "from a path");
  BOOST_CHECK_EQUAL(server.next().octets, "from a path");
  BOOST_CHECK_EQUAL(server.received.size(), 1U);
  BOOST_CHECK_EQUAL(server.count("unanswerable"), 2U);
}

BOOST_AUTO_TEST_CASE(receiver_without_room_costs_the_others_nothing) {
  asio::io_context io;
  const Folder folder;
  End sender(io, Endpoint::at_path(folder / "sender.sock"));
  const Plain full(folder / "full.sock");  // never reads
  End server(io, Endpoint::at_path(folder / "server.sock"));
  const auto full_path = Endpoint::at_path(folder / "full.sock");
  unsigned count = 0;
  while (sender.count("send-failed") < 200) {
    BOOST_REQUIRE(++count < 100'000);
    for (unsigned i = 0; i < 100; ++i) sender.transport->send(full_path, "no room");
    sender.transport->send(server.local(), std::to_string(count));
    sender.transport->flush();
    until(io, [&] { return server.received.size() == count; });
  }
  BOOST_CHECK_EQUAL(server.received.back().octets, std::to_string(count));
}

BOOST_AUTO_TEST_CASE(burst_of_five_thousand_arrives_or_is_counted_by_its_sender) {
  asio::io_context io;
  const Folder folder;
  End server(io, Endpoint::at_path(folder / "server.sock"));
  End client(io, Endpoint::at_path(folder / "client.sock"));
  for (unsigned i = 0; i < 5'000; ++i) client.transport->send(server.local(), "x");
  client.transport->flush();
  BOOST_CHECK_EQUAL(client.count("sent") + client.count("send-failed"), 5'000U);
  until(io, [&] { return server.received.size() == client.count("sent"); });
  BOOST_CHECK_GE(server.received.size(), 1U);
  BOOST_TEST_MESSAGE("arrived " << server.received.size());
}

BOOST_AUTO_TEST_CASE(peer_that_is_away_is_told_and_reached_when_it_is_back) {
  asio::io_context io;
  const Folder folder;
  const auto there = Endpoint::at_path(folder / "server.sock");
  TransportOptions options;
  options.peer = there;
  End client(io, Endpoint::at_path(folder / "client.sock"), options);
  client.send(there, "no file");
  BOOST_CHECK_EQUAL(client.refused, 1U);
  { const Plain killed(there.path()); }
  client.send(there, "no receiver");
  BOOST_CHECK_EQUAL(client.refused, 2U);
  for (unsigned life = 0; life < 2; ++life) {
    End server(io, there);
    client.send(there, "asked");
    BOOST_CHECK_EQUAL(server.next().octets, "asked");
    server.send(client.local(), "answered");
    BOOST_CHECK_EQUAL(client.next().octets, "answered");
  }
}

BOOST_AUTO_TEST_SUITE_END()
