# SPDX-License-Identifier: Apache-2.0
"""Claim: whichever call of a gateway or an adapter fails (write, sync, open, allocate, memory, send, read),
from its start to its end, it goes on, or says why it ends and is started again; what it acknowledged to a
publisher is in the journal once, every event reaches its callback, and numbers have no holes.

A library that is preloaded lets the k-th call of one kind fail; k is random; the broker is left alone.
SENSE_FAILING_EDGE_CALLS=840 for the full run, SENSE_FAILING_EDGES="http,snmp" for some alone."""

import collections
import itertools
import os
import signal
import subprocess
import threading
import time

import edges
from call_faults import KINDS, Faults, skip_with_sanitizer
from installation import FINDINGS, Installation, main, wait_for
from publishers import seed

CALLS = int(os.environ.get("SENSE_FAILING_EDGE_CALLS", "42"))
EVENTS = 12  # of each run
# How a process says that it ends: a line of its log, a command's message, the C++ library, libzmq,
# GLib under GMime.
REASONS = (" error ", "sense: ", "what(): ", "FATAL ERROR", "(src/", "GLib-ERROR")
NO_HASH = "broken invariant"  # without memory OpenSSL makes none, and nothing can go on without it
INFORMS_WINDOW = 300  # seconds; an inform that is repeated later is another event
# A retry soon, and more often than calls fail.
DELIVERY = '{retry-initial: 50ms, retry-max: 50ms, retry-count: 1000}'

CONFIG = """
data: {data}
bus: {{service: "ipc://{data}/service", events: "ipc://{data}/events", publish: "ipc://{data}/publish"}}
egress: {{allow: [127.0.0.0/8]}}
"""
SUBSCRIPTIONS = """subscriptions:
  - {{id: web, callback: "http://127.0.0.1:{web}/count", types: ["{{{ns}}}http"], delivery: {delivery}}}
  - {{id: mailed, callback: "mailto:operator@example.net", types: ["{{{ns}}}email"], delivery: {delivery}}}
  - {{id: filed, callback: "file:{data}/files/all", types: ["{{{ns}}}file"], delivery: {delivery}}}
"""
# Each in a configuration of its own: a gateway waits at its start for the others that it knows.
SECTIONS = {
    "http": 'gateways: {{http: {{listen: "127.0.0.1:{http}"}}}}',
    "sense": 'gateways: {{sense: {{listen: ["127.0.0.1:{sense}"]}}}}',
    "email": 'gateways: {{email: {{maildir: {data}/mail}}}}',
    "file": 'gateways: {{file: {{folder: {data}/files}}}}',
    "snmp": 'adapters: {{snmp: {{listen: "udp:127.0.0.1:{snmp}"}}}}',
    "lines": 'adapters: {{lines: {{path: {data}/lines, type: "{{{ns}}}lines", source: //test/lines}}}}',
}
CHOSEN = os.environ["SENSE_FAILING_EDGES"].split(",") if "SENSE_FAILING_EDGES" in os.environ else list(SECTIONS)


class BrokerAlone(Installation):
    """An installation of which only the broker runs; an edge is started by the test."""

    def __init__(self, sense):
        super().__init__(sense)
        self.data, self.faults = self.folder / "data", Faults(self.folder)
        self.received = {name: edges.Received() for name in ("http", "sense", "email", "file")}
        web = edges.WebCallback(self.received["http"])
        values = {"data": self.data, "ns": edges.NAMESPACE, "web": web.server_port, "delivery": DELIVERY,
                  **self.ports}
        self.config.write_text((CONFIG + SUBSCRIPTIONS).format(**values))
        for name, section in SECTIONS.items():
            self.config_of(name).write_text((CONFIG + section).format(**values))

    def __enter__(self):
        (self.data / "files").mkdir(parents=True)
        (self.data / "lines").touch()
        self.start("broker", "broker", "--config", str(self.config))
        try:
            wait_for("the broker answers", lambda: self.run("ping").returncode == 0)
        except BaseException:
            self.__exit__(*os.sys.exc_info())
            raise
        edges.Drain(self.data / "mail", self.data / "files/all", self.received["email"], self.received["file"])
        return self

    def config_of(self, name):
        return self.folder / f"edge-{name}.yaml"

    def listen(self):
        """A subscriber by SENSE/1."""
        listener = subprocess.Popen([self.sense, "listen", f"sense://127.0.0.1:{self.ports['sense']}", "--type",
                                     f"{{{edges.NAMESPACE}}}sense", "--json"], stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL, text=True)
        self.children.append(listener)
        threading.Thread(target=edges.count_lines, args=(listener.stdout, self.received["sense"]),
                         daemon=True).start()
        wait_for("the listener is subscribed", lambda: "sense://127.0.0.1" in
                 self.run("subscriptions", "list", "--json").stdout)

    def publisher(self, name):
        service = f"ipc://{self.data}/service"
        made = {"http": lambda: edges.ByHttp(1, self.ports["http"]),
                "sense": lambda: edges.BySense(1, self.ports["sense"]),
                "snmp": lambda: edges.BySnmp(1, self.ports["snmp"]),
                "lines": lambda: edges.ByLines(1, self.data / "lines")}.get(
                    name, lambda: edges.ByBus(1, service, name))()
        made.tries, made.patience = 2, 0.3  # what fails is offered again here
        return made

    def position_is_saved(self):
        """Of the lines: all that were written."""
        saved = self.data / "lines.position"
        words = saved.read_text().split() if saved.exists() else []
        return len(words) == 3 and int(words[2]) == (self.data / "lines").stat().st_size


class Edge:
    """One gateway or adapter, its publisher, and what was acknowledged."""

    def __init__(self, installation, name):
        self.installation, self.name = installation, name
        self.role = "adapter" if name in ("snmp", "lines") else "gateway"
        publisher = installation.publisher(name)
        self.publish = publisher.connect()
        self.last = 0  # all numbers up to this one were acknowledged
        self.process, self.stops, self.failed, self.said = None, 0, False, ""
        self.fault = f"no fault of {self.role} {name}"  # the last one

    def start(self, kind=KINDS[0], at=0):
        environment = self.installation.faults.environment(kind, at)
        self.process = self.installation.start(self.name, self.role, self.name, "--config",
                                               str(self.installation.config_of(self.name)),
                                               environment=environment)
        if at:
            self.fault = f"{kind} number {at} of {self.role} {self.name}"
        self.may_end = at != 0

    def watch(self):
        """Starts it again when it has ended, without a fault."""
        if self.process.poll() is not None:
            self.check_end()
            self.failed |= self.installation.faults.failed()
            self.start()

    def check_end(self):
        """An end by itself has a reason, which its log tells, and an exit code. Without memory it may be
        SIGABRT, from the C++ library, libzmq or a check, or SIGTRAP, from GLib."""
        code = self.process.returncode
        log = (self.installation.folder / f"{self.name}.log").read_text(errors="replace")
        no_memory = self.may_end and self.fault.startswith("memory")
        found = [say for say in FINDINGS if say in log and not (no_memory and say == NO_HASH)]
        assert not found, f"{self.fault}: it reported a fault of its own: {log}"
        if code == 0:
            return
        assert self.may_end, f"it ended with {code} although no call failed"
        assert (no_memory and code in (-signal.SIGABRT, -signal.SIGTRAP)) or code in (1, 2), f"{self.fault}: it ended with {code}"
        assert any(say in log for say in REASONS), f"{self.fault}: it ended with {code} and does not say why"
        self.stops += 1
        self.said = log

    def stop(self):
        self.watch()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.check_end()

    def until(self, what, condition):
        def holds():
            self.watch()
            return condition()
        try:
            wait_for(f"{self.fault}: {what}", holds)
        except AssertionError:
            print(f"---- said by the process that ended last\n{self.said}")
            raise

    def publish_until(self, last):
        for number in range(self.last + 1, last + 1):
            def acknowledged():
                try:
                    self.publish(number)
                    return True
                except (OSError, AssertionError, edges.http.client.HTTPException):
                    return False
            self.until(f"number {number} is acknowledged", acknowledged)
            self.last = number

    def all_arrived(self):
        """Whether it has done all that it has to do, as far as can be seen without the journal."""
        if self.name == "lines":
            return self.installation.position_is_saved()
        received = self.installation.received.get(self.name)
        return received is None or all(f"{self.name}-{number}" in received.counts
                                       for number in range(1, self.last + 1))

    def one_run(self, kind=KINDS[0], at=0):
        """Publishes and delivers while the at-th call fails. The calls until it served, whether one
        failed, and whether it stopped for that."""
        before, self.failed = self.stops, False
        self.start(kind, at)
        begin = self.last
        self.publish_until(begin + 1)
        serving = self.installation.faults.calls()
        self.publish_until(begin + EVENTS)
        self.until("all has arrived", self.all_arrived)
        self.stop()
        self.failed |= self.installation.faults.failed()
        return serving, self.failed, self.stops > before

    def subscribe(self):
        """What is needed once, beside the configuration: a gateway's first start begins with the end of
        the journal, so what is published for it comes after that."""
        if self.name not in ("sense", "email", "file"):
            self.one_run()
            return
        self.start()
        if self.name == "sense":
            self.installation.listen()
        else:
            earlier = itertools.count(0, -1)  # these numbers are no claim's

            def arrived():
                self.publish(next(earlier))
                return self.installation.received[self.name].counts
            self.until("a first event arrives", arrived)
        self.stop()


def check_journal(edge, stored, repeats_allowed):
    """What was acknowledged is stored once, and nothing else is."""
    numbers = collections.Counter(edges.number_of(kind, data) for _, kind, data in stored
                                  if edges.way_of(kind) == edge.name and edges.number_of(kind, data) > 0)
    lost = set(range(1, edge.last + 1)) - set(numbers)
    phantom = set(numbers) - set(range(1, edge.last + 1))
    twice = [number for number, count in numbers.items() if count > 1]
    assert not lost and not phantom, f"{edge.name}: lost {sorted(lost)}, phantom {sorted(phantom)}"
    assert not twice or repeats_allowed, f"{edge.name}: twice in the journal {sorted(twice)}"


def check_received(edge, received, stored):
    """How many repeats there were. Every event arrived; a number has one event; no number is missing but
    in a gap that was told."""
    wanted = {f"{edge.name}-{number}" for number in range(1, edge.last + 1)}
    assert set(received.counts) >= wanted
    phantom = {event_id for event_id in received.counts if event_id.startswith(f"{edge.name}-")} - stored
    assert not phantom, f"{edge.name}: delivered and not in the journal {phantom}"
    covered = set()
    for number, ids in received.numbers.items():
        first, _, last = number.partition("-")
        covered |= set(range(int(first), int(last or first) + 1))
        assert len(ids) == 1, f"{edge.name}: number {number} came with {ids}"
    holes = set(range(1, max(covered, default=0) + 1)) - covered
    assert not holes, f"{edge.name}: numbers that never came {sorted(holes)}"
    return sum(received.counts[event_id] - 1 for event_id in wanted)


def random_call(dice, serving, calls):
    """Half of them behind the start, which has most."""
    return dice.randint(1, max(1, calls)) if dice.random() < 0.5 else dice.randint(min(serving, calls) + 1, calls + 1)


def one_edge(installation, name, dice):
    begun = time.time() // INFORMS_WINDOW
    edge = Edge(installation, name)
    edge.subscribe()
    serving, _, _ = edge.one_run()
    calls = installation.faults.calls()
    failed, stops = collections.Counter(), collections.Counter()
    kinds = [kind for kind in KINDS if calls[kind]]
    for kind in kinds:
        for _ in range(max(1, CALLS // len(KINDS) // len(SECTIONS))):
            _, hit, stop = edge.one_run(kind, random_call(dice, serving[kind], calls[kind]))
            failed[kind] += hit
            stops[kind] += stop
    edge.one_run()
    stored = list(edges.journal(f"ipc://{installation.data}/service"))
    check_journal(edge, stored, name == "snmp" and time.time() // INFORMS_WINDOW != begun)
    received = installation.received.get(name)
    repeated = check_received(edge, received, {event_id for event_id, _, _ in stored}) if received else 0
    print(f"{edge.role} {name}: published {edge.last}, calls that failed " +
          ", ".join(f"{kind} {failed[kind]} (of {calls[kind]} in a run; it stopped {stops[kind]} times)"
                    for kind in kinds) + f"; lost 0, phantom 0, repeated {repeated}", flush=True)
    return sum(failed.values())


def no_failing_call_loses_an_event(installation):
    dice = seed()
    failed = sum(one_edge(installation, name, dice) for name in CHOSEN)
    print(f"calls that failed {failed}")
    assert failed >= CALLS * len(CHOSEN) // len(SECTIONS) // 4, "too few calls failed: this proves nothing"


skip_with_sanitizer("failing_edges")
main(no_failing_call_loses_an_event, BrokerAlone)
