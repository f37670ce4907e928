# SPDX-License-Identifier: Apache-2.0
"""Claim: a client that uses up a budget is refused with 12 NOMOREROOM, and another client is served as
before. For each budget it prints the p99 of the other client alone and meanwhile; the ratio is for people,
since machines are shared: only that nothing of the other client is refused is asserted."""

import socket
import statistics
import sys
import threading
import time

import msgpack
import zmq

from installation import wait_for
from token_clients import TokenInstallation

SAMPLES = 150
PRINCIPALS = """  - {name: attacker, proofs: [%(attacker)s], publish: ['*'], subscribe: ['*']}
  - {name: other, proofs: [%(other)s], publish: ['*'], subscribe: ['*']}
"""
BROKER = "rate-per-principal-max: 300, subscriptions-per-principal-max: 40"
HTTP = ("verifications-per-owner-hour: 20, verifications-per-owner-day: 20, endpoints-per-owner-max: 30, "
        "max-connections: 64")


def p99(times):
    return statistics.quantiles(times, n=100)[98]


def measured(deed, pause=0.01):
    """The milliseconds of each; all succeed."""
    times = []
    for number in range(SAMPLES):
        begun = time.monotonic()
        deed(number)
        times.append(1000 * (time.monotonic() - begun))
        time.sleep(pause)
    return times


class Attack:
    """Does it again and again in threads of its own until it ends, and counts what was refused."""

    def __init__(self, deed, refused, threads=4):
        self.ended = threading.Event()
        self.refused, self.count, self.refusals = refused, 0, 0
        self.threads = [threading.Thread(target=self.run, args=(deed, n)) for n in range(threads)]

    def run(self, deed, thread):
        number = 0
        while not self.ended.is_set():
            number += 1
            self.count += 1
            try:
                self.refusals += bool(self.refused(deed(f"{thread}-{number}")))
            except OSError:
                pass  # its connection made room for another

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *unused):
        self.ended.set()
        for thread in self.threads:
            thread.join()


def compare(name, deed, attack):
    alone = measured(deed)
    with attack:
        wait_for(f"{name}: the attacker is refused", lambda: attack.refusals)
        meanwhile = measured(deed)
    print(f"{name}: p99 {p99(alone):.1f} ms alone, {p99(meanwhile):.1f} ms meanwhile, ratio "
          f"{p99(meanwhile) / p99(alone):.2f}; {attack.refusals} of {attack.count} of the attacker beyond it", flush=True)


def no_room(answer):
    return answer[0] == 503 and answer[1]["code"] == 12


def threads_clients(it, token):
    """One client for each thread."""
    kept = threading.local()

    def client():
        if not hasattr(kept, "client"):
            kept.client = it.client(token)
        return kept.client
    return client


def publish_rate(it):
    other, attacker = it.client("other"), threads_clients(it, "attacker")

    def publish(number):
        assert other.publish("{urn:other}a", f"rate-{time.monotonic()}") == 202

    def flood(number):
        event = {"specversion": "1.0", "source": "//attacker", "type": "{urn:x}a", "id": number}
        return attacker().ask("POST", "/v1/events", event, "application/cloudevents+json")
    compare("broker.rate-per-principal-max", publish, Attack(flood, no_room))


def subscribe(client, number, **more):
    return client.ask("POST", "/v1/subscriptions", {"callback": f"http://127.0.0.1:21999/{number}", "period": "60s",
                                                    "types": ["{urn:x}a"], **more})


def subscriptions(it):
    other, attacker = it.client("other"), threads_clients(it, "attacker")
    status, made = subscribe(other, "other")
    assert status == 201, (status, made)

    def renew(number):
        status, answer = other.ask("POST", f"/v1/subscriptions/{made['id']}/renew", {"period": "60s"})
        assert status == 200, (status, answer)
    compare("subscriptions-per-principal-max, endpoints and verifications of one owner", renew,
            Attack(lambda number: subscribe(attacker(), number), no_room))


def connections(it):
    held = []

    def connect(number):
        connection = socket.create_connection(("127.0.0.1", it.ports["http"]), timeout=5)
        held.append(connection)
        if len(held) > 200:
            held.pop(0).close()
        time.sleep(0.002)
        return len(held)

    def publish(number):
        assert it.client("other").publish("{urn:other}a", f"connections-{time.monotonic()}") == 202
    compare("max-connections of the HTTP gateway", publish,
            Attack(connect, lambda held: held > 64, threads=1))
    for connection in held:
        connection.close()


def unread_answers(it):
    """One client of the bus asks for more than it reads; another asks and reads."""
    def request(number, operation, body):
        return msgpack.packb([1, number, operation, body])
    event = [1, "big", "{urn:big}a", "//x", {}, b"x" * 900_000]
    context = zmq.Context()
    service = f"ipc://{it.folder}/data/service"
    reader, deaf = context.socket(zmq.DEALER), context.socket(zmq.DEALER)
    for each in (reader, deaf):
        each.linger = 0
        each.connect(service)
    reader.send(request(1, "PUBLISH", [msgpack.packb(event)]))
    assert msgpack.unpackb(reader.recv())[2] == 0
    answered = []

    def fetch(number):
        reader.send(request(number + 2, "FETCH", [1, ["{urn:other}"], 65_536]))
        assert reader.poll(20_000), "no answer to FETCH"
        assert msgpack.unpackb(reader.recv())[2] == 0

    def flood(number):
        answered.append(number)
        deaf.send(request(len(answered), "FETCH", [1, ["{urn:big}"], 2_000_000]), zmq.DONTWAIT)
        time.sleep(0.001)
        return len(answered)
    compare("broker.answers-size-per-client", fetch,
            Attack(flood, lambda asked: asked > 100, threads=1))
    context.destroy(0)


with TokenInstallation(sys.argv[1], ("attacker", "other"), PRINCIPALS, BROKER, HTTP) as installation:
    client = installation.client("other")

    def listens():
        try:
            return client.ask("GET", "/v1/health")[0] == 200
        except OSError:
            return False
    wait_for("the HTTP listener", listens)
    for budget in (publish_rate, subscriptions, connections, unread_answers):
        budget(installation)
print("budgets: holds")
