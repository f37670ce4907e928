# SPDX-License-Identifier: Apache-2.0
"""Claim: of two gateways of one kind one serves; when it is killed, paused or stopped, the other goes on
within ten seconds with the same numbers. Nothing is lost, and only what was delivered in the last moments
before is delivered again."""

import collections
import http.server
import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from installation import FINDINGS, free_port, wait_for

TAKEOVER = 10  # seconds, at most
# What a paused gateway had under way goes on when it comes back: at most its window at each callback.
IN_FLIGHT = 8
# What may come again: a checkpoint interval, and what it takes to copy one on a slow machine.
WINDOW = 2

CONFIG = """
data: {folder}/{name}
bus: {{service: "ipc://{folder}/service", events: "ipc://{folder}/events", publish: "ipc://{folder}/publish"}}
egress: {{allow: [127.0.0.0/8]}}
gateways:
  {name}: {{plugin: http, listen: "127.0.0.1:{port}"}}
"""


class Callback(http.server.ThreadingHTTPServer):
    """Notes what arrives and when; refuses for as long as it is told to."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.received = []  # number, id, time
        self.refusing = False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def uri(self):
        return f"http://127.0.0.1:{self.server_port}/events"

    def numbers(self):
        return {number for number, _, _ in list(self.received)}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        refused = self.server.refusing
        if not refused and "sense-number" in self.headers:
            self.server.received.append((int(self.headers["sense-number"]), self.headers["ce-id"],
                                         time.monotonic()))
        self.send_response(503 if refused else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Pair:
    """A broker and the gateways web1 and web2, each with a data folder of its own."""

    def __init__(self, sense, folder):
        self.sense, self.folder, self.processes = sense, pathlib.Path(folder), {}
        for name in ("hub", "web1", "web2"):
            text = CONFIG.format(folder=folder, name=name, port=free_port(socket.SOCK_STREAM))
            (self.folder / name).mkdir()
            (self.folder / f"{name}.yaml").write_text(text)
        self.start("hub", "broker")
        wait_for("the broker answers", lambda: self.run("ping").returncode == 0)

    def start(self, name, *command):
        log = open(self.folder / f"{name}.log", "a")
        self.processes[name] = subprocess.Popen(
            [self.sense, *(command or ("gateway", name)), "--config",
             str(self.folder / f"{name}.yaml")], stderr=log, stdout=log)
        log.close()

    def run(self, *arguments):
        return subprocess.run([self.sense, *arguments, "--config", str(self.folder / "hub.yaml")],
                              capture_output=True, text=True, timeout=60)

    def signal(self, name, number):
        self.processes[name].send_signal(number)

    def says(self, name, words, times=1):
        return (self.folder / f"{name}.log").read_text().count(words) >= times

    def subscribe(self, callback):
        # Tried again soon, however long it was refused: that depends on the machine.
        made = self.run("subscriptions", "create", callback.uri, "--type", "{urn:test}*", "--vouch",
                        "--delivery", '{"retry-max": "1s", "retry-count": 100}', "--json")
        assert made.returncode == 0, made.stderr
        return json.loads(made.stdout)["id"]

    def end(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.processes.values():
            process.wait(20)


class Publisher(threading.Thread):
    """Publishes without a pause. What has an answer is owed to both callbacks."""

    def __init__(self, pair):
        super().__init__(daemon=True)
        self.pair, self.count, self.stopping = pair, 0, threading.Event()
        self.start()

    def run(self):
        while not self.stopping.is_set():
            done = self.pair.run("publish", "{urn:test}tick", "//test/clock", "--id",
                                 f"tick-{self.count + 1}")
            assert done.returncode == 0, done.stderr
            self.count += 1

    def stop(self):
        self.stopping.set()
        self.join()
        return self.count


def takes_over(pair, name, callback, times):
    """Until `name` delivers; answers how long that took."""
    start = time.monotonic()
    before = len(callback.received)
    wait_for(f"{name} leads", lambda: pair.says(name, "this gateway leads", times))
    wait_for(f"{name} delivers", lambda: len(callback.received) > before)
    return time.monotonic() - start


def everything(publisher, callback):
    """Waits until what was published so far has arrived."""
    count = publisher.count
    wait_for(f"{count} events arrive", lambda: set(range(1, count + 1)) <= callback.numbers())


def check(callback, count, moments, time_of_return, what):
    wait_for(f"all {count} events at the {what} callback",
             lambda: len(callback.numbers()) == count and max(callback.numbers()) == count)
    received = collections.defaultdict(list)
    ids = collections.defaultdict(set)
    for number, event, when in callback.received:
        received[number].append(when)
        ids[number].add(event)
    for number, seen in ids.items():
        assert seen == {f"tick-{number}"}, f"{what}: number {number} is {seen}"
    again = in_flight = 0
    for number, times in received.items():
        for before, after in zip(times, times[1:]):
            again += 1
            # A gateway that is told to end may have one under way.
            near = [moment for moment in moments if abs(moment - before) <= WINDOW and moment <= after]
            late = not near and time_of_return <= after <= time_of_return + WINDOW
            in_flight += late
            assert near or (late and in_flight <= IN_FLIGHT), (
                f"{what}: number {number} came again, and no takeover was near: {times}, "
                f"takeovers at {moments}, return at {time_of_return}")
    return again


def the_other_goes_on(pair):
    steady, failing = Callback(), Callback()
    pair.start("web1")
    wait_for("web1 leads", lambda: pair.says("web1", "this gateway leads"))
    for callback in (steady, failing):
        pair.subscribe(callback)
    publisher = Publisher(pair)
    wait_for("events arrive", lambda: len(steady.received) > 5 and len(failing.received) > 5)
    failing.refusing = True  # what waits for it is in the store of web1 alone
    pair.start("web2")
    wait_for("web2 has a copy", lambda: pair.says("web2", "has a copy"))
    wait_for("more events arrive", lambda: len(steady.received) > 30)
    time_of_kill = time.monotonic()
    pair.signal("web1", signal.SIGKILL)
    pair.processes["web1"].wait()
    killed = takes_over(pair, "web2", steady, 1)
    failing.refusing = False

    pair.start("web1")
    wait_for("web1 has a copy", lambda: pair.says("web1", "has a copy"))
    pair.signal("web2", signal.SIGSTOP)
    time_of_stop = time.monotonic()
    paused = takes_over(pair, "web1", steady, 2)
    everything(publisher, steady)  # what web1 repeats is behind us: more would be web2's
    time_of_return = time.monotonic()
    pair.signal("web2", signal.SIGCONT)
    wait_for("web2 knows that it does not lead any more", lambda: pair.processes["web2"].poll())

    pair.start("web2")
    wait_for("web2 has a copy again", lambda: pair.says("web2", "has a copy", 2))
    time_of_end = time.monotonic()
    pair.signal("web1", signal.SIGTERM)
    ended = takes_over(pair, "web2", steady, 2)
    count = publisher.stop()

    moments = (time_of_kill, time_of_stop, time_of_end)
    repeats = [check(steady, count, moments, time_of_return, "steady"),
               check(failing, count, moments, time_of_return, "failing")]
    early = {number for number, _, when in steady.received if when <= time_of_return}
    twice = [number for number, _, when in steady.received
             if time_of_return < when < time_of_end and number in early]
    assert len(twice) <= IN_FLIGHT, f"the paused gateway delivered again what the other had delivered: {twice}"
    for what, seconds in (("killed", killed), ("paused", paused), ("stopped", ended)):
        assert seconds <= TAKEOVER, f"{what}: the other took {seconds:.1f} s"
    print(f"{count} events; took over after kill -9 in {killed:.1f} s, after a pause in {paused:.1f} s, "
          f"after a stop in {ended:.1f} s; lost 0, repeated {sum(repeats)} of {2 * count}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        pair = Pair(sys.argv[1], folder)
        good = False
        try:
            the_other_goes_on(pair)
            good = True
        finally:
            pair.end()
            logs = {path.name: path.read_text(errors="replace")
                    for path in pathlib.Path(folder).glob("*.log")}
            found = [name for name, text in logs.items() if any(say in text for say in FINDINGS)]
            if not good or found:
                for name, text in sorted(logs.items()):
                    print(f"---- {name}\n{text[-20000:]}")
        assert not found, f"a program reported a fault of its own in {found}"
    print("the_other_goes_on: holds")


main()
