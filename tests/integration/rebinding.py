# SPDX-License-Identifier: Apache-2.0
"""Claim: a callback's name that moves to a forbidden address is not followed there. A real name server
(dnsmasq, TTL 0) in a network namespace first gives an address that is allowed, where the callback agrees and
gets an event; then a private, a loopback, a metadata server's or a unique-local one, or one beside the other.
None of those gets a connection; the refusal is counted, and the dead letter tells of it."""

import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.parse
import urllib.request

from installation import DEADLINE, Installation, wait_for
from namespace import enter

ALLOWED, RESOLVER = "192.0.2.2", "192.0.2.53"  # RFC 5737
PORT = 8080
FORBIDDEN = {"private": ["10.9.9.9"], "loopback": ["127.0.0.1"], "link-local": ["169.254.169.254"],
             "metadata": ["168.63.129.16"], "loopback6": ["::1"], "unique-local": ["fd00:ec2::254"],
             "several": ["10.9.9.9", "169.254.169.254", "::1"]}
ON_LO = [ALLOWED, RESOLVER, "10.9.9.9", "169.254.169.254", "168.63.129.16", "fd00:ec2::254"]


class Callbacks:
    """On all addresses: agrees, takes every event, and remembers to which address each connection came."""

    def __init__(self):
        self.seen, outer = [], self  # address, method, event id

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_OPTIONS(self):
                self.answer(204)

            def do_POST(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                self.answer(204)

            def answer(self, status):
                outer.note(self.connection, self.command, urllib.parse.unquote(self.headers.get("webhook-id") or ""))
                self.send_response(status)
                self.send_header("WebHook-Allowed-Origin", "*")
                self.send_header("Connection", "close")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6
            daemon_threads = True

            def server_bind(self):
                self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
                super().server_bind()

            def get_request(self):
                accepted = super().get_request()
                outer.note(accepted[0], "connection", None)
                return accepted

        threading.Thread(target=Server(("::", PORT), Handler).serve_forever, daemon=True).start()

    def note(self, connection, what, id):
        self.seen.append((connection.getsockname()[0].removeprefix("::ffff:"), what, id))

    def got(self, id):
        return any(seen[2] == id for seen in self.seen)

    def elsewhere(self):
        return [seen for seen in self.seen if seen[0] != ALLOWED]


class Names:
    """dnsmasq, and the resolver of this namespace turned to it."""

    def __init__(self, folder):
        self.hosts, self.addresses = folder / "hosts", {}
        self.hosts.write_text("")
        resolv = folder / "resolv.conf"
        resolv.write_text(f"nameserver {RESOLVER}\noptions timeout:1\n")
        subprocess.run(["mount", "--bind", str(resolv), os.path.realpath("/etc/resolv.conf")], check=True)
        self.log = open(folder / "dnsmasq.log", "w")
        self.process = subprocess.Popen(
            ["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--log-queries",
             f"--addn-hosts={self.hosts}", f"--listen-address={RESOLVER}", "--bind-interfaces", "--local-ttl=0",
             "--local=/example/"],
            stdout=self.log, stderr=self.log)

    def put(self, changes):
        self.addresses.update(changes)
        self.hosts.write_text("".join(f"{address} {name}\n" for name, addresses in self.addresses.items()
                                      for address in addresses))
        self.process.send_signal(signal.SIGHUP)
        for name, addresses in changes.items():
            wait_for(f"{name} is at {addresses}", lambda: self.resolve(name) == set(addresses))

    def resolve(self, name):
        try:
            return {found[4][0] for found in socket.getaddrinfo(name, PORT, type=socket.SOCK_STREAM)}
        except OSError:
            return None

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


class Clients:
    """What subscribes, publishes and looks."""

    def __init__(self, it):
        self.it, self.published = it, 0

    def done(self, *arguments):
        answer = self.it.run(*arguments)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def subscribe(self, name):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.it.ports['http']}/v1/subscriptions",
            json.dumps({"callback": f"http://{name}:{PORT}/{name}", "types": [f"{{urn:{name}}}a"],
                        "delivery": {"retry-initial": "1s", "retry-count": 1}}).encode(),
            {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            return json.load(answer)["id"]

    def state(self, id):
        return json.loads(self.done("subscriptions", "get", id, "--json"))["state"]

    def publish(self, name):
        self.published += 1
        id = f"{name}-{self.published}"
        self.done("publish", f"{{urn:{name}}}a", "//test/rebinding", "--id", id)
        return id

    def dead(self, subscription):
        """What the dead letters of a subscription say."""
        shown = self.done("deadletters", "list", "http", "--subscription", subscription, "--json")
        return [json.loads(line) for line in shown.splitlines()]

    def failed(self):
        return self.it.http_counter("http.deliveries.failed")


def listeners_see_connections(callbacks):
    """Without that, their silence would prove nothing."""
    for address in {each for addresses in FORBIDDEN.values() for each in addresses}:
        socket.create_connection((address, PORT), 5).close()
        wait_for(f"a connection to {address} is seen",
                 lambda: (address, "connection", None) in callbacks.seen)
    callbacks.seen.clear()


def moved_names_are_not_followed(it, names, callbacks):
    clients = Clients(it)
    moving = {f"{kind}.moves.example": addresses for kind, addresses in FORBIDDEN.items()}
    names.put({name: [ALLOWED] for name in [*moving, "both.example"]})
    subscriptions = {name: clients.subscribe(name) for name in [*moving, "both.example"]}
    for name, subscription in subscriptions.items():
        wait_for(f"{name} has agreed", lambda: clients.state(subscription) == "active")
        id = clients.publish(name)
        wait_for(f"{name} gets its event", lambda: callbacks.got(id))
    assert clients.failed() == 0 and not callbacks.elsewhere(), callbacks.elsewhere()

    names.put({**moving, "both.example": [ALLOWED, "10.9.9.9"]})
    for name, addresses in moving.items():
        def refused():
            """The gateway may remember the former address for a minute; what comes there is right."""
            clients.publish(name)
            return clients.dead(subscriptions[name])
        told = wait_for(f"{name} is refused", refused)
        shown = json.loads(clients.done("deadletters", "get", "http", str(told[0]["id"]), "--json"))
        print(f"{name}: {shown['answer']}", flush=True)
        assert "not allowed" in shown["answer"] and any(each in shown["answer"] for each in addresses), shown
    assert clients.failed() >= len(moving)
    it.kill("gateway http")  # which then remembers no address
    for _ in range(10):
        id = clients.publish("both.example")
        wait_for("what has both addresses gets its events at the allowed one", lambda: callbacks.got(id))
    for name in moving:
        before = len(clients.dead(subscriptions[name]))
        clients.publish(name)
        wait_for(f"{name} is refused again", lambda: len(clients.dead(subscriptions[name])) > before)
    assert not callbacks.elsewhere(), callbacks.elsewhere()


def new_ones_are_not_asked(it, names, callbacks):
    clients = Clients(it)
    names.put({f"{kind}.new.example": addresses for kind, addresses in FORBIDDEN.items()})
    for id in [clients.subscribe(f"{kind}.new.example") for kind in FORBIDDEN]:
        wait_for("it ends", lambda: it.run("subscriptions", "get", id).returncode == 1)
    ended = [line for line in (it.folder / "up.log").read_text(errors="replace").splitlines()
             if "a callback refused verification; what was asked for ends" in line]
    for kind in FORBIDDEN:
        assert any(f"{kind}.new.example" in line and "is not allowed" in line for line in ended), (kind, ended)
    assert not callbacks.elsewhere(), callbacks.elsewhere()


def skip(reason):
    print(f"rebinding: skipped, {reason}")
    sys.exit(77)


missing = [program for program in ("ip", "dnsmasq", "unshare", "mount") if not shutil.which(program)]
if missing:
    skip(f"there is no {' and no '.join(missing)} (Debian: iproute2, dnsmasq-base)")
if not enter(ON_LO):
    skip("no network namespace can be made here")
installation = Installation(sys.argv[1])
text = installation.config.read_text()
installation.config.write_text(text.replace("allow: [127.0.0.0/8]", f'allow: ["{ALLOWED}:{PORT}"]'))
names = Names(installation.folder)
try:
    with installation:
        callbacks = Callbacks()
        listeners_see_connections(callbacks)
        wait_for("the HTTP listener", lambda: "gateway http: listening" in
                 (installation.folder / "up.log").read_text(errors="replace"))
        moved_names_are_not_followed(installation, names, callbacks)
        new_ones_are_not_asked(installation, names, callbacks)
finally:
    names.stop()
print("rebinding: holds")
