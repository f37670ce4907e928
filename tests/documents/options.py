#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Claim: each command of `sense` that a page names exists, its --help knows each option that the page
uses with it, and each key of the configuration that a page names as `section.key` exists.

    tests/documents/options.py SENSE [ROOT]"""
import functools
import re
import shlex
import subprocess
import sys

sys.dont_write_bytecode = True
import pages

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")

# Options in backticks by themselves that belong to other programs.
OTHER_PROGRAMS = {
    "--once": "run.sh", "--record": "tests/bench/run", "--write": "tests/documents",
    "--seed": "a fuzz target", "--only": "a fuzz target", "--build": "run.sh",
    "--resume": "tests/faults/run", "--part": "tests/faults/run", "--report": "tests/faults/run",
    "--minutes": "tests/faults/run", "--list": "tests/faults/run",
}

# Dotted names in backticks that are no keys of the configuration.
SECTIONS = ("bus", "broker", "egress", "log")
NO_KEYS = {"broker.db", "broker.db-wal", "broker.key", "broker.hpp", "broker.cpp", "log.hpp", "bus.hpp"}


class Program:
    """The built executable, asked for its --help."""

    def __init__(self, path):
        self.path = path

    @functools.lru_cache(maxsize=None)
    def help(self, words):
        """The text of `sense WORDS --help`; None when there is no such command."""
        done = subprocess.run([self.path, *words, "--help"], capture_output=True, text=True, timeout=60)
        return done.stdout if done.returncode == 0 else None

    def commands(self, words):
        section = re.search(r"^Subcommands:\n((?: +\S.*\n?)*)", self.help(words) or "", re.MULTILINE)
        return set(re.findall(r"^  ([a-z][a-z-]*)(?:\s|$)", section.group(1), re.MULTILINE)) if section else set()

    def every_command(self, words=()):
        yield words
        for name in sorted(self.commands(words)):
            yield from self.every_command((*words, name))

    @functools.lru_cache(maxsize=None)
    def every_option(self):
        return {option for words in self.every_command() for option in OPTION.findall(self.help(words) or "")}

    def keys(self):
        """section.key for each line of `sense config describe`, comments included."""
        described = subprocess.run([self.path, "config", "describe"], capture_output=True, text=True,
                                   timeout=60).stdout
        found, section = set(), ""
        for line in described.splitlines():
            top = re.match(r"#? ?([a-z-]+):", line)
            below = re.match(r"#?  +#? ?([a-z][a-z0-9-]*):", line)
            if top:
                section = top.group(1)
            elif below:
                found.add(f"{section}.{below.group(1)}")
        return found


def words_of(text):
    try:
        return shlex.split(text, comments=True)
    except ValueError:  # a piece of a command, with half a quote
        return text.split()


def check_command(program, text):
    """Why `sense ...` is no command line, as sentences. Placeholders may stand for arguments."""
    words = words_of(text)[1:]
    command = ()
    for word in words:
        known = program.commands(command)
        if not known:
            break
        if word in known:
            command = (*command, word)
        elif re.fullmatch(r"[a-z][a-z-]*", word):
            yield f"`{text}`: 'sense {' '.join(command)}' has no command '{word}'"
            return
        else:
            break
    described = program.help(command)
    if described is None:
        yield f"`{text}`: sense {' '.join(command)} --help fails"
        return
    for word in words:
        if word in ("|", ";", "&&", ">"):
            break
        option = OPTION.match(word)
        if option and not re.search(re.escape(option.group()) + r"(?![\w-])", described):
            yield f"`{text}`: sense {' '.join(command)} --help does not know {option.group()}"


def sense_commands(page):
    """(line, text) of each command line of `sense`, in code spans and in blocks."""
    for line, span in page.code_spans():
        for piece in span.split(" | "):
            if piece.startswith("sense "):
                yield line, piece
    for block in page.blocks:
        if block.language not in ("sh", "console", ""):
            continue
        for number, text in joined(block):
            for piece in re.split(r"\s\|\s|;\s|&&", text):
                piece = piece.strip().removeprefix("$ ")
                if piece.startswith("sense "):
                    yield number, piece


def joined(block):
    """(line, text) of a block's lines, with the ones that end in a backslash made one."""
    text, start = "", None
    for number, line in enumerate(block.lines, block.line):
        start = number if start is None else start
        if line.endswith("\\"):
            text += line[:-1] + " "
            continue
        yield start, text + line
        text, start = "", None


def check_page(program, keys, page):
    for line, text in sense_commands(page):
        for why in check_command(program, text):
            yield line, why
    for line, span in page.code_spans():
        option = OPTION.match(span)
        if option and option.group() not in OTHER_PROGRAMS and option.group() not in program.every_option():
            yield line, f"no command of sense knows the option {option.group()}"
        key = re.fullmatch(rf"((?:{'|'.join(SECTIONS)})\.[a-z][a-z-]*[a-z])(?::.*)?", span)
        if key and key.group(1) not in NO_KEYS and key.group(1) not in keys:
            yield line, f"there is no key {key.group(1)} (sense config describe)"


def check(path, root):
    program = Program(path)
    keys = program.keys()
    assert "bus.service" in keys and "broker.retention-age" in keys, keys
    violations, count = [], 0
    for page in pages.pages(root):
        count += sum(1 for _ in sense_commands(page))
        violations += [f"{page.path}:{line}: {why}" for line, why in sorted(check_page(program, keys, page))]
    return violations, count


if __name__ == "__main__":
    bad, commands = check(sys.argv[1], pages.root_of(sys.argv[2:]))
    sys.exit(pages.report(bad, f"{commands} commands"))
