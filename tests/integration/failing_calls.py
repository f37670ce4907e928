# SPDX-License-Identifier: Apache-2.0
"""Claim: whichever call of the broker fails (write, sync, open, allocate, memory, send, read), from its
start on, nothing is acknowledged that is not in the journal, and publishing goes on, where the broker
stopped after a restart.

A library that is preloaded lets the k-th call of one kind fail; k is random. Not with AddressSanitizer,
which has functions of its own for memory. SENSE_FAILING_CALLS=1000 for the full run."""

import os
import pathlib
import random
import sys
import tempfile

from call_faults import KINDS, Faults, skip_with_sanitizer
from installation import FINDINGS, wait_for
from publishers import Broker, Client, Publisher, acknowledged, compare, seed, shown

CALLS = int(os.environ.get("SENSE_FAILING_CALLS", "56"))
EVENTS = 400  # of each run


def one_run(sense, folder, faults, dice, kind, at):
    """Publishes while the at-th call fails. Whether one failed, and whether the broker stopped."""
    broker = Broker(sense, folder / f"data-{dice.randrange(1 << 40)}", folder)
    broker.environment = faults.environment(kind, at)
    broker.log.unlink(missing_ok=True)
    broker.start()
    # Any refusal is an answer: what was refused is offered again, with the same ids.
    publishers = [Publisher(broker.service, f"p{n}", random.Random(dice.random()), refusals=range(1, 1000),
                            total=EVENTS // 2) for n in range(2)]
    stopped = False
    try:
        for publisher in publishers:
            publisher.start()

        def finished():
            nonlocal stopped
            if broker.process.poll() is not None and not stopped:
                stopped = True
                broker.environment = dict(os.environ)
                broker.start()
            return not any(publisher.is_alive() for publisher in publishers)
        wait_for(f"all is acknowledged although {kind} number {at} failed", finished)
        count = acknowledged(publishers)
        broker.kill()
        broker.environment = dict(os.environ)
        broker.start()
        counts = compare(publishers, Client(broker.service).journal())
        assert not any(counts.values()), f"{kind} number {at}, of {count} acknowledged: {shown(counts)}"
        log = broker.log.read_text(errors="replace")
        assert not any(say in log for say in FINDINGS), "the broker reported a fault of its own"
        return faults.failed(), stopped
    except BaseException:
        broker.complain()
        raise
    finally:
        broker.stop()
        for publisher in publishers:
            publisher.stopping.set()


def main():
    skip_with_sanitizer("failing_calls")
    dice = seed()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        faults = Faults(folder)
        failed, stops = 0, 0
        one_run(sys.argv[1], folder, faults, dice, KINDS[0], 0)
        calls = faults.calls()
        for kind in KINDS:
            runs = [one_run(sys.argv[1], folder, faults, dice, kind, dice.randint(1, calls[kind]))
                    for _ in range(CALLS // len(KINDS))]
            hit, stop = sum(run[0] for run in runs), sum(run[1] for run in runs)
            print(f"{kind}: {calls[kind]} calls in a run; failed one in {hit} runs of {len(runs)}, after which the "
                  f"broker stopped {stop} times; false acknowledgements 0", flush=True)
            failed, stops = failed + hit, stops + stop
    print(f"calls that failed {failed}, stops {stops}, lost 0, phantom 0")
    assert failed >= CALLS // 4, "too few calls failed: this proves nothing"


main()
