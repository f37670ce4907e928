# SPDX-License-Identifier: Apache-2.0
"""Claim: a receiver with the library of the Standard Webhooks project accepts what the HTTP gateway
signs: the challenge, events in each mode and of a MiB, through a rotation and no longer, over HTTP/1.1
and HTTP/2 with a private authority and a client certificate; and no secret is in a log, a management
event, the audit trail, a list or an export."""

import json
import pathlib
import shutil
import subprocess
import sys
import urllib.request

from web_installation import WebInstallation, wait_for

HERE = pathlib.Path(__file__).resolve().parent
SECRETS = []


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


def packages():
    """The folder of the packages that ./test.sh has installed."""
    folder = pathlib.Path(sys.argv[2]) / "node_modules"
    if shutil.which("node") is None:
        skip("node is not installed")
    if not (folder / "standardwebhooks").is_dir():
        skip("the packages of tests/interop/package-lock.json are not installed: ./test.sh does it, with npm")
    return str(folder)


class Signing(WebInstallation):
    """With a signing key, an authority of its own for localhost, and a certificate for it."""

    def __init__(self, sense):
        super().__init__(sense)
        made = self.run("keys", "signing", "hooks", "--file", str(self.folder / "hooks.signing"), "--json")
        assert made.returncode == 0, made.stderr
        self.public = json.loads(made.stdout)["key"]
        SECRETS.append((self.folder / "hooks.signing").read_text().strip())
        self.certificate("localhost")
        self.certificate("client")
        tls = f"localhost ca={self.folder}/localhost.pem cert={self.folder}/client.pem key={self.folder}/client.key"
        self.configure(f'signing-key: {self.folder}/hooks.signing, endpoints: ["{tls}"]')

    def subscribe(self, callback, **more):
        made = super().subscribe(callback, **more)
        SECRETS.append(made["secret"])
        return made

    def publish(self, type, id, data='"x"'):
        """With JSON for data: the library reads it once the signature is good."""
        path = self.folder / "data.txt"
        path.write_text(data)
        published = self.run("publish", type, "//x", "--id", id, "--data-file", str(path))
        assert published.returncode == 0, published.stderr


class Receiver:
    def __init__(self, it, *tls):
        self.child = subprocess.Popen(["node", HERE / "webhook_receiver.cjs", packages(),
                                       *(str(it.folder / name) for name in tls)],
                                      stdout=subprocess.PIPE, text=True)
        it.children.append(self.child)
        where = json.loads(self.child.stdout.readline())
        self.control = f"http://127.0.0.1:{where['control']}/verify"
        self.url = f"https://localhost:{where['port']}/hook" if tls else f"http://127.0.0.1:{where['port']}/hook"

    def seen(self, **key):
        with urllib.request.urlopen(urllib.request.Request(
                self.control, data=json.dumps(key).encode(), method="POST"), timeout=20) as answer:
            return json.loads(answer.read())

    def wait(self, id, **key):
        """What the library says of the last request with that id."""
        return wait_for(id, lambda: [each for each in self.seen(**key) if each["id"] == id])[-1]


def each_delivery_is_accepted(it):
    hook = Receiver(it)
    made = it.subscribe(hook.url, types=["{urn:a}*"])
    it.publish("{urn:a}x", "first")
    it.publish("{urn:a}x", "big", json.dumps("y" * (1024 * 1024 - 2)))
    for id, octets in (("first", 3), ("big", 1024 * 1024)):
        one = hook.wait(id, secret=made["secret"])
        assert one["verdict"] == "good" and one["octets"] == octets, one
    for each in hook.seen(secret=made["secret"]):
        assert each["verdict"] == "good", each
    assert any(each["id"].startswith("challenge-") for each in hook.seen(secret=made["secret"]))
    for each in hook.seen(public=it.public):
        assert each["verdict"] == "good", each
    wrong = "whsec_" + "A" * 32
    assert {each["verdict"] for each in hook.seen(secret=wrong)} == {"No matching signature found"}
    assert it.ask("GET", "/v1/parameters")["webhook-public-key"] == it.public
    rotated(it, hook, made)
    structured = it.subscribe(hook.url, types=["{urn:b}*"], edition="application/cloudevents+json",
                              secret="whsec_" + "B" * 40)
    assert structured["secret"] == "whsec_" + "B" * 40
    it.publish("{urn:b}x", "structured")
    one = hook.wait("structured", secret=structured["secret"])
    assert one["verdict"] == "good" and json.loads(one["body"])["id"] == "structured", one
    batched(it, hook)
    log = it.ask("GET", f"/v1/subscriptions/{made['id']}/deliveries")["deliveries"]
    assert [(each["event"], each["status"], each["outcome"]) for each in log][:2] \
        == [("first", 200, "delivered"), ("big", 200, "delivered")], log


def rotated(it, hook, made):
    former = made["secret"]
    path = f"/v1/subscriptions/{made['id']}/rotate-secret"
    next = it.ask("POST", path, {"grace": "1h"})["secret"]
    SECRETS.append(next)
    wait_for("the gateway signs with two", lambda: two_signatures(it, hook))
    it.publish("{urn:a}x", "between")
    for secret in (former, next):
        assert hook.wait("between", secret=secret)["verdict"] == "good"
    last = it.ask("POST", path, {"grace": "0s"})["secret"]
    SECRETS.append(last)
    wait_for("the former ones are over", lambda: not two_signatures(it, hook))
    it.publish("{urn:a}x", "after")
    assert hook.wait("after", secret=last)["verdict"] == "good"
    for secret in (former, next):
        assert hook.wait("after", secret=secret)["verdict"] != "good"


def two_signatures(it, hook, count=[0]):
    """Whether what is published now comes with signatures of two secrets."""
    count[0] += 1
    it.publish("{urn:a}x", f"probe{count[0]}")
    return hook.wait(f"probe{count[0]}", public=it.public)["signature"].count("v1,") == 2


def batched(it, hook):
    made = it.subscribe(hook.url, types=["{urn:c}*"], edition="application/cloudevents-batch+json",
                        delivery={"digest": {"count": 3}})
    for number in range(3):
        it.publish("{urn:c}x", f"c{number}")

    def batch():
        return [each for each in hook.seen(secret=made["secret"]) if each["verdict"] == "good"
                and each["type"].startswith("application/cloudevents-batch+json")]
    one = wait_for("the batch", batch)[0]
    events = json.loads(one["body"])
    assert [(event["id"], event["sensenumber"]) for event in events] == [("c0", "1"), ("c1", "2"), ("c2", "3")], one


def http2_is_spoken_where_the_receiver_does(it):
    hook = Receiver(it, "localhost.key", "localhost.pem", "client.pem")
    made = it.subscribe(hook.url, types=["{urn:d}*"])
    for number in range(20):
        it.publish("{urn:d}x", f"d{number}")
    for number in range(20):
        one = hook.wait(f"d{number}", secret=made["secret"])
        assert one["verdict"] == "good" and one["version"] == "2.0" and one["client"] == "client", one
    sessions = {each["session"] for each in hook.seen(secret=made["secret"])}
    assert len(sessions) <= 2, sessions


def no_secret_is_told(it):
    told = [it.run("subscribe", "--from", "1", "--type", pattern, "--count", "1000000", "--timeout", "1s",
                   "--json").stdout for pattern in ("{urn:sense:management}*", "{urn:sense:audit}*")]
    assert all("subscription" in text for text in told), told
    told += [it.run("subscriptions", *words).stdout for words in
             (["list"], ["list", "--json"], ["export"], ["export", "--json"])]
    told += [json.dumps(it.ask("GET", path)) for path in ("/v1/parameters",)]
    it.children[0].terminate()
    it.children[0].wait()
    dump = it.run("journal", "dump")
    assert dump.returncode == 0 and "subscription-changed" in dump.stdout, dump.stderr
    told.append(dump.stdout)
    told += [path.read_text(errors="replace") for path in it.folder.glob("*.log")]
    for secret in SECRETS:
        for text in told:
            assert secret not in text and secret[6:] not in text, text[max(0, text.find(secret[6:]) - 500):][:1000]


packages()
with Signing(sys.argv[1]) as installation:
    wait_for("the HTTP listener", installation.answers)
    for claim in (each_delivery_is_accepted, http2_is_spoken_where_the_receiver_does, no_secret_is_told):
        claim(installation)
        print(f"{claim.__name__}: holds")
