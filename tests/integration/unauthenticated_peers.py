# SPDX-License-Identifier: Apache-2.0
"""Claim: thousands of connections that never finish the handshake do not hold the broker up: it
answers authenticated clients all the while, accepts new ones, and frees the memory afterwards."""

import contextlib
import json
import pathlib
import resource
import socket
import subprocess
import sys
import tempfile
import time

from installation import free_port, wait_for

WANTED = 10_000
CONFIG = """
data: {folder}
bus:
  service: "ipc://service, tcp://127.0.0.1:{service}"
  events: "ipc://events, tcp://127.0.0.1:{events}"
  publish: "ipc://publish, tcp://127.0.0.1:{publish}"
broker: {{key-file: broker.key, access-file: allow.yaml}}
"""
CLIENT = """
data: {folder}
bus:
  service: tcp://127.0.0.1:{service}
  events: tcp://127.0.0.1:{events}
  key-file: client.key
  broker-key: broker.key
"""


def raise_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def resident(pid):
    """KiB in memory."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def files(pid):
    return len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))


class Flood:
    """Connections that say nothing, or half of a greeting. What the broker closes is opened anew."""

    def __init__(self, port, count):
        self.port, self.sockets, self.opened = port, [], 0
        for _ in range(count):
            self.open()

    def open(self):
        one = socket.socket()
        one.setblocking(False)
        with contextlib.suppress(OSError):
            one.connect(("127.0.0.1", self.port))
        self.sockets.append(one)
        self.opened += 1
        if self.opened % 2:
            with contextlib.suppress(OSError):
                one.send(b"\xff" + bytes(8) + b"\x7f\x03")

    def renew(self, count):
        for one in self.sockets[:count]:
            one.close()
        del self.sockets[:count]
        for _ in range(count):
            self.open()

    def close(self):
        for one in self.sockets:
            one.close()


def main(sense, folder):
    count = min(WANTED, raise_limit() - 500)
    ports = {role: free_port(socket.SOCK_STREAM) for role in ("service", "events", "publish")}
    config = folder / "sense.yaml"
    config.write_text(CONFIG.format(folder=folder, **ports))
    client = folder / "client.yaml"
    client.write_text(CLIENT.format(folder=folder, **ports))
    entries = {}
    for name in ("broker", "client"):
        made = subprocess.run([sense, "keys", "new", name, "--json", "--file", str(folder / f"{name}.key")],
                              check=True, stdout=subprocess.PIPE)
        entries[name] = json.loads(made.stdout)["entry"]
    allow = folder / "allow.yaml"
    allow.write_text(f"principals:\n{entries['client']}\n")
    allow.chmod(0o600)
    # It starts with the caution of most systems, and raises the limit itself.
    broker = subprocess.Popen(
        [sense, "broker", "--config", str(config)], stderr=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))

    def ping(by=config):
        """How many milliseconds a new client waits for its first answer."""
        asked = subprocess.run([sense, "ping", "--json", "--timeout", "30s", "--config", str(by)],
                               capture_output=True, text=True)
        assert asked.returncode == 0, asked.stderr
        return json.loads(asked.stdout)["microseconds"] / 1000

    try:
        wait_for("the broker answers", lambda: (folder / "service").exists() and ping())
        quiet = max(ping(by) for by in (config, client) for _ in range(3))
        before, files_before = resident(broker.pid), files(broker.pid)
        flood = Flood(ports["service"], count)
        most, took, rounds = 0, {config: [], client: []}, 0
        end = time.monotonic() + 8  # more than two handshake times
        while time.monotonic() < end or rounds < 5:
            most = max(most, files(broker.pid) - files_before)
            flood.renew(count // 4)
            most = max(most, files(broker.pid) - files_before)
            for by, times in took.items():
                times.append(ping(by))
            rounds += 1
        during = resident(broker.pid)
        flood.close()
        # How many are there at once is a matter of who is faster: each goes after 3 seconds.
        assert most > count // 20, f"only {most} connections were there at once"
        wait_for("their descriptors are free again", lambda: files(broker.pid) < files_before + 50, 30)
        assert broker.poll() is None
        ping()
        # The second flood needs no more than the first: nothing is left behind.
        again = Flood(ports["service"], count)
        wait_for("the second flood is there", lambda: files(broker.pid) - files_before > most // 8, 30)
        again.close()
        wait_for("and gone", lambda: files(broker.pid) < files_before + 50, 30)
        after = resident(broker.pid)
        print(f"{flood.opened} connections, {most} at once; a new client's answer: quiet {quiet:.0f} ms, "
              f"then at most {max(took[config]):.0f} ms by ipc and {max(took[client]):.0f} ms by the same "
              f"tcp port, of {rounds} each; memory {before} KiB before, {during} "
              f"during, {after} after two floods")
        assert max(took[config]) < 10_000, "the broker was held up"
        assert after < max(during * 1.25, before + 50_000), "memory is not given back"
    finally:
        broker.terminate()
        broker.wait(30)


with tempfile.TemporaryDirectory() as name:
    main(sys.argv[1], pathlib.Path(name))
print("unfinished handshakes delay no other peer: holds")
