#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Claim: ARCHITECTURE.md prints the dependency law as it is, has a line for every folder, and each
decision has an anchor and says what was decided, why, and what was rejected.

    tests/documents/architecture.py [ROOT] [--write]      --write renews the printed law"""
import importlib.util
import os
import pathlib
import posixpath
import re
import sys

sys.dont_write_bytecode = True
import pages

PAGE = "ARCHITECTURE.md"
TREE_TOPS = (".ci", "core", "broker", "gateways", "adapters", "cli", "cmake", "config", "docs", "tests")
ONE_LINE_FOR_ALL = ("tests/fuzz/corpus",  # a folder for each target: one line for all of them
                    "tests/planted")      # and one for each area
PARTS = ("Decision", "Rationale", "Rejected")


def law(root):
    """INCLUDES of tests/tidy/tidy.py."""
    spec = importlib.util.spec_from_file_location("tidy", os.path.join(root, "tests/tidy/tidy.py"))
    tidy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tidy)
    return tidy.INCLUDES


def printed_law(includes):
    rows = ["", "| Folder | May include |", "|---|---|"]
    for folder, allowed in includes:
        rows.append(f"| `{folder}` | {', '.join(f'`{name}`' for name in allowed) or 'nothing of ours'} |")
    return "\n".join(rows) + "\n\n"


def check_law(text, includes):
    parts = pages.between(text, "includes")
    if parts is None:
        yield "the marks <!-- includes --> and <!-- end of includes --> are not there"
    elif parts[1] != printed_law(includes):
        yield ("the printed law is not INCLUDES of tests/tidy/tidy.py; "
               "tests/documents/architecture.py --write renews it")


def folders_of(root):
    """All folders that hold files, and those above them."""
    found = set()
    for path in pages.files_below(root):
        folder = posixpath.dirname(path)
        while folder:
            if not folder.startswith(tuple(above + "/" for above in ONE_LINE_FOR_ALL)):
                found.add(folder)
            folder = posixpath.dirname(folder)
    return {folder for folder in found if folder.split("/")[0] in TREE_TOPS}


def folders_in(tree):
    """(folder, description) of each line of the printed tree; two spaces for each level."""
    above = []
    for line in tree.splitlines():
        found = re.match(r"^( *)(\S+)(?: +(\S.*))?$", line)
        if not found or line.startswith("```"):
            continue
        level = len(found.group(1)) // 2
        above[level:] = [found.group(2)]
        yield "/".join(above), found.group(3) or ""


def check_tree(text, folders):
    parts = pages.between(text, "tree")
    if parts is None:
        yield "the marks <!-- tree --> and <!-- end of tree --> are not there"
        return
    printed = dict(folders_in(parts[1]))
    for folder in sorted(folders - set(printed)):
        yield f"the tree has no line for {folder}"
    for folder in sorted(set(printed) - folders):
        yield f"the tree has a line for {folder}, which does not exist"
    # A folder that only holds folders needs no words of its own.
    for folder, words in printed.items():
        if not words and not any(other.startswith(folder + "/") for other in printed):
            yield f"the tree does not say what {folder} is"


def check_decisions(text):
    section = re.search(r"^## Decisions$(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    if not section:
        yield "there is no section '## Decisions'"
        return
    pieces = re.split(r"^### (.*)$", section.group(1), flags=re.MULTILINE)
    before = pieces[0]
    seen = set()
    for heading, body in zip(pieces[1::2], pieces[2::2]):
        anchor = re.search(r'<a id="([^"]+)"></a>\s*$', before)
        if not anchor:
            yield f"the decision '{heading}' has no anchor before it"
        elif anchor.group(1) in seen:
            yield f"the anchor '{anchor.group(1)}' is there twice"
        else:
            seen.add(anchor.group(1))
        labels = re.findall(r"^\*(\w+)\.\* \S", body, re.MULTILINE)
        if tuple(labels) != PARTS:
            yield f"the decision '{heading}' has the parts {labels}; it needs {', '.join(PARTS)}"
        before = body
    if not seen:
        yield "there are no decisions"


def check(root):
    text = (pathlib.Path(root) / PAGE).read_text(encoding="utf-8")
    return [f"{PAGE}: {why}" for why in [*check_law(text, law(root)), *check_tree(text, folders_of(root)),
                                        *check_decisions(text)]]


def write(root):
    path = pathlib.Path(root) / PAGE
    before, _, behind = pages.between(path.read_text(encoding="utf-8"), "includes")
    path.write_text(before + printed_law(law(root)) + behind, encoding="utf-8")


if __name__ == "__main__":
    if "--write" in sys.argv:
        write(pages.root_of())
    sys.exit(pages.report(check(pages.root_of()), "the architecture"))
