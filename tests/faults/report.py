# SPDX-License-Identifier: Apache-2.0
"""docs/faults.md: what the parts of the table really did, with date and machine."""
import os
import platform
import textwrap

from table import PARTS, ROOT

HEAD = """# Faults: what was run

The table of faults that [testing.md](testing.md) explains, at the counts that `tests/faults/run`
really reached. That script writes this page; a part that was not run says so. What the ordinary
suite runs of each row is in [testing.md](testing.md#how-often).

"""


def machine():
    memory = next(line.split()[1] for line in open("/proc/meminfo") if line.startswith("MemTotal"))
    return (f"{os.cpu_count()} cores ({platform.machine()}), {int(memory) >> 20} GiB of memory, "
            f"Linux {platform.release()}; its load when this was written was {os.getloadavg()[2]:.0f}")


def duration(seconds):
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def outcome(part, record):
    """Whether a part was run: wholly, in part, or not at all and why."""
    if record is None:
        return "**not run**"
    if record["skipped"] and not record["done"]:
        return f"**not run**: {record['skipped']}"
    if record["done"] < part.asked:
        return f"**in part**: {record['done']:,}"
    return f"{record['done']:,}"


def command(part, build):
    """In the form of a page, whose tests look for each file that it names."""
    if part.command.startswith("tests/") and not (ROOT / part.command.split()[0]).exists():
        return "(not in this tree)"
    return f"`{part.shown(part.chunk, 'N', build)}`"


def seeds(record):
    found = record["seeds"] if record else []
    return "" if not found else f"{found[0]}" if len(found) == 1 else f"{len(found)} from {found[0]}"


def wrapped(text, indent):
    return textwrap.wrap(text, 100, initial_indent=indent, subsequent_indent="  " if text[0] in "- " or indent else "", break_on_hyphens=False)


def finding_lines(records):
    for name, record in records.items():
        for finding in record["findings"]:
            yield from wrapped(f"- `{name}`: {finding['said']}; again by", "")
            yield f"  `{finding['command']}`"
            if "note" in finding:  # what was found out since, written into the file of the state by hand
                yield from wrapped(finding["note"], "  ")


def page(records, build):
    lines = [*wrapped(f"Machine: {machine()}.", ""), ""]
    for row in dict.fromkeys(part.row for part in PARTS):
        lines += [f"## {row[0].upper()}{row[1:]}", "",
                  "| Part | Asked | Run | Findings | Time | Date, commit | Seeds | Command |",
                  "|---|---|---|---|---|---|---|---|"]
        for part in (part for part in PARTS if part.row == row):
            record = records.get(part.name)
            when = f"{record['dates'][-1]}, `{record['commits'][-1]}`" if record else ""
            lines.append(" | ".join([
                f"| `{part.name}`", f"{part.asked:,} {part.unit}", outcome(part, record),
                str(len(record["findings"])) if record else "", duration(record["seconds"]) if record else "",
                when, seeds(record), f"{command(part, build)} |"]))
        lines.append("")
    found = list(finding_lines(records))
    lines += ["## Findings", "", *(found or ["None that is open."]), ""]
    return HEAD + "\n".join(lines)
