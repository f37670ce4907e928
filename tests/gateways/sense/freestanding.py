#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Claim: the client library in C is strict C99 for a machine without an operating system, needs no
function of any library, and is shorter than 400 lines.

    freestanding.py COMPILER SOURCE-FOLDER [FLAG ...]      FLAG: for a machine of 32 bits, such as -m32
"""
import pathlib
import subprocess
import sys
import tempfile

LINES = 400  # fewer, both files together
FLAGS = ["-ffreestanding", "-nostdlib", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wshadow",
         "-Wconversion", "-c"]
# Compilers make calls of these of their own accord; every freestanding environment has to have them.
# GCC has no reason to here.
OF_THE_COMPILER = {"memcpy", "memmove", "memset", "memcmp"}
# What a file may include when there is no library (C99, section 4).
HEADERS = {"<stdarg.h>", "<stddef.h>", "<stdint.h>", "<limits.h>", '"sense_client.h"'}


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def check(compiler, folder, flags):
    files = [folder / "sense_client.h", folder / "sense_client.c"]
    lines = sum(len(file.read_text().splitlines()) for file in files)
    assert lines < LINES, f"{lines} lines; it has to stay below {LINES}"
    for file in files:
        included = {line.split()[1] for line in file.read_text().splitlines()
                    if line.startswith("#include")}
        assert included <= HEADERS, f"{file.name} includes {included - HEADERS}"
    print(f"{lines} lines")
    with tempfile.TemporaryDirectory() as work:
        for optimise in ("-O0", "-Os", "-O2", "-O3"):
            made = f"{work}/{optimise}.o"
            # Position independent code would ask for a table that a loader has to make.
            run(compiler, *flags, *FLAGS, "-fno-pic", optimise, str(files[1]), "-o", made)
            asked = {line.split()[-1] for line in run("nm", "--undefined-only", made).splitlines()}
            assert asked <= OF_THE_COMPILER, f"{optimise}: needs {asked - OF_THE_COMPILER}"
            text, data, bss = run("size", made).splitlines()[1].split()[:3]
            assert data == bss == "0", f"{optimise}: memory that is not the caller's: {data}, {bss}"
            print(f"{' '.join(flags)} {optimise}: code {text} octets, asks for {', '.join(sorted(asked)) or 'nothing'}")


check(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:])
