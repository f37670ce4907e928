# SPDX-License-Identifier: Apache-2.0
"""Foonly's own programs in its story: what they do when an event comes, they do by the commands of
docs/examples/foonly.md."""

import json
import threading

TRADE = "{urn:example:msx}trade"
VALUE = "{urn:example:foonly}portfolio"


class PortfolioServer:
    """Knows from the subscriptions what its clients hold, and tells them what it is worth."""

    def __init__(self, foonly):
        self.foonly = foonly
        self.holdings = {}  # subscription -> (owner, stock -> how many)
        self.prices = {}
        self.stocks = ["BLOB"]  # that it is subscribed to
        self.constituents = None
        web = foonly.places.web
        self.clients = web("portfolio.foonly.example:8000/clients", on_event=self.on_client)
        self.trades = web("portfolio.foonly.example:8000/trades", on_event=self.on_trade)

    def subscribe(self):
        self.constituents = self.foonly.subscribed("F3 and the constituents")
        self.foonly.subscribed("F3 the portfolio server follows the subscriptions")

    def on_client(self, event):
        record = json.loads(event["data"])["subscription"]
        if record.get("types") != [VALUE]:
            return True
        held = {name.removeprefix("holding."): int(count)
                for name, count in record.get("labels", {}).items()}
        self.holdings[record["id"]] = record["owner"], held
        if event["type"].endswith("-ended"):
            del self.holdings[record["id"]]
        stocks = sorted({stock for _, held in self.holdings.values() for stock in held})
        if stocks != self.stocks:
            sources = " ".join(f"--source //msx.example/stock/{stock}" for stock in stocks)
            self.foonly.typed(
                "F3 whenever the constituents have changed",
                {"$constituents": self.constituents,
                 "--source //msx.example/stock/ACME --source //msx.example/stock/BLOB": sources})
            self.stocks = stocks
        return True

    def on_trade(self, event):
        trade = json.loads(event["data"])
        self.prices[trade["stock"]] = trade["price"]
        for owner, held in self.holdings.values():
            if trade["stock"] in held and set(held) <= set(self.prices):
                self.tell(owner, event["id"],
                          sum(count * self.prices[stock] for stock, count in held.items()))
        return True

    def tell(self, owner, trade, total):
        def change(event):
            event.update(id=f"value-{owner}-{trade}", audience=owner,
                         source=f"//foonly.example/portfolio/{owner}", data={"total": total})
            return event
        self.foonly.typed("F3 whenever one of them has another price", change=change)


class OrderDesk:
    """Executes each stop-order once, when the price has fallen to its stop; keeps all ids."""

    def __init__(self, foonly):
        self.foonly = foonly
        self.lock = threading.Lock()
        self.ledger = {}  # order id -> (name, order)
        self.repeats = []
        self.executed = []
        web = foonly.places.web
        self.orders = web("desk.foonly.example:8000/orders", on_event=self.on_order)
        self.screen = web("desk.foonly.example:8000/workstation", on_event=self.on_feed)

    def on_order(self, event):
        name = event["source"].removeprefix("//foonly.example/orders/")
        with self.lock:
            if event["id"] in self.ledger:
                self.repeats.append(event["id"])
            self.ledger.setdefault(event["id"], (name, json.loads(event["data"])))
        return True

    def on_feed(self, event):
        if event["type"] != TRADE:
            return True
        trade = json.loads(event["data"])
        with self.lock:
            return all([self.execute(order_id, name, order, trade)
                        for order_id, (name, order) in self.ledger.items()
                        if order["stock"] == trade["stock"] and trade["price"] <= order["stop"]])

    def execute(self, order_id, name, order, trade):
        if order_id in self.executed:
            return True
        data = f"sold {order['shares']} {order['stock']} at {trade['price'] / 100:.2f}"
        words = self.foonly.words("F9 the order is executed", {"$order": name, "$data": data})
        if self.foonly.program(words).returncode != 0:
            return False  # 503: the trade comes again
        self.executed.append(order_id)
        return True
