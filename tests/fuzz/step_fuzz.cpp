// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/sense/step.hpp"

// Any octets as STEP lines: at once and in pieces they are the same lines, none is too long, and
// each that has a code reads back as that code and that reason.
namespace {

std::string lines_of(std::string_view octets, std::size_t piece) {
  namespace step = sense::step;
  step::Reader reader;
  std::string all;
  const auto take = [&] {
    while (const auto line = reader.next()) {
      all += std::to_string(line->number) + " " + line->text() + "\n";
      if (line->reason.size() > step::line_length_max) std::abort();
      if (line->code.empty()) continue;
      const auto event = step::event_of(*line);
      const auto parts = step::split_line(event.data);
      if (!parts || parts->code != line->code || parts->reason != line->reason) std::abort();
    }
  };
  while (!octets.empty()) {
    reader.add(octets.substr(0, piece));
    octets.remove_prefix(std::min(piece, octets.size()));
    take();
  }
  reader.end();
  take();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const auto whole = lines_of(octets, size + 1);
  if (lines_of(octets, 1) != whole || lines_of(octets, 7) != whole) std::abort();
  return 0;
}
