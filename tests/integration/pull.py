# SPDX-License-Identifier: Apache-2.0
"""Claim: clients that come and ask get each event once they have asked for it, with the same number again
until they acknowledge it: by long polls, by Server-Sent Events, and across kill -9 of the gateway in the
midst of both. A selection without a subscription is served with the client's own rights."""

import http.client
import json
import random
import threading
import time

from installation import Installation, main, wait_for

EVENTS = 300
KILLS = 3
ONE = "{urn:test:pull}one"


class Web:
    """The HTTP listener, for requests that wait for it while it is restarted."""

    def __init__(self, installation):
        self.port = installation.ports["http"]

    def connect(self, seconds=40):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)

    def ask(self, method, path, body=None, kind="application/json"):
        connection = self.connect()
        try:
            connection.request(method, path, body, {"Content-Type": kind})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def until(self, wanted, method, path, body=None, kind="application/json"):
        """Asked again until the answer has that status."""
        def once():
            try:
                status, answer = self.ask(method, path, body, kind)
            except (OSError, http.client.HTTPException, ValueError):
                return None
            assert status in (wanted, 503, 504), (status, answer)
            return answer if status == wanted else None
        return wait_for(f"{method} {path} is answered", once)

    def publish(self, id, type=ONE):
        body = {"specversion": "1.0", "id": id, "type": type, "source": "/test", "data": id}
        self.until(202, "POST", "/v1/events", json.dumps(body), "application/cloudevents+json")

    def subscribe(self, **members):
        made = self.until(201, "POST", "/v1/subscriptions",
                          json.dumps({"callback": "pull:", "types": [ONE], **members}))
        self.publish("first of " + made["id"], "{urn:test:pull}other")
        return made["id"]


class Puller(threading.Thread):
    """Asks for pages, and acknowledges each by the next request."""

    def __init__(self, web, subscription):
        super().__init__(daemon=True)
        self.web, self.subscription = web, subscription
        self.got, self.after, self.gaps, self.ended = {}, "", 0, False
        self.start()

    def run(self):
        random_source = random.Random(7)
        while not self.ended:
            query = f"?wait=5s&limit={random_source.randint(1, 20)}"
            if self.after:
                # The number alone is enough.
                cursor = self.after if random_source.random() < 0.5 else self.after.split(".")[0]
                query += f"&after={cursor}"
            page = self.web.until(200, "GET", f"/v1/subscriptions/{self.subscription}/events{query}")
            for item in page["events"]:
                take(self.got, item["number"], item["event"]["id"])
            self.after = page.get("after", self.after)


class Streamer(threading.Thread):
    """Reads Server-Sent Events, and comes again with the last id."""

    def __init__(self, web, path):
        super().__init__(daemon=True)
        self.web, self.path = web, path
        self.got, self.last, self.named, self.connections, self.ended = {}, "", [], 0, False
        self.start()

    def run(self):
        while not self.ended:
            try:
                self.read()
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)

    def read(self):
        connection = self.web.connect()
        connection.request("GET", self.path, headers={"Last-Event-ID": self.last} if self.last else {})
        answer = connection.getresponse()
        if answer.status == 503:
            return
        assert answer.status == 200 and answer.headers["Content-Type"] == "text/event-stream", answer.status
        self.connections += 1
        fields = {}
        while line := answer.readline():
            line = line.decode().rstrip("\n")
            if line:
                name, value = line.split(": ", 1) if not line.startswith(":") else ("", "")
                fields[name] = value
                continue
            if fields.get("event"):
                self.named.append((fields["event"], json.loads(fields["data"])))
                if fields["event"] == "ended":
                    self.ended = True
                    return
            elif "data" in fields:
                self.last = fields["id"]
                number = int(self.last.split(".")[0])
                take(self.got, number, json.loads(fields["data"])["id"])
            fields = {}


def take(got, number, id):
    assert got.setdefault(number, id) == id, f"number {number} was {got[number]}, and is {id}"


def each_event_has_its_number(installation):
    web = Web(installation)
    pulled, streamed = web.subscribe(), web.subscribe()
    puller = Puller(web, pulled)
    streamer = Streamer(web, f"/v1/subscriptions/{streamed}/stream")
    selection = Streamer(web, "/v1/events?type=%7Burn:test:pull%7D*&source=/test")
    wait_for("the selection is open", lambda: selection.connections)
    for i in range(EVENTS):
        web.publish(f"e{i}")
        if i % (EVENTS // (KILLS + 1)) == EVENTS // (KILLS + 2):
            installation.kill("gateway http")
    wanted = {number + 1: f"e{number}" for number in range(EVENTS)}
    for name, client in (("pull", puller), ("stream", streamer)):
        try:
            wait_for(f"{name} has all", lambda client=client: len(client.got) >= EVENTS)
        except AssertionError as late:
            raise AssertionError(f"{late}: missing are {sorted(set(wanted) - set(client.got))[:20]}; alive: "
                                 f"{client.is_alive()}; {vars(client)}"[:3000]) from late
        assert client.got == wanted, f"{name}: {client.got}"
    assert streamer.connections >= KILLS
    # By its ids, which are sequences, it goes on where it was.
    wait_for("the selection has all",
             lambda: {f"e{i}" for i in range(EVENTS)} <= set(selection.got.values()))
    acknowledged_is_not_handed_out(web, pulled)
    the_end_is_told(web, streamed, streamer)
    return streamer.connections


def acknowledged_is_not_handed_out(web, subscription):
    path = f"/v1/subscriptions/{subscription}/events"
    web.until(200, "GET", f"{path}?after={EVENTS}")
    page = web.until(200, "GET", f"{path}?after=1")
    assert page["events"] == [{"number": 2, "last": EVENTS, "gap": "acknowledged"}], page
    status, problem = web.ask("GET", f"{path}?after={EVENTS + 5}")
    assert status == 400 and problem["field"] == "after", problem


def the_end_is_told(web, subscription, streamer):
    web.until(200, "DELETE", f"/v1/subscriptions/{subscription}")
    wait_for("the stream is told of the end", lambda: streamer.ended)
    assert streamer.named[-1][0] == "ended" and streamer.named[-1][1]["reason"] == "cancelled", streamer.named
    status, problem = web.ask("GET", f"/v1/subscriptions/{subscription}/stream")
    assert status == 404 and "cancelled" in problem["detail"], problem


if __name__ == "__main__":
    main(each_event_has_its_number, Installation)
