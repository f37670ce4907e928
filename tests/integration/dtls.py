# SPDX-License-Identifier: Apache-2.0
"""Claim: SENSE/1 over DTLS hides what it carries. The commands and `openssl s_client` are served with
the shared key alone, nothing of an event or a key can be read on the wire, and a subscription outlives
kill -9 of its gateway."""

import re
import shutil
import socket
import subprocess
import sys
import threading

from installation import Installation, free_port, wait_for


class Key:
    def __init__(self, sense, folder, name):
        self.file = folder / f"{name}.shared"
        subprocess.run([sense, "keys", "shared", name, "--file", str(self.file)], check=True,
                       stdout=subprocess.DEVNULL)
        self.secret = re.search(r'secret: "([^"]+)"', self.file.read_text()).group(1)


class Wire(threading.Thread):
    """A cable to the gateway that keeps what passes: one more UDP port, for one client after the other."""

    def __init__(self, to):
        super().__init__(daemon=True)
        self.to, self.passed = ("127.0.0.1", to), []
        self.near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.near.bind(("127.0.0.1", 0))
        self.port = self.near.getsockname()[1]
        self.start()

    def run(self):
        far = {}
        while True:
            octets, client = self.near.recvfrom(65536)
            self.passed.append(octets)
            if client not in far:
                far[client] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                far[client].connect(self.to)
                threading.Thread(target=self.back, args=(far[client], client), daemon=True).start()
            try:
                far[client].send(octets)
            except OSError:
                pass  # the gateway is down

    def back(self, far, client):
        while True:
            try:
                octets = far.recv(65536)
            except OSError:
                continue
            self.passed.append(octets)
            self.near.sendto(octets, client)


class Private(Installation):
    def __init__(self, sense):
        super().__init__(sense)
        self.ports["dtls"] = free_port(socket.SOCK_DGRAM)
        self.hp4 = Key(sense, self.folder, "hp4")
        self.other = Key(sense, self.folder, "other")
        text = self.config.read_text()
        listen = f'listen: ["127.0.0.1:{self.ports["sense"]}"]'
        assert listen in text
        self.config.write_text(text.replace(
            listen, f'listen: ["127.0.0.1:{self.ports["sense"]} dtls=required", '
                    f'"sense+dtls://127.0.0.1:{self.ports["dtls"]} key=required"], '
                    f"keys: {self.hp4.file}"))


def the_commands_are_served(it, wire):
    uri, key = f"sense+dtls://127.0.0.1:{wire.port}", ["--key", str(it.hp4.file)]
    wait_for("the gateway answers", lambda: it.run("ping", uri, *key).returncode == 0)
    shown = it.run("parameters", uri, *key)
    assert shown.returncode == 0 and "dtls-sessions: 1000" in shown.stdout, shown

    listener = it.start("private", "listen", uri, *key, "--type", "{urn:sense:test}door", "--json",
                        "--count", "2", "--timeout", "100s", "--period", "30s")
    log = it.folder / "private.log"
    wait_for("the listener is subscribed", lambda: "subscribed as" in log.read_text())
    assert "called back at sense+dtls://127.0.0.1:" in log.read_text(), log.read_text()
    published = it.run("publish", "{urn:sense:test}door", "//test/door", "--data", "first secret",
                       "--via", uri, *key)
    assert published.returncode == 0, published
    wait_for("the event is there", lambda: len(it.lines("private")) == 1)

    it.kill("gateway sense")
    published = it.run("publish", "{urn:sense:test}door", "//test/door", "--data", "second secret")
    assert published.returncode == 0, published
    assert listener.wait(100) == 0, log.read_text()
    assert [line["data"] for line in it.lines("private")] == ["first secret", "second secret"]


def others_are_not(it):
    plain, dtls = (f"{scheme}://127.0.0.1:{it.ports[port]}"
                   for scheme, port in (("sense", "sense"), ("sense+dtls", "dtls")))
    refused = it.run("sources", plain, "--key", str(it.hp4.file))
    assert refused.returncode == 1 and "use sense+dtls://" in refused.stderr, refused
    unknown = it.run("ping", dtls, "--key", str(it.other.file), "--timeout", "2s")
    assert unknown.returncode == 1 and "has it this key?" in unknown.stderr, unknown
    certificate = it.run("ping", dtls, "--timeout", "2s")
    assert certificate.returncode == 1 and "no DTLS session" in certificate.stderr, certificate


def nothing_is_readable(it, wire):
    seen = b"\0".join(wire.passed)
    assert len(wire.passed) > 20
    for secret in ("first secret", "second secret", "SENSE/1", "urn:sense:test", "//test/door",
                   "Subscription", it.hp4.secret):
        assert secret.encode() not in seen, secret
    assert b"hp4" in seen  # the name of a key travels in the clear


def openssl_is_served(it, openssl):
    with subprocess.Popen(
            [openssl, "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{it.ports['dtls']}", "-quiet",
             "-psk_identity", "hp4", "-psk", it.hp4.secret.encode().hex()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
        end = threading.Timer(60, client.kill)
        end.start()
        client.stdin.write(b"SENSE/1 SOURCES s1\n\n")
        client.stdin.flush()
        answer = b""
        while b"//test/door\n" not in answer:
            octets = client.stdout.read1(65536)
            assert octets, answer
            answer += octets
        end.cancel()
        client.kill()
    assert answer.startswith(b"SENSE/1 REPLY s1 0 NOERROR\n") and b"\nKey: hp4\nMac: " in answer, answer


openssl = shutil.which("openssl")
with Private(sys.argv[1]) as installation:
    wire = Wire(installation.ports["dtls"])
    the_commands_are_served(installation, wire)
    nothing_is_readable(installation, wire)
    others_are_not(installation)
    if openssl:
        openssl_is_served(installation, openssl)
if not openssl:
    print("there is no openssl command: only the commands of this project were tried")
    sys.exit(77)
print("dtls: holds")
