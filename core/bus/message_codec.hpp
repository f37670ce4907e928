// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/base/error.hpp"
#include "core/event/msgpack_reader.hpp"
#include "core/event/msgpack_writer.hpp"

// MessageWriter and MessageReader have the same functions, so that one description of a message, a
// template over the two, writes and reads it: array(a, b, c) is an array of these items, item(a)
// one item, of the kind that its type or one of the marks below says. Pure; for
// core/bus/protocol.cpp.
namespace sense::bus {

// A bin; other texts are str. Read, both are accepted: senders differ in what they pack.
template <class T>
struct Binary {
  T& octets;
};
// An array of at most `max` items, each written and read by each(codec, item).
template <class T, class Each>
struct List {
  T& items;
  std::size_t max;
  Each each;
};
// A map of str to str, of at most `max` pairs.
template <class T>
struct Map {
  T& pairs;
  std::size_t max;
};
// The last item of an array, which is left out when it has the value that it has by default.
template <class T>
struct Last {
  T& value;
};
// What the compiler deduces from an aggregate by itself only since clang 17.
template <class T>
Binary(T&) -> Binary<T>;
template <class T, class Each>
List(T&, std::size_t, Each) -> List<T, Each>;
template <class T>
Map(T&, std::size_t) -> Map<T>;
template <class T>
Last(T&) -> Last<T>;

template <class T>
inline constexpr bool may_be_absent = false;
template <class T>
inline constexpr bool may_be_absent<Last<T>> = true;

// Appends to `octets`, which must outlive it. Checks no limit: its caller has what it may send.
class MessageWriter {
 public:
  explicit MessageWriter(std::string& octets) : sink_{octets} {}

  template <class... Items>
  void array(const Items&... items) {
    open(sizeof...(items) - (std::size_t{absent(items)} + ... + 0U));
    (item(items), ...);
  }
  // An array whose items follow.
  void open(std::size_t count) { packer_.pack_array(static_cast<std::uint32_t>(count)); }

  void item(std::uint64_t number) { packer_.pack_uint64(number); }
  void item(Code code) { item(static_cast<std::uint64_t>(code)); }
  void item(bool flag) { flag ? packer_.pack_true() : packer_.pack_false(); }
  void item(std::string_view text) {
    packer_.pack_str(static_cast<std::uint32_t>(text.size()));
    packer_.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
  }
  void item(const std::string& text) { item(std::string_view(text)); }
  template <class T>
  void item(Binary<T> binary) {
    pack_binary(packer_, binary.octets);
  }
  template <class T, class Each>
  void item(List<T, Each> list) {
    open(list.items.size());
    for (auto& each : list.items) list.each(*this, each);
  }
  template <class T>
  void item(Map<T> map) {
    packer_.pack_map(static_cast<std::uint32_t>(map.pairs.size()));
    for (const auto& [name, value] : map.pairs) {
      item(name);
      item(value);
    }
  }
  template <class T>
  void item(Last<T> last) {
    if (!absent(last)) item(last.value);
  }
  void nil() { packer_.pack_nil(); }

 private:
  template <class T>
  static bool absent(const T&) {
    return false;
  }
  template <class T>
  static bool absent(const Last<T>& last) {
    return last.value == T{};
  }

  MsgpackSink sink_;
  MsgpackPacker packer_{sink_};
};

// Reads from octets that must outlive what was read. Strict: at the first item of a wrong kind or
// count ok() becomes false and stays so, and nothing is read any more. Takes memory for what is
// there only, whatever a header announces.
class MessageReader {
 public:
  explicit MessageReader(std::string_view octets) : reader_(octets) {}

  [[nodiscard]] bool ok() const { return ok_; }
  // All has been read, and nothing is behind it.
  [[nodiscard]] bool complete() const { return ok_ && reader_.at_end(); }

  template <class... Items>
  void array(Items&&... items) {
    constexpr std::size_t required = (std::size_t{!may_be_absent<Items>} + ... + 0U);
    const auto count = open();
    require(count >= required && count <= sizeof...(items));
    std::uint64_t read = 0;
    (void)std::initializer_list<int>{(read++ < count ? item(items) : void(), 0)...};
  }
  // Whether an array comes next.
  [[nodiscard]] bool at_array() const { return ok_ && reader_.at_array(); }
  void open_exactly(std::uint64_t count) { require(open() == count); }
  // The number of an array's items, which follow.
  std::uint64_t open(MsgpackReader::Kind kind = MsgpackReader::Kind::array) {
    return next(kind).number;
  }

  void item(std::uint64_t& number) { number = next(MsgpackReader::Kind::natural).number; }
  void item(Code& code) {
    const auto known = code_from_number(next(MsgpackReader::Kind::natural).number);
    require(known.has_value());
    code = known.value_or(Code::noerror);
  }
  void item(bool& flag) { flag = next(MsgpackReader::Kind::boolean).number != 0; }
  template <class Text>
  void item(Text& text) requires std::is_assignable_v<Text&, std::string_view> {
    text = octets();
  }
  template <class T>
  void item(Binary<T> binary) {
    binary.octets = octets();
  }
  template <class T, class Each>
  void item(List<T, Each> list) {
    const auto count = open();
    require(count <= list.max);
    for (std::uint64_t i = 0; ok_ && i < count; ++i) list.each(*this, list.items.emplace_back());
  }
  template <class T>
  void item(Map<T> map) {
    const auto count = open(MsgpackReader::Kind::map);
    require(count <= map.max);
    for (std::uint64_t i = 0; ok_ && i < count; ++i) {
      std::string name(octets());
      map.pairs.emplace(std::move(name), octets());
    }
  }
  template <class T>
  void item(Last<T> last) {
    item(last.value);
  }
  void nil() { (void)next(MsgpackReader::Kind::nil); }

 private:
  void require(bool condition) { ok_ = ok_ && condition; }
  MsgpackReader::Item next(MsgpackReader::Kind kind) {
    const auto found = any();
    require(found.kind == kind);
    return ok_ ? found : MsgpackReader::Item{};
  }
  std::string_view octets() {
    const auto found = any();
    require(found.kind == MsgpackReader::Kind::text || found.kind == MsgpackReader::Kind::binary);
    return ok_ ? found.octets : std::string_view();
  }
  MsgpackReader::Item any() { return ok_ ? reader_.next() : MsgpackReader::Item{}; }

  MsgpackReader reader_;
  bool ok_ = true;
};

}  // namespace sense::bus
