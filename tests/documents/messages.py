#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Claim: the log lines that docs/operations.md explains, the counters and plugin interfaces that
the pages name, and the integration tests that docs/testing.md lists, are those of the code.

    tests/documents/messages.py [ROOT]"""
import pathlib
import re
import sys

sys.dont_write_bytecode = True
import pages

PAGE = "docs/operations.md"
PRODUCT = ("core/", "broker/", "gateways/", "adapters/", "cli/")

# What the first column of the table may hold besides log lines.
NO_LINES = {"NOMOREROOM"}

# A name with two dots, or one of a part that counts: counter.broker.keys.unknown, snmp.traps.received.
COUNTER = re.compile(r"^(?:counter\.)?((?:broker|gateway|sense|snmp|http|email|adapter)\.[a-z-]+(?:\.[a-z-]+)+)$")


def strings_of(root):
    """All string literals of the product, those that follow one another made one."""
    text = []
    for path in pages.files_below(root):
        if path.startswith(PRODUCT) and path.endswith((".cpp", ".hpp")):
            code = (pathlib.Path(root) / path).read_text(encoding="utf-8")
            code = re.sub(r'"\s*\n\s*"', "", code)
            text += re.findall(r'"((?:[^"\\\n]|\\.)*)"', code)
    return text


def explained_lines(page):
    """(line, text) of each log line in the table `| Line | Meaning | Do |`, and behind "The log says"."""
    inside = False
    for number, line in enumerate(page.lines, 1):
        if line.startswith("| Line |"):
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside:
            found = re.match(r"\| `([^`]+)`", line)
            if found:
                yield number, found.group(1)
    for found in re.finditer(r"The log says (`.*?`)\.\s", page.prose(), re.DOTALL):
        number = page.prose().count("\n", 0, found.start()) + 1
        for span in pages.CODE_SPAN.finditer(found.group(1)):
            yield number, " ".join(span.group(2).split())


def counted(strings, name):
    """Whether the code has this counter: as a whole, or as a beginning and an end."""
    if name in strings:
        return True
    parts = name.split(".")
    return any(".".join(parts[:cut]) + "." in strings and ".".join(parts[cut:]) in strings
               for cut in range(1, len(parts)))


def listed_tests(page):
    """The names in the table `| Test | Claim |`."""
    table = re.search(r"^\| Test \| Claim \|\n((?:\|.*\n)*)", page.text, re.MULTILINE)
    return set(re.findall(r"^\| `(\w+)` \|", table.group(1), re.MULTILINE)) if table else set()


def integration_tests(root):
    """The names in the foreach() of tests/integration/CMakeLists.txt."""
    text = (pathlib.Path(root) / "tests/integration/CMakeLists.txt").read_text(encoding="utf-8")
    return set(re.search(r"foreach\(claim ([^)]*)\)", text).group(1).split())


def check_tests(root, page):
    listed, there = listed_tests(page), integration_tests(root)
    for name in sorted(there - listed):
        yield f"{page.path}:1: the integration test {name} is not listed"
    for name in sorted(listed - there):
        yield f"{page.path}:1: there is no integration test {name}"


def check_interface(page, strings):
    """The versions of the plugin interfaces that a page names."""
    for number, line in enumerate(page.lines, 1):
        for name in re.findall(r"`(sense-(?:gateway|adapter)/\d+)`", line):
            if name not in strings:
                yield f"{page.path}:{number}: the plugin interface is not {name} any more"


def check(root):
    strings = set(strings_of(root))
    violations, count = [], 0
    for page in pages.pages(root):
        for number, line in explained_lines(page) if page.path == PAGE else ():
            count += 1
            # "...: …" stands for a line that ends in what happened.
            if line not in NO_LINES and not any(line.removesuffix("…") in text for text in strings):
                violations.append(f"{page.path}:{number}: no program logs `{line}`")
        violations += check_interface(page, strings)
        if page.path == "docs/testing.md":
            violations += check_tests(root, page)
        for number, span in page.code_spans():
            found = COUNTER.match(span)
            if found:
                count += 1
                if not counted(strings, found.group(1)):
                    violations.append(f"{page.path}:{number}: no program counts `{found.group(1)}`")
    return violations, count


if __name__ == "__main__":
    bad, names = check(pages.root_of())
    sys.exit(pages.report(bad, f"{names} log lines and counters, and the integration tests"))
