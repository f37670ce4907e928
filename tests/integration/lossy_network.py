# SPDX-License-Identifier: Apache-2.0
"""Claim: over a network that really loses a fifth of all datagrams each way, every event arrives, at the
client of the command line and at the one in C. Two network namespaces with a cable between them; nftables
drops at random, and its counters say how much. The gateway has its defaults: of a million events less than one
is given up after 14 tries, each of which fails with 1 - 0.8 * 0.8 = 0.36 (docs/sense-protocol.md, rule 3).
Needs root, ip and nft; elsewhere it is skipped."""

import json
import os
import pathlib
import random
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile

import msgpack

from installation import FINDINGS, wait_for
from publishers import Client

SKIPPED = 77    # ctest's SKIP_RETURN_CODE
EVENTS = int(os.environ.get("SENSE_LOSSY_EVENTS", "300"))
LOSS = 20       # per cent, each way
SECONDS = 400   # in which all tries of an event are made, and more
PORT = 7367     # of the gateway, in a namespace of its own
GATEWAY, CLIENT = "192.0.2.1", "192.0.2.2"  # RFC 5737

CONFIG = """
data: {folder}/data
bus: {{service: "ipc://{folder}/service", events: "ipc://{folder}/events", publish: "ipc://{folder}/publish"}}
broker: {{access-file: "{folder}/allow.yaml"}}
gateways:
  sense: {{listen: ["{gateway}:{port}"]}}
"""
ALLOWED = """
principals:
  - {name: anonymous, publish: ["*"], subscribe: ["*"]}
"""


class Refused(Exception):
    """This machine does not let us make what the test needs."""


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Refused(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Network:
    """Two namespaces and the cable; everything has a random name of this run and goes with it."""

    def __init__(self):
        name = secrets.token_hex(4)
        self.ends = {"gateway": f"sense-{name}-g", "client": f"sense-{name}-c"}
        self.made = []
        self.cable = f"s{name}"

    def __enter__(self):
        try:
            for end in self.ends.values():
                run("ip", "netns", "add", end)
                self.made.append(end)
            run("ip", "-n", self.ends["gateway"], "link", "add", f"{self.cable}g", "type", "veth",
                "peer", "name", f"{self.cable}c", "netns", self.ends["client"])
            for end, address in (("gateway", GATEWAY), ("client", CLIENT)):
                inside, wire = ("-n", self.ends[end]), self.cable + end[0]
                run("ip", *inside, "address", "add", f"{address}/24", "dev", wire)
                run("ip", *inside, "link", "set", wire, "up")
                run("ip", *inside, "link", "set", "lo", "up")
        except Refused:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for end in self.made:
            subprocess.run(["ip", "netns", "del", end], check=False)

    def lose(self):
        """From now on each end throws away a share of the datagrams that reach it."""
        for end in self.ends.values():
            run("ip", "netns", "exec", end, "nft",
                "add table inet lossy;"
                "add chain inet lossy arriving { type filter hook input priority 0; };"
                "add rule inet lossy arriving meta l4proto udp counter;"
                f"add rule inet lossy arriving meta l4proto udp numgen random mod 100 < {LOSS} counter drop")

    def counts(self, end):
        """How many datagrams reached this end, and how many of them were thrown away."""
        shown = json.loads(run("ip", "netns", "exec", self.ends[end], "nft", "-j", "list", "ruleset"))
        return [part["counter"]["packets"] for item in shown["nftables"] if "rule" in item
                for part in item["rule"]["expr"] if "counter" in part]

    def inside(self, end, *command):
        return ["ip", "netns", "exec", self.ends[end], *command]


class Children:
    """The programs of this test, by name; output in NAME.out, what they say in NAME.log."""

    def __init__(self, folder):
        self.folder, self.processes = pathlib.Path(folder), {}

    def start(self, name, command):
        with open(self.folder / f"{name}.out", "w") as out, open(self.folder / f"{name}.log", "w") as log:
            self.processes[name] = subprocess.Popen(command, stdout=out, stderr=log)

    def output(self, name):
        return (self.folder / f"{name}.out").read_text(errors="replace")

    def end(self):
        for process in reversed(self.processes.values()):
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def logs(self):
        return {path.name: path.read_text(errors="replace") for path in sorted(self.folder.glob("*.*"))
                if path.suffix in (".log", ".out")}


def publish(service, dice):
    client = Client(service)
    ids = [f"lossy-{n}" for n in range(1, EVENTS + 1)]
    events = [msgpack.packb([1, name, "{urn:test}lossy", "//test/lossy", {},
                             f"{name} {'x' * dice.randrange(500)}".encode()]) for name in ids]
    for first in range(0, EVENTS, 50):
        code, reason, answers = client.ask("PUBLISH", events[first:first + 50])
        assert code == 0 and all(answer[0] == 0 for answer in answers), (code, reason, answers)
    client.close()
    return set(ids)


def arrived_at(name, text):
    """Number and event id of each line, in the form of either client."""
    if name == "listen":
        lines = [json.loads(line) for line in text.splitlines() if line.endswith("}")]
        return [(int(line["number"]), line["id"]) for line in lines]
    return [(int(number), name) for number, name in
            re.findall(r"^(\d+)\??: (lossy-\d+) .*\n", text, re.MULTILINE)]


def every_event_arrives(sense, folder, network, children):
    config = pathlib.Path(folder) / "sense.yaml"
    allowed = pathlib.Path(folder) / "allow.yaml"
    allowed.write_text(ALLOWED)
    allowed.chmod(0o600)
    config.write_text(CONFIG.format(folder=folder, gateway=GATEWAY, port=PORT))
    (pathlib.Path(folder) / "data").mkdir()
    children.start("broker", network.inside("gateway", sense, "broker", "--config", str(config)))
    children.start("gateway", network.inside("gateway", sense, "gateway", "sense", "--config", str(config)))
    device = str(pathlib.Path(sense).parent / "examples" / "sense_device")
    types = "{urn:test}*"
    children.start("listen", network.inside("client", sense, "listen", f"sense://{GATEWAY}:{PORT}",
                                            "--type", types, "--json"))
    children.start("device", network.inside("client", device, GATEWAY, str(PORT), types))
    clients = ("listen", "device")

    def subscribed():
        shown = subprocess.run([sense, "subscriptions", "list", "--json", "--config", str(config)],
                               capture_output=True, text=True, timeout=120)
        return sum(f"sense://{CLIENT}" in line for line in shown.stdout.splitlines()) == len(clients)
    wait_for("both clients are subscribed", subscribed)

    number = int(os.environ.get("SENSE_SEED") or secrets.randbits(32))
    print(f"seed {number} of the data; what is lost is the kernel's choice", flush=True)
    ids = publish(f"ipc://{folder}/service", random.Random(number))
    for name in clients:
        wait_for(f"{len(ids)} events arrive at {name}",
                 lambda: {event for _, event in arrived_at(name, children.output(name))} >= ids, SECONDS)
        received = arrived_at(name, children.output(name))
        assert len({number for number, _ in received}) == len(ids), f"{name}: an event has two numbers"
        print(f"{name}: {len(ids)} events, lost 0, shown twice {len(received) - len(ids)}")
    for end, way in (("gateway", "to the gateway"), ("client", "to the clients")):
        seen, dropped = network.counts(end)
        print(f"{way}: {dropped} of {seen} datagrams were lost, {100 * dropped / max(seen, 1):.1f} %")
        assert dropped > 0, f"nothing was lost {way}: this proves nothing"


def skip(reason):
    print(f"lossy_network: skipped, {reason}")
    sys.exit(SKIPPED)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # cleans up then too
    if os.geteuid() != 0:
        skip("it makes network namespaces and so needs root")
    missing = [program for program in ("ip", "nft") if not shutil.which(program)]
    if missing:
        skip(f"there is no {' and no '.join(missing)} (Debian: iproute2, nftables)")
    with tempfile.TemporaryDirectory() as folder:
        network = Network()
        try:
            network.__enter__()
        except Refused as refusal:
            skip(f"no network namespaces here: {refusal}")
        children = Children(folder)
        good = False
        try:
            try:
                network.lose()
            except Refused as refusal:
                skip(f"nftables cannot drop at random here: {refusal}")
            every_event_arrives(sys.argv[1], folder, network, children)
            good = True
        finally:
            children.end()
            network.__exit__()
            logs = children.logs()
            found = [name for name, text in logs.items() if any(say in text for say in FINDINGS)]
            if children.processes and (not good or found):
                for name, text in logs.items():
                    print(f"---- {name}\n{text[-6000:]}")
        assert not found, f"a program reported a fault of its own in {found}"
    print("every_event_arrives: holds")


main()
