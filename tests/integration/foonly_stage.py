# SPDX-License-Identifier: Apache-2.0
"""Where the story of Foonly Trading plays: docs/examples/foonly.yaml with real processes, and the
commands of docs/examples/foonly.md as a user would type them. Hosts and ports are other ones,
clocks are faster."""

import json
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

from foonly_cast import Datagrams, MailRelay, WebCallback, expect, rfc3339
from installation import DEADLINE, Installation, free_port, wait_for

EXAMPLES = pathlib.Path(__file__).parents[2] / "docs/examples"

HOLD = 2          # seconds, for the fifteen minutes of the disclosure rule
MIN_INTERVAL = 1  # for a minute
DIGEST_SECONDS = 3  # until the evening comes
FRESH = 30        # for the three minutes that a reading counts
REPEAT = 5        # for the twelve hours in which an order that comes again is the same order

CLOCKS = {
    "hold: 15min": f"hold: {HOLD}s",
    "min-interval: 1min": f"min-interval: {MIN_INTERVAL}s",
    "deduplication-window: 12h": f"deduplication-window: {REPEAT}s",
    "expiry: 3min": f"expiry: {FRESH}s",
    '"until": "18:00"': f'"interval": "{DIGEST_SECONDS}s"',
    "retry-initial: 2s": "retry-initial: 200ms",
    "retry-initial: 1s": "retry-initial: 300ms",
    "retry-initial: 30s": "retry-initial: 300ms",
    '"retry-initial": "1s"': '"retry-initial": "300ms"',
    '"retry-initial": "2s"': '"retry-initial": "200ms"',
    '"retry-initial": "30s"': '"retry-initial": "300ms"',
    '"retry-max": "1min"': '"retry-max": "400ms"',
}


class Places:
    """Which place of this machine stands for which of the story's."""

    def __init__(self):
        self.names = {}

    def put(self, name, here):
        self.names[name] = here

    def web(self, name, **how):
        callback = WebCallback(name, **how)
        self.put(name, f"127.0.0.1:{callback.port}/{name.partition('/')[2]}")
        return callback

    def real(self, text):
        """The text with this machine's names; the longest first: some are parts of others."""
        for name in sorted(self.names, key=len, reverse=True):
            text = text.replace(name, self.names[name])
        return text


def blocks_of(text):
    """The fenced blocks of a page, by their first line, which is a comment."""
    return dict(re.findall(r"```\w+\n# (.*?)\n(.*?)```", text, re.DOTALL))


class Foonly(Installation):
    """Everything is there when this is made; processes start with `with`."""

    def __init__(self, sense):
        super().__init__(sense)
        page = (EXAMPLES / "foonly.md").read_text()
        self.blocks = blocks_of(page)
        page += (EXAMPLES / "foonly.yaml").read_text()
        absent = [clock for clock in CLOCKS if clock not in page]
        assert not absent, f"clocks that the example does not have any more: {absent}"
        self.typed_in = set()
        self.places = Places()
        self.relay = MailRelay()
        self.tcp = {role: free_port(socket.SOCK_STREAM) for role in ("service", "events")}
        for name, here in {
                "/var/lib/sense": f"{self.folder}/data", "/etc/sense": str(self.folder),
                "/home/": f"{self.folder}/home/", "ann.yaml": f"{self.folder}/ann.yaml",
                "visitor.yaml": f"{self.folder}/visitor.yaml",
                "ann.key": f"{self.folder}/ann.key", "visitor.key": f"{self.folder}/visitor.key",
                "docs/examples": str(EXAMPLES), "10.0.0.0/8": "127.0.0.0/8",
                "0.0.0.0:7401": f"127.0.0.1:{self.tcp['service']}",
                "0.0.0.0:7402": f"127.0.0.1:{self.tcp['events']}",
                "events.foonly.example:7401": f"127.0.0.1:{self.tcp['service']}",
                "events.foonly.example:7402": f"127.0.0.1:{self.tcp['events']}",
                "0.0.0.0:7367": f"127.0.0.1:{self.ports['sense']}",
                "127.0.0.1:8080": f"127.0.0.1:{self.ports['http']}",
                "localhost:8080": f"127.0.0.1:{self.ports['http']}",
                "udp:0.0.0.0:1162": f"udp:127.0.0.1:{self.ports['snmp']}",
                "10.0.0.1:1162": f"127.0.0.1:{self.ports['snmp']}",
                "relay.foonly.example:25": f"127.0.0.1:{self.relay.port}", **CLOCKS}.items():
            self.places.put(name, here)

    def configure(self):
        """Writes the page's files, and makes the keys that they name."""
        self.config.write_text(self.places.real((EXAMPLES / "foonly.yaml").read_text()))
        keys = {name: self.new_key(name) for name in ("broker", "ann", "visitor")}
        for name, key in keys.items():
            self.places.put(f"what `sense keys new {name}` printed", key)
        self.broker_key = keys["broker"]
        self.file("allow.yaml", "/etc/sense/allow.yaml").chmod(0o600)
        self.file("ann.yaml", "ann.yaml")
        self.file("visitor.yaml", "ann.yaml", lambda text: text.replace("ann", "visitor"))

    def file(self, name, title, change=str):
        path = self.folder / name
        path.write_text(self.places.real(change(self.block(title))))
        return path

    def new_key(self, name):
        file = self.folder / f"{name}.key"
        made = self.run("keys", "new", name, "--file", str(file))
        assert made.returncode == 0, made.stderr
        return self.run("keys", "show", str(file)).stdout.strip()

    def block(self, title):
        self.typed_in.add(title)
        assert title in self.blocks, f"docs/examples/foonly.md has no block '# {title}'"
        return self.blocks[title]

    def untyped(self):
        return sorted(set(self.blocks) - self.typed_in)

    # ---- what a user types

    def words(self, title, variables):
        """The words of the page's command. Variables replace parts of it, such as $name."""
        text = self.block(title).replace("\\\n", " ")
        for name, value in variables.items():
            assert name in text, f"'{name}' is not in the block '# {title}'"
            text = text.replace(name, value)
        return shlex.split(self.places.real(text))

    def typed(self, title, variables=None, change=None):
        """Does what the page's command does, to its end. Answers what a program prints; of curl
        the answer's JSON, after the request's was changed."""
        words = self.words(title, variables or {})
        if words[0] == "curl" and "-d" not in words:
            return self.curl(words[1], None, method="GET")
        if words[0] == "curl":
            body = json.loads(words[words.index("-d") + 1])
            structured = "Content-Type: application/cloudevents+json" in words
            return self.curl(words[1], (change or dict)(body), structured)
        done = self.program(words)
        assert done.returncode == 0, f"{title}: {words}: {done.stderr}"
        return done.stdout

    def program(self, words):
        if words[0] == "sense":
            words = [self.sense, *words[1:]]
        if words[0] == "python3":
            words = [sys.executable, *words[1:]]
        return subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE,
                              env={**os.environ, "SENSE_CONFIG": str(self.config)})

    def curl(self, url, body, structured=False, method="POST"):
        """The answer's JSON, of GET also the status. While there is no answer, because a process was
        killed, it is asked again: an event with the same id."""
        kind = "application/cloudevents+json" if structured else "application/json"
        octets = None if body is None else json.dumps(body).encode()

        def answered():
            request = urllib.request.Request(url, octets, {"Content-Type": kind}, method=method)
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return answer.status, json.loads(answer.read() or b"{}")
            except urllib.error.HTTPError as error:
                if error.code not in (503, 504):
                    return error.code, json.loads(error.read() or b"{}")
            except OSError:
                pass
            return None
        status, answer = wait_for(f"{url} answers", answered, 30)
        assert status in (200, 201, 202) or method != "POST", f"{url}: {status} {answer}"
        return answer if method == "POST" else (status, answer)

    def open(self, name, title):
        """A command of the page that goes on until the end; what it prints is in `lines(name)`."""
        self.start(name, *self.words(title, {})[1:])
        log = self.folder / f"{name}.log"
        wait_for(f"'{title}' is under way", lambda: "following" in log.read_text(), 30)

    # ---- subscriptions

    def subscribed(self, title, variables=None, change=None, active=True):
        """Makes the page's subscription, and waits until its callback has agreed."""
        words = self.words(title, variables or {})
        if words[0] == "curl":
            made = self.typed(title, variables, change)
        else:
            done = self.program([*words, "--json"])
            assert done.returncode == 0, f"{title}: {words}: {done.stderr}"
            made = json.loads(done.stdout)
        expect(f"{title}: a new subscription is", made["state"], "pending")
        if active:
            wait_for(f"{title}: the callback has agreed",
                     lambda: self.state(made["id"]) == "active", 30)
        return made["id"]

    def get(self, subscription):
        shown = self.run("subscriptions", "get", subscription, "--json")
        return json.loads(shown.stdout) if shown.returncode == 0 else None

    def state(self, subscription):
        record = self.get(subscription)
        return record["state"] if record else "ended"

    def confirm(self, subscription, box):
        """Says yes with the token of the mail that asks; to follow its link would not do."""
        def token():
            return [item.text for item in box.all("question") if subscription in item.text]
        box.wait("a mail that asks", token)
        url = self.places.real(f"http://localhost:8080/v1/subscriptions/{subscription}/confirm")
        words = re.search(r"token: (\S+)", token()[0])[1]
        with urllib.request.urlopen(f"{url}?token={words}", timeout=30) as page:
            expect("a scanner that follows links gets", page.status, 200)
        expect("what it has confirmed", self.state(subscription), "pending")
        said = self.typed("F5 dave confirms", {"$dave": subscription, "$token": words})
        expect("a confirmed subscription is", said["state"], "active")

    # ---- the journal, as customers and operators look at it

    def fetch(self, name, start, prefix):
        """Ids of the events that the owner of a key may read."""
        words = self.words("F9c read from the journal", {
            "ann.key": f"{name}.key", "$broker": self.broker_key, "$next": str(start),
            "{urn:example:foonly}": prefix})
        done = self.program(words)
        assert done.returncode == 0, done.stderr
        return re.findall(r"^\d+ (\S+) \{", done.stdout, re.MULTILINE)

    @staticmethod
    def json_lines(text):
        return [json.loads(line) for line in text.splitlines()]

    def dump(self, event_type, start=1):
        done = self.run("journal", "dump", "--type", event_type, "--from", str(start))
        assert done.returncode == 0, done.stderr
        return self.json_lines(done.stdout)

    def ended(self, subscription):
        """Why it ended, as soon as it has."""
        def reason():
            return [event["data"]["reason"]
                    for event in self.dump("{urn:sense:management}subscription-ended")
                    if event["subject"] == subscription]
        return wait_for(f"{subscription} ends", reason, 30)[-1]

    # ---- accidents

    def kill_all(self, *names):
        """kill -9 of several at once, and until the supervisor has others running."""
        before = {name: wait_for(f"{name} runs", lambda n=name: self.pids().get(n))
                  for name in names}
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        for name, pid in before.items():
            wait_for(f"{name} runs again",
                     lambda n=name, p=pid: self.pids().get(n) not in (None, p))

    # ---- the exchange

    def trade(self, event_id, stock, price, at=None):
        """A trade clears. Answers when it happened."""
        at = at or time.time()

        def change(event):
            event.update(id=event_id, source=f"//msx.example/stock/{stock}", time=rfc3339(at))
            event["data"].update(stock=stock, price=price)
            return event
        answer = self.typed("F1 a trade clears", change=change)
        assert answer["id"] == event_id, answer
        return at

    def article(self, event_id, *groups, **attributes):
        def change(event):
            event.update(id=event_id, newsgroups=",".join(groups), time=rfc3339(time.time()),
                         **attributes)
            event["data"] = f"Newsgroups: {','.join(groups)}\nSubject: {event_id}\n"
            return event
        return self.typed("F4 an article", change=change)

    def socket(self, name, **how):
        return Datagrams(name, self.ports["sense"], **how)
