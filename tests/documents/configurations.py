#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Claim: every block ```yaml of the pages is what the programs accept: a piece of the configuration
(`sense config check`), or an access file (`sense keys list`).

    tests/documents/configurations.py SENSE [ROOT]"""
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import pages

# Pages whose blocks another test reads.
ELSEWHERE = {"docs/examples/foonly.md": "tests/integration/foonly.py runs this page"}


def with_keys(sense, folder, text):
    """The text, where each file of keys or certificates that it names below /etc/sense is one in the
    folder."""
    for path in set(re.findall(r"/etc/sense/[\w.-]*\.pem", text)):
        made = folder / pathlib.Path(path).stem
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=example",
                        "-keyout", f"{made}.key", "-out", f"{made}.pem"], check=True,
                       capture_output=True, timeout=60)
        pathlib.Path(f"{made}.key").chmod(0o600)
        text = text.replace(path, f"{made}.pem").replace(path[:-4] + ".key", f"{made}.key")
    for path in set(re.findall(r"/etc/sense/[\w.-]*key[\w.-]*", text)):
        made = folder / pathlib.Path(path).name
        subprocess.run([sense, "keys", "shared", "example", "--file", str(made)], check=True,
                       capture_output=True, timeout=60)
        text = text.replace(path, str(made))
    return text


def check_block(sense, block):
    """Why the block is not accepted, or None."""
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        config, access = folder / "sense.yaml", folder / "access.yaml"
        text = block.text()
        if text.startswith("principals:"):
            access.write_text(text)
            access.chmod(0o600)
            config.write_text(f"data: {place}\nbroker: {{access-file: {access}}}\n")
            words = ["keys", "list"]
        else:
            config.write_text(with_keys(sense, folder, text if "data:" in text else f"data: {place}\n{text}"))
            words = ["config", "check"]
        done = subprocess.run([sense, *words, "--config", str(config)], capture_output=True, text=True,
                              timeout=60)
        return None if done.returncode == 0 else (done.stderr or done.stdout).strip()


def check(sense, root):
    violations, count = [], 0
    for page in pages.pages(root):
        if page.path in ELSEWHERE:
            continue
        for block in page.blocks:
            if block.language != "yaml":
                continue
            count += 1
            why = check_block(sense, block)
            if why:
                violations.append(f"{page.path}:{block.line}: {why}")
    return violations, count


if __name__ == "__main__":
    bad, blocks = check(sys.argv[1], pages.root_of(sys.argv[2:]))
    sys.exit(pages.report(bad, f"{blocks} blocks"))
