# SPDX-License-Identifier: Apache-2.0
"""Claim: a real trap reaches a datagram, a web callback and a mailbox under one event id, and each
program stops cleanly when asked."""

import signal

from installation import main, wait_for


def a_trap_arrives_three_times_with_one_id(installation):
    ports = installation.ports
    kinds = ["--type", "{urn:sense:snmp}linkDown", "--json"]
    installation.start("sense", "listen", f"sense://127.0.0.1:{ports['sense']}", *kinds)
    installation.start("http", "listen", "http://127.0.0.1:0/events", "--subscribe",
                       f"http://127.0.0.1:{ports['http']}", *kinds)

    def common():
        installation.trap("snmptrap", 7)
        ids = [{line["id"] for line in installation.lines("sense")},
               {line["id"] for line in installation.lines("http")}, set(installation.mails())]
        return set.intersection(*ids)
    shared = wait_for("one event arrives at all three", common)
    event = next(e for e in installation.journal() if e["id"] in shared)
    assert event["type"] == "{urn:sense:snmp}linkDown", event
    assert event["source"].startswith("//127.0.0.1"), event
    assert event["data"]["varbinds"], "no variable bindings in the data"

    up = installation.children[0]
    up.send_signal(signal.SIGTERM)
    assert up.wait(30) == 0, f"sense up ended with {up.returncode}"


main(a_trap_arrives_three_times_with_one_id)
