# SPDX-License-Identifier: Apache-2.0
"""Stop-orders in the story of Foonly Trading: how they come in, are executed once, and how their
customers hear of it: by mail, at a socket, when they ask, over a connection that they left open."""

import time

from foonly_cast import expect, rfc3339
from installation import wait_for

ORDER_SECONDS = 8  # how long ann's order is good, for the rest of a day
EXECUTED = "executed-ann/1"


def order(foonly, event_id, name, stock, stop, until=None):
    """A customer's order comes in, perhaps again. Returns the response of the HTTP gateway."""
    def change(event):
        event.update(id=event_id, source=f"//foonly.example/orders/{name}")
        event["data"].update(stock=stock, stop=stop)
        del event["expirytime"]
        if until:
            event["expirytime"] = rfc3339(until)
        return event
    return foonly.typed("F9 an order comes in", change=change)


class Asking:
    """A customer who promised to ask each minute, and keeps in mind the number of what she was told last."""

    def __init__(self, foonly, subscription):
        self.foonly, self.subscription, self.seen = foonly, subscription, "0"

    def ask(self):
        status, page = self.foonly.typed("F9c asked for", {"$id": self.subscription, "$number": self.seen})
        expect("a page of events is answered with", status, 200)
        self.seen = page["after"]
        return [(item["event"]["id"], item["event"]["source"]) for item in page["events"]]


def an_order_that_comes_twice(foonly):
    """Resubmitted because it seemed lost: stored once, told to the desk once."""
    foonly.order_ends = time.time() + ORDER_SECONDS
    first = order(foonly, "order-ann-1", "ann/1", "ACME", 4000, foonly.order_ends)
    again = order(foonly, "order-ann-1", "ann/1", "ACME", 4000, foonly.order_ends)
    expect("the answers", (first["duplicate"], again["duplicate"], again["sequence"]),
           (False, True, first["sequence"]))
    order(foonly, "order-bob-1", "bob/1", "XYZ", 100)
    foonly.desk.orders.wait_ids("orders at the desk, each once", ["order-ann-1", "order-bob-1"])
    subscription = foonly.subscribed("F9a to a mail address", active=False)
    foonly.confirm(subscription, foonly.relay.box("ann@mail.example"))


def a_socket_that_said_yes(foonly):
    """A listener is asked first; a socket behind a firewall never answers, and gets nothing."""
    foonly.listener, foonly.bob, walled = (foonly.socket(name) for name in ("ann", "bob", "walled"))
    foonly.places.put("10.9.9.9:9009", f"127.0.0.1:{foonly.listener.port}")
    foonly.subscribed("F9b to a socket")
    expect("challenges that ann's listener answered", foonly.listener.verified > 0, True)
    foonly.subscribed("F9b to a socket", {
        "10.9.9.9:9009": f"127.0.0.1:{foonly.bob.port}", "orders/ann/1": "orders/bob/1"})
    walled.willing = False
    foonly.walled = walled, foonly.subscribed("F9b to a socket", {
        "10.9.9.9:9009": f"127.0.0.1:{walled.port}", '"7d"': '"2s"'}, active=False)


def a_promise_to_ask(foonly):
    """From behind a firewall that lets connections out only: nothing until it is executed."""
    foonly.asking = Asking(foonly, foonly.subscribed("F9c a promise to ask"))
    expect("what ann is told before", [foonly.asking.ask() for _ in range(3)], [[], [], []])


def a_connection_left_open(foonly):
    """The reverse path of a connection that the customer opened: nothing until it is executed."""
    foonly.open("open", "F9d over an open connection")
    expect("what came before", foonly.lines("open"), [])


def one_event_and_three_schemes(foonly):
    """The price falls, the desk executes, and broker and gateways are killed: the same event
    reaches the mail address, the socket, who asks and who is connected, and no other callback."""
    mail, listener = foonly.relay.box("ann@mail.example"), foonly.listener
    foonly.relay.refusals[mail.name] = ["451 not now", ""]  # then it hangs up behind the message
    listener.acknowledges = lambda message: int(message.properties.get("attempt", 9)) > 1

    def clears(event_id, stock, price):
        foonly.trades.append((event_id, stock))
        foonly.trade(event_id, stock, price)

    clears("msx-above", "ACME", 4001)
    clears("msx-stop", "ACME", 3998)
    foonly.kill_all("broker", "gateway email", "gateway sense", "gateway http")
    told = wait_for("ann is told when she asks", foonly.asking.ask, 30)
    expect("what she is told", told, [(EXECUTED, "//foonly.example/orders/ann/1")])
    mail.wait_ids("by mail", [EXECUTED])
    listener.wait_ids("at the socket", [EXECUTED])
    listener.wait("what was not acknowledged comes again", lambda: len(listener.all("event")) > 1)
    wait_for("over the open connection", lambda: foonly.lines("open"), 30)
    attempts = mail.all("refused") + mail.all("event")
    expect("attempts by mail, and their Message-IDs",
           (len(mail.all("refused")), len({item.mail["Message-ID"] for item in attempts})), (2, 1))
    expect("what the mail says", mail.all("event")[0].event["data"].strip(),
           "sold 100 ACME at 39.98")

    clears("msx-bob", "XYZ", 99)
    foonly.bob.wait_ids("bob has his own and nothing of ann's", ["executed-bob/1"])
    wait_for("the desk knows it", lambda: len(foonly.desk.executed) > 1, 30)
    expect("orders executed", foonly.desk.executed, ["order-ann-1", "order-bob-1"])
    expect("what ann is told afterwards", foonly.asking.ask(), [])
    expect("over the open connection", [line["id"] for line in foonly.lines("open")], [EXECUTED])
    for place in (mail, listener):
        expect(f"all that came to {place.name}", place.ids(), [EXECUTED])
    readable = foonly.fetch("ann", 1, "{urn:example:foonly}")
    foreign = [event_id for event_id in readable if "ann" not in event_id or "order-" in event_id]
    expect("what ann may read of others", foreign, [])
    walled, subscription = foonly.walled
    expect("why a socket that never answered is not served", foonly.ended(subscription), "expired")
    expect("what came to it", walled.all(), [])


def an_order_that_comes_back_days_later(foonly):
    """Out of a mail loop, behind the time in which it is the same: one is past its end, the other
    has the id that the desk knows. Neither is executed again."""
    desk = foonly.desk
    wait_for("the order's end", lambda: time.time() > foonly.order_ends, 30)
    for event_id, name, stock, stop, until in (
            ("order-ann-1", "ann/1", "ACME", 4000, foonly.order_ends),
            ("order-bob-1", "bob/1", "XYZ", 100, None)):
        wait_for(f"{event_id} is taken for a new one", lambda: not order(
            foonly, event_id, name, stock, stop, until)["duplicate"], 30)
    desk.orders.wait("bob's order, once more", lambda: desk.repeats and len(desk.orders.events()) > 2)
    desk.orders.wait("that ann's is too old", lambda: desk.orders.all("gap"))
    expect("orders at the desk", {number: event["id"] for number, (_, event)
                                  in desk.orders.events().items()},
           {1: "order-ann-1", 2: "order-bob-1", 4: "order-bob-1"})
    assert '"from":3,"to":3,"reason":"expired"' in desk.orders.all("gap")[0].event["data"]
    for event_id, stock, price in (("msx-low-1", "ACME", 3900), ("msx-low-2", "XYZ", 90)):
        foonly.trades.append((event_id, stock))
        foonly.trade(event_id, stock, price)
    desk.screen.wait("two low prices", lambda: "msx-low-2" in desk.screen.ids())
    expect("orders executed", desk.executed, ["order-ann-1", "order-bob-1"])
    expect("what the journal has of it",
           [event["id"] for event in foonly.dump("{urn:example:foonly}executed")],
           ["executed-ann/1", "executed-bob/1"])


orders_and_their_callbacks = [
    ("I4.F9a a stop-order that is sent twice, a customer with a mail address",
     an_order_that_comes_twice),
    ("I4.F9b a customer with a socket", a_socket_that_said_yes),
    ("I4.F9c a customer who promises to ask", a_promise_to_ask),
    ("I4.F9d a customer who leaves a connection open", a_connection_left_open),
    ("I4.F10 one event, three schemes and an open connection", one_event_and_three_schemes),
    ("I4.F9a an order that comes back days later", an_order_that_comes_back_days_later),
]
