# SPDX-License-Identifier: Apache-2.0
"""Claim: a client that uses up a budget is refused, which is counted, and another client is served as
before: nothing of it is refused. For each budget it prints the p99 of the other client alone and meanwhile.
How long that may be is a claim of a machine that does nothing else: SENSE_BUDGETS_BOUND=1 lets it be twice
the p99, in the best of three tries. Budgets of a host need clients of several hosts, and so a network
namespace: where none can be made, the others are tried and it ends with 77. Names of budgets behind the path
of `sense`, such as `turns`, choose some."""

import json
import os
import re
import signal
import socket
import subprocess
import sys

import budgets_bus
import budgets_datagrams
import budgets_deliveries
import budgets_http
from installation import free_port, wait_for
from namespace import ATTACKER, GATEWAY, OTHER, enter
from token_clients import TokenInstallation

PRINCIPALS = """  - {name: attacker, proofs: [%(attacker)s, {curve: "%(attacker_key)s"}], publish: ['*'], subscribe: ['*']}
  - {name: other, proofs: [%(other)s, {curve: "%(other_key)s"}], publish: ['*'], subscribe: ['*']}
  - {name: anonymous, publish: ['*'], subscribe: ['*']}
"""
BROKER = ("rate-per-principal-max: 300, subscriptions-per-principal-max: 40, reads-per-principal-max: 50, "
          "key-file: %s")
HTTP = ("verifications-per-owner-hour: 20, verifications-per-owner-day: 20, endpoints-per-owner-max: 30, "
        "max-connections: 64, max-connections-per-address: 8, waiting-per-owner-max: 50, waiting-size-per-owner: 1MiB, "
        "filter-steps-per-owner: 1000")
EMAIL = "max-mailboxes: 6"
SENSE = "max-subscriptions-per-host: 40, rate: 300, burst: 300, dtls-sessions-per-host: 8, keys: %s"
# Budgets whose counters are those of a gateway without an admin listener: it logs them when it ends.
COUNTED_AT_THE_END = {"email": ["email.maildir.no-room"], "sense": ["sense.subscriptions.no-room"]}
COUNTED_OF_HOSTS = ["sense.requests.too-many", "sense.dtls.refused"]


class Budgets(TokenInstallation):
    """`host` is whether it is in a network namespace, and so serves the address GATEWAY."""

    def __init__(self, sense, host):
        super().__init__(sense, ("attacker", "other"), PRINCIPALS, BROKER % "../broker.key", HTTP)
        self.host = host
        self.ports.update(bus=free_port(socket.SOCK_STREAM), dtls=free_port(socket.SOCK_DGRAM))
        subprocess.run([sense, "keys", "shared", "hp4", "--file", str(self.folder / "hp4.shared")], check=True,
                       stdout=subprocess.DEVNULL)
        listen = [f"127.0.0.1:{self.ports['sense']}"]
        changes = []
        if host:
            changes.append((f'listen: "127.0.0.1:{self.ports["http"]}"',
                            f'listen: "0.0.0.0:{self.ports["http"]}", allow-anonymous: true'))
            listen += [f"{GATEWAY}:{self.ports['sense']}", f"sense+dtls://{GATEWAY}:{self.ports['dtls']}"]
        text = self.config.read_text()
        changes += [("/service", f"/service, tcp://127.0.0.1:{self.ports['bus']}"),
                    (f'listen: ["{listen[0]}"]', f"listen: {listen}, {SENSE % (self.folder / 'hp4.shared')}"),
                    ("maildir:", f"{EMAIL}, maildir:")]
        for old, new in changes:
            assert text.count(old) == 1, (old, text)
            text = text.replace(old, new)
        self.config.write_text(text)

    def allow(self, principals):
        for name in ("broker", "attacker", "other"):
            file = self.folder / f"{name}.key"
            subprocess.run([self.sense, "keys", "new", name, "--file", str(file)], check=True,
                           stdout=subprocess.DEVNULL)
            self.tokens[f"{name}_key"] = self.key(name)[0]
        super().allow(principals)

    def key(self, name):
        """Public and secret half of a key of the bus."""
        return re.findall(r'(?m)^(?:public|secret): "(.*)"', (self.folder / f"{name}.key").read_text())

    def counter(self, name):
        """A function that reads a counter of the broker, or of the HTTP gateway."""
        def of_broker():
            parameters = json.loads(self.run("ping", "--json").stdout)["parameters"]
            return int(parameters.get(f"counter.{name}", 0))

        return of_broker if name.startswith("broker.") else lambda: self.http_counter(name)

    def counted(self, gateway):
        """The counters that a gateway logs when it ends."""
        os.kill(self.pids()[f"gateway {gateway}"], signal.SIGTERM)
        ended = re.compile(rf"gateway {gateway}: gateway has stopped")
        log = wait_for(f"the {gateway} gateway ends",
                       lambda: (text := (self.folder / "up.log").read_text()) and ended.search(text) and text)
        return {name: int(value) for name, value in
                re.findall(rf"gateway {gateway}: counted counter=(\S+) value=(\d+)", log)}


def listens(it):
    try:
        return it.client("other").ask("GET", "/v1/health")[0] == 200
    except OSError:
        return False


def try_all(it, chosen):
    # Those of HTTP are last, since they leave the attacker without room for more subscriptions.
    of_hosts = budgets_datagrams.BUDGETS_OF_HOSTS + budgets_http.BUDGETS_OF_HOSTS if it.host else ()
    for budget in (*budgets_bus.BUDGETS, *budgets_deliveries.BUDGETS, *budgets_datagrams.BUDGETS, *of_hosts,
                   *budgets_http.BUDGETS):
        if not chosen or budget.__name__ in chosen:
            budget(it)
    if not chosen:
        for gateway, wanted in COUNTED_AT_THE_END.items():
            counted = it.counted(gateway)
            wanted = wanted + (COUNTED_OF_HOSTS if it.host and gateway == "sense" else [])
            print(f"{gateway}: {', '.join(f'{counted.get(name, 0)} {name}' for name in wanted)}")
            assert all(counted.get(name) for name in wanted), counted


inside = enter((GATEWAY, ATTACKER, OTHER))
with Budgets(sys.argv[1], inside) as installation:
    wait_for("the HTTP listener", lambda: listens(installation))
    try_all(installation, sys.argv[2:])
if not inside:
    print("skipped: no network namespace can be made here, so the budgets of hosts were not tried")
    sys.exit(77)
print("budgets: holds")
