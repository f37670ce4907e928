# SPDX-License-Identifier: Apache-2.0
"""Claim: thousands of connections to the sockets service, events and publish that never finish the handshake
do not hold the broker up: at each socket new authenticated clients are served as soon as before, and the memory
is free afterwards. A client that had to wait for room would wait until handshakes end, for HANDSHAKE seconds."""

import contextlib
import itertools
import pathlib
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import msgpack
import zmq

from installation import DEADLINE, free_port, wait_for

WANTED = 10_000
ROLES = ("service", "events", "publish")
HANDSHAKE = 3   # seconds that the broker gives it
SLACK = 500     # milliseconds that a shared machine may add
CONFIG = """
data: {folder}
bus:
  service: "ipc://service, tcp://127.0.0.1:{service}"
  events: "ipc://events, tcp://127.0.0.1:{events}"
  publish: "ipc://publish, tcp://127.0.0.1:{publish}"
broker: {{key-file: broker.key, access-file: allow.yaml}}
"""
ALLOWED = """
principals:
  - {{name: client, key: "{key}", publish: ["*"], subscribe: ["*"]}}
"""


def raise_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def resident(pid):
    """KiB in memory."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def files(pid):
    return len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))


class Flood:
    """Connections that say nothing, or half of a greeting. What the broker closes is opened anew."""

    def __init__(self, port, count):
        self.port, self.sockets, self.opened = port, [], 0
        for _ in range(count):
            self.open()

    def open(self):
        one = socket.socket()
        one.setblocking(False)
        with contextlib.suppress(OSError):
            one.connect(("127.0.0.1", self.port))
        self.sockets.append(one)
        self.opened += 1
        if self.opened % 2:
            with contextlib.suppress(OSError):
                one.send(b"\xff" + bytes(8) + b"\x7f\x03")

    def renew(self, count):
        for one in self.sockets[:count]:
            one.close()
        del self.sockets[:count]
        for _ in range(count):
            self.open()

    def close(self):
        for one in self.sockets:
            one.close()


class Key:
    def __init__(self, sense, file):
        subprocess.run([sense, "keys", "new", file.stem, "--file", str(file)], check=True, stdout=subprocess.DEVNULL)
        lines = dict(line.split(": ", 1) for line in file.read_text().splitlines() if line[0] != "#")
        self.public, self.secret = (lines[half].strip('"') for half in ("public", "secret"))


class Newcomers:
    """How many milliseconds a new client of each socket waits until it is served."""

    def __init__(self, ports, service, own, broker):
        self.ports, self.service, self.own, self.broker = ports, service, own, broker
        self.context, self.numbers = zmq.Context(), itertools.count(1)
        self.subscriber, self.publisher = self.connect(zmq.SUB, "events"), self.connect(zmq.PUB, "publish")

    def connect(self, kind, role, endpoint=None):
        made = self.context.socket(kind)
        made.linger = 0
        if endpoint is None:
            made.curve_publickey, made.curve_secretkey = self.own.public.encode(), self.own.secret.encode()
            made.curve_serverkey = self.broker.public.encode()
        made.connect(endpoint or f"tcp://127.0.0.1:{self.ports[role]}")
        if kind == zmq.SUB:
            made.subscribe(b"seen ")
        return made

    def ping(self, endpoint=None):
        with self.connect(zmq.DEALER, "service", endpoint) as client:
            client.send(msgpack.packb([1, 1, "PING", []]))
            assert client.poll(1000 * DEADLINE), "a new client of service is not answered"
            assert msgpack.unpackb(client.recv())[2] == 0

    def pass_on(self, publisher, subscriber):
        """Until a message of this publisher reaches this subscriber."""
        topic, end = b"seen %d" % next(self.numbers), time.monotonic() + DEADLINE
        while time.monotonic() < end:
            publisher.send_multipart([topic, b""])
            while subscriber.poll(10):
                if subscriber.recv_multipart()[0] == topic:
                    return
        raise AssertionError("a new client of events or publish is not served")

    def subscribe(self):
        with self.connect(zmq.SUB, "events") as subscriber:
            self.pass_on(self.publisher, subscriber)

    def publish(self):
        with self.connect(zmq.PUB, "publish") as publisher:
            self.pass_on(publisher, self.subscriber)

    def wait(self):
        waited = {}
        for name, deed in (("service by ipc", lambda: self.ping(self.service)), ("service", self.ping),
                           ("events", self.subscribe), ("publish", self.publish)):
            begun = time.monotonic()
            deed()
            waited[name] = 1000 * (time.monotonic() - begun)
        return waited


def flood_at(role, ports, count, pid, newcomers):
    """What newcomers waited for meanwhile, and the memory of the broker."""
    before = files(pid)
    flood = Flood(ports[role], count)
    most, rounds = 0, []
    end = time.monotonic() + 2 * HANDSHAKE + 2
    while time.monotonic() < end or len(rounds) < 9:
        most = max(most, files(pid) - before)
        flood.renew(count // 4)
        most = max(most, files(pid) - before)
        rounds.append(newcomers.wait())
    during = resident(pid)
    flood.close()
    # How many are there at once is a matter of who is faster: each goes after HANDSHAKE seconds.
    assert most > count // 20, f"only {most} connections were there at once"
    wait_for("their descriptors are free again", lambda: files(pid) < before + 50, 30)
    print(f"{role}: {flood.opened} connections, {most} at once", flush=True)
    return rounds, during


def show(times):
    return f"{statistics.median(times):.0f} ms, at most {max(times):.0f}"


def compare(role, quiet, rounds):
    for name in quiet[0]:
        alone, meanwhile = ([each[name] for each in some] for some in (quiet, rounds))
        print(f"  a new client of {name} waits {show(alone)}; meanwhile {show(meanwhile)}", flush=True)
        assert statistics.median(meanwhile) <= 2 * statistics.median(alone) + SLACK, (role, name, meanwhile)
        assert sorted(meanwhile)[-2] < 1000 * HANDSHAKE, (role, name, meanwhile)


def main(sense, folder):
    count = min(WANTED, raise_limit() - 500)
    ports = {role: free_port(socket.SOCK_STREAM) for role in ROLES}
    config = folder / "sense.yaml"
    config.write_text(CONFIG.format(folder=folder, **ports))
    own, key = Key(sense, folder / "client.key"), Key(sense, folder / "broker.key")
    allow = folder / "allow.yaml"
    allow.write_text(ALLOWED.format(key=own.public))
    allow.chmod(0o600)
    # It starts with the caution of most systems, and raises the limit itself.
    broker = subprocess.Popen(
        [sense, "broker", "--config", str(config)], stderr=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    try:
        wait_for("the broker listens", lambda: (folder / "service").exists())
        newcomers = Newcomers(ports, f"ipc://{folder}/service", own, key)
        newcomers.wait()
        quiet = [newcomers.wait() for _ in range(9)]
        before, memory = resident(broker.pid), []
        for role in ROLES:
            rounds, during = flood_at(role, ports, count, broker.pid, newcomers)
            compare(role, quiet, rounds)
            memory.append(during)
        assert broker.poll() is None
        # Later floods need no more than the first: nothing is left behind.
        after = resident(broker.pid)
        print(f"memory {before} KiB before, {memory} during the floods, {after} after them")
        assert max(after, *memory) < max(memory[0] * 1.25, before + 50_000), "memory is not given back"
    finally:
        broker.terminate()
        broker.wait(30)


with tempfile.TemporaryDirectory() as name:
    main(sys.argv[1], pathlib.Path(name))
print("unfinished handshakes delay no other peer: holds")
