// SPDX-License-Identifier: Apache-2.0
#include "core/sense/dtls/datagram_bio.hpp"

#include <openssl/bio.h>

#include <algorithm>
#include <cstring>

namespace sense::datagram {

namespace {

constexpr long udp_header_octets_max = 48;  // IPv6 and UDP

DatagramQueue& queue_of(BIO* bio) { return *static_cast<DatagramQueue*>(BIO_get_data(bio)); }

int write_datagram(BIO* bio, const char* octets, int size) {
  BIO_clear_retry_flags(bio);
  if (size > 0) queue_of(bio).out.emplace_back(octets, static_cast<std::size_t>(size));
  return size;
}

int read_datagram(BIO* bio, char* place, int size) {
  BIO_clear_retry_flags(bio);
  auto& queue = queue_of(bio);
  if (!queue.in_full) {
    BIO_set_retry_read(bio);
    return -1;
  }
  // As of a socket: what does not fit is lost.
  const auto count = std::min(queue.in.size(), static_cast<std::size_t>(std::max(size, 0)));
  std::memcpy(place, queue.in.data(), count);
  queue.in_full = false;
  return static_cast<int>(count);
}

long control(BIO*, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT: return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
    case BIO_CTRL_DGRAM_GET_MTU: return static_cast<long>(dtls_handshake_octets_max);
    case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD: return udp_header_octets_max;
    default: return 0;
  }
}

// OpenSSL's own memory BIO is a stream: it forgets where a datagram ends.
BIO_METHOD* datagram_method() {
  static BIO_METHOD* const method = [] {
    auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sense datagrams");
    if (made == nullptr) return made;
    BIO_meth_set_write(made, write_datagram);
    BIO_meth_set_read(made, read_datagram);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  return method;
}

}  // namespace

bio_st* make_datagram_bio(DatagramQueue& queue) {
  auto* method = datagram_method();
  auto* bio = method == nullptr ? nullptr : BIO_new(method);
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, &queue);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace sense::datagram
