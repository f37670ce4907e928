# SPDX-License-Identifier: Apache-2.0
"""The ways in and the callbacks of the soak and of failing_edges, which count what they did."""
import collections
import http.client
import http.server
import itertools
import json
import pathlib
import socket
import threading
import time

import msgpack

from publishers import Client

NAMESPACE = "urn:test:soak"


class Publisher:
    """Publishes the numbers 1, 2, 3 ... at a rate, each as the data of an event, until it is stopped.
    Several workers, each with a connection of its own, since an answer takes its time; what is not
    acknowledged is offered again, so that at the end all `taken` numbers are."""

    workers = 6
    tries, patience = 60, 1  # how often one is offered, and how many seconds by UDP until it is again

    def __init__(self, name, rate):
        self.name, self.rate, self.taken, self.errors = name, rate, 0, []
        self.stopping, self.lock = threading.Event(), threading.Lock()
        self.type = f"{{{NAMESPACE}}}{name}"
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(self.workers)]

    def start(self):
        self.begun = time.monotonic()
        for thread in self.threads:
            thread.start()

    def work(self):
        try:
            publish = self.connect()
            while True:
                with self.lock:
                    if self.stopping.wait(max(0, self.begun + self.taken / self.rate - time.monotonic())):
                        return
                    self.taken += 1
                    number = self.taken
                publish(number)
        except Exception as error:  # told by the main thread
            self.errors.append(error)

    def join(self):
        for thread in self.threads:
            thread.join(120)


class ByBus(Publisher):
    def __init__(self, rate, service, name="bus"):
        super().__init__(name, rate)
        self.service = service

    def connect(self):
        client = Client(self.service)

        def publish(number):
            code, reason, answers = client.ask("PUBLISH", [msgpack.packb(
                [1, f"{self.name}-{number}", self.type, "//test/bus", {}, str(number).encode()])])
            assert code == 0 and answers[0][0] in (0, 22), (code, reason, answers)
        return publish


class ByHttp(Publisher):
    def __init__(self, rate, port):
        super().__init__("http", rate)
        self.port = port

    def connect(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.tries)

        def publish(number):
            # 504: it is not known whether it took effect, so again with the same id; 503: not now.
            for _ in range(self.tries):
                try:
                    connection.request("POST", "/v1/events", str(number), {
                        "ce-specversion": "1.0", "ce-id": f"http-{number}", "ce-type": self.type,
                        "ce-source": "//test/http", "Content-Type": "text/plain"})
                    answer = connection.getresponse()
                    body = answer.read()
                except Exception:
                    connection.close()  # the next call begins with another one
                    raise
                if answer.status not in (503, 504):
                    break
            assert answer.status in (200, 202), (answer.status, body)
        return publish


def udp(port, patience):
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.connect(("127.0.0.1", port))
    made.settimeout(patience)
    return made


class BySense(Publisher):
    """SENSE/1 by UDP, from docs/sense-protocol.md: a cookie first, and again until it is answered."""

    def __init__(self, rate, port):
        super().__init__("sense", rate)
        self.port = port

    def connect(self):
        peer, cookie, tags = udp(self.port, self.patience), "", itertools.count()

        def publish(number):
            nonlocal cookie
            for _ in range(self.tries):
                tag, data = f"t{next(tags)}", str(number)
                peer.send((f"SENSE/1 PUBLISH {tag}\nType: {self.type}\nSource: //test/sense\n"
                           f"Id: sense-{number}\nLength: {len(data)}\n{cookie}\n{data}").encode())
                reply = self.reply(peer, tag)
                if reply and reply[0].split()[3] == "0":
                    return
                cookie = next((line + "\n" for line in reply or () if line.startswith("Cookie: ")), cookie)
            raise AssertionError("the SENSE gateway does not answer")
        return publish

    @staticmethod
    def reply(peer, tag):
        try:
            while True:
                lines = peer.recv(65536).decode().split("\n")
                if lines[0].startswith(f"SENSE/1 REPLY {tag} "):
                    return lines
        except TimeoutError:
            return None


def ber(tag, content):
    length = len(content)
    return bytes([tag]) + (bytes([length]) if length < 128 else bytes([0x82, length >> 8, length & 255])) + content


def ber_integer(number):
    return ber(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def inform(number):
    """SNMPv2c; the number is the value of the last variable."""
    trap = bytes([0x2b, 6, 1, 6, 3, 1, 1, 5, 3])  # 1.3.6.1.6.3.1.1.5.3
    names = [(bytes([0x2b, 6, 1, 2, 1, 1, 3, 0]), ber(0x43, b"\x01")),
             (bytes([0x2b, 6, 1, 6, 3, 1, 1, 4, 1, 0]), ber(6, trap)),
             (bytes([0x2b, 6, 1, 2, 1, 2, 2, 1, 1]), ber_integer(number))]
    variables = ber(0x30, b"".join(ber(0x30, ber(6, name) + value) for name, value in names))
    request = ber_integer(number) + ber_integer(0) + ber_integer(0) + variables
    return ber(0x30, ber_integer(1) + ber(4, b"public") + ber(0xa6, request))


class BySnmp(Publisher):
    """Informs, each sent again until it is answered."""

    def __init__(self, rate, port):
        super().__init__("snmp", rate)
        self.port = port

    def connect(self):
        peer = udp(self.port, self.patience)

        def publish(number):
            for _ in range(self.tries):
                peer.send(inform(number))
                try:
                    while ber_integer(number) not in peer.recv(65536)[:40]:
                        pass
                    return
                except TimeoutError:
                    pass
            raise AssertionError("the SNMP adapter does not answer")
        return publish


class ByLines(Publisher):
    workers = 1

    def __init__(self, rate, path):
        super().__init__("lines", rate)
        self.file = open(path, "a")

    def connect(self):
        def publish(number):
            self.file.write(f"{number}\n")
            self.file.flush()
        return publish


class Received:
    """What came to one callback: how often each id, and what each number came with. Any thread."""

    def __init__(self):
        self.counts, self.lock = collections.Counter(), threading.Lock()
        self.numbers = collections.defaultdict(set)

    def add(self, event_id, number=None):
        with self.lock:
            self.counts[event_id] += 1
            if number is not None:
                self.numbers[str(number)].add(event_id)


class WebCallback(http.server.ThreadingHTTPServer):
    """Counts the events at every path that begins with /count."""

    daemon_threads = True

    def __init__(self, received):
        super().__init__(("127.0.0.1", 0), WebHandler)
        self.received = received
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """The other side has closed a connection."""


class WebHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/count") and "sense-number" in self.headers:
            self.server.received.add(self.headers["ce-id"], self.headers["sense-number"])
        self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def count_lines(stream, received):
    """Reads lines of CloudEvents JSON until the stream ends."""
    for line in stream:
        if line.startswith("{"):
            event = json.loads(line)
            received.add(event["id"], event.get("number"))


class Drain(threading.Thread):
    """Reads what the email and the file gateway write, and removes it, so that the disk stays empty."""

    def __init__(self, mail, file, by_mail, by_file):
        super().__init__(daemon=True)
        self.mail, self.file = pathlib.Path(mail), pathlib.Path(file)
        self.by_mail, self.by_file, self.read = by_mail, by_file, 0
        self.start()

    def run(self):
        while True:
            for path in self.mail.glob("*/new/*"):
                text = path.read_text(errors="replace")
                for line in text.splitlines():
                    if line.lower().startswith("sense-event-id:"):
                        self.by_mail.add(line.split(":", 1)[1].strip())
                path.unlink()
            if self.file.exists():
                with open(self.file, "rb") as file:
                    file.seek(self.read)
                    whole = file.read().rpartition(b"\n")
                for line in whole[0].splitlines():
                    event = json.loads(line)
                    if event["type"].startswith("{" + NAMESPACE + "}"):
                        self.by_file.add(event["id"])
                self.read += len(whole[0]) + len(whole[1])
            time.sleep(0.2)


def journal(service):
    """(id, type, data) of all events that were published."""
    client, following = Client(service), 1
    while True:
        code, reason, (following, _, head, records) = client.ask("FETCH", [following, ["{urn:"], 4 << 20])
        assert code == 0, reason
        unpacker = msgpack.Unpacker(max_buffer_size=1 << 26)
        unpacker.feed(records)
        for _, _, _, octets, *_ in unpacker:
            _, event_id, kind, source, _, data = msgpack.unpackb(octets)[:6]
            if source.startswith("//test/") or kind.startswith("{urn:sense:snmp}"):
                yield event_id, kind, data
        if following > head:
            return


def way_of(kind):
    return "snmp" if kind.startswith("{urn:sense:snmp}") else kind.rpartition("}")[2]


def number_of(kind, data):
    return int(json.loads(data)["varbinds"][-1]["value"] if way_of(kind) == "snmp" else data)
