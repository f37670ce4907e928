#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Draws how many events of 256 octets a second go from one publisher to one subscriber, and what each
system promises for them, as SVG that can be read on light and on dark.

    tests/bench/report/chart.py BUS.json BUS.md CHART.svg

The figures are those of `sense bench bus --matrix --json`, or without a matrix those of durable
throughput; the machine is the one that the table names. Without figures there is no chart."""
import json
import logging
import pathlib
import re
import sys

TEXT, OURS, PEER = "#7d8590", "#2f81f7", "#9aa4b0"  # readable on white and on black alike
PROMISES = {
    "sense": "acknowledged, synced",
    "jetstream_sync_always": "acknowledged, synced",
    "jetstream": "acknowledged, not synced",
    "mosquitto_qos1": "acknowledged, not stored",
}


def bars(lines):
    """(system, events a second), the longest first."""
    metrics = [json.loads(line) for line in lines if line.strip()]
    for figure in ("throughput_256B_1sub", "durable_throughput_vs_"):
        rates = {}
        for metric in metrics:
            if metric["figure"].startswith(figure) and not metric["figure"].endswith("_lost"):
                rates.setdefault("sense", metric["value"])
                rates[metric["peer"]] = metric["peer_value"]
        found = [(name, rate) for name, rate in rates.items() if name and rate]
        if found:
            return sorted(found, key=lambda bar: -bar[1])
    return []


def label(name, rate):
    return f"{rate:,.0f} · {PROMISES.get(name, 'not acknowledged')}"


def machine(table):
    """"AMD EPYC, 2 cores, ext4 on vda, 2026-11-22", of the caption of the tables."""
    said = re.match(r"Measured on (\S+): (.*? cores), .*?, data on (.*?);", " ".join(table.split()))
    return f"{said[2]}, {said[3]}, {said[1]}" if said else ""


def draw(found, caption, path):
    import matplotlib  # Debian's, so that this is Debian's python3
    matplotlib.use("svg")
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # fonts are the reader's
    # Text stays text, and the same figures give the same file.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "sense", "font.size": 9.75,
                                "font.family": ["system-ui", "sans-serif"], "text.color": TEXT})
    from matplotlib import pyplot
    width, height = 780, 86 + 34 * len(found)  # as the reader sees it: 96 in an inch
    figure, axes = pyplot.subplots(figsize=(width / 96, height / 96))
    drawn = axes.barh([name for name, _ in found], [rate for _, rate in found], height=20 / 34,
                      color=[OURS if name == "sense" else PEER for name, _ in found])
    axes.bar_label(drawn, [label(*bar) for bar in found], padding=8)
    axes.invert_yaxis()
    axes.set_frame_on(False)
    axes.set_xticks([])
    axes.tick_params(length=0, labelcolor=TEXT)
    for text in axes.get_yticklabels():
        text.set_fontweight("bold" if text.get_text() == "sense" else "normal")
    figure.suptitle("Events a second, 256 octets, one publisher to one subscriber", x=0.01,
                    ha="left", fontsize=12, fontweight="bold")
    figure.text(0.01, 0.03, caption, fontsize=8.25)
    figure.subplots_adjust(left=170 / width, right=500 / width, top=1 - 50 / height,
                           bottom=36 / height)
    figure.savefig(path, transparent=True, metadata={"Date": None, "Title": "Events a second, from a "
                                                     "publisher to one subscriber"})


if __name__ == "__main__":
    figures, table, chart = sys.argv[1:]
    found = bars(pathlib.Path(figures).read_text().splitlines())
    if not found:
        sys.exit(f"{figures} has no throughput: there is no chart")
    draw(found, machine(pathlib.Path(table).read_text()), chart)
