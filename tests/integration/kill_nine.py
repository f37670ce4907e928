# SPDX-License-Identifier: Apache-2.0
"""Claim: kill -9 of broker, each gateway and each adapter, one after another while traps and lines
arrive, loses nothing that was acknowledged and makes nothing up; what a callback wants in order stays
in order; repeats carry the same id and number, and are no more than was published shortly
before each kill.

SENSE_KILL_ROUNDS=143 for 1,001 kills; SENSE_KILL_VICTIMS="adapter lines,broker" for some alone."""

import collections
import json
import os
import threading
import time

from installation import Installation, main, wait_for

ROUNDS = int(os.environ.get("SENSE_KILL_ROUNDS", "8"))
VICTIMS = ["broker", "gateway sense", "gateway http", "gateway email", "gateway file",
           "adapter snmp", "adapter lines"]
CHOSEN = os.environ["SENSE_KILL_VICTIMS"].split(",") if "SENSE_KILL_VICTIMS" in os.environ else VICTIMS
TYPES = "{urn:sense:snmp}*"
LINE, MARK = "{urn:sense:snmp}line", "{urn:sense:snmp}end"  # the mark is of Installation.journal
# A crash repeats what was delivered in two checkpoint intervals, a second; what comes on top is how far
# deliveries are behind what is published, on a busy machine.
WINDOW = 6  # seconds

EDGES = """  file: {{folder: {data}/files}}
adapters:
  lines: {{path: {data}/lines, type: "{line}", source: //test/lines}}
"""
FILED = """  - {{id: filed, callback: "file:{data}/files/all", types: ["{types}"], delivery: {{order: source}}}}
"""


class WithFiles(Installation):
    """An installation with the file gateway and the lines adapter, too."""

    def __init__(self, sense):
        super().__init__(sense)
        self.data = self.folder / "data"
        text = self.config.read_text().replace("adapters:\n", EDGES.format(data=self.data, line=LINE))
        self.config.write_text(text + FILED.format(data=self.data, types=TYPES))

    def __enter__(self):
        (self.data / "files").mkdir(parents=True)
        (self.data / "lines").touch()
        return super().__enter__()

    def filed(self):
        """What the file gateway has written: whole lines."""
        file = self.data / "files/all"
        text = file.read_text() if file.exists() else ""
        return [json.loads(line) for line in text.splitlines() if line.endswith("}")]


class Sender(threading.Thread):
    """Sends traps and informs and writes lines, in a loop. An inform that was answered was
    acknowledged; a line that is written is owed."""

    def __init__(self, installation):
        super().__init__(daemon=True)
        self.installation = installation
        self.stopping = threading.Event()
        self.sent = 0
        self.answered = set()
        self.moments = []  # when each round of the loop was

    def run(self):
        with open(self.installation.data / "lines", "a") as lines:
            while not self.stopping.is_set():
                self.sent += 1
                self.moments.append(time.monotonic())
                lines.write(f"{self.sent}\n")
                lines.flush()
                inform = self.sent % 2 == 0
                went = self.installation.trap("snmpinform" if inform else "snmptrap", self.sent)
                if inform and went:
                    self.answered.add(self.sent)

    def events_before(self, moment):
        """At most so many were published within WINDOW before: a line and a trap each."""
        return 2 * sum(moment - WINDOW <= one <= moment for one in list(self.moments))


def number_of(event):
    """Of a trap, or of a line."""
    return int(event["data"] if event["type"] == LINE else event["data"]["varbinds"][-1]["value"])


def nothing_acknowledged_is_lost(installation):
    ports = installation.ports
    kinds = ["--type", TYPES, "--json"]
    installation.start("sense", "listen", f"sense://127.0.0.1:{ports['sense']}", *kinds)
    installation.start("http", "listen", "http://127.0.0.1:0/events", "--subscribe",
                       f"http://127.0.0.1:{ports['http']}", *kinds)
    everywhere(installation, 0)
    start = installation.head()  # all four subscribers are there from here on

    sender = Sender(installation)
    sender.start()
    allowed = collections.Counter()
    for _ in range(ROUNDS):
        for victim in CHOSEN:
            before = len(sender.answered)
            allowed[victim.split()[-1]] += sender.events_before(time.monotonic())
            installation.kill(victim)
            wait_for(f"informs are answered after {victim} was killed",
                     lambda: len(sender.answered) > before + 1)
    sender.stopping.set()
    sender.join()
    wait_for("the last line is read", lambda: len(lines_of(after(installation, start))) >= sender.sent)

    journal = after(installation, start)
    lost, phantom = compare(sender, journal)
    ids = {event["id"] for event in journal}
    assert len(ids) == len(journal), "the journal holds an event twice"
    receivers = {"sense": lambda: installation.lines("sense"), "http": lambda: installation.lines("http"),
                 "file": installation.filed}
    repeats = {}
    for name, received in receivers.items():
        wait_for(f"every event of the journal arrives by {name}",
                 lambda probe=received: ids <= {line["id"] for line in probe()})
        repeats[name] = check_received(received(), start, ids, name)
    wait_for("every event of the journal arrives by mail", lambda: ids <= set(installation.mails()))
    mails = [event_id for event_id in installation.mails() if event_id in ids]
    repeats["email"] = len(mails) - len(set(mails))
    reordered = out_of_order(installation.filed())
    kills = ROUNDS * len(CHOSEN)
    print(f"kills {kills}, sent {sender.sent} traps and lines, informs answered {len(sender.answered)}, "
          f"in the journal {len(ids)}; lost {lost}, phantom {phantom}, reordered {reordered}, repeated "
          + ", ".join(f"{name} {count} of {allowed[name]} allowed" for name, count in repeats.items()))
    assert not lost and not phantom and not reordered
    assert all(count <= allowed[name] for name, count in repeats.items()), "more was repeated than on its way"


def after(installation, start):
    return [event for event in installation.journal() if int(event["sequence"]) > start]


def lines_of(events):
    return [number_of(event) for event in events if event["type"] == LINE]


def compare(sender, journal):
    """How much is not in the journal and should be, and how much is and should not."""
    traps = {number_of(event) for event in journal if event["type"] not in (LINE, MARK)}
    missing = sender.answered - traps
    assert not missing, f"answered informs that are not in the journal: {sorted(missing)}"
    lines = lines_of(journal)
    assert sorted(lines) == list(range(1, sender.sent + 1)), f"{len(lines)} lines are not the {sender.sent} written"
    # Not a fault: those of one read are on their way in several requests (docs/lines-adapter.md).
    moved = [pair for pair in zip(lines, lines[1:]) if pair[1] != pair[0] + 1]
    if moved:
        print(f"lines that changed places, as the one behind the other: {moved}")
    return len(missing), len(traps - set(range(1, sender.sent + 1)))


def everywhere(installation, number):
    def arrived():
        installation.trap("snmptrap", number)
        return (installation.lines("sense") and installation.lines("http") and installation.mails()
                and installation.filed())
    wait_for("a first trap arrives everywhere", arrived)


def check_received(lines, start, ids, name):
    """How many were repeats. What came belongs to the journal, and a number has one id."""
    came = [line for line in lines if int(line.get("sequence", 0)) > start and line["id"] in ids]
    numbers = {}
    for line in came:
        if "number" in line:  # the file gateway writes none
            before = numbers.setdefault((line["subscription"], line["number"]), line["id"])
            assert before == line["id"], f"{name}: number {line['number']} came with two ids"
    phantoms = {line["id"] for line in lines if int(line.get("sequence", 0)) > start
                and line["type"].startswith(TYPES[:-1]) and line["type"] != MARK} - ids
    assert not phantoms, f"{name}: events that the journal does not have: {phantoms}"
    return len(came) - len({line["id"] for line in came})


def out_of_order(lines):
    """How many of the first copies came before one of the same source with a lower sequence."""
    highest, seen, count = collections.defaultdict(int), set(), 0
    for line in lines:
        if line["id"] in seen or "sequence" not in line:
            continue
        seen.add(line["id"])
        count += int(line["sequence"]) < highest[line["source"]]
        highest[line["source"]] = max(highest[line["source"]], int(line["sequence"]))
    return count


main(nothing_acknowledged_is_lost, WithFiles)
