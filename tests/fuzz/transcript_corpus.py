#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the client's datagrams of the transcript in docs/sense-protocol.md as the seed corpus of
sense_server_fuzz. <COOKIE> and <SUBSCRIPTION> stay: the target puts in what its server made up.

    tests/fuzz/transcript_corpus.py        from anywhere; the test sense_transcript_tests compares
"""
import os
import re

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PAGE = os.path.join(ROOT, "docs", "sense-protocol.md")
CORPUS = os.path.join(ROOT, "tests", "fuzz", "corpus", "sense_server")


def datagrams(page):
    """The client's datagrams, in order. `> ` begins one and `>|` goes on with it."""
    text = page.split("<!-- transcript -->")[1].split("<!-- end of transcript -->")[0]
    found = []
    for line in text.splitlines():
        if line.startswith("> "):
            found.append("")
        if line.startswith(("> ", ">|")):
            found[-1] += line[2:] + "\n"
    # Data has no line end of its own.
    return [one[:-1] if "\nLength: " in one else one for one in found]


def main():
    with open(PAGE, encoding="utf-8") as page:
        found = datagrams(page.read())
    os.makedirs(CORPUS, exist_ok=True)
    for number, octets in enumerate(found, 1):
        kind = re.match(r"SENSE/1 (\w+)", octets)
        name = f"transcript_{number:02}_{kind.group(1).lower() if kind else 'other'}"
        with open(os.path.join(CORPUS, name), "w", encoding="utf-8", newline="") as file:
            file.write(octets)


if __name__ == "__main__":
    main()
