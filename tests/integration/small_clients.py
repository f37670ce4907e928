# SPDX-License-Identifier: Apache-2.0
"""Claim: the two clients in C, the page's example and the library on a device, miss no event while the
gateway is killed and started again; what comes twice says so by its number. A device publishes though
the gateway is away at that moment."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading

import msgpack

from installation import FINDINGS, free_port, wait_for
from publishers import Client

KILLS = int(os.environ.get("SENSE_KILL_ROUNDS", "3"))
TYPE = "{urn:test}tick"

CONFIG = """
data: {folder}/data
bus: {{service: "ipc://{folder}/service", events: "ipc://{folder}/events", publish: "ipc://{folder}/publish"}}
gateways:
  sense: {{listen: ["127.0.0.1:{port}"]}}
"""


class Installation:
    """A broker, a gateway and the two clients: children of this process, known by name."""

    def __init__(self, sense, folder):
        self.sense, self.folder, self.children = sense, pathlib.Path(folder), {}
        self.port = str(free_port(socket.SOCK_DGRAM))
        (self.folder / "data").mkdir()
        self.config = self.folder / "sense.yaml"
        self.config.write_text(CONFIG.format(folder=folder, port=self.port))

    def start(self, name, program, *arguments):
        with open(self.folder / f"{name}.out", "a") as out, open(self.folder / f"{name}.log", "a") as log:
            self.children[name] = subprocess.Popen([program, *arguments], stdout=out, stderr=log)

    def start_gateway(self):
        self.start("gateway", self.sense, "gateway", "sense", "--config", str(self.config))

    def kill_gateway(self):
        self.children["gateway"].send_signal(signal.SIGKILL)
        self.children["gateway"].wait()

    def example(self, name):
        return str(pathlib.Path(self.sense).parent / "examples" / name)

    def subscriptions(self):
        shown = subprocess.run([self.sense, "subscriptions", "list", "--json", "--config", str(self.config)],
                               capture_output=True, text=True, timeout=120)
        return [line for line in shown.stdout.splitlines() if "sense://127.0.0.1" in line]

    def output(self, name):
        return (self.folder / f"{name}.out").read_text(errors="replace")

    def received(self, name):
        """(number, data) of each whole line, in order."""
        return [(int(number), data) for number, data in
                re.findall(r"^(\d+)\??: (.*)\n", self.output(name), re.MULTILINE)]

    def end(self):
        for child in reversed(self.children.values()):
            if child.poll() is None:
                child.terminate()
        for child in self.children.values():
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
        return {path.name: path.read_text(errors="replace") for path in self.folder.glob("*.log")}


class Publisher(threading.Thread):
    """Publishes to the broker without a pause, until it is stopped."""

    def __init__(self, service):
        super().__init__(daemon=True)
        self.client, self.count, self.error = Client(service), 0, None
        self.stopping = threading.Event()
        self.start()

    def run(self):
        try:
            # Slowly, so that the clients are in the midst of it whenever the gateway is killed.
            while not self.stopping.wait(0.02):
                text = f"tick-{self.count + 1}"
                event = msgpack.packb([1, text, TYPE, "//test/clock", {}, text.encode()])
                code, reason, answers = self.client.ask("PUBLISH", [event])
                assert code == 0 and answers[0][0] == 0, (code, reason, answers)
                self.count += 1
        except Exception as error:  # told by the main thread
            self.error = error

    def stop(self):
        self.stopping.set()
        self.join()
        if self.error:
            raise self.error
        return self.count


def both_go_on(installation):
    clients = ("sense_client", "sense_device")
    installation.start("broker", installation.sense, "broker", "--config", str(installation.config))
    for name in clients:  # none is running yet
        installation.start(name, installation.example(name), "127.0.0.1", installation.port, "{urn:test}*")
    installation.start_gateway()
    wait_for("both are subscribed", lambda: len(installation.subscriptions()) == len(clients))

    publisher = Publisher(f"ipc://{installation.folder}/service")
    for round in range(KILLS):
        before = {name: len(installation.received(name)) for name in clients}
        wait_for("events arrive", lambda: all(len(installation.received(name)) > before[name] + 10
                                              for name in clients))
        installation.kill_gateway()
        count = publisher.count
        wait_for("events are published meanwhile", lambda: publisher.count > count + 10 or publisher.error)
        installation.start(f"device-{round}", installation.example("sense_device"), "-p", TYPE,
                           "//test/device", f"device-{round}", "127.0.0.1", installation.port)
        installation.start_gateway()
    for round in range(KILLS):
        device = installation.children[f"device-{round}"]
        wait_for("the device has published", lambda: device.poll() is not None)
        assert device.returncode == 0, f"the device could not publish: {device.returncode}"
    count = publisher.stop()

    wanted = {f"tick-{n}" for n in range(1, count + 1)} | {f"device-{n}" for n in range(KILLS)}
    for name in clients:
        wait_for(f"all {len(wanted)} events at {name}",
                 lambda: wanted <= {data for _, data in installation.received(name)})
        received = installation.received(name)
        data_of = {}
        for number, data in received:
            before = data_of.setdefault(number, data)
            assert before == data, f"{name}: number {number} is {before} and {data}"
        assert sorted(data_of) == list(range(1, len(wanted) + 1)), f"{name}: numbers with holes"
        assert installation.output(name).count("# subscription") == 1, f"{name} had to subscribe again"
        print(f"{name}: {len(wanted)} events, {KILLS} kills of the gateway, lost 0, "
              f"repeated {len(received) - len(wanted)}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(sys.argv[1], folder)
        good = False
        try:
            both_go_on(installation)
            good = True
        finally:
            logs = installation.end()
            found = [name for name, text in logs.items() if any(say in text for say in FINDINGS)]
            if not good or found:
                for name in ("sense_client", "sense_device"):
                    logs[f"{name}.out"] = installation.output(name)
                for name, text in sorted(logs.items()):
                    print(f"---- {name}\n{text[-6000:]}")
        assert not found, f"a program reported a fault of its own in {found}"
    print("both_go_on: holds")


main()
