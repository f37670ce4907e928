# SPDX-License-Identifier: Apache-2.0
"""Budgets of what clients ask by HTTP: events in a second, subscriptions, connections."""

import socket
import threading
import time

from attack import Attack, compare
from namespace import ATTACKER, GATEWAY


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
    compare("broker.rate-per-principal-max", publish, Attack(flood, no_room), it.counter("broker.rate.refused"))


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
            Attack(lambda number: subscribe(attacker(), number), no_room),
            lambda: sum(it.counter(name)() for name in (
                "broker.subscriptions.no-room", "gateway.endpoints.no-room", "gateway.verifications.no-room")))


def connections(it, name="max-connections", address="127.0.0.1", own="127.0.0.1", room=64):
    """The attacker's own ones are closed for the next."""
    held = []

    def connect(number):
        held.append(socket.create_connection((address, it.ports["http"]), 5, (own, 0)))
        if len(held) > 3 * room:
            held.pop(0).close()
        time.sleep(0.002)
        return len(held)

    def publish(number):
        assert it.client("other").publish("{urn:other}a", f"{name}-{time.monotonic()}") == 202
    compare(f"{name} of the HTTP gateway", publish, Attack(connect, lambda held: held > room, threads=1),
            it.counter("http.connections.displaced"))
    for connection in held:
        connection.close()


def connections_of_a_host(it):
    connections(it, "max-connections-per-address", GATEWAY, ATTACKER, 8)


BUDGETS = (publish_rate, subscriptions, connections)
BUDGETS_OF_HOSTS = (connections_of_a_host,)
