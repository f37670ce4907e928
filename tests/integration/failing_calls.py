# SPDX-License-Identifier: Apache-2.0
"""Claim: whichever call of the broker fails (write, sync, open, allocate, memory, send, read), from its
start on, nothing is acknowledged that is not in the journal, and publishing goes on, where the broker
stopped after a restart.

A library that is preloaded lets the k-th call of one kind fail; k is random. Not with AddressSanitizer,
which has functions of its own for memory. SENSE_FAILING_CALLS=1000 for the full run."""

import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

from installation import FINDINGS, wait_for
from publishers import Broker, Client, Publisher, acknowledged, compare, seed, shown

CALLS = int(os.environ.get("SENSE_FAILING_CALLS", "56"))
KINDS = ["write", "sync", "open", "allocate", "memory", "send", "read"]
EVENTS = 400  # of each run


class Faults:
    """The library, and what it saw in the last process."""

    def __init__(self, folder):
        source = pathlib.Path(__file__).with_suffix(".c")
        self.library, self.file = f"{folder}/failing_calls.so", pathlib.Path(folder) / "seen"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", self.library, str(source), "-ldl"], check=True)

    def environment(self, kind, at):
        self.file.write_bytes(bytes(16))
        return {**os.environ, "LD_PRELOAD": self.library, "SENSE_FAIL_KIND": kind,
                "SENSE_FAIL_AT": str(at), "SENSE_FAIL_FILE": str(self.file)}

    def seen(self):
        """How many calls there were, and whether one failed."""
        return struct.unpack("2Q", self.file.read_bytes())


def one_run(sense, folder, faults, dice, kind, at):
    """Publishes while the at-th call fails. The calls, whether one failed, whether the broker stopped."""
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
        return (*faults.seen(), stopped)
    except BaseException:
        broker.complain()
        raise
    finally:
        broker.stop()
        for publisher in publishers:
            publisher.stopping.set()


def main():
    if "asan" in sys.argv[1] or os.environ.get("ASAN_OPTIONS"):
        print("failing_calls: skipped, AddressSanitizer has functions of its own for memory")
        sys.exit(77)
    dice = seed()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        faults = Faults(folder)
        failed, stops = 0, 0
        for kind in KINDS:
            calls, _, _ = one_run(sys.argv[1], folder, faults, dice, kind, 0)
            runs = [one_run(sys.argv[1], folder, faults, dice, kind, dice.randint(1, calls))
                    for _ in range(CALLS // len(KINDS))]
            hit, stop = sum(run[1] for run in runs), sum(run[2] for run in runs)
            print(f"{kind}: {calls} calls in a run; failed one in {hit} runs of {len(runs)}, after which the "
                  f"broker stopped {stop} times; false acknowledgements 0", flush=True)
            failed, stops = failed + hit, stops + stop
    print(f"calls that failed {failed}, stops {stops}, lost 0, phantom 0")
    assert failed >= CALLS // 4, "too few calls failed: this proves nothing"


main()
