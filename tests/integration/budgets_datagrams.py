# SPDX-License-Identifier: Apache-2.0
"""Budgets of SENSE/1: subscriptions of a client and of a host, requests of a host, and DTLS sessions and
handshakes of a host."""

import itertools
import os
import re
import socket
import struct
import subprocess
import time

from attack import Attack, compare
from installation import DEADLINE
from namespace import ATTACKER, GATEWAY, OTHER

SESSIONS = 8  # dtls-sessions-per-host
NOERROR, NOACCESS, NOMOREROOM = 0, 9, 12


class Client:
    """Asks again until it is answered (docs/sense-protocol.md)."""

    def __init__(self, port, server="127.0.0.1", own="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((own, 0))
        self.socket.connect((server, port))
        self.socket.settimeout(0.5)
        self.tags = (f"{os.urandom(4).hex()}-{number}" for number in itertools.count())
        self.cookie = []

    def ask(self, kind, *lines):
        """The code and the properties of the reply."""
        end = time.monotonic() + DEADLINE
        tag = next(self.tags)  # a repeat is the same request
        while time.monotonic() < end:
            self.socket.send("\n".join([f"SENSE/1 {kind} {tag}", *lines, *self.cookie, "", ""]).encode())
            code, properties = self.reply(tag)
            if code == NOACCESS and "Cookie" in properties:
                self.cookie = [f"Cookie: {properties['Cookie']}"]
            elif code is not None:
                return code, properties
        raise AssertionError(f"no answer to {kind}")

    def reply(self, tag):
        try:
            while True:
                head = self.socket.recv(65536).split(b"\n\n")[0].decode()
                start, *lines = head.split("\n")
                if start.startswith(f"SENSE/1 REPLY {tag} "):
                    return int(start.split(" ")[3]), dict(line.split(": ", 1) for line in lines)
        except TimeoutError:
            return None, {}


def register(client, *lines):
    return client.ask("REGISTER", "Type: {urn:x}a", "Period: 60", *lines)


def refused_for(limit):
    def refused(reply):
        code, properties = reply
        assert code in (NOERROR, NOMOREROOM), reply
        return code == NOMOREROOM and limit in properties["Reason"]
    return refused


def renews(client):
    code, made = register(client)
    assert code == NOERROR, (code, made)

    def deed(number):
        code, answer = register(client, f"Subscription: {made['Subscription']}")
        assert code == NOERROR, (code, answer)
    return deed


def subscriptions_of_a_client(it):
    port = it.ports["sense"]
    attacker = Client(port)
    compare("max-subscriptions-per-client of SENSE/1", renews(Client(port)),
            Attack(lambda number: register(attacker), refused_for("max-subscriptions-per-client"), threads=1))


def subscriptions_of_a_host(it):
    """Each of its ports has room for more, the host has not."""
    clients = itertools.cycle([Client(it.ports["sense"], GATEWAY, ATTACKER) for _ in range(10)])

    def flood(number):
        time.sleep(0.01)
        return register(next(clients))
    compare("max-subscriptions-per-host of SENSE/1", renews(Client(it.ports["sense"], GATEWAY, OTHER)),
            Attack(flood, refused_for("max-subscriptions-per-host"), threads=1))


def requests_of_a_host(it):
    attacker = Client(it.ports["sense"], GATEWAY, ATTACKER)
    register(attacker)  # for its cookie

    def flood(number):
        """The codes of the replies; few refusals get one."""
        for _ in range(20):
            attacker.socket.send("\n".join([f"SENSE/1 SOURCES {next(attacker.tags)}", *attacker.cookie, "",
                                            ""]).encode())
        codes = []
        try:
            while True:
                codes.append(int(attacker.socket.recv(65536).split(b" ", 4)[3]))
        except TimeoutError:
            return codes
    attacker.socket.settimeout(0.02)
    compare("rate of SENSE/1", renews(Client(it.ports["sense"], GATEWAY, OTHER)),
            Attack(flood, lambda codes: NOMOREROOM in codes, threads=1))


def hello(message, cookie):
    """A ClientHello of DTLS 1.2 with the suite PSK-AES256-GCM-SHA384 (RFC 6347, RFC 5487)."""
    body = (b"\xfe\xfd" + os.urandom(32) + b"\0" + bytes([len(cookie)]) + cookie +
            b"\x00\x04\x00\xa9\x00\xff" + b"\x01\x00")
    length = struct.pack(">I", len(body))[1:]
    fragment = b"\x01" + length + struct.pack(">H", message) + b"\0\0\0" + length + body
    return b"\x16\xfe\xff" + bytes(6) + struct.pack(">HH", message, len(fragment)) + fragment


def handshake(it):
    """Whether a client of the attacker, from a port of its own, gets a ServerHello; it says no more then."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind((ATTACKER, 0))
        client.connect((GATEWAY, it.ports["dtls"]))
        client.settimeout(0.2)
        try:
            client.send(hello(0, b""))
            asked = client.recv(4096)
            assert asked[13] == 3, asked  # HelloVerifyRequest
            client.send(hello(1, asked[28:28 + asked[27]]))
            return client.recv(4096)[13] == 2
        except TimeoutError:
            return False


def pings(it):
    """The other's handshake, its session and the end of it."""
    command = [it.sense, "ping", f"sense+dtls://{GATEWAY}:{it.ports['dtls']}", "--key",
               str(it.folder / "hp4.shared"), "--bind", f"{OTHER}:0", "--timeout", "20s"]

    def deed(number):
        asked = subprocess.run(command, capture_output=True, text=True)
        assert asked.returncode == 0, asked
    return deed


def dtls_handshakes(it):
    compare("dtls-sessions-per-host, handshakes", pings(it),
            Attack(lambda number: handshake(it), lambda served: not served, threads=2))


def dtls_sessions(it):
    """The sessions of the attacker last, so that none of its handshakes begins."""
    secret = re.search(r'secret: "([^"]+)"', (it.folder / "hp4.shared").read_text()).group(1)
    sessions, answered = [], 0
    end = time.monotonic() + DEADLINE
    while answered < SESSIONS and time.monotonic() < end:  # handshakes of before take their time to go
        session = subprocess.Popen(
            ["openssl", "s_client", "-dtls1_2", "-bind", f"{ATTACKER}:0", "-connect",
             f"{GATEWAY}:{it.ports['dtls']}", "-quiet", "-psk_identity", "hp4", "-psk", secret.encode().hex()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        sessions.append(session)
        session.stdin.write(b"SENSE/1 PARAMETERS p1\n\n")
        session.stdin.flush()
        answered += session.stdout.read1(4096).startswith(b"SENSE/1 REPLY p1 0")
    try:
        assert answered == SESSIONS, answered
        attack = Attack(lambda number: handshake(it), lambda served: not served, threads=1)
        compare("dtls-sessions-per-host, sessions", pings(it), attack)
        assert attack.refusals == attack.count, (attack.refusals, attack.count)
    finally:
        for session in sessions:
            session.kill()
            session.communicate()


BUDGETS = (subscriptions_of_a_client,)
BUDGETS_OF_HOSTS = (subscriptions_of_a_host, requests_of_a_host, dtls_handshakes, dtls_sessions)
