# SPDX-License-Identifier: Apache-2.0
"""The Markdown pages of the tree, taken apart: blocks of code, prose, headings, links. What the tests
in this folder share."""
import functools
import os
import pathlib
import re
import sys

NOT_OURS = {".git", "build", ".library", ".mirror", ".cache", "__pycache__"}
FENCE = re.compile(r"^(\s*)(`{3,})\s*(\S*)\s*$")
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
LINK = re.compile(r"!?\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]*(?:\([^()\s]*\))?[^()\s]*)\)")
ANCHOR = re.compile(r'<a id="([^"]+)"></a>')


class Block:
    """One fenced block: its language, the comment line before it, its lines without indentation, and
    the number of its first line."""

    def __init__(self, language, before, indent, line):
        self.language, self.before, self.indent, self.line = language, before, indent, line
        self.lines = []

    def text(self):
        return "".join(line + "\n" for line in self.lines)


class Page:
    """One page. `path` is relative to the root, with slashes."""

    def __init__(self, path, text):
        self.path, self.text = path, text
        self.lines = text.split("\n")
        self.blocks = []
        self.outside = []  # of each line: whether it is outside of all blocks
        self._take_apart()

    def _take_apart(self):
        block, fence, before = None, None, ""
        for number, line in enumerate(self.lines, 1):
            found = FENCE.match(line)
            if block is None and found:
                fence = found.group(2)
                block = Block(found.group(3), before, found.group(1), number + 1)
                self.blocks.append(block)
            elif block is not None and line.strip() == fence:
                block = None
            elif block is not None:
                block.lines.append(line[len(block.indent):] if line.startswith(block.indent) else line.strip())
            else:
                self.outside.append(True)
                if line.strip():
                    before = line.strip()
                continue
            self.outside.append(False)
            before = ""

    def prose(self):
        """The text with blocks and comments made empty: every line in its place."""
        text = "\n".join(line if outside else "" for line, outside in zip(self.lines, self.outside))
        return COMMENT.sub(lambda found: re.sub(r"[^\n]", "", found.group()), text)

    def code_spans(self):
        """(line, content) of each code span; a line end within one is a space."""
        prose = self.prose()
        for found in CODE_SPAN.finditer(prose):
            yield prose.count("\n", 0, found.start()) + 1, " ".join(found.group(2).split())

    def links(self):
        """(line, target) of each link."""
        blanked = CODE_SPAN.sub(lambda found: re.sub(r"[^\n]", "x", found.group()), self.prose())
        for found in LINK.finditer(blanked):
            line = blanked.count("\n", 0, found.start(2)) + 1
            yield line, found.group(2)

    def anchors(self):
        """What a link can point to: slugs of headings, as GitHub makes them, and explicit anchors."""
        anchors, seen = set(ANCHOR.findall(self.prose())), {}
        for line, outside in zip(self.lines, self.outside):
            found = re.match(r"#{1,6}\s+(.*?)\s*#*$", line) if outside else None
            if not found:
                continue
            name = slug(found.group(1))
            count = seen.get(name, 0)
            seen[name] = count + 1
            anchors.add(name if count == 0 else f"{name}-{count}")
        return anchors


def slug(heading):
    text = LINK.sub(lambda found: found.group(1), heading).replace("`", "")
    text = re.sub(r"[^\w\- ]", "", text.lower())
    return text.replace(" ", "-")


def between(text, name):
    """(before, inside, behind) of <!-- NAME --> and <!-- end of NAME -->; None without them."""
    found = re.search(rf"(<!-- {name} -->\n)(.*?)(<!-- end of {name} -->)", text, re.DOTALL)
    if not found:
        return None
    return text[:found.end(1)], found.group(2), text[found.start(3):]


def files_below(root):
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in NOT_OURS)
        for name in sorted(files):
            yield pathlib.PurePath(os.path.relpath(os.path.join(folder, name), root)).as_posix()


@functools.lru_cache
def pages(root):
    return [Page(path, (pathlib.Path(root) / path).read_text(encoding="utf-8"))
            for path in files_below(root) if path.endswith(".md")]


def report(violations, what):
    """Prints violations `file:line: why`, and answers the exit code."""
    for violation in violations:
        print(violation)
    print(f"{what}, {len(violations)} violations")
    return 1 if violations else 0


def root_of(arguments=None):
    """The root of the tree: the first argument, or where this file is."""
    words = sys.argv[1:] if arguments is None else arguments
    named = [word for word in words if not word.startswith("--")]
    return named[0] if named else str(pathlib.Path(__file__).resolve().parents[2])
