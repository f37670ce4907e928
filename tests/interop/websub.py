# SPDX-License-Identifier: Apache-2.0
"""Claim: a subscriber of WebSub that the project did not write finds the hub by a topic, subscribes, is
verified, and accepts the signatures of what it is sent, through a renewal and kill -9 of the gateway; it
gets nothing once it has unsubscribed, and is told when the operator ends its subscription; no log and no
management event tells its secret."""

import base64
import json
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.request

from web_installation import WebInstallation, wait_for

HERE = pathlib.Path(__file__).resolve().parent


def packages():
    """The folder of the packages that ./test.sh has installed."""
    folder = pathlib.Path(sys.argv[2]) / "node_modules"
    if shutil.which("node") is None or not (folder / "pubsubhubbub").is_dir():
        print("skipped: node, or the packages of tests/interop/package-lock.json, are not installed: "
              "./test.sh does it, with npm")
        sys.exit(77)
    return str(folder)


class Subscriber:
    def __init__(self, it, topic, hub):
        self.out = it.folder / "subscriber.jsonl"
        with open(self.out, "w") as out:
            self.child = subprocess.Popen(["node", HERE / "websub_subscriber.cjs", packages(), topic, hub],
                                          stdin=subprocess.PIPE, stdout=out, text=True)
        it.children.append(self.child)
        self.secret = wait_for("it listens", lambda: self.said("listening"))[0]["secret"]

    def said(self, member, value=None):
        lines = (json.loads(line) for line in self.out.read_text().splitlines())
        return [line for line in lines if member in line and value in (None, line[member])]

    def ask(self, mode):
        """Returns when the hub has verified it."""
        asked, verified = len(self.said("asked", mode)), len(self.said("verified", mode))
        self.child.stdin.write(mode + "\n")
        self.child.stdin.flush()
        answer = wait_for("the hub answers", lambda: self.said("asked", mode)[asked:])[0]
        assert answer["error"] is None, answer
        return wait_for("it is verified", lambda: self.said("verified", mode)[verified:])[0]

    def got(self, id):
        return [each for each in self.said("feed") if each["feed"]["id"] == id]


def linked(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return dict((rel, at) for at, rel in re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers["Link"]))


def publish(it, id):
    published = it.run("publish", "{urn:w}x", "//hq/1", "--id", id, "--data", "x")
    assert published.returncode == 0, published.stderr


def active(it):
    listed = it.run("subscriptions", "list", "--json").stdout
    return [line for line in listed.splitlines() if "websub" in line and '"active"' in line]


def arrives(it, subscriber, id, count=[0]):
    """Publishes until the subscription is active, and one has come."""
    def one():
        count[0] += 1
        publish(it, f"{id}-{count[0]}")
        return [each for each in subscriber.said("feed") if each["feed"]["id"].startswith(id)]
    return wait_for(id, one)[0]


def subscribes_and_is_sent_events(it):
    topic = it.url("/websub/topics?type=%7Burn%3Aw%7Dx&source=%2F%2Fhq%2F1")
    links = linked(topic)
    assert links == {"self": topic, "hub": it.url("/websub")}, links
    subscriber = Subscriber(it, links["self"], links["hub"])
    verified = subscriber.ask("subscribe")
    assert verified["topic"] == topic and 590 <= verified["seconds"] <= 601, verified
    one = arrives(it, subscriber, "first")
    assert one["topic"] == topic and one["type"].startswith("application/cloudevents+json"), one
    assert one["signature"].startswith("sha256=") and len(one["signature"]) == 71, one
    assert one["feed"]["source"] == "//hq/1" and int(one["number"]) >= 1, one
    return subscriber


def goes_on_after_a_kill_and_a_renewal(it, subscriber):
    it.kill("gateway http")
    publish(it, "while-away")
    wait_for("it comes after the kill", lambda: subscriber.got("while-away"))
    subscriber.ask("subscribe")
    publish(it, "renewed")
    wait_for("it comes after the renewal", lambda: subscriber.got("renewed"))
    assert len(active(it)) == 1, active(it)


def gets_nothing_once_it_has_unsubscribed(it, subscriber):
    subscriber.ask("unsubscribe")
    wait_for("the subscription has ended", lambda: not active(it))
    publish(it, "too-late")
    # What comes later is here, so that what did not come will not.
    subscriber.ask("subscribe")
    arrives(it, subscriber, "later")
    assert not subscriber.got("too-late")


def is_told_when_the_operator_ends_it(it, subscriber):
    one = re.search(r'"id":"(w-[0-9a-f]{40})"', active(it)[0])
    cancelled = it.run("subscriptions", "cancel", one[1])
    assert cancelled.returncode == 0, cancelled.stderr
    denied = wait_for("it is told", lambda: subscriber.said("verified", "denied"))[0]
    assert denied["topic"] == it.url("/websub/topics?type=%7Burn%3Aw%7Dx&source=%2F%2Fhq%2F1"), denied


def no_secret_is_told(it, subscriber):
    hidden = base64.b64encode(subscriber.secret.encode()).decode()
    told = [path.read_text(errors="replace") for path in it.folder.glob("*.log")]
    told.append(it.run("subscribe", "--from", "1", "--type", "{urn:sense:management}*", "--count", "1000000",
                       "--timeout", "1s", "--json").stdout)
    assert "websub/topics" in told[-1], told[-1][:1000]
    for text in told:
        assert subscriber.secret not in text and hidden not in text, text[:1000]


packages()
with WebInstallation(sys.argv[1]) as installation:
    wait_for("the HTTP listener", installation.answers)
    peer = subscribes_and_is_sent_events(installation)
    for claim in (goes_on_after_a_kill_and_a_renewal, gets_nothing_once_it_has_unsubscribed,
                  is_told_when_the_operator_ends_it, no_secret_is_told):
        claim(installation, peer)
        print(f"{claim.__name__}: holds")
