# SPDX-License-Identifier: Apache-2.0
"""Claim: what was acknowledged survives a power cut, on ext4 and on XFS.

The data lies on a file system in a file. The broker is stopped, the ledger read, and the file system
shut down without writing back what it has in memory; then it is mounted again and the broker started.
The control runs the same broker with a sync that does nothing: it must lose, or the claim proves
nothing. Needs root, loop devices and xfsprogs. SENSE_POWER_CUTS=250 for the full run."""

import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from installation import wait_for
from publishers import Broker, Client, Publisher, acknowledged, compare, seed, shown

CUTS = int(os.environ.get("SENSE_POWER_CUTS", "5"))  # on each file system
NO_SYNC = "int fsync(int fd){(void)fd;return 0;} int fdatasync(int fd){(void)fd;return 0;}"
NEEDED = ["mkfs.ext4", "mkfs.xfs", "xfs_io", "mount", "umount", "cc"]


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Disk:
    """A file system in a file, whose power can be cut."""

    def __init__(self, folder, kind):
        self.image, self.place = f"{folder}/{kind}.image", pathlib.Path(folder) / kind
        self.place.mkdir()
        self.mounted = False
        with open(self.image, "wb") as image:
            image.truncate(400 << 20)
        run(f"mkfs.{kind}", "-q", self.image)
        self.mount()

    def mount(self):
        """Anew: another mount namespace, of a test beside this one, may hold the old one for a moment,
        and then that is mounted again, shut down as it is."""
        def is_new():
            run("mount", "-o", "loop", self.image, str(self.place))
            self.mounted = True
            try:
                (self.place / "probe").touch()
                (self.place / "probe").unlink()
            except OSError:
                self.unmount()
            return self.mounted
        wait_for("the file system is mounted anew", is_new)

    def cut(self):
        run("xfs_io", "-x", "-c", "shutdown", str(self.place))

    def unmount(self):
        if self.mounted:
            run("umount", str(self.place))
            self.mounted = False


def cycle(sense, disk, sockets, dice, environment):
    """The counts of one power cut, and how much had been acknowledged."""
    data = disk.place / f"data{dice.randrange(1 << 30)}"
    broker = Broker(sense, data, sockets, environment=environment)
    broker.start()
    publishers = [Publisher(broker.service, f"p{i}", random.Random(dice.random())) for i in range(2)]
    try:
        for publisher in publishers:
            publisher.start()
        goal = dice.randint(50, 800)
        wait_for("enough is acknowledged", lambda: acknowledged(publishers) >= goal)
        broker.process.send_signal(signal.SIGSTOP)
        # What was answered before the stop is still on its way to the ledger: without this pause
        # an answer could be written down after the power had gone.
        time.sleep(0.03)
        ledgers = [list(publisher.ledger) for publisher in publishers]
        disk.cut()
        broker.kill()
        for publisher in publishers:
            publisher.stopping.set()
        for publisher, ledger in zip(publishers, ledgers):
            publisher.join(120)
            publisher.ledger = ledger
            publisher.client.close()
        disk.unmount()
        disk.mount()
        broker.environment = dict(os.environ)
        broker.start()
        counts = compare(publishers, journal_of(broker))
        if environment is None and any(counts.values()):
            broker.complain()
        return counts, sum(len(publisher.ledger) for publisher in publishers)
    except BaseException:
        broker.complain()
        raise
    finally:
        broker.stop()


def journal_of(broker):
    """What the broker serves; nothing when what was left of its file is no journal."""
    client = Client(broker.service)
    return client.journal() if client.ask("HEAD", [], broker.ended()) else []


def no_sync(folder):
    source = pathlib.Path(folder) / "no_sync.c"
    source.write_text(NO_SYNC)
    run("cc", "-shared", "-fPIC", "-o", f"{folder}/no_sync.so", str(source))
    # AddressSanitizer otherwise refuses to run behind another library.
    asan = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    return {"LD_PRELOAD": f"{folder}/no_sync.so", "ASAN_OPTIONS": asan.lstrip(":")}


def skip(reason):
    print(f"power_cut: skipped, {reason}")
    sys.exit(77)


def main():
    if os.geteuid() != 0:
        skip("it mounts file systems and so needs root")
    missing = [program for program in NEEDED if not shutil.which(program)]
    if missing:
        skip(f"there is no {', '.join(missing)} (Debian: e2fsprogs, xfsprogs)")
    dice = seed()
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("ext4", "xfs"):
            try:
                disk = Disk(folder, kind)
            except subprocess.CalledProcessError as error:
                skip(f"{kind} cannot be mounted from a file: {error.stderr.decode().strip()}")
            try:
                check(kind, disk, folder, dice)
            finally:
                disk.unmount()


def check(kind, disk, folder, dice):
    sense = sys.argv[1]
    total = 0
    for _ in range(CUTS):
        counts, count = cycle(sense, disk, folder, dice, None)
        assert not any(counts.values()), f"{kind}: of {count} acknowledged: {shown(counts)}"
        total += count
    lost = [cycle(sense, disk, folder, dice, no_sync(folder))[0]["lost"] for _ in range(CUTS)]
    losing = sum(count > 0 for count in lost)
    print(f"{kind}: power cuts {CUTS}, acknowledged {total}, lost 0; control without sync: lost in "
          f"{losing} of {CUTS}, {sum(lost)} events", flush=True)
    assert losing >= 0.95 * CUTS, "the control without sync does not lose: this test proves nothing"


main()
