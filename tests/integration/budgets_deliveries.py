# SPDX-License-Identifier: Apache-2.0
"""Budgets of what gateways deliver: deliveries that wait and their octets, steps of filters, mailboxes."""

import http.server
import json
import re
import threading
import time

from attack import Attack, compare
from installation import DEADLINE, header, wait_for

WAITING, OCTETS = 50, 1 << 20   # waiting-per-owner-max and waiting-size-per-owner
MAILBOXES = 6                   # max-mailboxes
DEAR = f"subject LIKE '%{'a' * 50}_b%'"  # some 45,000 steps of 900 octets


class Callbacks:
    """Web callbacks that agree to everything; /refused takes no event, ever."""

    def __init__(self):
        self.arrived, outer = {}, self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_OPTIONS(self):
                self.send_response(200)
                self.send_header("WebHook-Allowed-Origin", "*")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_POST(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.arrived.setdefault(self.headers["webhook-id"], threading.Event()).set()
                self.send_response(503 if self.path == "/refused" else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}/{path}"

    def wait(self, id):
        assert self.arrived.setdefault(id, threading.Event()).wait(DEADLINE), f"{id} did not arrive"


def publish(client, type, id, data="", **more):
    event = {"specversion": "1.0", "source": "//x", "type": type, "id": id, "data": data, **more}
    return client.ask("POST", "/v1/events", event, "application/cloudevents+json")[0] == 202


def subscribe(client, callback, type, **more):
    status, made = client.ask("POST", "/v1/subscriptions", {"callback": callback, "types": [type], **more})
    assert status == 201, (status, made)
    return made["id"]


def state(client, id):
    return client.ask("GET", f"/v1/subscriptions/{id}")[1]["state"]


def subscribe_active(client, callback, type, **more):
    id = subscribe(client, callback, type, **more)
    wait_for(f"{callback} has agreed", lambda: state(client, id) == "active")
    return id


def delivered(it, callbacks):
    """What the other waits for: publishes an event and gets it at its callback."""
    client = it.client("other")
    subscribe_active(client, callbacks.url("taken"), "{urn:delivered}a")

    def deed(number):
        id = f"delivered-{time.monotonic_ns()}"
        assert publish(client, "{urn:delivered}a", id)
        callbacks.wait(id)
    return deed


def waiting(it):
    callbacks = Callbacks()
    deed, attacker, overflown = delivered(it, callbacks), it.client("attacker"), it.counter("gateway.deliveries.no-room")
    for name, data in (("waiting-per-owner-max", ""), ("waiting-size-per-owner", "x" * (OCTETS // 16))):
        id, before, published = subscribe_active(attacker, callbacks.url("refused"), "{urn:waits}a"), overflown(), []

        def flood(number):
            if publish(attacker, "{urn:waits}a", f"{name}-{number}", data):
                published.append(number)
            time.sleep(0.005)
        compare(name, deed, Attack(flood, threads=1), overflown)
        held = wait_for("all are decided", lambda: held if (held := len(published) - (overflown() - before)) <= (
            OCTETS // len(data) if data else WAITING) else 0)
        assert held >= (8 if data else WAITING), (name, held)
        dead = it.run("deadletters", "list", "http", "--subscription", id, "--json").stdout.splitlines()
        assert dead and {json.loads(line)["reason"] for line in dead} == {"overflow"}, (name, dead[:3])
        assert attacker.ask("DELETE", f"/v1/subscriptions/{id}")[0] in (200, 204)


def filters(it):
    """The attacker resumes its subscription whenever it was suspended, and pays with nothing but its own."""
    attacker, deed = it.client("attacker"), delivered(it, callbacks := Callbacks())
    id = subscribe_active(attacker, callbacks.url("dear"), "{urn:dear}a", filter=DEAR)

    def flood(number):
        time.sleep(0.01)  # below rate-per-principal-max
        assert publish(attacker, "{urn:dear}a", f"dear-{number}", subject="a" * 900)
        if state(attacker, id) != "suspended":
            return False
        attacker.ask("POST", f"/v1/subscriptions/{id}/resume")
        return True
    compare("filter-steps-per-owner", deed, Attack(flood, bool, threads=1), it.counter("gateway.filters.too-dear"))
    assert attacker.ask("DELETE", f"/v1/subscriptions/{id}")[0] in (200, 204)


def mailboxes(it):
    root = it.folder / "data/mail"

    def subscribe_by_mail(client, name):
        """Confirms with the token of the mail that asks, from the mailbox of questions or its own."""
        id = subscribe(client, f"mailto:{name}@example.net", f"{{urn:{client.name}}}mail")
        asked = wait_for(f"{name} is asked", lambda: [
            text for path in root.glob("*/new/*") if id in (text := path.read_text(errors="replace"))])
        token = re.search(r'"token": ?"([^"]+)"', asked[0].replace("=\n", "")).group(1)
        status, answer = client.ask("POST", f"/v1/subscriptions/{id}/confirm", {"token": token})
        assert status in (200, 204), (status, answer)

    other, attacker = it.client("other"), it.client("attacker")
    other.name, attacker.name = "other", "attacker"
    subscribe_by_mail(other, "other")
    for number in range(MAILBOXES + 4):
        subscribe_by_mail(attacker, f"a{number}")

    def deed(number):
        id = f"mail-{time.monotonic_ns()}"
        assert publish(other, "{urn:other}mail", id)
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            for path in root.glob("other@example.net/new/*"):
                if header(path, "Sense-Event-Id") == id:
                    return path.unlink()
            time.sleep(0.001)
        raise AssertionError(f"{id} did not arrive")
    deed(0)

    def flood(number):
        assert publish(attacker, "{urn:attacker}mail", f"mail-{number}")
        time.sleep(0.05)
        return len(list(root.iterdir())) >= MAILBOXES
    compare("max-mailboxes", deed, Attack(flood, bool, threads=1))
    assert len(list(root.iterdir())) == MAILBOXES, list(root.iterdir())


BUDGETS = (waiting, filters, mailboxes)
