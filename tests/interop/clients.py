# SPDX-License-Identifier: Apache-2.0
"""Claim: an EventSource that the project did not write gets each event of a stream, and goes on with its
number after kill -9 of the gateway; events that the SDK of CloudEvents makes are taken in each mode, and
it reads what a web hook is sent in each mode; a validator accepts the description of the interface."""

import json
import pathlib
import shutil
import subprocess
import sys

from web_installation import WebInstallation, wait_for

HERE = pathlib.Path(__file__).resolve().parent


def packages():
    """The folder of the packages that ./test.sh has installed."""
    folder = pathlib.Path(sys.argv[2]) / "node_modules"
    missing = [name for name in ("eventsource", "cloudevents", "@seriousme") if not (folder / name).is_dir()]
    if shutil.which("node") is None or missing:
        print("skipped: node, or the packages of tests/interop/package-lock.json, are not installed: "
              "./test.sh does it, with npm")
        sys.exit(77)
    return str(folder)


class Web(WebInstallation):
    def publish(self, id, type="{urn:stream}one"):
        published = self.run("publish", type, "//x", "--id", id, "--data", "x")
        assert published.returncode == 0, published.stderr


class Client:
    """One of clients.cjs, and what it has said."""

    def __init__(self, it, *words):
        self.out = it.folder / f"client-{len(it.children)}.jsonl"
        with open(self.out, "w") as out:
            self.child = subprocess.Popen(["node", HERE / "clients.cjs", packages(), *words], stdout=out)
        it.children.append(self.child)

    def said(self, member):
        lines = (json.loads(line) for line in self.out.read_text().splitlines())
        return [line for line in lines if member in line]


def pulled(it, types):
    return f"/v1/subscriptions/{it.subscribe('pull:', types=[types])['id']}"


def a_stream_goes_on_after_a_kill(it):
    path = pulled(it, "{urn:stream}*")
    reader = Client(it, "stream", it.url(path + "/stream"))
    wait_for("the stream is open", lambda: reader.said("open"))
    for i in range(60):
        it.publish(f"e{i}")
        if i in (15, 40):
            it.kill("gateway http")
    wait_for("all came", lambda: len(reader.said("event")) >= 60)
    got = [(int(each["id"].split(".")[0]), each["event"]["id"]) for each in reader.said("event")]
    # The package comes again with the last id that it has seen: none is lost, none comes twice.
    assert got == [(i + 1, f"e{i}") for i in range(60)], got
    assert len(reader.said("open")) >= 3, reader.said("open")
    wait_for("the gateway answers", it.answers)
    it.ask("DELETE", path)
    wait_for("the end is told", lambda: reader.said("ended"))
    assert reader.said("ended")[0]["ended"]["reason"] == "cancelled", reader.said("ended")
    reader.child.wait(20)


def events_of_the_sdk_are_taken(it):
    path = pulled(it, "{urn:sdk}*")
    sender = Client(it, "publish", it.url("/v1/events"))
    assert sender.child.wait(60) == 0
    answers = {each["mode"]: (each["status"], each["answer"]) for each in sender.said("mode")}
    assert [answers[mode][0] for mode in ("binary", "structured", "batch")] == [202, 202, 202], answers
    assert [each["id"] for each in answers["batch"][1]["results"]] == ["batch-1", "batch-2"], answers
    page = wait_for("they are there",
                    lambda: [page for page in [it.ask("GET", path + "/events")] if len(page["events"]) == 4])
    for item in page[0]["events"]:
        event = item["event"]
        assert event["subject"] == ("a subject" if event["id"] == "binary" else "ünï code"), event
        assert event["colour"] == "red", event
        assert event["data"] == {"from": "sdk", "id": event["id"]}, event


def the_sdk_reads_what_a_web_hook_is_sent(it):
    receiver = Client(it, "receive")
    port = wait_for("it listens", lambda: receiver.said("port"))[0]["port"]
    for edition in ("", "application/cloudevents+json"):
        kind = "structured" if edition else "binary"
        it.subscribe(f"http://127.0.0.1:{port}/{kind}", types=["{urn:hook}*"],
                     **({"edition": edition} if edition else {}))
    it.publish("hook-1", "{urn:hook}x")
    wait_for("both came", lambda: len([each for each in receiver.said("event")
                                       if each["event"]["id"] == "hook-1"]) == 2)
    assert all(each["valid"] for each in receiver.said("valid")), receiver.said("valid")


def the_description_is_openapi(it):
    checker = Client(it, "validate", it.url("/openapi.json"))
    assert checker.child.wait(60) == 0
    said = checker.said("verdict")[0]
    assert said["verdict"]["valid"] and said["version"].startswith("3.1"), said


if __name__ == "__main__":
    packages()
    with Web(sys.argv[1]) as installation:
        wait_for("the gateway answers", installation.answers)
        for claim in (a_stream_goes_on_after_a_kill, events_of_the_sdk_are_taken,
                      the_sdk_reads_what_a_web_hook_is_sent, the_description_is_openapi):
            claim(installation)
            print(f"{claim.__name__}: holds")
