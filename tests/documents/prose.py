#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Claim: every page can be read beside the code: lines of prose within 100 columns, one title,
headings that go down one level at a time, blocks with a language, no left-over white space.

    tests/documents/prose.py [ROOT]"""
import re
import sys

sys.dont_write_bytecode = True
import pages

COLUMNS = 100

# Pages that a program writes, and that are read inside others: they have no title.
GENERATED = {f"docs/bench/{name}.md" for name in ("bus", "headline", "tcp", "curve", "engine", "http", "sense")}

# Blocks without a language: tests find them by these lines before them.
UNLABELLED = {"<!-- keyed -->", "<!-- transcript -->"}


def can_be_broken(line):
    """Whether there is a space to break the line at: not within a link or a code span."""
    rest = re.sub(r"^\s*([-*]|\d+\.)?\s*", "", line)
    rest = pages.CODE_SPAN.sub("x", rest)
    rest = pages.LINK.sub("x", rest)
    return " " in rest.strip()


def check_page(page):
    for number, (line, outside) in enumerate(zip(page.lines, page.outside), 1):
        if line != line.rstrip() or "\t" in line:
            yield number, "white space at the end of the line, or a tab"
        if not outside or line.lstrip().startswith(("|", "<!--")):
            continue
        if len(line) > COLUMNS and can_be_broken(line):
            yield number, f"{len(line)} columns; at most {COLUMNS}"
    if not page.text.endswith("\n") or page.text.endswith("\n\n"):
        yield len(page.lines), "a page ends with one line end"
    for block in page.blocks:
        if not block.language and block.before not in UNLABELLED:
            yield block.line - 1, "this block has no language: sh, console, text, yaml, cpp ..."
    if page.path not in GENERATED:
        yield from check_headings(page)


def check_headings(page):
    level = 0
    for number, (line, outside) in enumerate(zip(page.lines, page.outside), 1):
        found = re.match(r"(#{1,6})\s+\S", line) if outside else None
        if not found:
            continue
        mine = len(found.group(1))
        if level == 0 and (mine != 1 or number != 1):
            yield number, "a page begins with its title, '# ...'"
        if level and mine == 1:
            yield number, "a page has one title"
        if level and mine > level + 1:
            yield number, "this heading skips a level"
        level = mine
    if level == 0:
        yield 1, "this page has no title"


def check(root):
    violations = []
    for page in pages.pages(root):
        violations += [f"{page.path}:{number}: {why}" for number, why in sorted(check_page(page))]
    return violations, len(pages.pages(root))


if __name__ == "__main__":
    bad, count = check(pages.root_of())
    sys.exit(pages.report(bad, f"{count} pages"))
