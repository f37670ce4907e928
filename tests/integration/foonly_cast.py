# SPDX-License-Identifier: Apache-2.0
"""Who plays in the story of Foonly Trading: web callbacks, a mail relay, datagram sockets, a
weather station. Each keeps what came, with the time at which it came."""

import email
import email.policy
import http.server
import itertools
import json
import secrets
import socket
import socketserver
import threading
import time
import types
import urllib.parse
from datetime import datetime, timezone

from installation import wait_for

DIGEST = "{urn:sense:management}digest"
GAP = "{urn:sense:management}gap"
ENDED = "{urn:sense:management}ended"


def rfc3339(seconds):
    """Cut, not rounded: what is written was not later than it says."""
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_of(text):
    return datetime.fromisoformat(text).timestamp()


def expect(what, came, expected):
    if came != expected:
        raise AssertionError(f"{what}\n    expected: {expected}\n    came:     {came}")


class Inbox:
    """What came to one place, in the order in which it came."""

    def __init__(self, name):
        self.name = name
        self.lock = threading.Lock()
        self.items = []

    def add(self, item):
        with self.lock:
            self.items.append(item)

    def all(self, kind=None):
        with self.lock:
            return [item for item in self.items if kind is None or item.kind == kind]

    def events(self):
        """Events by number, those in digests included, each as it came first. A repeat of a
        number with another id is a fault."""
        first = {}
        for item in self.all("event"):
            for number, event in item.events:
                before = first.setdefault(number, (item, event))
                expect(f"{self.name}: number {number} came again, with the id of the first time",
                       event["id"], before[1]["id"])
        return {number: first[number] for number in sorted(first)}

    def ids(self):
        return [event["id"] for _, event in self.events().values()]

    def wait(self, what, condition):
        try:
            return wait_for(what, condition, 30)
        except AssertionError as error:
            came = "\n".join(f"      {item.kind} {item.shown}" for item in self.all()[-12:])
            raise AssertionError(f"{error}\n    came last to {self.name}:\n{came}") from None

    def wait_ids(self, what, expected):
        """Waits for as many numbers as ids; they must be 1, 2, 3 … and have these ids."""
        self.wait(f"{what}: {expected} at {self.name}", lambda: len(self.events()) >= len(expected))
        expect(f"{what}: ids at {self.name}", self.ids(), expected)
        expect(f"{what}: numbers at {self.name}", list(self.events()),
               list(range(1, len(expected) + 1)))


def event_of_headers(headers, body):
    event = {name[3:]: urllib.parse.unquote(value) for name, value in headers.items()
             if name.startswith("ce-")}
    event["data"] = body.decode(errors="replace")
    return event


def taken_apart(number, event):
    """Numbers and events of one delivery: one, or those of a digest."""
    if event["type"] != DIGEST:
        return [(number, event)]
    inner = json.loads(event["data"])["events"]
    return [(each["number"], each["event"]) for each in inner]


class WebCallback(Inbox):
    """A web server of its own with one callback; it can be away, say no, and act on what comes."""

    def __init__(self, name, willing=True, on_event=None):
        super().__init__(name)
        self.willing, self.on_event = willing, on_event
        self.asked = 0  # how often it was asked whether it wants to be called
        self.connections = set()
        self.port, self.server = 0, None
        self.come()

    def come(self):
        callback = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_OPTIONS(self):
                callback.asked += 1
                allowed = "*" if callback.willing else "other.example"
                self.answer(200, {"WebHook-Allowed-Origin": allowed})

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.answer(callback.take(headers, body), {})

            def answer(self, status, headers):
                self.send_response(status)
                for name, value in {**headers, "Content-Length": "0"}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def process_request(self, request, client_address):
                callback.connections.add(request)
                super().process_request(request, client_address)

            def shutdown_request(self, request):
                callback.connections.discard(request)
                super().shutdown_request(request)

            def handle_error(self, request, client_address):
                pass  # who calls may be killed at any time

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def go_away(self):
        """Stops listening; connections that were open are closed, too."""
        self.server.shutdown()
        self.server.server_close()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def take(self, headers, body):
        at = time.time()
        event = event_of_headers(headers, body)
        kind = {GAP: "gap", ENDED: "ended"}.get(event["type"], "event")
        number = headers.get("sense-number", "0")
        # Acts first and keeps then: who sees that it came may rely on what it caused.
        if kind == "event" and self.on_event and not self.on_event(event):
            return 503
        self.add(types.SimpleNamespace(
            kind=kind, at=at, event=event, attempt=int(headers["sense-attempt"]),
            events=taken_apart(int(number), event) if kind == "event" else [],
            shown=f"{number} {event['type']} {event['source']} {event['data'][:200]}"))
        return 204


class MailRelay:
    """A mail relay that accepts everything, unless it was told how to refuse."""

    def __init__(self):
        self.boxes = {}
        self.refusals = {}  # address -> replies to give behind messages; "" hangs up
        relay = self

        class Conversation(socketserver.StreamRequestHandler):
            def handle(self):
                try:
                    self.converse()
                except OSError:
                    pass  # who calls may be killed at any time

            def say(self, line):
                self.wfile.write(line.encode() + b"\r\n")

            def converse(self):
                self.say("220 relay.foonly.example")
                while line := self.rfile.readline().decode():
                    word = line.split()[0].upper() if line.split() else ""
                    if word == "RCPT":
                        self.to = line.split("<")[1].split(">")[0]
                    if word == "DATA":
                        self.say("354 go on")
                        reply = relay.take(self.to, self.message())
                        if not reply:
                            return
                        self.say(reply)
                    elif word == "QUIT":
                        return self.say("221 bye")
                    else:
                        self.say("250 relay.foonly.example" if word == "EHLO" else "250 well")

            def message(self):
                lines = iter(self.rfile.readline, b".\r\n")
                return b"".join(line[1:] if line.startswith(b".") else line for line in lines)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Conversation)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def box(self, address):
        return self.boxes.setdefault(address, Inbox(address))

    def take(self, address, octets):
        mail = email.message_from_bytes(octets, policy=email.policy.default)
        text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
        refusals = self.refusals.get(address, [])
        reply = refusals.pop(0) if refusals else "250 taken"
        number = (mail["Sense-Number"] or "0").split("-")[0]
        attributes, _, data = text.partition("\n\n")
        event = dict(line.split(": ", 1) for line in attributes.splitlines() if ": " in line)
        event.update(id=mail["Sense-Event-Id"], data=data)
        for part in mail.iter_attachments():
            if part.get_filename() == "data":  # what programs read of a digest
                event.update(type=DIGEST, data=part.get_content().decode())
        kind = {GAP: "gap", ENDED: "ended"}.get(event.get("type"), "event")
        if not event["id"]:
            kind = "question"  # whether the address wants what was subscribed to for it
        self.box(address).add(types.SimpleNamespace(
            kind=kind if reply.startswith("250") else "refused", at=time.time(), mail=mail,
            text=text, event=event, shown=f"{mail['Subject']} {number}",
            events=taken_apart(int(number), event) if kind == "event" else []))
        return reply


class Datagrams(Inbox):
    """A socket that speaks SENSE/1 (docs/sense-protocol.md): asks a server, or is called back."""

    def __init__(self, name, server_port=None, lost=lambda count: False):
        super().__init__(name)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.server = ("127.0.0.1", server_port)
        self.lost = lost      # whether the radio loses the datagram with this count
        self.willing = True   # answers a VERIFY
        self.acknowledges = lambda message: True
        self.sent, self.verified = 0, 0
        self.cookie, self.replies = "", {}
        self.tags = (f"{secrets.token_hex(6)}-{count}" for count in itertools.count(1))
        threading.Thread(target=self.receive, daemon=True).start()

    def send(self, kind, tag, properties, data=b"", to=None):
        self.sent += 1
        if self.lost(self.sent):
            return
        lines = [f"SENSE/1 {kind} {tag}"] + [f"{name}: {value}" for name, value in properties]
        if data:
            lines.append(f"Length: {len(data)}")
        self.socket.sendto("\n".join(lines).encode() + b"\n\n" + data, to or self.server)

    def ask(self, kind, properties, data=b""):
        """The reply. Without one the request is sent again; with a cookie when one is wanted."""
        while True:
            tag, cookie = next(self.tags), [("Cookie", self.cookie)] if self.cookie else []

            def answered():
                if tag not in self.replies:
                    self.send(kind, tag, properties + cookie, data)
                    end = time.monotonic() + 0.3
                    while tag not in self.replies and time.monotonic() < end:
                        time.sleep(0.005)
                return self.replies.get(tag)

            reply = wait_for(f"{self.name}: {kind} is answered", answered, 30)
            self.cookie = reply.properties.get("cookie", self.cookie)
            if reply.code != 9 or "cookie" not in reply.properties:
                return reply

    def receive(self):
        while True:
            octets, sender = self.socket.recvfrom(65536)
            head, _, data = octets.partition(b"\n\n")
            start, *lines = head.decode().split("\n")
            _, kind, tag, *code = start.split(" ")
            properties = {}
            for line in lines:
                name, _, value = line.partition(": ")
                properties.setdefault(name.lower(), value)
            self.take(types.SimpleNamespace(kind=kind, tag=tag, code=int(code[0]) if code else 0,
                                            properties=properties, data=data), sender)

    def take(self, message, sender):
        properties = message.properties
        subscription = ("Subscription", properties.get("subscription"))
        if message.kind == "REPLY":
            self.replies[message.tag] = message
        elif message.kind == "VERIFY" and self.willing:
            self.verified += 1
            self.send("ACK", "v", [subscription, ("Challenge", properties["challenge"])], to=sender)
        elif message.kind in ("EVENT", "GAP", "ENDED"):
            self.keep(message)
            if self.acknowledges(message):
                numbers = {"EVENT": properties.get("number"), "ENDED": None,
                           "GAP": f"{properties.get('from')}-{properties.get('to')}"}[message.kind]
                named = [("Number", numbers)] if numbers else []
                self.send("ACK", "a", [subscription] + named, to=sender)

    def keep(self, message):
        properties = message.properties
        event = {**properties, "data": message.data.decode(errors="replace")}
        kind = message.kind.lower()
        self.add(types.SimpleNamespace(
            kind=kind, at=time.time(), event=event, attempt=int(properties.get("attempt", 0)),
            events=[(int(properties["number"]), event)] if kind == "event" else [],
            shown=" ".join(f"{name}={value}" for name, value in event.items())))


class Farm:
    """A weather station that answers a datagram with its reading; some answers are lost."""

    def __init__(self, lost):
        self.lost, self.count = lost, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            _, sender = self.socket.recvfrom(100)
            self.count += 1
            if self.count not in self.lost:
                self.socket.sendto(f"{20 + self.count} C, no rain".encode(), sender)

    def poll(self):
        """One reading, or nothing: it is not asked for twice."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.2)
            asking.sendto(b"?", self.socket.getsockname())
            try:
                return asking.recv(100).decode()
            except socket.timeout:
                return None
