# SPDX-License-Identifier: Apache-2.0
"""Claim: a principal is the same one by a token at the HTTP gateway and by a shared key at the SENSE
gateway: it has its own rights alone, sees its own subscriptions alone, and is stamped on its events. A
token that is withdrawn is refused within three seconds; a second one of the same principal stays."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

from installation import Installation, wait_for


class Guarded(Installation):
    """One whose anonymous clients may do nothing, and whose principals have tokens and a key."""

    def __init__(self, sense):
        super().__init__(sense)
        self.tokens = {name: self.make("token", name) for name in ("shop", "spare", "desk")}
        self.make("shared", "hp4")
        self.allow(["shop", "spare"])
        text = self.config.read_text()
        assert "broker:" not in text
        sense = f'listen: ["127.0.0.1:{self.ports["sense"]}"]'
        assert sense in text, text
        text = text.replace(sense, f'{sense}, keys: {self.folder / "hp4"}')
        self.config.write_text(text + f"broker: {{access-file: {self.folder / 'allow.yaml'}}}\n")

    def make(self, kind, name):
        """The entry for the access file; the secret is in the file NAME."""
        made = subprocess.run([self.sense, "keys", kind, name, "--file", str(self.folder / name), "--json"],
                              capture_output=True, text=True, check=True)
        return json.loads(made.stdout).get("entry")

    def allow(self, valid):
        new = self.folder / "allow.new"
        shop = ", ".join([self.tokens[name] for name in valid] + ["{sense-key: hp4}"])
        new.write_text("principals:\n"
                       f"  - {{name: shop, proofs: [{shop}], publish: ['{{urn:shop}}*'], "
                       "subscribe: ['{urn:shop}*']}\n"
                       f"  - {{name: desk, proofs: [{self.tokens['desk']}], subscribe: ['{{urn:shop}}*']}}\n"
                       "  - {name: anonymous}\n")
        os.chmod(new, 0o600)
        new.rename(self.folder / "allow.yaml")

    def ask(self, method, path, body=None, token=None, content="application/json"):
        headers = {"content-type": content}
        if token is not None:
            headers["authorization"] = "Bearer " + (self.folder / token).read_text().strip()
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports['http']}{path}", method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.loads(refusal.read() or b"null")

    def publish(self, type, id, token):
        event = {"specversion": "1.0", "source": "//x", "type": type, "id": id}
        return self.ask("POST", "/v1/events", event, token, "application/cloudevents+json")[0]


def listens(it):
    try:
        return it.ask("GET", "/v1/health", token="shop")[0] == 200
    except urllib.error.URLError:
        return False


def rights_are_its_own_at_both_gateways(it):
    assert it.publish("{urn:shop}a", "1", "shop") == 202
    assert it.publish("{urn:shop}a", "2", "spare") == 202
    assert it.publish("{urn:other}a", "3", "shop") == 403
    assert it.publish("{urn:shop}a", "4", "desk") == 403
    assert it.publish("{urn:shop}a", "5", None) == 403
    uri = f"sense://127.0.0.1:{it.ports['sense']}"
    key = ["--key", str(it.folder / "hp4")]
    assert it.run("publish", "{urn:shop}a", "//sense", "--via", uri, *key).returncode == 0
    for type, more in (("{urn:other}a", key), ("{urn:shop}a", [])):
        refused = it.run("publish", type, "//sense", "--via", uri, *more)
        assert refused.returncode == 1 and "'publish' right" in refused.stderr, refused
    stamps = [(event["source"], event["principal"], event["via"]) for event in
              map(json.loads, it.run("journal", "dump", "--json").stdout.splitlines())
              if event["type"] == "{urn:shop}a"]
    assert stamps == [("//x", "shop", "local"), ("//x", "shop", "local"), ("//sense", "shop", "local")], stamps


def subscriptions_are_seen_by_their_owner(it):
    wanted = {"callback": "http://127.0.0.1:21999/", "types": ["{urn:shop}a"]}
    status, made = it.ask("POST", "/v1/subscriptions", wanted, "shop")
    assert status == 201, (status, made)
    path = "/v1/subscriptions/" + made["id"]
    assert it.ask("GET", path, token="spare")[0] == 200
    for token in ("desk", None):
        assert it.ask("GET", path, token=token)[0] == 404, token
        assert it.ask("DELETE", path, token=token)[0] == 404, token
    for token, ids in (("shop", [made["id"]]), ("desk", [])):
        status, listed = it.ask("GET", "/v1/subscriptions", token=token)
        assert status == 200 and [one["id"] for one in listed["subscriptions"]] == ids, (token, listed)
    assert it.ask("POST", "/v1/subscriptions", {**wanted, "types": ["{urn:other}a"]}, "shop")[0] == 403
    assert it.ask("DELETE", path, token="shop")[0] == 200


def withdrawn_token_is_refused(it):
    it.allow(["spare"])
    begin = time.monotonic()
    while it.publish("{urn:shop}a", "late", "shop") != 401:
        assert time.monotonic() < begin + 20
    print(f"withdrawn after {time.monotonic() - begin:.2f} s")
    assert it.publish("{urn:shop}a", "later", "shop") == 401
    assert it.publish("{urn:shop}a", "6", "spare") == 202


def principals(it):
    wait_for("the HTTP listener", lambda: listens(it))
    assert it.run("ping", f"sense://127.0.0.1:{it.ports['sense']}", "--timeout", "20s").returncode == 0
    rights_are_its_own_at_both_gateways(it)
    subscriptions_are_seen_by_their_owner(it)
    withdrawn_token_is_refused(it)


with Guarded(sys.argv[1]) as installation:
    principals(installation)
print("principals: holds")
