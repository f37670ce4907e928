# SPDX-License-Identifier: Apache-2.0
"""Claim: whatever a publish acknowledged is in the journal exactly once, under the sequence that was
answered and in its publisher's order, however often the broker is killed with -9.

SENSE_LEDGER_KILLS=200 for the full run."""

import os
import random
import sys
import tempfile

from installation import wait_for
from publishers import Broker, Client, Publisher, acknowledged, compare, seed, shown

KILLS = int(os.environ.get("SENSE_LEDGER_KILLS", "10"))
PUBLISHERS = 4


def main():
    dice = seed()
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(sys.argv[1], f"{folder}/data", folder)
        publishers = []
        try:
            broker.start()
            publishers = [Publisher(broker.service, f"p{i}", random.Random(dice.random()))
                          for i in range(PUBLISHERS)]
            for publisher in publishers:
                publisher.start()
            for _ in range(KILLS):
                goal = acknowledged(publishers) + dice.randint(1, 600)
                wait_for("more is acknowledged", lambda: acknowledged(publishers) >= goal)
                broker.kill()
                broker.start()
            for publisher in publishers:
                publisher.total = 0  # each ends when its last batch has been answered
            for publisher in publishers:
                publisher.join(120)
                assert not publisher.is_alive(), "a publisher was never answered"
            counts = compare(publishers, Client(broker.service).journal())
            broker.kill()
            broker.start()
            again = compare(publishers, Client(broker.service).journal())
            print(f"kills {KILLS + 1}, acknowledged {acknowledged(publishers)}, of these repeats "
                  f"{sum(publisher.repeated for publisher in publishers)}: {shown(counts)}")
            assert not any(counts.values()) and not any(again.values()), shown(again)
            assert acknowledged(publishers) == sum(publisher.sent for publisher in publishers)
        except BaseException:
            broker.complain()
            raise
        finally:
            broker.stop()


main()
