#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Claim: what a page quotes from a file is what stands in the file.

A block behind `<!-- quoted from FILE -->` is the whole file; one behind `<!-- excerpt of FILE -->` is
some of its lines, one after the other, perhaps indented otherwise.

    tests/documents/quotes.py [ROOT] [--write]      --write renews the whole quotes"""
import pathlib
import re
import sys
import textwrap

sys.dont_write_bytecode = True
import pages

MARK = re.compile(r"^<!-- (quoted from|excerpt of) (\S+) -->$")


def check(root):
    violations, count = [], 0
    for page in pages.pages(root):
        marks = sum(1 for line, outside in zip(page.lines, page.outside)
                    if outside and MARK.match(line.strip()))
        quotes = [(MARK.match(block.before), block) for block in page.blocks if MARK.match(block.before)]
        if marks != len(quotes):
            violations.append(f"{page.path}:1: a quote's mark has no block behind it")
        for found, block in quotes:
            count += 1
            why = difference(pathlib.Path(root), found.group(1), found.group(2), block.text())
            if why:
                violations.append(f"{page.path}:{block.line}: {why}")
    return violations, count


def difference(root, kind, name, quote):
    """Why a quote is none, or None."""
    path = root / name
    if not path.is_file():
        return f"{name}, which is quoted, does not exist"
    text = path.read_text(encoding="utf-8")
    if kind == "quoted from":
        if quote != text:
            return f"the quote is not {name} as it is; tests/documents/quotes.py --write renews it"
        return None
    lines, wanted = text.splitlines(), textwrap.dedent(quote).splitlines()
    for start in range(len(lines) - len(wanted) + 1):
        piece = textwrap.dedent("\n".join(lines[start:start + len(wanted)]))
        if wanted and piece.splitlines() == wanted:
            return None
    return f"the excerpt is not in {name}"


def write(root):
    """Puts the files into the blocks that quote them."""
    for page in pages.pages(root):
        lines = list(page.lines)
        for block in reversed(page.blocks):
            found = MARK.match(block.before)
            path = found and pathlib.Path(root) / found.group(2)
            if not found or found.group(1) != "quoted from" or not path.is_file():
                continue
            quote = [block.indent + line if line else "" for line in
                     path.read_text(encoding="utf-8").splitlines()]
            lines[block.line - 1:block.line - 1 + len(block.lines)] = quote
        text = "\n".join(lines)
        if text != page.text:
            (pathlib.Path(root) / page.path).write_text(text, encoding="utf-8")
    pages.pages.cache_clear()


if __name__ == "__main__":
    if "--write" in sys.argv:
        write(pages.root_of())
    bad, quoted = check(pages.root_of())
    sys.exit(pages.report(bad, f"{quoted} quotes"))
