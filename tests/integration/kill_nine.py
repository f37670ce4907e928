# SPDX-License-Identifier: Apache-2.0
"""Claim: kill -9 of broker, gateways and adapter, one after another while traps arrive, loses nothing
that was acknowledged; repeats carry the same id and number."""

import collections
import os
import threading

from installation import main, wait_for

ROUNDS = int(os.environ.get("SENSE_KILL_ROUNDS", "4"))
VICTIMS = ["broker", "gateway sense", "gateway http", "gateway email", "adapter snmp"]


class Sender(threading.Thread):
    """Sends traps and informs in a loop. An inform that was answered was acknowledged."""

    def __init__(self, installation):
        super().__init__(daemon=True)
        self.installation = installation
        self.stopping = threading.Event()
        self.sent = 0
        self.answered = set()

    def run(self):
        while not self.stopping.is_set():
            self.sent += 1
            inform = self.sent % 2 == 0
            went = self.installation.trap("snmpinform" if inform else "snmptrap", self.sent)
            if inform and went:
                self.answered.add(self.sent)


def number_of(event):
    return int(event["data"]["varbinds"][-1]["value"])


def nothing_acknowledged_is_lost(installation):
    ports = installation.ports
    kinds = ["--type", "{urn:sense:snmp}*", "--json"]
    installation.start("sense", "listen", f"sense://127.0.0.1:{ports['sense']}", *kinds)
    installation.start("http", "listen", "http://127.0.0.1:0/events", "--subscribe",
                       f"http://127.0.0.1:{ports['http']}", *kinds)
    everywhere(installation, 1)
    start = installation.head()  # all three subscribers are there from here on

    sender = Sender(installation)
    sender.start()
    for _ in range(ROUNDS):
        for victim in VICTIMS:
            before = len(sender.answered)
            installation.kill(victim)
            wait_for(f"informs are answered after {victim} was killed",
                     lambda: len(sender.answered) > before + 1)
    sender.stopping.set()
    sender.join()

    journal = [event for event in installation.journal() if int(event["sequence"]) > start]
    stored = collections.Counter(number_of(event) for event in journal)
    missing = sender.answered - set(stored)
    assert not missing, f"answered informs that are not in the journal: {sorted(missing)}"
    ids = {event["id"] for event in journal}
    assert len(ids) == len(journal), "the journal holds an event twice"

    for name, arrived in [("sense", lambda: {line["id"] for line in installation.lines("sense")}),
                          ("http", lambda: {line["id"] for line in installation.lines("http")}),
                          ("mail", lambda: set(installation.mails()))]:
        wait_for(f"every event of the journal arrives by {name}", lambda probe=arrived: ids <= probe())
    for name in ("sense", "http"):
        repeats_are_the_same(installation.lines(name), name)
    print(f"sent {sender.sent}, informs answered {len(sender.answered)}, in the journal {len(ids)}, "
          f"kills {ROUNDS * len(VICTIMS)}, lost 0")


def everywhere(installation, number):
    def arrived():
        installation.trap("snmptrap", number)
        return installation.lines("sense") and installation.lines("http") and installation.mails()
    wait_for("a first trap arrives everywhere", arrived)


def repeats_are_the_same(lines, name):
    numbers = {}
    for line in lines:
        before = numbers.setdefault((line["subscription"], line["number"]), line["id"])
        assert before == line["id"], f"{name}: number {line['number']} came with two ids"


main(nothing_acknowledged_is_lost)
