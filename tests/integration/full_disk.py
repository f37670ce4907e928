# SPDX-License-Identifier: Apache-2.0
"""Claim: on a full disk the broker refuses to publish with 12 NOMOREROOM, goes on serving readers, and
takes up work within 5 s when there is room, without a restart; nothing acknowledged is lost. Retention
works on a disk that has no room. Needs root, for a small tmpfs."""

import contextlib
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

from installation import wait_for
from publishers import (NOMOREROOM, Broker, Client, Publisher, acknowledged, compare, seed, shown)


@contextlib.contextmanager
def small_disk(folder, size):
    place = pathlib.Path(folder)
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def fill(place, leaving):
    """Takes all but so many octets; answers the file that holds them."""
    disk = os.statvfs(place)
    filler = place / "filler"
    with open(filler, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize - leaving)
    return filler


def refused_and_recovered(sense, folder, dice):
    with small_disk(f"{folder}/full", "64m") as place:
        broker = Broker(sense, place / "data", folder)
        broker.start()
        reader = Client(broker.service)
        try:
            wait_for("the broker is up", lambda: reader.ask("HEAD", []))
            filler = fill(place, 1 << 20)
            publisher = Publisher(broker.service, "p", random.Random(dice.random()), 20000,
                                  refusals=(NOMOREROOM,))
            publisher.start()
            wait_for("publishing is refused",
                     lambda: acknowledged([publisher]) and publisher.refused > 20)
            before = acknowledged([publisher])
            assert len(reader.journal()) >= before, "reading does not go on"
            assert broker.process.poll() is None, "the broker ended"
            filler.unlink()
            freed = time.monotonic()
            wait_for("publishing goes on", lambda: acknowledged([publisher]) > before)
            took = time.monotonic() - freed
            assert took <= 5, f"it took {took:.1f} s to go on"
            more = acknowledged([publisher]) + 200
            wait_for("publishing stays well", lambda: acknowledged([publisher]) > more)
            publisher.total = 0
            publisher.join(120)
            broker.kill()
            broker.start()
            counts = compare([publisher], reader.journal())
            print(f"refused {publisher.refused} times, went on after {took:.2f} s, acknowledged "
                  f"{acknowledged([publisher])}: {shown(counts)}", flush=True)
            assert not any(counts.values())
        except BaseException:
            broker.complain()
            raise
        finally:
            reader.close()
            broker.stop()


def retention_on_a_full_disk(sense, folder, dice):
    """The journal may keep more than the disk has room for: only what leaves it makes room."""
    with small_disk(f"{folder}/small", "64m") as place:
        broker = Broker(sense, place / "data", folder, "retention-size: 6MiB")
        broker.start()
        reader = Client(broker.service)
        try:
            wait_for("the broker is up", lambda: reader.ask("HEAD", []))
            fill(place, 12 << 20)
            publisher = Publisher(broker.service, "p", random.Random(dice.random()), 20000,
                                  refusals=(NOMOREROOM,), total=6000)
            publisher.start()
            wait_for("60 MB pass through a disk of 20 MB", lambda: not publisher.is_alive(), 240)
            count = acknowledged([publisher])
            assert count == publisher.sent, "a publish was never acknowledged"
            kept = reader.journal()
            assert kept[-1][0] == count and kept[0][0] > 1, (kept[0], kept[-1], count)
            print(f"retention: acknowledged {count}, kept {len(kept)}, refused meanwhile "
                  f"{publisher.refused} times")
        except BaseException:
            broker.complain()
            raise
        finally:
            reader.close()
            broker.stop()


def main():
    if os.geteuid() != 0:
        print("full_disk: skipped, it mounts a tmpfs and so needs root")
        sys.exit(77)
    dice = seed()
    with tempfile.TemporaryDirectory() as folder:
        refused_and_recovered(sys.argv[1], folder, dice)
        retention_on_a_full_disk(sys.argv[1], folder, dice)


main()
