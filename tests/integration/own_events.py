# SPDX-License-Identifier: Apache-2.0
"""Claim: no event tells the token of a callback, a mail address or what a callback answered, although
gateways deliver to them; and a client without the right to list is told of its own subscriptions alone,
by HTTP, by SENSE/1 and on the bus; what is refused is in the audit trail."""

import http.server
import json
import re
import sys
import threading
import urllib.error
import urllib.request

from installation import Installation, wait_for

MANAGEMENT = "{urn:sense:management}"
SECRETS = ("token-of-ann", "secretary@", "words of the callback")


class Callback:
    """Agrees, takes what has the token, and says something about the rest."""

    def __init__(self):
        self.taken = taken = []
        self.subjects = subjects = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_OPTIONS(self):
                self.send_response(200)
                self.send_header("WebHook-Allowed-Origin", "*")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                taken.append((self.path, self.headers["webhook-id"]))
                subjects.append(self.headers.get("ce-subject"))
                said = b"words of the callback"
                self.send_response(204 if self.headers["webhook-id"] != "bad" else 400)
                self.send_header("Content-Length", str(0 if self.headers["webhook-id"] != "bad" else len(said)))
                self.end_headers()
                if self.headers["webhook-id"] == "bad":
                    self.wfile.write(said)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?token=token-of-ann"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Shared(Installation):
    """With the SENSE/1 keys ann and bob, each a principal that may read management events."""

    def __init__(self, sense):
        super().__init__(sense)
        principals, secrets = [], []
        for name in ("ann", "bob"):
            token = self.run("keys", "token", name, "--file", str(self.folder / f"{name}.token"), "--json")
            assert token.returncode == 0, token.stderr
            principals.append(f'  - {{name: {name}, proofs: [{json.loads(token.stdout)["entry"]}, '
                              f'{{sense-key: {name}}}], publish: ["{{urn:x}}*"], '
                              f'subscribe: ["{{urn:x}}*", "{MANAGEMENT}*"]}}')
            shared = self.run("keys", "shared", name, "--file", str(self.folder / f"{name}.shared"))
            assert shared.returncode == 0, shared.stderr
            secrets.append((self.folder / f"{name}.shared").read_text().split("keys:\n")[1])
        self.write("allow.yaml", "principals:\n" + "\n".join(principals) + "\n")
        self.write("keys.yaml", "keys:\n" + "".join(secrets))
        listen = f'listen: ["127.0.0.1:{self.ports["sense"]}"]'
        text = self.config.read_text()
        assert listen in text
        text = text.replace(listen, f"{listen}, keys: {self.folder}/keys.yaml")
        self.config.write_text(text + f"broker: {{access-file: {self.folder}/allow.yaml}}\n")

    def write(self, name, text):
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o600)

    def listen(self, name, who, *types):
        """A SENSE/1 listener; it is subscribed when this returns."""
        uri = f"sense://127.0.0.1:{self.ports['sense']}"
        key = ["--key", str(self.folder / f"{who}.shared")] if who else []
        self.start(name, "listen", uri, *key, *(word for type in types for word in ("--type", type)), "--json")
        wait_for(f"{name} is subscribed", lambda: "subscribed as" in (self.folder / f"{name}.log").read_text())

    def told(self, pattern):
        """The events that the broker's own command reads from the bus."""
        shown = self.run("subscribe", "--from", "1", "--type", pattern, "--count", "1000000", "--timeout", "1s",
                         "--json")
        return [json.loads(line) for line in shown.stdout.splitlines()]

    def post(self, path, body, who=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports['http']}{path}", method="POST",
                                         data=json.dumps(body).encode(),
                                         headers={"content-type": "application/json"})
        if who:
            request.add_header("authorization", "Bearer " + (self.folder / f"{who}.token").read_text().strip())
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def publish(self, id):
        assert self.run("publish", "{urn:x}y", "//x", "--id", id).returncode == 0


def no_event_tells_a_secret(it):
    hook = Callback()
    id = wait_for("the HTTP listener", lambda: subscribed(it, hook.url))
    it.post("/v1/subscriptions", {"callback": "mailto:secretary@example.org", "types": ["{urn:x}*"]})
    wait_for("the callback has agreed", lambda: f'"{id}"' in it.run("subscriptions", "list", "--json").stdout
             and "active" in [s["state"] for s in all_of(it) if s["id"] == id])
    it.publish("good")
    wait_for("the delivery", lambda: ("/hook?token=token-of-ann", "good") in hook.taken)
    it.publish("bad")
    notices = wait_for("the notice", lambda: [e for e in it.told(MANAGEMENT + "*")
                                              if e["type"] == MANAGEMENT + "dead-letter"])
    assert notices[0]["data"]["reason"] == "rejected" and "answer" not in notices[0]["data"], notices
    told = json.dumps(it.told(MANAGEMENT + "*"))
    for secret in SECRETS:
        assert secret not in told, (secret, told)
    assert "/hook" in told and "s***@example.org" in told, told
    assert "token-of-ann" in it.run("subscriptions", "list", "--json").stdout


def subscribed(it, url):
    try:
        return it.post("/v1/subscriptions", {"callback": url, "types": ["{urn:x}*"]})["id"]
    except OSError:
        return None


def all_of(it):
    return [json.loads(line) for line in it.run("subscriptions", "list", "--json").stdout.splitlines()]


def created(it, name):
    """The subscriptions that the listener was told of."""
    return [re.search(r"s-[0-9A-Z]{26}", str(line["data"])).group(0) for line in it.lines(name)
            if line["type"] == MANAGEMENT + "subscription-created"]


def id_in(it, name):
    return re.search(r"subscribed as (\S+)", (it.folder / f"{name}.log").read_text()).group(1)


def a_client_is_told_of_its_own(it):
    it.listen("ann", "ann", MANAGEMENT + "*")
    it.listen("bob", "bob", MANAGEMENT + "*")
    it.listen("bob2", "bob", "{urn:x}*")
    it.listen("nameless", None, "{urn:x}*")
    it.listen("ann2", "ann", "{urn:x}*")
    it.listen("bob3", "bob", "{urn:x}*")
    wait_for("ann is told", lambda: id_in(it, "ann2") in created(it, "ann"))
    wait_for("bob is told", lambda: id_in(it, "bob3") in created(it, "bob"))
    assert created(it, "ann") == [id_in(it, "ann2")], it.lines("ann")
    assert created(it, "bob") == [id_in(it, "bob2"), id_in(it, "bob3")], it.lines("bob")
    # The broker's own command has the right to list.
    everything = [e["subject"] for e in it.told(MANAGEMENT + "subscription-created")]
    assert {id_in(it, name) for name in ("ann", "bob", "nameless", "ann2")} <= set(everything)


def a_web_hook_is_told_of_its_owners(it):
    hook = Callback()
    made = it.post("/v1/subscriptions", {"callback": hook.url, "types": [MANAGEMENT + "*"]}, "ann")
    wait_for("the callback has agreed", lambda: "active" in [s["state"] for s in all_of(it)
                                                             if s["id"] == made["id"]])
    others = it.post("/v1/subscriptions", {"callback": hook.url, "types": ["{urn:x}never"]}, "bob")
    own = it.post("/v1/subscriptions", {"callback": hook.url, "types": ["{urn:x}never"]}, "ann")
    wait_for("ann's web hook is told", lambda: own["id"] in hook.subjects)
    assert others["id"] not in hook.subjects, hook.subjects


def what_is_refused_is_told_to_auditors(it):
    said = it.run("listen", f"sense://127.0.0.1:{it.ports['sense']}", "--type", MANAGEMENT + "*", "--count",
                  "1", "--timeout", "20s")
    assert said.returncode == 1, said
    trail = wait_for("the audit trail", lambda: [e["data"] for e in it.told("{urn:sense:audit}*")
                                                 if e["data"].get("principal") == "anonymous"
                                                 and e["type"].endswith("refused")])
    assert trail[0]["operation"] == "PUT" and trail[0]["kind"] == "subscription", trail
    assert trail[0]["via"] == "gateway-sense" and trail[0]["gateway"] == "sense", trail
    assert "127.0.0.1" in trail[0]["peer"], trail
    # What the gateway refuses itself is told, too, and the token is not.
    request = urllib.request.Request(f"http://127.0.0.1:{it.ports['http']}/v1/subscriptions",
                                     headers={"authorization": "Bearer no-token"})
    try:
        urllib.request.urlopen(request, timeout=20)
        raise AssertionError("a wrong token is served")
    except urllib.error.HTTPError as refusal:
        assert refusal.code == 401, refusal
    told = wait_for("the refusal by the gateway", lambda: [
        e["data"] for e in it.told("{urn:sense:audit}*")
        if e["data"].get("operation") == "GET /v1/subscriptions"])
    assert told[0]["code"] == "NOACCESS" and told[0]["via"] == "gateway-http", told
    assert "no-token" not in json.dumps(told), told


if __name__ == "__main__":
    with Shared(sys.argv[1]) as shared:
        no_event_tells_a_secret(shared)
        a_client_is_told_of_its_own(shared)
        a_web_hook_is_told_of_its_owners(shared)
        what_is_refused_is_told_to_auditors(shared)
    print("own_events: holds")
