#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Claim: every relative link and anchor of every page resolves, every path in backticks that looks like
one of this tree exists, and so does every page that the code names.

    tests/documents/links.py [ROOT]"""
import glob
import os
import posixpath
import re
import sys

sys.dont_write_bytecode = True  # leaves nothing in the source tree
import pages

EXTERNAL = re.compile(r"^[a-z][a-z0-9+.-]*:")
PATH = re.compile(r"^\.?[\w@*{},+-][\w@*{},.+-]*(/[\w@*{},.+-]+)+/?$|^[\w-]+\.(sh|txt|json|md)$")
PLACEHOLDER = re.compile(r"[A-Z]{3,}")

CODE = (".cpp", ".hpp", ".c", ".h", ".py", ".txt", ".cmake", ".yaml", ".service", ".sh")
PAGE_IN_CODE = re.compile(r"(?<![\w/.])((?:docs|core)/[a-z/-]+\.md)")

# Paths in backticks that look like ours and are not, and why.
OTHERS = {
    "broker/broker.db": "below the folder of data",
    "broker/ballast": "below the folder of data",
    "allow.yaml": "an operator's file",
    "event.json": "an attachment of mails",
}


def check_links(page, by_path, root):
    for line, target in page.links():
        if EXTERNAL.match(target):
            continue
        path, _, anchor = target.partition("#")
        place = posixpath.normpath(posixpath.join(posixpath.dirname(page.path), path)) if path else page.path
        if not os.path.exists(os.path.join(root, place)):
            yield line, f"the link {target} leads nowhere"
        elif anchor and place not in by_path:
            yield line, f"the link {target} has an anchor in what is no page"
        elif anchor and anchor not in by_path[place].anchors():
            yield line, f"{place} has no heading or anchor '{anchor}'"


def exists(root, path):
    # NAME stands for any name, and so does *.
    pattern = PLACEHOLDER.sub("*", path) if not os.path.exists(os.path.join(root, path)) else path
    for one in braces(pattern):
        if not glob.glob(os.path.join(glob.escape(root), one)):
            return False
    return True


def braces(pattern):
    """{a,b} as the shell reads it."""
    found = re.search(r"\{([^{}]*)\}", pattern)
    if not found:
        return [pattern]
    return [one for word in found.group(1).split(",")
            for one in braces(pattern[:found.start()] + word + pattern[found.end():])]


def check_paths(page, root, tops):
    for line, span in page.code_spans():
        word = span.split(" ")[0].rstrip(":,;")
        word = word.removeprefix("./")
        if not PATH.match(word) or word in OTHERS:
            continue
        top = word.split("/")[0]
        if "/" in word and top not in tops:
            continue
        if not exists(root, word):
            yield line, f"`{word}` does not exist"


def check_code(root):
    """Pages that code and configuration name."""
    for path in pages.files_below(root):
        if not path.endswith(CODE) or path.startswith(("tests/documents/", "tests/tidy/")):
            continue
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, 1):
                for name in PAGE_IN_CODE.findall(line):
                    if not os.path.exists(os.path.join(root, name)):
                        yield f"{path}:{number}: {name} does not exist"


def check(root):
    found = pages.pages(root)
    by_path = {page.path: page for page in found}
    tops = {name for name in os.listdir(root)
            if os.path.isdir(os.path.join(root, name)) and name not in pages.NOT_OURS}
    violations = []
    for page in found:
        mistakes = [*check_links(page, by_path, root), *check_paths(page, root, tops)]
        violations += [f"{page.path}:{line}: {why}" for line, why in sorted(mistakes)]
    return violations + list(check_code(root)), len(found)


if __name__ == "__main__":
    bad, count = check(pages.root_of())
    sys.exit(pages.report(bad, f"{count} pages"))
