# SPDX-License-Identifier: Apache-2.0
"""Claim: the scenarios of Foonly Trading (docs/examples/foonly.md) hold with real processes and
fast clocks, while processes are killed: what arrives where, in which order, not before when, and
what does not.

The steps are the survey's scenarios, I4.F0 to I4.F10 of the requirements; each builds on those
before."""

import statistics
import sys
import time

import zmq

from foonly_cast import Farm, expect, rfc3339, seconds_of
from foonly_news import the_evening_digest, the_newswire
from foonly_orders import orders_and_their_callbacks
from foonly_programs import OrderDesk, PortfolioServer
from foonly_sensors import an_earthquake, telemetry, the_weather_on_a_farm
from foonly_stage import HOLD, MIN_INTERVAL, Foonly
from installation import wait_for

STOCKS = ("ACME", "BLOB", "XYZ")


def members_ticker(foonly):
    """Each trade at once, to members only, in order, over a reliable connection."""
    web, member = foonly.places.web, "F1 a member subscribes"
    own, gotham = web("ticker.foonly.example:8000/trades"), web("ticker.gotham.example:8000/trades")
    unasked = web("ticker.unasked.example:8000/trades", willing=False)
    visitor = web("visitor.example:8000/in")
    foonly.subscribed(member, {"gotham": "foonly"})
    foonly.subscribed(member)
    expect("the callback was asked before the first event", own.asked, 1)
    refused = foonly.subscribed(member, {"gotham": "unasked"}, active=False)
    assert foonly.ended(refused).startswith("refused"), foonly.ended(refused)
    foonly.subscribed("F1 a visitor subscribes to all that the exchange says")
    no_right = foonly.words(member, {"members": "visitor --config visitor.yaml"})
    outcome = foonly.program(no_right)
    assert outcome.returncode == 1 and "'subscribe' right" in outcome.stderr, outcome

    ids = [f"msx-{count}" for count in range(1, 13)]
    for count, event_id in enumerate(ids):
        if count == 4:
            gotham.go_away()
        if count == 6:
            foonly.kill("gateway http")
        if count == 9:
            gotham.come()
        foonly.trades.append((event_id, STOCKS[count % 3]))
        foonly.trade(*foonly.trades[-1], 5000 + count)
    for place in (own, gotham):
        place.wait_ids("every trade, by number", ids)
        came = sorted(place.events().items(), key=lambda entry: entry[1][0].at)
        for stock in STOCKS:
            numbers = [number for number, (_, event) in came if event["source"].endswith(stock)]
            expect(f"the order of trades in {stock} at {place.name}", numbers, sorted(numbers))
    expect("what came to who never agreed", unasked.all(), [])

    # Without an audience, and behind all trades: an event seen before it was seen instead of them.
    foonly.run("publish", "{urn:example:msx}status", "//msx.example", "--id", "msx-open")
    visitor.wait_ids("the visitor gets what is public, and nothing else", ["msx-open"])
    expect("what the visitor may read", foonly.fetch("visitor", 1, "{urn:example:msx}"),
           ["msx-open"])
    late = [item.at - seconds_of(event["time"]) for item, event in own.events().values()]
    print(f"    a member has a trade after {statistics.median(late) * 1000:.0f} ms (median)")
    foonly.member = own


def public_ticker(foonly):
    """No outside subscriber sees a trade before the rule allows it, whatever is killed meanwhile."""
    site = foonly.website
    newest = {event_id for event_id, _ in foonly.trades[-3:]}
    site.wait("the newest trade of each stock", lambda: newest <= set(site.ids()))
    deliveries = [item for item in site.all("event") if item.attempt == 1]
    assert 1 < len(deliveries) < len(foonly.trades), f"not aggregated: {len(deliveries)} deliveries"
    pauses = [after.at - before.at for before, after in zip(deliveries, deliveries[1:])]
    assert min(pauses) > MIN_INTERVAL / 2, f"pauses of {pauses} s; at most one a {MIN_INTERVAL} s"

    for count in range(12):
        foonly.trades.append((f"msx-held-{count + 1}", STOCKS[count % 3]))
        at = foonly.trade(*foonly.trades[-1], 5100 + count)
    foonly.kill_all("broker", "gateway http")
    if time.time() > at + HOLD:
        print("    (the machine was too slow: no trade was held any more)")
    newest = dict((stock, event_id) for event_id, stock in foonly.trades)
    site.wait("the newest trade of each stock, behind kill -9",
              lambda: set(newest.values()) <= set(site.ids()))
    events = site.events()
    expect("numbers at the web site", list(events), list(range(1, len(events) + 1)))
    for stock, event_id in newest.items():
        own = [event["id"] for _, event in events.values() if event["source"].endswith(stock)]
        expect(f"the last trade in {stock} at the web site", own[-1], event_id)
    lead = []
    for item in site.all("event"):
        sources = [event["source"] for _, event in item.events]
        expect("one trade of each stock in a delivery", len(sources), len(set(sources)))
        lead += [(item.at - seconds_of(event["time"]), event["id"]) for _, event in item.events]
    early = [f"{event_id} after {after:.3f} s" for after, event_id in lead if after < HOLD]
    expect(f"trades that were shown to the public before {HOLD} s", early, [])
    foonly.member.wait_ids("members have all", [event_id for event_id, _ in foonly.trades])
    print(f"    {len(foonly.trades)} trades in {len(site.all('event'))} deliveries, the earliest "
          f"after {min(lead)[0]:.3f} s of {HOLD} s")


def portfolio(foonly):
    """A value for each change of a constituent, to its client alone, while she keeps her lease."""
    server = PortfolioServer(foonly)
    ann, bob = (foonly.places.web(f"{name}.example:8000/portfolio") for name in ("ann", "bob"))
    server.subscribe()
    holds = "F3 ann says what she holds"
    foreign = foonly.program(foonly.words(holds, {"/portfolio/ann": "/portfolio/bob"}))
    assert foreign.returncode == 1 and "'subscribe' right" in foreign.stderr, foreign
    vouching = foonly.program([*foonly.words(holds, {}), "--vouch"])
    assert vouching.returncode == 1 and "'manage' right" in vouching.stderr, vouching
    # Bob asks for all values. Hers are not meant for him.
    foonly.subscribed(holds, {
        "--config ann.yaml --owner ann": "--owner bob", "//ann.": "//bob.",
        "/portfolio/ann": "/portfolio/**", "--label holding.ACME=100": "", "BLOB=20": "BLOB=7"})
    subscription = foonly.subscribed(holds, {"--period 1d": "--period 4s"})
    lease = seconds_of(foonly.get(subscription)["expires"])
    foonly.typed("F3 ann renews", {"$ann": subscription})

    def clears(stock, price):
        foonly.trades.append((f"msx-{stock}-{price}", stock))
        foonly.trade(*foonly.trades[-1], price)

    def totals(inbox, *expected):
        inbox.wait(f"the values {expected}", lambda: len(inbox.events()) >= len(expected))
        expect(f"numbers and values at {inbox.name}",
               {number: event["data"] for number, (_, event) in inbox.events().items()},
               {number: f'{{"total": {total}}}' for number, total in enumerate(expected, 1)})

    def constituents(*stocks):
        wait_for(f"the portfolio server follows {stocks}, not {server.stocks}",
                 lambda: server.stocks == list(stocks), 30)

    constituents("ACME", "BLOB")
    for stock, price in (("ACME", 5000), ("BLOB", 1000), ("XYZ", 300), ("ACME", 5100)):
        clears(stock, price)
    totals(ann, 520000, 530000)
    totals(bob, 7000)
    foonly.typed("F3 ann has sold BLOB and bought XYZ", {"$ann": subscription})
    constituents("ACME", "BLOB", "XYZ")
    wait_for("her first lease would be over", lambda: time.time() > lease, 10)
    clears("BLOB", 900)
    clears("XYZ", 310)
    totals(ann, 520000, 530000, 100 * 5100 + 5 * 310)
    totals(bob, 7000, 6300)

    foonly.typed("F3 ann renews", {"$ann": subscription, "--period 1d": "--period 1s"})
    ann.wait("the end of her lease", lambda: ann.all("ended"))
    assert '"reason":"expired"' in ann.all("ended")[0].event["data"], ann.all("ended")[0].shown
    constituents("BLOB")
    clears("ACME", 5200)
    clears("BLOB", 950)
    totals(bob, 7000, 6300, 6650)
    expect("values at ann's, who gave up her subscription", len(ann.events()), 3)
    heard = [event["source"].rpartition("/")[2] for _, event in server.trades.events().values()]
    expect("trades that the server was told of", heard,
           ["ACME", "BLOB", "ACME", "BLOB", "XYZ", "BLOB"])


def the_workstation(foonly):
    """All feeds on one screen: pushed, pulled, direct, relayed, best-effort, guaranteed."""
    screen = foonly.desk.screen
    reports = ["ACME: earnings have doubled", "BLOB: there were none"]
    for report in reports:
        foonly.typed("F0 an analyst publishes the report of the year", {"$report": report})
    pulled = foonly.json_lines(foonly.typed("F0 the reports so far", {"$count": "2"}))
    expect("reports that are pulled", [event["data"] for event in pulled], reports)

    def of_type(name):
        return [event for _, event in screen.events().values() if event["type"] == name]

    def relayed():  # a foreign feed is not acknowledged: it publishes until it is seen
        foonly.tokyo.send_multipart([b"weather", b"rain"])
        foonly.tokyo.send_multipart([b"nikkei", b"39480"])
        return of_type("{urn:example:tokyo}nikkei")
    screen.wait("a foreign feed, relayed", relayed)
    expect("what it brought", {event["data"] for event in of_type("{urn:example:tokyo}nikkei")},
           {"39480"})

    # Whatever was published in the whole story and is meant for this screen: all of it, in order.
    foonly.run("publish", "{urn:example:analyst}last", "//foonly.example/analyst", "--id", "last")
    screen.wait("the last event", lambda: "last" in screen.ids())
    patterns = foonly.get("workstation")["types"]
    meant = sorted((int(event["sequence"]), event["id"])
                   for pattern in patterns for event in foonly.dump(pattern)
                   if "config" in event.get("audience", "config"))
    expect("the screen's events, by number", screen.ids(), [event_id for _, event_id in meant])
    expect("its numbers", list(screen.events()), list(range(1, len(meant) + 1)))
    namespaces = {event["type"].partition("}")[0][13:] for _, event in screen.events().values()}
    expect("its feeds", namespaces, {"msx", "news", "farm", "quake", "tokyo", "analyst", "barnone"})
    expect("foreign topics that were not asked for", of_type("{urn:example:tokyo}weather"), [])
    expect("all trades of the story", [event["id"] for event in of_type("{urn:example:msx}trade")],
           [event_id for event_id, _ in foonly.trades])
    print(f"    {len(meant)} events of {len(namespaces)} feeds")


STEPS = [
    ("I4.F1 the ticker for members of the exchange", members_ticker),
    ("I4.F2 the public ticker, held back", public_ticker),
    ("I4.F3 the portfolio tracker", portfolio),
    ("I4.F4 the newswire", the_newswire),
    ("I4.F5 the evening digest", the_evening_digest),
    ("I4.F6 the weather on a farm in Kansas", the_weather_on_a_farm),
    ("I4.F7 an earthquake", an_earthquake),
    ("I4.F8 continuous telemetry", telemetry),
    *orders_and_their_callbacks,
    ("I4.F0 the workstation that integrates all feeds", the_workstation),
]


def main(sense):
    foonly = Foonly(sense)
    foonly.desk = OrderDesk(foonly)
    foonly.website = foonly.places.web("www.foonly.example:8000/ticker")
    foonly.grain = foonly.socket("grain desk")
    foonly.places.put("10.0.0.6:9006", f"127.0.0.1:{foonly.grain.port}")
    foonly.farm = Farm(lost={2, 5})
    context = zmq.Context()
    foonly.tokyo = context.socket(zmq.XPUB)
    port = foonly.tokyo.bind_to_random_port("tcp://127.0.0.1")
    foonly.places.put("feed.tokyo.example:5556", f"127.0.0.1:{port}")
    foonly.trades = []  # of the whole story: id, stock
    foonly.configure()
    began = time.monotonic()
    with foonly:
        for name, step in STEPS:
            start = time.monotonic()
            try:
                step(foonly)
            except BaseException:
                print(f"{name}: FAILED", flush=True)
                raise
            print(f"{name}: holds ({time.monotonic() - start:.1f} s)", flush=True)
        expect("commands of the example that were not run", foonly.untyped(), [])
    print(f"Foonly Trading: holds, {time.monotonic() - began:.1f} s")
    context.destroy(0)


main(sys.argv[1])
