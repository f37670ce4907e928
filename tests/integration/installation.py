# SPDX-License-Identifier: Apache-2.0
"""A SENSE installation of its own for one test: temporary folder, free ports, children known by id."""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

# What a program says that finds a fault of its own. It is restarted, so the fault might pass unnoticed.
FINDINGS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer",
            "runtime error:", "broken invariant")
DEADLINE = 120  # seconds; what a condition may take on a slow, shared machine

CONFIG = """
data: {data}
bus:
  service: ipc://{data}/service
  events: ipc://{data}/events
  publish: ipc://{data}/publish
egress: {{allow: [127.0.0.0/8]}}
gateways:
  sense: {{listen: ["127.0.0.1:{sense}"]}}
  http: {{listen: "127.0.0.1:{http}", admin-listen: "127.0.0.1:{admin}"}}
  email: {{maildir: {data}/mail}}
adapters:
  snmp: {{listen: "udp:127.0.0.1:{snmp}"}}
subscriptions:
  - {{id: operator, callback: "mailto:operator@example.net", types: ["{{urn:sense:snmp}}*"]}}
"""


def free_port(kind):
    """A port that was free a moment ago: a restarted process must find its own again, so not 0."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, condition, seconds=DEADLINE):
    """Waits until the condition answers something true, and returns that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


class Installation:
    def __init__(self, sense):
        self.sense = sense
        self.stack = contextlib.ExitStack()
        self.folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.ports = {"sense": free_port(socket.SOCK_DGRAM), "http": free_port(socket.SOCK_STREAM),
                      "snmp": free_port(socket.SOCK_DGRAM), "admin": free_port(socket.SOCK_STREAM)}
        self.config = self.folder / "sense.yaml"
        self.config.write_text(CONFIG.format(data=self.folder / "data", **self.ports))
        self.children = []

    def __enter__(self):
        (self.folder / "data").mkdir(exist_ok=True)
        self.start("up", "up", "--config", str(self.config), "--pids", str(self.folder / "pids"))
        try:
            wait_for("the broker answers", lambda: self.run("ping").returncode == 0)
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, error, trace):
        for child in reversed(self.children):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
        logs = {log.name: log.read_text(errors="replace") for log in self.folder.glob("*.log")}
        found = [name for name, text in logs.items() if any(say in text for say in FINDINGS)]
        if error is not None or found:
            for name, text in sorted(logs.items()):
                print(f"---- {name}\n{text[-20000 if name in found else -6000:]}")
        self.stack.close()
        assert not found, f"a program reported a fault of its own in {found}"

    def run(self, *arguments):
        """One client command, to its end."""
        return subprocess.run([self.sense, *arguments, "--config", str(self.config)],
                              capture_output=True, text=True, timeout=DEADLINE)

    def http_counter(self, name):
        """A counter of the HTTP gateway, by its admin listener; 0 when it has not counted yet."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['admin']}/metrics", timeout=DEADLINE) as answer:
            metric = "sense_" + re.sub("[.-]", "_", name) + "_total"
            found = re.search(rf"(?m)^{metric}{{.*}} (\d+)", answer.read().decode())
        return int(found.group(1)) if found else 0

    def start(self, name, *arguments, environment=None):
        """A program that runs until the end of the test; its output goes to NAME.out and NAME.log."""
        with open(self.folder / f"{name}.out", "w") as out, open(self.folder / f"{name}.log", "w") as log:
            child = subprocess.Popen([self.sense, *arguments], stdout=out, stderr=log, env=environment)
        self.children.append(child)
        return child

    def lines(self, name):
        text = (self.folder / f"{name}.out").read_text(errors="replace")
        return [json.loads(line) for line in text.splitlines() if line.endswith("}")]

    def pids(self):
        try:
            children = json.loads((self.folder / "pids").read_text())["children"]
            return {child["name"]: child["pid"] for child in children if child["pid"]}
        except (OSError, ValueError):
            return {}

    def kill(self, name):
        """kill -9, and until the supervisor has another one running."""
        before = wait_for(f"{name} runs", lambda: self.pids().get(name))
        os.kill(before, signal.SIGKILL)
        wait_for(f"{name} runs again", lambda: self.pids().get(name) not in (None, before))

    def trap(self, program, number):
        """Sends one trap or inform; true when the program says that it went well."""
        return subprocess.run(
            [program, "-v", "2c", "-c", "public", "-r", "2", "-t", "1",
             f"127.0.0.1:{self.ports['snmp']}", "", "1.3.6.1.6.3.1.1.5.3",
             "1.3.6.1.2.1.2.2.1.1", "i", str(number)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def head(self):
        """The last sequence number of the journal."""
        answer = self.run("publish", "{urn:sense:test}mark", "//test/mark", "--json")
        assert answer.returncode == 0, answer.stderr
        return int(json.loads(answer.stdout)["sequence"])

    def journal(self, pattern="{urn:sense:snmp}*"):
        """All events of the journal that match, as CloudEvents."""
        head = self.head()
        shown = subprocess.Popen([self.sense, "subscribe", "--from", "1", "--json", "--type", pattern,
                                  "--config", str(self.config)], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True)
        events = []
        try:
            marker = self.run("publish", "{urn:sense:snmp}end", "//test/end", "--json")
            assert marker.returncode == 0, marker.stderr
            for line in shown.stdout:
                event = json.loads(line)
                if event["type"] == "{urn:sense:snmp}end" and int(event["sequence"]) > head:
                    return events
                events.append(event)
        finally:
            shown.terminate()
            shown.wait()
        raise AssertionError("the journal ended before the marker came")

    def mails(self):
        """The ids of all events that are in the mailbox."""
        return [header(path, "Sense-Event-Id") for path in (self.folder / "data/mail").glob("*/new/*")]


def header(path, name):
    for line in path.read_text(errors="replace").splitlines():
        if line.lower().startswith(name.lower() + ":"):
            return line.split(":", 1)[1].strip()
        if not line:
            return None
    return None


def main(claim, kind=Installation):
    """Runs a claim with the path of `sense` from the command line."""
    with kind(sys.argv[1]) as installation:
        claim(installation)
    print(f"{claim.__name__}: holds")
