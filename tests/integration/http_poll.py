# SPDX-License-Identifier: Apache-2.0
"""Claim: a resource that can only be polled is a source: a change of it is one event, whatever is killed
meanwhile; no change is none; and a server with validators sends its content once."""

import http.server
import signal
import subprocess
import threading

from installation import Installation, main, wait_for

TYPE = "{urn:example:test}page"


class Resource(http.server.BaseHTTPRequestHandler):
    """What each path has at present, with an entity tag below /tagged."""

    protocol_version = "HTTP/1.1"
    pages = {}
    seen = []  # (path, condition, status)
    lock = threading.Lock()

    def do_GET(self):
        with self.lock:
            page = self.pages.get(self.path)
        tag = f'"{hash(page)}"' if self.path.startswith("/tagged") else None
        condition = self.headers.get("If-None-Match")
        status = 404 if page is None else 304 if tag and condition == tag else 200
        body = (page or "gone").encode() if status != 304 else b""
        self.send_response(status)
        if tag and page is not None:
            self.send_header("ETag", tag)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        with self.lock:
            self.seen.append((self.path, condition, status))

    def log_message(self, *_):
        pass


def put(path, page):
    with Resource.lock:
        Resource.pages[path] = page


def polls(path):
    with Resource.lock:
        return [(condition, status) for at, condition, status in Resource.seen if at == path]


def two_more_polls(path):
    """Behind the answer to the first, and so behind its event, a second one begins."""
    before = len(polls(path))
    wait_for(f"{path} is asked twice more", lambda: len(polls(path)) >= before + 2)


class Polling(Installation):
    def __init__(self, sense):
        super().__init__(sense)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Resource)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        at = f"http://127.0.0.1:{self.server.server_port}"
        text = self.config.read_text()
        poll = f"""
  http-poll:
    interval: 1s
    min-poll: 1s
    max-poll: 2s
    type: "{TYPE}"
    resources:
      - {at}/plain source=//test/plain
      - {at}/tagged source=//test/tagged
      - {at}/part source=//test/part pointer=/a/0 subject=first
"""
        self.config.write_text(text.replace("adapters:", "adapters:" + poll.rstrip(), 1))

    def __exit__(self, *what):
        super().__exit__(*what)
        self.server.shutdown()
        self.server.server_close()

    def told(self, source):
        return [(line["change"], line.get("data")) for line in self.lines("told")
                if line["source"] == source]

    def wait_told(self, source, expected):
        wait_for(f"{source}: {expected}, not {self.told(source)}",
                 lambda: self.told(source) == expected)


def changes_are_events(installation):
    installation.start("told", "subscribe", "--from", "1", "--json", "--type", TYPE,
                       "--config", str(installation.config))
    put("/plain", '"one"')
    put("/tagged", '"one"')
    put("/part", '{"a": [1], "other": 1}')
    for source, first in (("//test/plain", "one"), ("//test/tagged", "one"), ("//test/part", 1)):
        installation.wait_told(source, [("appeared", first)])
    line = next(line for line in installation.lines("told") if line["source"] == "//test/part")
    assert line["subject"] == "first" and line["datacontenttype"] == "application/json", line

    put("/plain", '"two"')
    put("/part", '{"other": 2, "a": [1]}')  # not the part that is compared
    installation.wait_told("//test/plain", [("appeared", "one"), ("changed", "two")])
    two_more_polls("/part")
    two_more_polls("/tagged")
    assert installation.told("//test/part") == [("appeared", 1)]
    assert installation.told("//test/tagged") == [("appeared", "one")]
    given = [status for condition, status in polls("/tagged") if status != 404]
    assert given[0] == 200 and set(given[1:]) == {304}, given


def kills_lose_and_repeat_nothing(installation):
    """Each change is followed by a kill of the adapter or the broker, at any moment of its way."""
    expected = installation.told("//test/plain")
    for number in range(6):
        put("/plain", str(number))
        installation.kill("adapter http-poll" if number % 3 else "broker")
        expected.append(("changed", number))
        installation.wait_told("//test/plain", expected)
    before = len(polls("/tagged"))
    wait_for("the restarted adapter polls", lambda: len(polls("/tagged")) > before)
    assert all(status == 304 for _, status in polls("/tagged")[before:]), "a tag was forgotten"
    assert installation.told("//test/tagged") == [("appeared", "one")]
    ids = [line["id"] for line in installation.lines("told")]
    assert len(ids) == len(set(ids)), "an event came twice"


def what_vanishes_is_told_once(installation):
    put("/tagged", None)
    installation.wait_told("//test/tagged", [("appeared", "one"), ("vanished", None)])
    two_more_polls("/tagged")
    installation.kill("adapter http-poll")
    two_more_polls("/tagged")
    assert len(installation.told("//test/tagged")) == 2, installation.told("//test/tagged")
    put("/tagged", '"three"')
    installation.wait_told("//test/tagged", [("appeared", "one"), ("vanished", None),
                                             ("appeared", "three")])


def a_polled_resource_is_a_source(installation):
    changes_are_events(installation)
    kills_lose_and_repeat_nothing(installation)
    what_vanishes_is_told_once(installation)
    up = installation.children[0]
    up.send_signal(signal.SIGTERM)
    assert up.wait(30) == 0, f"sense up ended with {up.returncode}"
    ended = subprocess.run(["grep", "-c", "http-poll.appeared", installation.folder / "up.log"],
                           capture_output=True, text=True)
    assert int(ended.stdout) > 0, "the counters were not logged at the end"


main(a_polled_resource_is_a_source, Polling)
