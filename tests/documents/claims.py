#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Claim: each sentence of docs/security.md is held by a test.

The files tests/documents/claims/*.txt list the sentences, a row of a table as one, each with what
holds it:

    > What the page says, over as many lines
    > as it takes.
    permission_tests/a_case_of_boost
    integration/budgets.py: words that stand in the script

A sentence that tells nothing about SENSE has one word instead: `advice` or `definition`.

    tests/documents/claims.py [ROOT]"""
import pathlib
import re
import sys

sys.dont_write_bytecode = True
import pages

PAGE = "docs/security.md"
CLAIMS = "tests/documents/claims"
MARKS = {"advice", "definition"}
CASE = re.compile(r"^BOOST_(?:AUTO|FIXTURE)_TEST_CASE\(\s*(\w+)", re.MULTILINE)
SENTENCE_END = re.compile(r"(?<=[.?!])\s+|(?<=[.?!]\))\s+")
NEW_PARAGRAPH = re.compile(r"^\s*(?:[-*] |\d+\. |#|\|)")

# What a sentence does not say that is advice or a definition.
OF_SENSE = re.compile(r"\b(?:refused|counted|at most|within|limit|rejected|closed|logged)\b")


def plain(text):
    """The text of a sentence: links as they are read, white space made one."""
    return " ".join(pages.LINK.sub(lambda found: found.group(1), text).split())


def paragraphs(page):
    """(line, text, whether it is a row of a table) of each paragraph, list item and row."""
    begun, text = 0, ""
    lines = page.prose().split("\n")
    for number, line in enumerate(lines + [""], 1):
        if text and (not line.strip() or NEW_PARAGRAPH.match(line)):
            yield begun, text, False
            text = ""
        if line.startswith("|"):
            heads = lines[number].startswith("|--") if number < len(lines) else False
            if not heads and not line.startswith("|--"):
                cells = [cell.strip() for cell in line.strip().strip("|").split(" |")]
                yield number, " | ".join(cell for cell in cells if cell), True
        elif line.strip() and not line.startswith("#"):
            begun = begun if text else number
            text += (NEW_PARAGRAPH.sub("", line) if not text else line) + "\n"


def split(text):
    """(offset, sentence): what ends in a full stop that is not within code."""
    blanked = pages.CODE_SPAN.sub(lambda found: re.sub(r"[^\n]", "x", found.group()), text)
    start = 0
    for found in list(SENTENCE_END.finditer(blanked)) + [None]:
        end = found.start() if found else len(text)
        if text[start:end].strip():
            yield start, text[start:end]
        start = found.end() if found else end


def sentences(page):
    """(line, sentence) of all that the page says; lines of links alone say nothing."""
    for line, text, row in paragraphs(page):
        for offset, sentence in [(0, text)] if row else split(text):
            if re.search(r"\w", pages.LINK.sub("", sentence)):
                yield line + text.count("\n", 0, offset), plain(sentence)


class Entry:
    """A sentence and what holds it; `file` and `line` are where the entry begins."""

    def __init__(self, file, line):
        self.file, self.line, self.quote, self.held_by = file, line, "", []


def entries(root):
    """The entries of all files; an empty line ends one."""
    for path in sorted((pathlib.Path(root) / CLAIMS).glob("*.txt")):
        entry = None
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() + [""], 1):
            if not line.strip():
                if entry:
                    yield entry
                entry = None
                continue
            entry = entry or Entry(path.relative_to(root).as_posix(), number)
            if line.startswith("> "):
                entry.quote = plain(f"{entry.quote} {line[2:]}")
            else:
                entry.held_by.append((number, line.strip()))


def cases_of(root):
    """All cases of Boost.Test, as suite/case."""
    return {f"{path.stem}/{case}" for path in (pathlib.Path(root) / "tests").rglob("*_tests.cpp")
            for case in CASE.findall(path.read_text(encoding="utf-8"))}


def missing(root, cases, test):
    """Why this is no test, or None."""
    name, colon, words = test.partition(": ")
    if not colon:
        return None if name in cases else f"there is no case {name}"
    path = pathlib.Path(root) / "tests" / name
    if not path.is_file():
        return f"there is no tests/{name}"
    there = " ".join(path.read_text(encoding="utf-8").split())
    return None if words in there else f'tests/{name} has no "{words}"'


def check(root):
    page = next(page for page in pages.pages(root) if page.path == PAGE)
    said = {}
    for line, sentence in sentences(page):
        said.setdefault(sentence, line)
    violations, known, cases = [], set(), cases_of(root)
    for entry in entries(root):
        where = f"{entry.file}:{entry.line}"
        if entry.quote not in said:
            violations.append(f'{where}: {PAGE} does not say "{entry.quote}"')
        elif entry.quote in known:
            violations.append(f"{where}: this sentence has two entries")
        known.add(entry.quote)
        held_by = [test for _, test in entry.held_by]
        if not held_by:
            violations.append(f"{where}: nothing holds this sentence")
        elif MARKS.intersection(held_by) and (len(held_by) > 1 or OF_SENSE.search(entry.quote)):
            violations.append(f"{where}: this sentence tells what SENSE does: it needs a test")
        for line, test in entry.held_by:
            why = None if test in MARKS else missing(root, cases, test)
            violations += [f"{entry.file}:{line}: {why}"] if why else []
    violations += [f'{PAGE}:{line}: no test holds "{sentence}"'
                   for sentence, line in said.items() if sentence not in known]
    return violations, len(said)


if __name__ == "__main__":
    bad, count = check(pages.root_of())
    sys.exit(pages.report(bad, f"{count} sentences of {PAGE}"))
