# SPDX-License-Identifier: Apache-2.0
"""What one client waits for while another uses up a budget. With SENSE_BUDGETS_BOUND set, on a machine
that does nothing else, its p99 may be at most twice what it is alone."""

import os
import statistics
import threading
import time

from installation import wait_for

BOUND = "SENSE_BUDGETS_BOUND" in os.environ
SAMPLES = 150 if BOUND else 50
SLACK = 5       # milliseconds, below which a ratio is that of the clock
TRIES = 3       # the best of so many counts


def p99(times):
    return statistics.quantiles(times, n=100)[98]


def measured(deed, pause=0.01):
    """The milliseconds of each; all succeed, which `deed` asserts, with a deadline."""
    times = []
    for number in range(SAMPLES):
        begun = time.monotonic()
        deed(number)
        times.append(1000 * (time.monotonic() - begun))
        time.sleep(pause)
    return times


class Attack:
    """Does it again and again in threads of its own until it ends, and counts what was refused; `refused`
    is None where only a counter tells."""

    def __init__(self, deed, refused=None, threads=4):
        self.ended = threading.Event()
        self.refused, self.count, self.refusals, self.failure = refused, 0, 0, None
        self.threads = [threading.Thread(target=self.run, args=(deed, n)) for n in range(threads)]

    def run(self, deed, thread):
        number = 0
        while not self.ended.is_set():
            number += 1
            self.count += 1
            try:
                answer = deed(f"{thread}-{number}")
            except OSError:
                continue  # its connection made room for another
            except BaseException as failure:
                self.failure = failure
                return
            if self.refused:
                self.refusals += bool(self.refused(answer))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *unused):
        self.ended.set()
        for thread in self.threads:
            thread.join()
        if self.failure:
            raise self.failure

    def wait(self, what, condition):
        wait_for(what, lambda: self.failure or condition())


def compare(name, deed, attack, counter=None):
    """`counter` is what the service has counted of such refusals; None where it is read at the end."""
    before = counter() if counter else 0
    alone = measured(deed)
    with attack:
        if attack.refused:
            attack.wait(f"{name}: the attacker is refused", lambda: attack.refusals)
        if counter:
            attack.wait(f"{name}: it is counted", lambda: counter() > before)
        bound = 2 * p99(alone) + SLACK
        for _ in range(TRIES):
            meanwhile = measured(deed)
            if p99(meanwhile) <= bound or not BOUND:
                break
    counted = f", {counter() - before} counted" if counter else ""
    told = f"{attack.refusals} of {attack.count}" if attack.refused else f"{attack.count}"
    print(f"{name}: p99 {p99(alone):.1f} ms alone, {p99(meanwhile):.1f} ms meanwhile, ratio "
          f"{p99(meanwhile) / p99(alone):.2f}; {told} of the attacker beyond it{counted}", flush=True)
    assert p99(meanwhile) <= bound or not BOUND, f"{name}: {p99(meanwhile):.1f} ms, at most {bound:.1f}"
