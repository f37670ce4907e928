# SPDX-License-Identifier: Apache-2.0
"""Claim: what a callback refused can be listed, looked at, delivered after all and thrown away, by
commands beside the running gateway, also when that is killed in between."""

import http.server
import json
import threading

from installation import main, wait_for


class Callback:
    """A web callback that agrees to everything, and takes events only once it is mended."""

    def __init__(self):
        self.status = 400
        self.arrived = []  # number, id
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_OPTIONS(self):
                self.send_response(200)
                self.send_header("WebHook-Allowed-Origin", "*")
                self.end_headers()

            def do_POST(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                if outer.status == 204 and "-" not in self.headers["sense-number"]:
                    outer.arrived.append((int(self.headers["sense-number"]),
                                          self.headers["webhook-id"]))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/events"

    def events(self):
        """The ids that arrived, without what only tells of gaps."""
        return {id for _, id in self.arrived if id.startswith("jam-")}


def done(answer):
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def dead_letters_come_back_or_go(installation):
    callback = Callback()
    run = installation.run

    def listed():
        return [json.loads(line) for line in done(run("deadletters", "list", "http", "--json")).splitlines()]

    made = json.loads(done(run("subscriptions", "create", callback.url, "--type", "{urn:example}jam",
                               "--json")))
    wait_for("the callback has agreed", lambda: json.loads(
        done(run("subscriptions", "get", made["id"], "--json")))["state"] == "active")
    publish = lambda number: done(run("publish", "{urn:example}jam", "//hq/printer/4", "--id",
                                      f"jam-{number}", "--data", f"tray {number}"))
    for number in (1, 2, 3):
        publish(number)
    listing = wait_for("three dead letters", lambda: (found := listed()) and len(found) == 3 and found)
    assert {each["subscription"] for each in listing} == {made["id"]}, listing
    assert {each["reason"] for each in listing} == {"rejected"}, listing
    shown = json.loads(done(run("deadletters", "get", "http", str(listing[0]["id"]), "--json")))
    first = shown["event"]["id"]
    assert shown["event"]["data"] == "tray " + first[-1], shown
    assert "400" in shown["answer"], shown

    # Redriven to a callback that is as it was, it is a dead letter again.
    redriven = json.loads(done(run("deadletters", "redrive", "http", str(listing[0]["id"]), "--json")))
    assert redriven["redriven"] == 1, redriven
    again = wait_for("it is dead again", lambda: (found := listed()) and len(found) == 3 and found)
    assert again[-1]["id"] > listing[-1]["id"] and again[-1]["number"] > 3, again

    callback.status = 204
    done(run("deadletters", "redrive", "http", str(again[-1]["id"])))
    wait_for("the one arrives", lambda: callback.events() == {first})
    assert len(listed()) == 2
    installation.kill("gateway http")
    assert len(listed()) == 2
    done(run("deadletters", "redrive", "http", "--subscription", made["id"], "--timeout", "100s"))
    wait_for("all arrive", lambda: callback.events() == {"jam-1", "jam-2", "jam-3"})
    assert listed() == []
    numbers = {number for number, id in callback.arrived if id.startswith("jam-")}
    assert min(numbers) > 3, callback.arrived
    assert run("deadletters", "redrive", "http", str(again[-1]["id"])).returncode == 1

    callback.status = 400
    publish(4)
    wait_for("another dead letter", lambda: len(listed()) == 1)
    callback.status = 204
    assert run("deadletters", "purge", "http").returncode == 2, "a purge of nothing in particular"
    assert "purged 1" in done(run("deadletters", "purge", "http", "--all"))
    assert listed() == []
    publish(5)
    wait_for("what is new arrives", lambda: "jam-5" in callback.events())
    assert "jam-4" not in callback.events()


main(dead_letters_come_back_or_go)
