# SPDX-License-Identifier: Apache-2.0
"""Claim: STEP lines piped into `sense step`, over the bus or by datagram, arrive at who asked for their
edition, octet for octet and in order; what is killed meanwhile delays them and loses none."""

import json
import signal
import subprocess
import urllib.request

from installation import DEADLINE, main, wait_for

SOURCE = "//hq.example/printer/hp4"
EDITION = "STEP.SingleLine.CC"
PUBLISHED = ["111 Ready", "112 Processing", "112 Printing", "342 Printer jam", "242 Cover open",
             "122 Cover closed", "122 Warming up"]
CARRIED = ["342 Printer jam", "Cover open", "Cover closed", "Warming up"]
CARRIED_WHOLE = ["342 Printer jam", "342 Cover open", "342 Cover closed", "342 Warming up"]


class Pipe:
    """`sense step` with its input kept open, and its summary at the end."""

    def __init__(self, installation, *arguments):
        self.process = subprocess.Popen(
            [installation.sense, "step", "--source", SOURCE, "--json", *arguments,
             "--config", str(installation.config)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def write(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def end(self, text=""):
        try:
            out, err = self.process.communicate(text.encode(), timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode, json.loads(out), err.decode()


def arrived(installation, name, source=SOURCE):
    """The events that came from a source, each once, in the order of their numbers."""
    lines = {int(line["number"]): line for line in installation.lines(name)
             if line["source"] == source}
    return [lines[number] for number in sorted(lines)]


def texts(installation, name):
    return [line["data"] for line in arrived(installation, name)]


def lines_arrive(installation, at, *way):
    """All published examples, and the four that carry one code; answers what must have arrived."""
    code, summary, err = Pipe(installation, *way).end("\n".join(PUBLISHED) + "\n")
    assert code == 0 and summary["acknowledged"] == 7, (code, summary, err)
    code, summary, err = Pipe(installation, *way).end("banner\r\n\r\n" + "\r\n".join(CARRIED))
    assert code == 0 and summary["acknowledged"] == 4 and summary["withoutcode"] == 1, (summary, err)
    assert "line 1 has no code" in err, err
    expected = at + PUBLISHED + CARRIED_WHOLE
    wait_for(f"the lines arrive {way}", lambda: texts(installation, "step") == expected)
    return expected


def lines_outlive(installation, expected, victim, *way):
    """Lines that are written while a process is dead are published once it is back, each once."""
    pipe = Pipe(installation, *way)
    pipe.write("111 Ready\n")
    expected = expected + ["111 Ready"]
    wait_for("the line before", lambda: texts(installation, "step") == expected)
    installation.kill(victim)
    more = [f"112 Page {page}" for page in range(20)]
    code, summary, err = pipe.end("\n".join(more))
    assert code == 0 and summary["acknowledged"] == 21, (code, summary, err)
    expected += more
    wait_for(f"the lines arrive that outlived the {victim}",
             lambda: texts(installation, "step") == expected)
    return expected


def signal_finishes(installation, expected, *way):
    """SIGTERM: whole lines are published, the half one is not, and the counts are told."""
    pipe = Pipe(installation, *way)
    pipe.write("342 Printer jam\nCover open\n342 Hal")
    expected = expected + ["342 Printer jam", "342 Cover open"]
    wait_for("the lines before", lambda: texts(installation, "step") == expected)
    pipe.process.send_signal(signal.SIGTERM)
    assert pipe.process.wait(DEADLINE) == 0
    summary, err = json.loads(pipe.process.stdout.read()), pipe.process.stderr.read().decode()
    assert summary["acknowledged"] == 2 and "7 octets" in err, (summary, err)
    return expected


def sources_are_listed(installation, server):
    """More sources than a datagram holds."""
    wanted = sorted(f"//lab.example/a-printer-with-a-long-name/in-a-long-corridor/{number:03}"
                    for number in range(60))
    for source in wanted:
        request = urllib.request.Request(
            f"http://127.0.0.1:{installation.ports['http']}/v1/events", b"x",
            {"ce-specversion": "1.0", "ce-type": "{urn:sense:test}seen", "ce-source": source,
             "content-type": "text/plain"})
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            assert answer.status in (200, 201, 202), answer.status
    listed = installation.run("sources", server, "--timeout", "60s")
    assert listed.returncode == 0, listed.stderr
    lines = listed.stdout.splitlines()
    assert lines == sorted(lines) and SOURCE in lines and set(wanted) <= set(lines), lines
    behind = installation.run("sources", server, "--after", wanted[9], "-n", "5", "--json")
    assert [json.loads(line)["source"] for line in behind.stdout.splitlines()] == wanted[10:15]
    shown = installation.run("parameters", server, "--json")
    assert json.loads(shown.stdout)["max-message"] == "1200", shown


def piped_lines_arrive_at_who_asked_for_their_edition(installation):
    server = f"sense://127.0.0.1:{installation.ports['sense']}"
    for name, edition in (("step", EDITION), ("trap", "SNMP.TRAP")):
        installation.start(name, "listen", server, "--source", "//hq.example/**", "--edition",
                           edition, "--json")
        log = installation.folder / f"{name}.log"
        wait_for(f"{name} is subscribed", lambda log=log: "subscribed as" in log.read_text())

    expected = lines_arrive(installation, [])
    expected = lines_arrive(installation, expected, "--via", server)
    expected = lines_outlive(installation, expected, "broker")
    expected = lines_outlive(installation, expected, "gateway sense", "--via", server)
    expected = signal_finishes(installation, expected)
    expected = signal_finishes(installation, expected, "--via", server)
    for event in arrived(installation, "step"):
        assert event["edition"] == EDITION and event["datacontenttype"] == "text/plain", event
        assert event["type"] == "{urn:sense:step}status", event

    # An event of another edition, and one of none.
    receipts = [installation.run("publish", "{urn:sense:test}other", "//hq.example/other", "--json",
                                 "--via", server, *more)
                for more in (["--edition", "SNMP.TRAP", "--data", "trap"], ["--data", "plain"])]
    assert all(receipt.returncode == 0 for receipt in receipts), receipts

    def other(name):
        return [line["data"] for line in arrived(installation, name, "//hq.example/other")]
    wait_for("both arrive", lambda: other("trap") == ["trap", "plain"])
    wait_for("one arrives", lambda: other("step") == ["plain"])
    assert texts(installation, "trap") == [], "lines came to who had asked for traps"
    assert texts(installation, "step") == expected

    big = installation.run("publish", "{urn:sense:test}big", "//hq.example/other", "--via", server,
                           "--data", "x" * 2000)
    assert big.returncode == 1 and "at most 1200" in big.stderr, big
    sources_are_listed(installation, server)


main(piped_lines_arrive_at_who_asked_for_their_edition)
