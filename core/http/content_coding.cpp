// SPDX-License-Identifier: Apache-2.0
#include "core/http/content_coding.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>

#include "core/base/text.hpp"

namespace sense::http {

namespace {

// zlib's notation: the biggest window, with a header of gzip or of zlib, which is what "deflate" is
// in HTTP (RFC 9110 section 8.4.1.2).
constexpr int gzip_window = 15 + 16;
constexpr int zlib_window = 15;

tl::unexpected<Error> not_of(std::string_view coding) {
  return fail(Code::protoerror, "the body is not in the coding that Content-Encoding names, " +
                                    std::string(coding) + ", or is cut off");
}

}  // namespace

Result<std::string> content_coding(std::string_view value) {
  std::string coding;
  for (const auto piece : split(value, ',')) {
    auto name = lower(trim(piece));
    if (name.empty() || name == "identity") continue;
    if (name == "x-gzip") name = "gzip";
    const bool known = name == "gzip" || name == "deflate";
    if (!known || !coding.empty())
      return fail(Code::badparam, "Content-Encoding '" + printable(value.substr(0, 100)) +
                                      "' is not taken; send the body as it is, or in one of: " +
                                      std::string(accepted_codings));
    coding = std::move(name);
  }
  return coding;
}

Result<std::string> decoded(std::string_view coding, std::string_view body,
                            std::size_t octets_max) {
  z_stream stream{};
  if (::inflateInit2(&stream, coding == "gzip" ? gzip_window : zlib_window) != Z_OK)
    return fail(Code::nomemory, "no memory to decode the body");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, &::inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));  // only read
  stream.avail_in = static_cast<uInt>(body.size());
  std::string result;
  std::array<char, 16 * 1024> chunk;
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    const int status = ::inflate(&stream, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END) return not_of(coding);
    const auto octets = chunk.size() - stream.avail_out;
    if (octets > octets_max - result.size())
      return fail(Code::datatoobig, "the body has more than " + std::to_string(octets_max) +
                                        " octets when it is decoded");
    result.append(chunk.data(), octets);
    if (status == Z_OK) continue;
    if (stream.avail_in == 0) return result;
    // RFC 1952 section 2.2: a file of gzip is a sequence of members.
    if (coding != "gzip" || ::inflateReset(&stream) != Z_OK) return not_of(coding);
  }
}

}  // namespace sense::http
