// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/request.hpp"

namespace sense {

Outgoing::Answer make_answer(Incoming& incoming, const bus::Reply& reply) {
  Outgoing::Answer answer{incoming.peer, incoming.request.id,
                          bus::encode(reply, incoming.request.operation), std::move(incoming.hold)};
  answer.hold.resize(answer.octets.size());
  return answer;
}

Outgoing::Answer make_refusal(Incoming& incoming, const Error& error) {
  bus::Reply reply;
  reply.id = incoming.request.id;
  reply.code = error.code;
  reply.reason = error.message;
  return make_answer(incoming, reply);
}

}  // namespace sense
