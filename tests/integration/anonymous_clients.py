# SPDX-License-Identifier: Apache-2.0
"""Claim: what comes in by HTTP or SENSE/1 without a proof of identity has none of the gateway's
rights: it acts on no gateway, reads no management events, and is told apart in the journal."""

import json
import urllib.error
import urllib.request

from installation import main, wait_for

MANAGEMENT = "{urn:sense:management}"
# Each was acted on when gateways published it with their own rights.
FORGED = ["{urn:sense:gateway}copy", "{urn:sense:gateway}standby", "{urn:sense:gateway}x",
          MANAGEMENT + "dead-letters-purge", MANAGEMENT + "dead-letters-redrive",
          MANAGEMENT + "dead-letters-redriven", MANAGEMENT + "dead-letter",
          MANAGEMENT + "gateway-started", MANAGEMENT + "subscription-changed",
          MANAGEMENT + "subscription-ended", MANAGEMENT + "journal-damaged",
          MANAGEMENT + "leader-changed", MANAGEMENT + "anything"]


def ask(installation, method, path, body=None, content="application/json"):
    """The status and the body of an anonymous HTTP request."""
    request = urllib.request.Request(f"http://127.0.0.1:{installation.ports['http']}{path}",
                                     method=method, data=None if body is None else json.dumps(body).encode(),
                                     headers={"content-type": content})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.loads(refusal.read() or b"null")


def post_event(installation, event):
    return ask(installation, "POST", "/v1/events", {"specversion": "1.0", "source": "//x", **event},
               "application/cloudevents+json")


def sense_uri(installation):
    return f"sense://127.0.0.1:{installation.ports['sense']}"


def listens(installation):
    try:
        return ask(installation, "GET", "/v1/health")[0] == 200
    except urllib.error.URLError:
        return False


def is_refused(said):
    """By the broker, for its rights; and not because something did not work."""
    return said.returncode == 1 and any(words in said.stderr for words in (
        "the broker's access file grants this principal no", "are published by the broker only",
        "there are no events of type"))


def nothing_is_forged(installation):
    for type in FORGED:
        status, answer = post_event(installation, {"type": type, "id": type, "subject": "http"})
        assert status == 403 and answer["code"] == 9, (type, status, answer)
        said = installation.run("publish", type, "//x", "--via", sense_uri(installation))
        assert is_refused(said), (type, said)


def a_test_needs_the_subscription(installation):
    for type in (MANAGEMENT + "subscription-test",):
        status, answer = post_event(installation, {"type": type, "id": "t", "subject": "operator"})
        assert status == 403, (status, answer)


def management_events_are_not_read(installation):
    for type in (MANAGEMENT + "*", MANAGEMENT + "subscription-changed", "{urn:sense:gateway}*"):
        status, answer = ask(installation, "POST", "/v1/subscriptions",
                             {"callback": "http://127.0.0.1:21999/", "types": [type]})
        assert status == 403 and "'subscribe' right" in answer["detail"], (type, status, answer)
        said = installation.run("listen", sense_uri(installation), "--type", type, "--count", "1",
                               "--timeout", "20s")
        assert is_refused(said), (type, said)


def lists_and_others_are_not_seen(installation):
    status, answer = ask(installation, "GET", "/v1/subscriptions")
    assert status == 403, (status, answer)
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/pause"), ("POST", "/test")):
        status, answer = ask(installation, method, "/v1/subscriptions/operator" + path)
        assert status == 404, (method, path, status, answer)


def what_is_allowed_is_told_apart(installation):
    assert post_event(installation, {"type": "{urn:x}by-http", "id": "h"})[0] == 202
    said = installation.run("publish", "{urn:x}by-sense", "//x", "--via", sense_uri(installation))
    assert said.returncode == 0, said
    assert installation.run("publish", "{urn:x}by-bus", "//x").returncode == 0
    dumped = installation.run("journal", "dump", "--json").stdout.splitlines()
    stamps = {}
    for event in map(json.loads, dumped):
        stamps[event["type"]] = (event.get("principal"), event.get("via"))
    assert stamps["{urn:x}by-http"] == ("anonymous", "gateway-http"), stamps
    assert stamps["{urn:x}by-sense"] == ("anonymous", "gateway-sense"), stamps
    assert stamps["{urn:x}by-bus"] == ("local", None), stamps
    assert not [type for type in stamps if type in FORGED and stamps[type][0] == "anonymous"]


def anonymous_clients_have_no_rights_of_the_gateway(installation):
    wait_for("the HTTP listener", lambda: listens(installation))
    assert installation.run("ping", sense_uri(installation), "--timeout", "20s").returncode == 0
    nothing_is_forged(installation)
    a_test_needs_the_subscription(installation)
    management_events_are_not_read(installation)
    lists_and_others_are_not_seen(installation)
    what_is_allowed_is_told_apart(installation)


if __name__ == "__main__":
    main(anonymous_clients_have_no_rights_of_the_gateway)
