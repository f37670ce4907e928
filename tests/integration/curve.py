# SPDX-License-Identifier: Apache-2.0
"""Claim: with tcp:// endpoints and keys everything works as on one machine, a Python program with
nothing but pyzmq and msgpack included, each within its rights; and a peer without a key is refused."""

import json
import pathlib
import socket
import subprocess
import sys

from installation import Installation, free_port, wait_for

CLIENT = pathlib.Path(__file__).parents[2] / "docs/examples/bus_client.py"
CONFIG = """
data: {data}
bus:
  service: tcp://127.0.0.1:{service}
  events: tcp://127.0.0.1:{events}
  publish: tcp://127.0.0.1:{publish}
  key-file: {folder}/machine.key
  broker-key: {folder}/broker.key
broker: {{key-file: {folder}/broker.key, access-file: {folder}/allow.yaml}}
egress: {{allow: [127.0.0.0/8]}}
gateways:
  sense: {{listen: ["127.0.0.1:{sense}"]}}
  http: {{listen: "127.0.0.1:{http}"}}
  email: {{maildir: {data}/mail}}
adapters:
  snmp: {{listen: "udp:127.0.0.1:{snmp}"}}
"""


class Secured(Installation):
    def __init__(self, sense):
        super().__init__(sense)
        for role in ("service", "events", "publish"):
            self.ports[role] = free_port(socket.SOCK_STREAM)
        self.config.write_text(CONFIG.format(data=self.folder / "data", folder=self.folder, **self.ports))
        self.keys = {name: self.new_key(name) for name in ("broker", "machine", "shop", "unknown")}
        self.allow('subscribe: ["{urn:py}*"], publish: ["{urn:py}*"]')
        self.shop = self.folder / "shop.yaml"
        self.shop.write_text(self.config.read_text().replace("machine.key", "shop.key"))

    def new_key(self, name):
        """What `sense keys` says of a new key: the public one."""
        file = self.folder / f"{name}.key"
        made = self.run("keys", "new", name, "--file", str(file))
        assert made.returncode == 0, made.stderr
        secret = [line for line in file.read_text().splitlines() if line.startswith("secret")][0]
        assert secret.split('"')[1] not in made.stdout + made.stderr, "the secret was shown"
        return self.run("keys", "show", str(file)).stdout.strip()

    def allow(self, shop):
        beside = self.folder / "allow.new"
        beside.write_text(f"""
principals:
  - name: machine
    key: "{self.keys['machine']}"
    publish: ["*", "{{urn:sense:management}}*", "{{urn:sense:gateway}}*"]
    subscribe: ["*", "{{urn:sense:management}}*", "{{urn:sense:gateway}}*"]
    route: ["*"]
    speak-for: ["*"]
    manage: true
  - {{name: shop, key: "{self.keys['shop']}", {shop}}}
""")
        beside.chmod(0o600)
        beside.rename(self.folder / "allow.yaml")

    def subscriptions(self, *arguments, config=None):
        return subprocess.run([self.sense, "subscriptions", *arguments, "--json",
                               "--config", str(config or self.config)],
                              capture_output=True, text=True, timeout=60)

    def client(self, name, *arguments):
        return ["/usr/bin/python3", str(CLIENT), "--key-file", str(self.folder / f"{name}.key"),
                "--broker-key", self.keys["broker"], *arguments]

    def ask(self, name, command, *arguments):
        return subprocess.run(
            self.client(name, command, f"tcp://127.0.0.1:{self.ports['service']}", *arguments),
            capture_output=True, text=True, timeout=60)


def keys_let_in_whom_they_should(installation):
    ports = installation.ports
    published = installation.ask("shop", "publish", "{urn:py}one", "//py", "first", "id-1")
    assert published.returncode == 0, published.stderr
    forbidden = installation.ask("shop", "publish", "{urn:other}one", "//py", "x")
    assert forbidden.returncode != 0 and "code 9" in forbidden.stderr, forbidden.stderr
    fetched = installation.ask("shop", "fetch", "1", "{urn:py}")
    assert fetched.stdout.split()[1:] == ["id-1", "{urn:py}one", "//py", "first"], fetched.stdout
    assert installation.ask("shop", "fetch", "1").stdout == fetched.stdout, "more than it may read"

    follower = subprocess.Popen(
        installation.client("shop", "subscribe", f"tcp://127.0.0.1:{ports['service']}",
                            f"tcp://127.0.0.1:{ports['events']}", "0", "{urn:py}"),
        stdout=subprocess.PIPE, text=True)
    try:
        assert "id-1" in follower.stdout.readline()
        live = installation.run("publish", "{urn:py}two", "//sense", "--id", "id-2", "--data", "second")
        assert live.returncode == 0, live.stderr
        assert "id-2" in follower.stdout.readline()
    finally:
        follower.terminate()
        follower.wait()

    # The C++ side: an adapter publishes, a gateway delivers, all by tcp://.
    installation.start("sense", "listen", f"sense://127.0.0.1:{ports['sense']}", "--json",
                       "--type", "{urn:sense:snmp}*")

    def arrived():
        installation.trap("snmptrap", 7)
        return installation.lines("sense")
    wait_for("a trap arrives as a datagram", arrived)

    unknown = subprocess.Popen(
        installation.client("unknown", "fetch", f"tcp://127.0.0.1:{ports['service']}", "1"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, _ = unknown.communicate(timeout=60)
    assert unknown.returncode != 0 and not out, out
    assert "counter.broker.keys.unknown" in installation.run("ping").stdout

    installation.allow("subscribe: []")
    wait_for("the right to publish is gone",
             lambda: installation.ask("shop", "publish", "{urn:py}one", "//py", "x").returncode != 0, 20)
    assert installation.ask("shop", "fetch", "1").stdout == ""


def who_may_not_list_sees_his_own(installation):
    def create(owner, config=None):
        return installation.subscriptions("create", "https://desk.example/", "--type", "{urn:py}*",
                                          "--owner", owner, config=config)

    def listed(config=None):
        shown = installation.subscriptions("list", config=config)
        assert shown.returncode == 0, shown.stderr
        return [(entry["id"], entry["owner"]) for entry in map(json.loads, shown.stdout.splitlines())]

    assert listed(installation.shop) == []
    own = [create("shop", installation.shop) for _ in range(3)]
    other = create("another")
    for made in own + [other]:
        assert made.returncode == 0, made.stderr
    ids = [json.loads(made.stdout)["id"] for made in own]
    assert listed(installation.shop) == sorted((key, "shop") for key in ids)
    assert (json.loads(other.stdout)["id"], "another") in listed()
    assert "only your own" in installation.subscriptions("list", config=installation.shop).stderr
    assert "only your own" not in installation.subscriptions("list").stderr
    forbidden = create("another", installation.shop)
    assert forbidden.returncode != 0 and "grants this principal" in forbidden.stderr, forbidden.stderr


with Secured(sys.argv[1]) as secured:
    who_may_not_list_sees_his_own(secured)
    print("who_may_not_list_sees_his_own: holds")
    keys_let_in_whom_they_should(secured)
print("keys_let_in_whom_they_should: holds")
