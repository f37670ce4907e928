# SPDX-License-Identifier: Apache-2.0
"""Claim: a client that shares a key with the SENSE gateway, and is written from docs/sense-protocol.md
alone, is served where a key is required, also after kill -9 and not any more when its key is gone; and
an event too big for a datagram can be fetched by its URL and by no other."""

import base64
import datetime
import hashlib
import hmac
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request

from installation import Installation, wait_for


class Key:
    def __init__(self, sense, folder, name):
        self.name, self.file = name, folder / f"{name}.shared"
        made = subprocess.run([sense, "keys", "shared", name, "--file", str(self.file)],
                              capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        self.text = self.file.read_text()
        self.secret = re.search(r'secret: "([^"]+)"', self.text).group(1)
        assert self.secret not in made.stdout + made.stderr

    def mac(self, covered):
        return base64.b64encode(hmac.new(self.secret.encode(), covered, hashlib.sha256).digest())

    def sign(self, lines, data=b""):
        now = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
        head = "".join(line + "\n" for line in [*lines, f"Time: {now}", f"Key: {self.name}"]).encode()
        return head + b"Mac: " + self.mac(head + data) + b"\n\n" + data

    def check(self, octets):
        """The properties of a datagram of the server, whose Mac must be good."""
        head, data = octets.split(b"\n\n", 1)
        lines = head.decode().split("\n")
        assert lines[-1].startswith("Mac: ") and f"Key: {self.name}" in lines, octets
        covered = head[:head.rindex(b"Mac: ")] + data
        assert lines[-1][5:].encode() == self.mac(covered), octets
        properties = dict(line.split(": ", 1) for line in lines[1:])
        return lines[0].split(" "), properties, data


class Client:
    """Asks again until it is answered, as the page says."""

    def __init__(self, port, key):
        self.key, self.cookie, self.tags = key, None, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(1)
        self.events = []

    def ask(self, kind, *lines):
        for _ in range(60):
            self.tags += 1
            tag = f"t{os.getpid()}-{self.tags}"
            cookie = [f"Cookie: {self.cookie}"] if self.cookie else []
            octets = self.key.sign([f"SENSE/1 {kind} {tag}", *lines, *cookie])
            reply = self.answer(octets, tag)
            if reply is None:
                continue
            if "Cookie" in reply[1]:
                self.cookie = reply[1]["Cookie"]
                continue
            return reply
        raise AssertionError(f"no answer to {kind}")

    def answer(self, octets, tag):
        try:
            self.socket.send(octets)
            while True:
                start, properties, data = self.key.check(self.socket.recv(65536))
                if start[1] == "REPLY" and start[2] == tag:
                    return start, properties, data
                self.events.append((start, properties, data))
        except (TimeoutError, ConnectionError):
            return None

    def event(self, wanted):
        """The next EVENT whose id is wanted; all others are acknowledged on the way."""
        def look():
            try:
                self.events.append(self.key.check(self.socket.recv(65536)))
            except (TimeoutError, ConnectionError):
                pass
            for start, properties, data in self.events:
                if start[1] == "EVENT" and properties["Id"] == wanted:
                    return properties, data
            return None
        properties, data = wait_for(f"event {wanted}", look)
        self.events.clear()
        self.socket.send(self.key.sign(["SENSE/1 ACK a", f"Subscription: {properties['Subscription']}",
                                        f"Number: {properties['Number']}"]))
        return properties, data


class Keyed(Installation):
    def __init__(self, sense):
        super().__init__(sense)
        self.hp4 = Key(sense, self.folder, "hp4")
        self.press = Key(sense, self.folder, "press")
        self.fetch = Key(sense, self.folder, "fetch")
        self.keys = self.folder / "keys.yaml"
        self.write_keys(self.hp4, self.press)
        text = self.config.read_text()
        listen = f'"127.0.0.1:{self.ports["sense"]}"'
        assert listen in text
        text = text.replace(f"listen: [{listen}]",
                            f'listen: ["127.0.0.1:{self.ports["sense"]} key=required"], keys: {self.keys}, '
                            f'fetch-url: "http://127.0.0.1:{self.ports["http"]}", fetch-key: {self.fetch.file}')
        http = f'listen: "127.0.0.1:{self.ports["http"]}"'
        assert http in text
        self.config.write_text(text.replace(http, f"{http}, fetch-key: {self.fetch.file}"))

    def write_keys(self, *keys):
        new = self.folder / "keys.new"
        new.write_text("keys:\n" + "".join(key.text.split("keys:\n")[1] for key in keys))
        new.chmod(0o600)
        new.rename(self.keys)

    def serves_http(self):
        try:
            socket.create_connection(("127.0.0.1", self.ports["http"])).close()
            return True
        except OSError:
            return False

    def publish(self, number, data):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['http']}/v1/events", data=data,
            headers={"ce-specversion": "1.0", "ce-id": number, "ce-type": "{urn:sense:test}big",
                     "ce-source": "//test/keyed", "Content-Type": "text/plain"})
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 202


def fetched(url):
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read(), {}


def the_commands_take_the_key(it):
    uri, key = f"sense://127.0.0.1:{it.ports['sense']}", ["--key", str(it.press.file)]
    listed = it.run("sources", uri, *key)
    assert listed.returncode == 0 and "//test/keyed" in listed.stdout, listed
    refused = it.run("sources", uri)
    assert refused.returncode == 1 and "only keyed messages are served here" in refused.stderr, refused
    unknown = it.run("sources", uri, "--key", str(it.fetch.file))
    assert unknown.returncode == 1 and "not authenticated" in unknown.stderr, unknown
    for command in ("parameters", "ping"):
        shown = it.run(command, uri, *key)
        assert shown.returncode == 0 and "key-window: 60" in shown.stdout, shown

    listener = it.start("keyed", "listen", uri, *key, "--type", "{urn:sense:test}door", "--json",
                        "--count", "1", "--timeout", "60s")
    wait_for("the listener is subscribed", lambda: "subscribed as" in (it.folder / "keyed.log").read_text())
    published = it.run("publish", "{urn:sense:test}door", "//test/door", "--data", "open", "--via", uri, *key)
    assert published.returncode == 0, published
    assert listener.wait(60) == 0
    assert [line["data"] for line in it.lines("keyed")] == ["open"]


def a_keyed_client_is_served(it):
    port = it.ports["sense"]
    client = Client(port, it.hp4)
    wait_for("the gateway answers", lambda: client.answer(
        it.hp4.sign(["SENSE/1 PARAMETERS first"]), "first"))

    wait_for("the HTTP gateway listens", it.serves_http)

    plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    plain.connect(("127.0.0.1", port))
    plain.settimeout(20)
    plain.send(b"SENSE/1 REGISTER r1\nPeriod: 600\n\n")
    refusal = plain.recv(65536)
    assert refusal.startswith(b"SENSE/1 REPLY r1 9 NOACCESS\n") and b"Cookie" not in refusal, refusal

    start, properties, _ = client.ask("REGISTER", "Period: 600", "Type: {urn:sense:test}big")
    assert start[3] == "0", (start, properties)
    it.publish("small", b"hello")
    assert client.event("small")[1] == b"hello"

    whole = bytes(range(256)) * 100
    it.publish("big", whole)
    properties, data = client.event("big")
    assert data == b"" and properties["Truncated"] == "yes" and properties["Length"] == str(len(whole))
    url = properties["Fetch"]
    status, body, headers = fetched(url)
    assert status == 200 and body == whole, (status, len(body))
    assert headers["ce-id"] == "big" and headers["Content-Disposition"] == "attachment", headers
    sequence = int(properties["Sequence"])
    for wrong in (url[:-1], url + "x", url.replace(f"/{sequence}?", f"/{sequence - 1}?"),
                  re.sub(r"expires=\d+", "expires=99999999999", url)):
        assert fetched(wrong)[0] == 403, wrong
    # Without a permit it is given to those who may subscribe to it, as a client of this machine may.
    assert fetched(url.split("?")[0])[:2] == (200, whole)

    the_commands_take_the_key(it)

    it.kill("gateway sense")
    it.publish("after", b"the crash")
    assert client.event("after")[1] == b"the crash"

    it.write_keys(it.press)
    other = Client(port, it.press)
    start, _, _ = other.ask("SOURCES")
    assert start[3] == "0", start

    # The file is looked at now and then: until it is, the old key gets a signed reply.
    def refused_for_good():
        plain.send(it.hp4.sign(["SENSE/1 SOURCES s9"]))
        refusal = plain.recv(65536)
        assert refusal.startswith(b"SENSE/1 REPLY s9 "), refusal
        return b"\nMac: " not in refusal and refusal
    refusal = wait_for("a key that is gone is refused", refused_for_good)
    assert refusal.startswith(b"SENSE/1 REPLY s9 9 NOACCESS\n") and b"Cookie" not in refusal, refusal


with Keyed(sys.argv[1]) as installation:
    a_keyed_client_is_served(installation)
print("a_keyed_client_is_served: holds")
