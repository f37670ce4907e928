# SPDX-License-Identifier: Apache-2.0
"""Claim: when the clock on the wall jumps by ten years, ahead or back, no lease ends early or stays,
and retries and digests go on, also behind a kill -9 of their gateway, and of the broker once the clock
is right again.

A library that is preloaded moves the clock of all processes of the service. SENSE_CLOCK_JUMPS=100 for
the full run."""

import http.server
import json
import os
import pathlib
import struct
import subprocess
import sys
import threading
import time

from installation import Installation, main, wait_for

JUMPS = int(os.environ.get("SENSE_CLOCK_JUMPS", "4"))
TEN_YEARS = 3652 * 24 * 3600
LEASE = 15  # seconds
RETRY = '{"retry-initial": "500ms", "retry-factor": 1, "retry-max": "500ms", "retry-count": 1000}'
DIGEST = '{"digest": {"interval": "2s"}, "retry-initial": "500ms", "retry-factor": 1, "retry-max": "500ms"}'


class Callback(http.server.ThreadingHTTPServer):
    """A callback that notes the data of what arrives, and refuses while it is told to."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.received, self.refused, self.refusing = [], 0, False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def uri(self):
        return f"http://127.0.0.1:{self.server_port}/events"

    def has(self, text):
        return any(text in body for body in list(self.received))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.server.refusing:
            self.server.refused += 1
        else:
            self.server.received.append(body)
        self.send_response(503 if self.server.refusing else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Jumping(Installation):
    """An installation whose clock on the wall can be moved."""

    def __enter__(self):
        library, self.offset = self.folder / "clock_jumps.so", self.folder / "offset"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(library),
                        str(pathlib.Path(__file__).with_suffix(".c"))], check=True)
        self.offset.write_bytes(bytes(8))
        asan = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        os.environ.update({"LD_PRELOAD": str(library), "SENSE_CLOCK_FILE": str(self.offset),
                           "ASAN_OPTIONS": asan.lstrip(":")})
        return super().__enter__()

    def jump(self, seconds):
        with open(self.offset, "r+b") as file:
            file.write(struct.pack("l", seconds))

    def publish(self, text):
        done = self.run("publish", "{urn:test}tick", "//test/clock", "--data", text)
        assert done.returncode == 0, done.stderr

    def subscribe(self, callback, delivery, period="1h"):
        made = self.run("subscriptions", "create", callback, "--type", "{urn:test}*", "--vouch",
                        "--period", period, "--delivery", delivery, "--json")
        assert made.returncode == 0, made.stderr
        return json.loads(made.stdout)["id"]

    def has(self, subscription):
        listed = wait_for("the broker lists", lambda: next(
            (done for done in [self.run("subscriptions", "list", "--json")] if done.returncode == 0), None))
        return subscription in listed.stdout


class Lease(threading.Thread):
    """A subscription that is not renewed: notes how many seconds it was there, at least."""

    def __init__(self, installation):
        super().__init__(daemon=True)
        self.installation, self.lasted = installation, None
        self.begun = time.monotonic()
        self.name = installation.subscribe("http://127.0.0.1:1/never", RETRY, f"{LEASE}s")
        self.start()

    def run(self):
        while self.installation.has(self.name):
            time.sleep(0.2)
        self.lasted = time.monotonic() - self.begun


def one_jump(installation, number, seconds, retried, digested):
    lease = Lease(installation)
    retried.refusing = True
    refused, name = retried.refused, f"tick-{number}."
    installation.publish(name + "before")
    wait_for("the callback refuses", lambda: retried.refused > refused)
    installation.jump(seconds)
    installation.publish(name + "after")
    refused = retried.refused
    wait_for("retries go on after the jump", lambda: retried.refused > refused + 1)
    if seconds > 0:  # back, a restarted gateway may wait for a day: its clock is all that it has
        installation.kill("gateway http")
    retried.refusing = False
    for callback, what in ((retried, "retry"), (digested, "digest")):
        for text in ("before", "after"):
            wait_for(f"{name}{text} arrives by {what}", lambda: callback.has(name + text))
    for text in ("before", "after"):
        wait_for(f"{name}{text} arrives by SENSE/1",
                 lambda: any(line.get("data") == name + text for line in installation.lines("listen")))
    year = time.gmtime(time.time() + seconds).tm_year
    assert f'"observedtime":"{year}-' in installation.run("journal", "dump").stdout, "the clock did not jump"
    installation.jump(0)
    if number % 2:
        installation.kill("broker")
    return lease


def nothing_ends_early_or_never(installation):
    retried, digested = Callback(), Callback()
    kept = [installation.subscribe(retried.uri, RETRY), installation.subscribe(digested.uri, DIGEST)]
    installation.start("listen", "listen", f"sense://127.0.0.1:{installation.ports['sense']}",
                       "--type", "{urn:test}*", "--json")

    def arrived():
        installation.publish("first")
        return installation.lines("listen") and retried.received and digested.received
    wait_for("a first event arrives everywhere", arrived)
    leases = [one_jump(installation, number, -TEN_YEARS if number % 2 else TEN_YEARS, retried, digested)
              for number in range(JUMPS)]
    for lease in leases:
        wait_for("the lease has ended", lambda: lease.lasted)
    lasted = sorted(lease.lasted for lease in leases)
    early = sum(seconds < LEASE for seconds in lasted)
    print(f"{JUMPS} jumps of ten years, ended early {early}, leases of {LEASE} s lasted {lasted[0]:.1f} to "
          f"{lasted[-1]:.1f} s")
    assert early == 0 and all(installation.has(name) for name in kept), "a lease ended early"


main(nothing_ends_early_or_never, Jumping)
