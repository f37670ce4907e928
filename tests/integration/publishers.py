# SPDX-License-Identifier: Apache-2.0
"""Publishers that keep a ledger, written from docs/bus-protocol.md with pyzmq and msgpack alone, and a
broker of their own to publish to. What was acknowledged is compared with what the journal holds."""

import collections
import os
import pathlib
import random
import signal
import subprocess
import threading
import types

import msgpack
import zmq

from installation import DEADLINE, wait_for

NOERROR, NOMOREROOM, DUPLICATE = 0, 12, 22

CONFIG = """
data: {data}
bus: {{service: "ipc://{sockets}/service", events: "ipc://{sockets}/events", publish: "ipc://{sockets}/publish"}}
broker: {{{broker}}}
"""


def seed():
    """From SENSE_SEED, or a new one; printed, so that a failing run can be run again."""
    number = int(os.environ.get("SENSE_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"seed {number} (run again with SENSE_SEED={number})", flush=True)
    return random.Random(number)


class Broker:
    """`sense broker` on a data folder; the sockets stand elsewhere, so that the disk may go away."""

    def __init__(self, sense, data, sockets, options="", environment=None):
        self.sense, self.process = sense, None
        self.sockets, self.data = pathlib.Path(sockets), pathlib.Path(data)
        self.config = self.sockets / "sense.yaml"
        self.config.write_text(CONFIG.format(data=data, sockets=sockets, broker=options))
        self.environment = {**os.environ, **(environment or {})}
        self.service = f"ipc://{sockets}/service"
        self.log = self.sockets / "broker.log"

    def start(self):
        with open(self.log, "a") as log:
            self.process = subprocess.Popen([self.sense, "broker", "--config", str(self.config)],
                                            stderr=log, env=self.environment)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def ended(self):
        """As a threading.Event that is set when the process has ended."""
        return types.SimpleNamespace(is_set=lambda: self.process.poll() is not None)

    def complain(self):
        print(self.log.read_text(errors="replace")[-6000:])


class Client:
    """One request at a time, sent again with the same octets until it is answered."""

    def __init__(self, service):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.reconnect_ivl = 20
        self.socket.connect(service)
        self.number = 0

    def ask(self, operation, body, stopping=None, resend_ms=500):
        """The reply's code, reason and body; None when `stopping` was set before it came."""
        self.number += 1
        octets = msgpack.packb([1, self.number, operation, body])

        def answered():
            self.socket.send(octets)
            while self.socket.poll(resend_ms):
                _, number, code, reason, answer = msgpack.unpackb(self.socket.recv())
                if number == self.number:
                    return code, reason, answer
            return (None, None, None) if stopping and stopping.is_set() else None

        reply = wait_for(f"{operation} is answered", answered, DEADLINE)
        return None if reply[0] is None else reply

    def journal(self):
        """All events as (sequence, id), in order; gaps are the caller's to find."""
        events, following = [], 1
        while True:
            code, reason, answer = self.ask("FETCH", [following, ["{"], 4 << 20])
            assert code == NOERROR, f"FETCH from {following}: {code} {reason}"
            following, _, head, records = answer
            unpacker = msgpack.Unpacker(max_buffer_size=1 << 26)
            unpacker.feed(records)
            for sequence, _observed, _principal, octets in unpacker:
                events.append((sequence, msgpack.unpackb(octets)[1]))
            if following > head:
                return events

    def close(self):
        self.socket.close()


class Publisher(threading.Thread):
    """Publishes batch after batch, and writes down what was acknowledged: id and sequence."""

    def __init__(self, service, name, dice, size=100, refusals=(), total=None):
        super().__init__(daemon=True)
        self.client = Client(service)
        self.name_, self.dice, self.size = name, dice, size
        self.refusals = refusals  # codes after which a batch is offered again
        self.total = total        # events; None: until asked to stop
        self.stopping = threading.Event()
        self.sent = 0
        self.refused = 0
        self.repeated = 0
        self.ledger = []
        self.error = None

    def run(self):
        try:
            while not self.stopping.is_set() and (self.total is None or self.sent < self.total):
                batch = []
                for _ in range(self.dice.randint(1, 20)):
                    self.sent += 1
                    batch.append(f"{self.name_}-{self.sent}")
                if not self.publish(batch):
                    return
        except Exception as error:  # told by the main thread
            self.error = error

    def publish(self, ids):
        events = [msgpack.packb([1, event_id, "{urn:sense:test}ledger", f"//test/{self.name_}", {},
                                 b"x" * self.dice.randint(0, self.size)]) for event_id in ids]
        while True:
            reply = self.client.ask("PUBLISH", events, self.stopping)
            if reply is None:
                return False
            code, reason, answers = reply
            if code in self.refusals:
                self.refused += 1
                if self.stopping.is_set():
                    return False
                continue
            assert code == NOERROR, f"PUBLISH: {code} {reason}"
            for event_id, (what, sequence, *why) in zip(ids, answers):
                assert what in (NOERROR, DUPLICATE), f"{event_id} was refused: {what} {why}"
                self.repeated += what == DUPLICATE
                self.ledger.append((event_id, sequence))
            return True


def acknowledged(publishers):
    for publisher in publishers:
        if publisher.error:
            raise publisher.error
    return sum(len(publisher.ledger) for publisher in publishers)


def compare(publishers, journal):
    """Counts of what must not be: each is 0 when all promises were kept."""
    found = collections.defaultdict(list)
    for sequence, event_id in journal:
        found[event_id].append(sequence)
    sequences = [sequence for sequence, _ in journal]
    counts = collections.OrderedDict.fromkeys(
        ["lost", "twice", "renumbered", "phantom", "reordered", "holes"], 0)
    counts["twice"] = sum(len(places) > 1 for places in found.values())
    counts["holes"] = sum(b != a + 1 for a, b in zip([0] + sequences, sequences))
    counts["phantom"] = len(found)
    for publisher in publishers:
        for event_id, sequence in publisher.ledger:
            counts["lost"] += event_id not in found
            counts["renumbered"] += found.get(event_id, [sequence])[0] != sequence
        numbers = [int(event_id.rsplit("-", 1)[1]) for _, event_id in journal
                   if event_id.rsplit("-", 1)[0] == publisher.name_]
        counts["reordered"] += sum(a >= b for a, b in zip(numbers, numbers[1:]))
        counts["phantom"] -= sum(1 <= number <= publisher.sent for number in set(numbers))
    return counts


def shown(counts):
    return ", ".join(f"{name} {count}" for name, count in counts.items())
