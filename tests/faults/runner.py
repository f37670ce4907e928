# SPDX-License-Identifier: Apache-2.0
"""Runs parts of the table in chunks, and keeps what was found in a file of the build folder."""
import json
import os
import random
import signal
import subprocess
import sys
import time

from table import ROOT

FINDINGS_MAX = 3  # of one part: then it stops, since there is something to mend
SKIPPED = 77


def commit():
    """With a mark when anything but the report was changed since."""
    def git(*words):
        return subprocess.run(["git", *words], cwd=ROOT, text=True, capture_output=True).stdout.strip()
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/faults.md")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("-dirty" if changed else "")


class State:
    """What each part has done. Written after every chunk; only one `run` writes at a time."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "state.json"
        self.parts = json.loads(self.file.read_text()) if self.file.exists() else {}

    def begin(self, part, resume):
        if not resume or part.name not in self.parts:
            self.parts[part.name] = {"done": 0, "seconds": 0.0, "seeds": [], "findings": [],
                                     "commits": [], "dates": [], "skipped": "", "said": ""}
        record = self.parts[part.name]
        record["skipped"] = ""
        for key, value in (("commits", commit()), ("dates", time.strftime("%Y-%m-%d"))):
            if value not in record[key]:
                record[key].append(value)
        return record

    def save(self):
        part = self.file.with_suffix(".part")
        part.write_text(json.dumps(self.parts, indent=1))
        part.rename(self.file)


class Interrupted(Exception):
    """A signal asked for the end."""


def last_line(text):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines else "no output"


def run_chunk(part, count, seed, build, log):
    """Exit code and output of one command, which is ended with all its children on a signal."""
    environment = {name: part.filled(value, count, seed, build)
                   for name, value in part.environment.items()}
    command = part.filled(part.command, count, seed, build).replace("$PWD", str(ROOT))
    with open(log, "w+") as out:
        child = subprocess.Popen(command.split(), cwd=ROOT,
                                 env={**os.environ, **environment}, stdout=out,
                                 stderr=subprocess.STDOUT, start_new_session=True)
        try:
            code = child.wait()
        except BaseException:
            os.killpg(child.pid, signal.SIGTERM)
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
            raise
        out.seek(0)
        return code, out.read()


def progress(part, record, started, done_before):
    done = record["done"] - done_before
    left = "" if done <= 0 else (
        f", {(time.monotonic() - started) * (part.asked - record['done']) / done / 60:.0f} min left")
    print(f"{part.name}: {record['done']} of {part.asked} {part.unit}, "
          f"{len(record['findings'])} findings{left}", file=sys.stderr, flush=True)


def run_part(part, state, build, minutes, resume):
    """Runs chunks until all is done, the time is up, or too much was found."""
    record = state.begin(part, resume)
    started, before, longest = time.monotonic(), record["done"], 0.0
    progress(part, record, started, before)
    while record["done"] < part.asked and len(record["findings"]) < FINDINGS_MAX:
        begin = time.monotonic()
        if begin - started + longest > 60 * minutes:
            print(f"{part.name}: the time is up; --resume goes on", file=sys.stderr)
            break
        count = min(part.chunk, part.asked - record["done"])
        seed = random.SystemRandom().randrange(1, 1 << 31)
        log = state.folder / f"{part.name}.log"
        try:
            if part.needs and not (ROOT / part.needs).exists():
                raise FileNotFoundError(0, f"{part.needs} is not there", part.needs)
            code, output = run_chunk(part, count, seed, build, log)
        except OSError as error:
            code, output = SKIPPED, f"cannot be started: {error.strerror}"
        longest = max(longest, time.monotonic() - begin)
        record["seconds"] += time.monotonic() - begin
        if code == SKIPPED:
            record["skipped"] = last_line(output)
            state.save()
            break
        record["seeds"].append(seed)
        record["said"] = last_line(output)
        if code != 0:
            kept = state.folder / f"{part.name}-{seed}.log"
            log.rename(kept)
            record["findings"].append({"seed": seed, "code": code, "log": kept.name,
                                       "said": last_line(output),
                                       "command": part.shown(count, seed, build)})
        else:
            record["done"] += count
        state.save()
        progress(part, record, started, before)
    return not record["findings"]
