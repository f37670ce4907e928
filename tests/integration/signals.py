# SPDX-License-Identifier: Apache-2.0
"""Claim: SIGHUP, SIGUSR1 and SIGUSR2 end no process of the service: each logs that it changes nothing,
and all of them go on serving under the ids that they had."""

import os
import signal

from installation import main, wait_for

SENT = [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2]
SAID = "a signal came that changes nothing"


def no_signal_ends_what_is_to_run(installation):
    names = {"broker", "gateway sense", "gateway http", "gateway email", "adapter snmp"}
    log = installation.folder / "up.log"
    everywhere = lambda: installation.trap("snmpinform", 1) and installation.mails()
    wait_for("an inform is answered and mailed", everywhere)
    before = installation.pids()
    assert set(before) == names, before
    for number in SENT:
        for pid in [installation.children[0].pid, *before.values()]:
            os.kill(pid, number)
        name = f"signal={number.name.removeprefix('SIG')}"
        for program in ["up", *sorted(names)]:
            wait_for(f"{program} logs {name}", lambda: any(
                f" {program}: {SAID}" in line and name in line
                for line in log.read_text(errors="replace").splitlines()))
    assert installation.children[0].poll() is None
    assert installation.pids() == before, (before, installation.pids())
    mails = len(installation.mails())
    wait_for("another inform is answered", lambda: installation.trap("snmpinform", 2))
    wait_for("it is mailed", lambda: len(installation.mails()) > mails)


main(no_signal_ends_what_is_to_run)
