# SPDX-License-Identifier: Apache-2.0
"""Claim: a principal is the same one by a token at the HTTP gateway and by a shared key at the SENSE
gateway: it has its own rights alone, sees its own subscriptions alone, and is stamped on its events. A
token that is withdrawn is refused; a second one of the same principal stays."""

import json
import sys
import time

from installation import wait_for
from token_clients import TokenInstallation


class Guarded(TokenInstallation):
    """One whose anonymous clients may do nothing, and whose principals have tokens and a key."""

    def __init__(self, sense):
        super().__init__(sense, ("shop", "spare", "desk"), self.with_tokens("%(shop)s, %(spare)s"))
        self.make("shared", "hp4")
        text = self.config.read_text()
        listen = f'listen: ["127.0.0.1:{self.ports["sense"]}"]'
        assert listen in text, text
        self.config.write_text(text.replace(listen, f'{listen}, keys: {self.folder / "hp4"}'))

    @staticmethod
    def with_tokens(of_shop):
        return (f"  - {{name: shop, proofs: [{of_shop}, {{sense-key: hp4}}], publish: ['{{urn:shop}}*'], "
                "subscribe: ['{urn:shop}*']}\n"
                "  - {name: desk, proofs: [%(desk)s], subscribe: ['{urn:shop}*']}\n"
                "  - {name: anonymous}\n")

    def ask(self, method, path, body=None, token=None):
        return self.client(token).ask(method, path, body)

    def publish(self, type, id, token):
        return self.client(token).publish(type, id)


def listens(it):
    try:
        return it.ask("GET", "/v1/health", token="shop")[0] == 200
    except OSError:
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
    assert stamps == [("//x", "shop", "gateway-http"), ("//x", "shop", "gateway-http"), ("//sense", "shop", "gateway-sense")], stamps


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
    it.allow(it.with_tokens("%(spare)s"))
    begin = time.monotonic()
    while it.publish("{urn:shop}a", "late", "shop") != 401:
        assert time.monotonic() < begin + 20
    took = time.monotonic() - begin
    print(f"withdrawn after {took:.2f} s")
    assert took < 10  # on a shared machine; the broker looks after 0.2 s, the gateway after 1 s
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
