# SPDX-License-Identifier: Apache-2.0
"""Lets the k-th call of one kind fail in a process, by a library that is preloaded (failing_calls.c)."""

import os
import pathlib
import struct
import subprocess
import sys

KINDS = ["write", "sync", "open", "allocate", "memory", "send", "read"]


class Faults:
    """The library, and what it saw in the last process."""

    def __init__(self, folder):
        source = pathlib.Path(__file__).with_name("failing_calls.c")
        self.library, self.file = f"{folder}/failing_calls.so", pathlib.Path(folder) / "seen"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", self.library, str(source), "-ldl"], check=True)

    def environment(self, kind, at):
        """Of a process whose at-th call of the kind fails; 0: none does."""
        self.file.write_bytes(bytes(8 * (len(KINDS) + 1)))
        return {**os.environ, "LD_PRELOAD": self.library, "SENSE_FAIL_KIND": kind,
                "SENSE_FAIL_AT": str(at), "SENSE_FAIL_FILE": str(self.file)}

    def calls(self):
        """How many calls there were, by kind."""
        return dict(zip(KINDS, struct.unpack(f"{len(KINDS) + 1}Q", self.file.read_bytes())))

    def failed(self):
        """Whether one failed."""
        return self.file.read_bytes()[8 * len(KINDS)] != 0


def skip_with_sanitizer(test):
    if "asan" in sys.argv[1] or os.environ.get("ASAN_OPTIONS"):
        print(f"{test}: skipped, AddressSanitizer has functions of its own for memory")
        sys.exit(77)
