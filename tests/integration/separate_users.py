# SPDX-License-Identifier: Apache-2.0
"""Claim: with broker, gateway and adapter as users of their own, each is a principal of its own on ipc://
by config/systemd/access.yaml: the adapter publishes its traps and nothing else, neither reads nor manages;
the gateway serves; another user gets nothing; and no process reads the files of another."""

import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

from installation import CONFIG, DEADLINE, free_port, wait_for

GROUP = 61000
USERS = {"sense-broker": 61001, "sense-http": 61002, "sense-email": 61003, "sense-sense": 61004,
         "sense-snmp": 61005, "other": 61006}
SHIPPED = pathlib.Path(__file__).parents[2] / "config" / "systemd" / "access.yaml"


class Machine:
    def __init__(self, sense, folder):
        self.sense, self.folder, self.children = sense, folder, []
        folder.chmod(0o755)
        data = folder / "data"
        for path, user, mode in ((data, 0, 0o755), (folder / "run", USERS["sense-broker"], 0o750),
                                 (data / "broker", USERS["sense-broker"], 0o700),
                                 (data / "gateway-http", USERS["sense-http"], 0o700)):
            path.mkdir()
            os.chown(path, user, GROUP)
            path.chmod(mode)
        access = SHIPPED.read_text()
        for name, number in USERS.items():
            access = access.replace(f"user: {name}}}", f"user: {number}}}")
        assert not re.search(r"user: sense", access), access
        (folder / "access.yaml").write_text(access)
        ports = {"sense": free_port(socket.SOCK_DGRAM), "http": free_port(socket.SOCK_STREAM),
                 "snmp": free_port(socket.SOCK_DGRAM), "admin": free_port(socket.SOCK_STREAM)}
        self.ports = ports
        text = CONFIG.format(data=data, **ports).split("subscriptions:")[0]
        text = re.sub(r"ipc://\S+/(service|events|publish)", rf"ipc://{folder}/run/\1", text)
        text = re.sub(r"(?m)^  (sense|email): .*\n", "", text)
        self.config = folder / "sense.yaml"
        self.config.write_text(text + f"broker: {{access-file: {folder / 'access.yaml'}}}\n")

    def as_user(self, user):
        def change():
            os.setgroups([])
            os.setgid(GROUP)
            os.setuid(USERS[user])
            os.umask(0o007 if user == "sense-broker" else 0o027)
        return change

    def start(self, user, *arguments):
        log = open(self.folder / f"{user}.log", "w")
        child = subprocess.Popen([self.sense, *arguments, "--config", str(self.config)], cwd="/",
                                 stdout=log, stderr=log, preexec_fn=self.as_user(user))
        self.children.append(child)
        return child

    def run(self, user, *arguments):
        return subprocess.run([self.sense, *arguments, "--config", str(self.config)], cwd="/", text=True,
                              capture_output=True, timeout=DEADLINE, preexec_fn=self.as_user(user))

    def stop(self):
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            child.wait(20)

    def show(self):
        for log in self.folder.glob("*.log"):
            print(f"---- {log.name}\n{log.read_text(errors='replace')[-6000:]}")


def trap(machine):
    subprocess.run(["snmptrap", "-v", "2c", "-c", "public", f"127.0.0.1:{machine.ports['snmp']}", "",
                    "1.3.6.1.6.3.1.1.5.3"], check=True)


def head(machine):
    shown = machine.run("sense-broker", "publish", "{urn:x}mark", "//x", "--json")
    assert shown.returncode == 0, shown
    return json.loads(shown.stdout)["sequence"]


def the_adapter_publishes_and_nothing_else(machine):
    wait_for("the adapter listens", lambda: "snmp" in (machine.folder / "sense-snmp.log").read_text())
    before = head(machine)

    def stored():
        trap(machine)
        return head(machine) > before + 1
    wait_for("a trap is stored", stored)
    for type in ("{urn:sense:management}gateway-started", "{urn:sense:gateway}copy", "{urn:x}other"):
        refused = machine.run("sense-snmp", "publish", type, "//x")
        assert refused.returncode == 1 and "access file grants this principal no" in refused.stderr, refused
    made = machine.run("sense-broker", "subscriptions", "create", "http://127.0.0.1:21999/", "--type",
                       "{urn:x}y", "--json")
    assert made.returncode == 0, made
    others = json.loads(made.stdout)["id"]
    for command in (["cancel", others], ["pause", others], ["test", others]):
        refused = machine.run("sense-snmp", "subscriptions", *command)
        assert refused.returncode == 1, (command, refused)
    listed = machine.run("sense-snmp", "subscriptions", "list", "--json")
    assert others not in listed.stdout, listed
    assert machine.run("sense-broker", "subscriptions", "get", others).returncode == 0


def the_gateway_serves(machine):
    def published():
        asked = subprocess.run(
            ["curl", "-s", f"http://127.0.0.1:{machine.ports['http']}/v1/events", "-H",
             "content-type: application/cloudevents+json", "-d",
             '{"specversion":"1.0","id":"1","type":"{urn:x}y","source":"//x"}'],
            capture_output=True, text=True)
        return "sequence" in asked.stdout
    wait_for("the gateway publishes for anonymous", published)
    dumped = machine.run("sense-broker", "subscribe", "--from", "1", "--count", "1", "--json", "--type", "{urn:x}y")
    assert dumped.returncode == 0, dumped
    event = json.loads(dumped.stdout.splitlines()[0])
    assert (event["principal"], event["via"]) == ("anonymous", "gateway-http"), event


def another_user_gets_nothing(machine):
    started = time.monotonic()
    refused = machine.run("other", "ping", "--timeout", "2s")
    assert refused.returncode == 1, refused
    assert time.monotonic() - started < 20
    assert "no principal of the access file has the proof 'user: 61006'" in \
        (machine.folder / "sense-broker.log").read_text()


def files_are_their_own(machine):
    for path in [*machine.folder.glob("data/*/*")]:
        mode = path.stat().st_mode & 0o777
        assert mode & 0o077 == 0 or mode & 0o007 == 0 and path.parent.stat().st_mode & 0o077 == 0, (path, oct(mode))
    readable = subprocess.run(["cat", str(machine.folder / "data/broker/broker.db")], capture_output=True,
                              preexec_fn=machine.as_user("sense-http"))
    assert readable.returncode != 0


if os.getuid() != 0:
    print("skipped: only root can start processes as other users")
    sys.exit(77)
with tempfile.TemporaryDirectory() as place:
    machine = Machine(sys.argv[1], pathlib.Path(place))
    if subprocess.run([sys.argv[1], "--version"], capture_output=True, cwd="/",
                      preexec_fn=machine.as_user("other")).returncode != 0:
        print("skipped: other users cannot reach the executable")
        sys.exit(77)
    try:
        machine.start("sense-broker", "broker")
        wait_for("the broker answers", lambda: machine.run("sense-broker", "ping").returncode == 0)
        machine.start("sense-http", "gateway", "http")
        machine.start("sense-snmp", "adapter", "snmp")
        the_adapter_publishes_and_nothing_else(machine)
        the_gateway_serves(machine)
        another_user_gets_nothing(machine)
        files_are_their_own(machine)
    except BaseException:
        machine.show()
        raise
    finally:
        machine.stop()
print("separate_users: holds")
