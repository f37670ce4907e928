# SPDX-License-Identifier: Apache-2.0
"""Claim: a client of another machine that has proved nothing gets no HTTP connection, with allow-plain-http is
asked for a proof, and has with allow-anonymous no right: it neither publishes nor subscribes, by HTTP or SENSE/1,
and is shown no source; a client of this machine does and is. In a network namespace with an address that is not
of the loopback network. Needs root and ip; elsewhere it is skipped."""

import http.client
import json
import socket
import sys

from installation import Installation, wait_for
from namespace import OTHER as ELSEWHERE
from namespace import enter

SKIPPED = 77


class Everywhere(Installation):
    """One that listens on all addresses."""

    def __init__(self, sense, http_options):
        super().__init__(sense)
        text = self.config.read_text()
        for kind in ("sense", "http"):
            text = text.replace(f"127.0.0.1:{self.ports[kind]}", f"0.0.0.0:{self.ports[kind]}")
        listen = f'http: {{listen: "0.0.0.0:{self.ports["http"]}"'
        assert listen in text, text
        self.config.write_text(text.replace(listen, listen + http_options))

    def ask(self, address, method, path, body=None, content="application/json"):
        connection = http.client.HTTPConnection(address, self.ports["http"], timeout=20)
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {"content-type": content, "host": "localhost"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def publish(self, address, id):
        event = {"specversion": "1.0", "source": "//x", "type": "{urn:x}a", "id": id}
        return self.ask(address, "POST", "/v1/events", event, "application/cloudevents+json")

    def listens(self):
        try:
            return self.ask("127.0.0.1", "GET", "/v1/health")[0] == 200
        except OSError:
            return False

    def foreign(self):
        """How many connections of other machines were closed."""
        return self.http_counter("http.connections.foreign")


def no_connection(it):
    wait_for("the HTTP listener", it.listens)
    before = it.foreign()
    for _ in range(3):
        try:
            answer = it.ask(ELSEWHERE, "GET", "/v1/health")
        except (OSError, http.client.HTTPException):
            continue
        raise AssertionError(f"served: {answer}")
    assert it.foreign() == before + 3, it.foreign()
    assert it.publish("127.0.0.1", "here")[0] == 202


def asked_for_a_proof(it):
    wait_for("the HTTP listener", it.listens)
    for path in ("/v1/health", "/v1/sources", "/v1/subscriptions"):
        status, answer = it.ask(ELSEWHERE, "GET", path)
        assert (status, answer["code"]) == (401, 9), (path, status, answer)
    assert it.publish(ELSEWHERE, "there")[0] == 401
    # Of a link of a mail the token is the proof.
    for what in ("confirm", "unsubscribe"):
        path = f"/v1/subscriptions/none/{what}"
        status, answer = it.ask(ELSEWHERE, "POST", path, {"token": "guess"})
        assert (status, answer["code"]) == (403, 9), (path, status, answer)
        assert it.ask(ELSEWHERE, "DELETE", path)[0] == 401
    assert it.http_counter("http.links.refused") == 2
    assert it.publish("127.0.0.1", "here")[0] == 202


def no_right(it):
    wait_for("the HTTP listener", it.listens)
    wanted = {"callback": "http://127.0.0.1:21999/", "types": ["{urn:x}a"]}
    assert it.publish("127.0.0.1", "here")[0] == 202
    status, made = it.ask("127.0.0.1", "POST", "/v1/subscriptions", wanted)
    assert status == 201, (status, made)
    assert "//x" in it.ask("127.0.0.1", "GET", "/v1/sources")[1]["sources"]
    status, answer = it.publish(ELSEWHERE, "there")
    assert (status, answer["code"]) == (403, 9), (status, answer)
    status, answer = it.ask(ELSEWHERE, "POST", "/v1/subscriptions", wanted)
    assert (status, answer["code"]) == (403, 9), (status, answer)
    assert it.ask(ELSEWHERE, "GET", "/v1/subscriptions")[0] == 403
    assert it.ask(ELSEWHERE, "GET", "/v1/sources") == (200, {"sources": [], "more": False})
    assert it.ask(ELSEWHERE, "GET", "/v1/parameters")[0] == 200
    assert it.ask(ELSEWHERE, "GET", "/v1/health")[0] == 200
    # What anonymous clients made is seen and changed by all that know its id.
    for method, status in (("GET", 200), ("DELETE", 200), ("GET", 404)):
        assert it.ask(ELSEWHERE, method, f"/v1/subscriptions/{made['id']}")[0] == status, method
    for address, code in (("127.0.0.1", 0), (ELSEWHERE, 1)):
        uri = f"sense://{address}:{it.ports['sense']}"
        assert it.run("ping", uri, "--timeout", "20s").returncode == 0
        said = it.run("publish", "{urn:x}a", "//x", "--via", uri)
        assert said.returncode == code, said
        shown = it.run("sources", uri)
        assert shown.returncode == 0 and ("//x" in shown.stdout) == (code == 0), shown
    said = it.run("listen", f"sense://{ELSEWHERE}:{it.ports['sense']}", "--type", "{urn:x}a", "--count", "1",
                  "--timeout", "20s")
    assert said.returncode == 1 and "'subscribe' right" in said.stderr, said


def connections_of_one_address(it):
    """The longest waiting of more than three is closed."""
    held = [socket.create_connection((ELSEWHERE, it.ports["http"]), timeout=20) for _ in range(5)]
    try:
        for number in (0, 1):
            assert held[number].recv(1) == b"", number
        for one in held[2:]:
            one.sendall(b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert one.recv(15) == b"HTTP/1.1 200 OK", one
    finally:
        for one in held:
            one.close()


if not enter([ELSEWHERE]):
    print("skipped: a network namespace needs root, ip and unshare")
    sys.exit(SKIPPED)
served = ", allow-anonymous: true, max-connections-per-address: 3"
for options, claims in (("", [no_connection]), (", allow-plain-http: true", [asked_for_a_proof]),
                        (served, [no_right, connections_of_one_address])):
    with Everywhere(sys.argv[1], options) as installation:
        for claim in claims:
            claim(installation)
print("other_machines: holds")
