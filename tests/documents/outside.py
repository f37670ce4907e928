#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Claim: the gateway that CONTRIBUTING.md quotes builds outside of this tree, as
docs/writing-a-gateway.md says, and the installed `sense` runs with it.

    tests/documents/outside.py BINARY_FOLDER [ROOT]"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import pages

PAGE = "docs/writing-a-gateway.md"
SOURCE = "gateways/file/file_gateway.cpp"


def the_page(root):
    """The page's commands, and its CMakeLists.txt."""
    page = next(page for page in pages.pages(root) if page.path == PAGE)
    commands = next(block for block in page.blocks if block.language == "sh" and "cmake --install" in block.text())
    return commands.lines, next(block for block in page.blocks if block.language == "cmake").text()


def run(words, folder):
    done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=240)
    assert done.returncode == 0, f"{' '.join(map(str, words))}: {done.stdout[-4000:]}"
    return done.stdout


def check(binary, root):
    commands, cmake = the_page(root)
    with tempfile.TemporaryDirectory() as place:
        prefix, plugin = pathlib.Path(place) / "installed", pathlib.Path(place) / "plugin"
        plugin.mkdir()
        (plugin / "CMakeLists.txt").write_text(cmake)
        shutil.copy(os.path.join(root, SOURCE), plugin)
        for command in commands:
            words = [word.replace("build/release", os.path.abspath(binary)).replace("DIR", str(prefix))
                     .replace("PLUGIN", str(plugin)) for word in command.split()]
            if "-B" in words:  # the module loads into programs that are built as this tree is
                words += ["-DCMAKE_BUILD_TYPE=Debug"]
            run(words, place)
        module = plugin / "build/gateway-file.so"
        assert module.is_file(), sorted(plugin.rglob("*.so"))
        shown = run([prefix / "bin/sense", "config", "describe", "--plugins", module.parent], place)
        assert "folder:" in shown, shown
        config = pathlib.Path(place) / "sense.yaml"
        config.write_text(f"plugins: {module.parent}\ndata: {place}/data\ngateways: {{file: {{folder: /tmp}}}}\n")
        run([prefix / "bin/sense", "config", "check", "--config", config], place)


if __name__ == "__main__":
    check(sys.argv[1], pages.root_of(sys.argv[2:]))
    print("a gateway builds outside of this tree: holds")
