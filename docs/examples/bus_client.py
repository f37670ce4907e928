#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A client of the SENSE bus with pyzmq and msgpack alone; docs/bus-protocol.md explains each step.

  bus_client.py [KEYS] publish   SERVICE TYPE SOURCE DATA [ID]      prints the event's sequence
  bus_client.py [KEYS] fetch     SERVICE FROM [PREFIX ...]          prints what the journal holds from there
  bus_client.py [KEYS] subscribe SERVICE EVENTS AFTER [PREFIX ...]  prints every event after that, no gap

TYPE is {namespace}name. PREFIX is "{", "{namespace}" or "{namespace}name " (with the space).
KEYS, for tcp:// endpoints: --key-file FILE --broker-key KEY; FILE is what `sense keys new` wrote, KEY
what `sense keys show` prints for the broker's.
"""
import sys
import uuid

import msgpack
import zmq

MARK = b"\0mark"
NOERROR, DUPLICATE = 0, 22
context = zmq.Context()
own_key, broker_key = None, None


def connect(socket, endpoint):
    """With CURVE when there are keys."""
    socket.linger = 0
    socket.sndtimeo = 10000  # a broker that does not know our key never lets us send
    if own_key:
        socket.curve_publickey, socket.curve_secretkey = own_key
        socket.curve_serverkey = broker_key
    socket.connect(endpoint)


def read_key_file(path):
    """The two keys of a file; each stands on a line of its own, in quotes."""
    with open(path, encoding="utf-8") as file:
        lines = dict(line.rstrip().split(": ", 1) for line in file if ": " in line and line[0] != "#")
    return tuple(lines[name].strip('"').encode() for name in ("public", "secret"))


class Broker:
    """Requests and answers. What is not answered is sent again: the broker expects that."""

    def __init__(self, endpoint):
        self.socket = context.socket(zmq.DEALER)
        connect(self.socket, endpoint)
        self.number = 0

    def ask(self, operation, body):
        self.number += 1
        for _ in range(5):
            self.socket.send(msgpack.packb([1, self.number, operation, body]))
            while self.socket.poll(2000):
                _, number, code, reason, answer = msgpack.unpackb(self.socket.recv())
                if number != self.number:
                    continue  # the second answer to something that was sent twice
                if code != NOERROR:
                    raise RuntimeError(f"{operation} was refused with code {code}: {reason}")
                return answer
        raise TimeoutError(f"{operation}: the broker does not answer")

    def publish(self, event_type, source, data, event_id):
        event = msgpack.packb([1, event_id, event_type, source, {}, data])
        ((code, sequence, *reason),) = self.ask("PUBLISH", [event])
        if code not in (NOERROR, DUPLICATE):
            raise RuntimeError(f"the event was refused with code {code}: {reason[0]}")
        return sequence

    def fetch(self, start, prefixes):
        """Events from `start` on; where to go on; the first and the last sequence in the journal."""
        following, first, head, records = self.ask("FETCH", [start, prefixes, 1 << 20])
        return events_in(records), following, first, head


def events_in(records):
    unpacker = msgpack.Unpacker(max_buffer_size=1 << 24)
    unpacker.feed(records)
    for sequence, _observed, _principal, octets in unpacker:
        _, event_id, event_type, source, _attributes, data = msgpack.unpackb(octets)
        yield sequence, event_id, event_type, source, data


def follow(broker, endpoint, position, prefixes):
    """Live when nothing is missing, fetched when something is."""
    socket = context.socket(zmq.SUB)
    for prefix in [MARK] + [prefix.encode()[:240] for prefix in prefixes]:
        socket.subscribe(prefix)
    connect(socket, endpoint)

    def wanted(event_type):
        return any((event_type + " ").startswith(prefix) for prefix in prefixes)

    waiting, behind = [], True
    while True:
        while behind:
            events, following, first, head = broker.fetch(position + 1, prefixes)
            if first > position + 1 and position < head:
                print(f"lost: {position + 1} to {first - 1}", file=sys.stderr)
            yield from events
            # A head below us: the journal was put back from a backup.
            position = head if head < position else max(position, following - 1)
            behind = position < head
        frames = socket.recv_multipart()
        if len(frames) != 2:
            continue
        if frames[0] != MARK:
            waiting += [event for event in events_in(frames[1]) if wanted(event[2])]
            if len(waiting) > 50000:  # thrown away here, and so fetched
                waiting, behind = [], True
            continue
        _, previous, head, tally = msgpack.unpackb(frames[1])
        ready = sorted({event[0]: event for event in waiting if position < event[0] <= head}.items())
        waiting = [event for event in waiting if event[0] > head]
        if head > position and previous == position and \
                len(ready) == sum(count for event_type, count in tally if wanted(event_type)):
            yield from (event for _, event in ready)
            position = head
        else:
            behind = head > position or previous == head < position


def show(event):
    sequence, event_id, event_type, source, data = event
    print(sequence, event_id, event_type, source, data.decode(errors="replace"), flush=True)


def main(command, service, *rest):
    broker = Broker(service)
    if command == "publish":
        event_type, source, data, *event_id = rest
        event_id = event_id[0] if event_id else str(uuid.uuid4())
        print(broker.publish(event_type, source, data.encode(), event_id))
    elif command == "fetch":
        for event in broker.fetch(int(rest[0]), list(rest[1:]) or ["{"])[0]:
            show(event)
    elif command == "subscribe":
        for event in follow(broker, rest[0], int(rest[1]), list(rest[2:]) or ["{"]):
            show(event)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == ["--key-file"] and words[2:3] == ["--broker-key"]:
        own_key, broker_key = read_key_file(words[1]), words[3].encode()
        words = words[4:]
    if len(words) < 3:
        sys.exit(__doc__)
    try:
        main(*words)
    except (RuntimeError, TimeoutError, zmq.Again) as error:
        sys.exit(f"bus_client: {error}")
