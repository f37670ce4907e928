# SPDX-License-Identifier: Apache-2.0
"""What measures, in the story of Foonly Trading: a farm that is polled, seismometers behind radio
links."""

import statistics
import threading
import time

from foonly_cast import expect, rfc3339, seconds_of

OLD_INSTRUMENT = "{urn:sense:snmp}oid.1.3.6.1.4.1.32473.0.4"
SAMPLES = 60
SAMPLE_SECONDS = 0.05
LEASE_SECONDS = 2


def the_weather_on_a_farm(foonly):
    """Polled and handed on by datagrams; what is lost or stale is not repeated, but told."""
    grain = foonly.grain
    grain.acknowledges = lambda message: message.properties.get("number") != "2"

    def hand_on(reading, at):
        foonly.typed("F6 the poller hands on what the farm answered",
                     {"$time": rfc3339(at), "$reading": reading})

    readings = []
    while len(readings) < 4:
        reading = foonly.farm.poll()
        if reading:
            readings.append(reading)
            hand_on(reading, time.time())
    expect("polls, of which two were lost", foonly.farm.count, 6)
    grain.wait("all readings", lambda: len(grain.events()) >= 4)
    grain.wait("that the second is told to be lost", lambda: grain.all("gap"))
    hand_on("stale", time.time() - 3600)
    hand_on("fresh", time.time())
    grain.wait("a fresh reading behind a stale one", lambda: 6 in grain.events())
    grain.wait("that the stale one is told to be too old", lambda: len(grain.all("gap")) > 1)
    expect("readings by number",
           {number: event["data"] for number, (_, event) in grain.events().items()},
           {1: readings[0], 2: readings[1], 3: readings[2], 4: readings[3], 6: "fresh"})
    expect("numbers of datagrams with readings, none of them sent again",
           sorted(item.events[0][0] for item in grain.all("event")), [1, 2, 3, 4, 6])
    gaps = {(item.event["from"], item.event["to"], item.event["reason"])
            for item in grain.all("gap")}
    expect("gaps", gaps, {("2", "2", "undeliverable"), ("5", "5", "expired")})
    dead = [event["data"]["subscription"]
            for event in foonly.dump("{urn:sense:management}dead-letter")]
    assert "grain-desk" not in dead, f"dead letters of {dead}"


def felt(instrument, event_id, tenths, threshold=40):
    """What an instrument says of a tremor; nothing, below its threshold."""
    if tenths < threshold:
        return None
    severity = "1" if tenths >= 40 else "5"
    return instrument.ask("PUBLISH", [
        ("Type", "{urn:example:quake}felt"), ("Source", f"//quake.example/{instrument.name}"),
        ("Id", event_id), ("Severity", severity), ("Content-Type", "text/plain")],
        f"magnitude {tenths / 10}".encode())


def an_earthquake(foonly):
    """One page for each quake of magnitude 4 and above, over a radio that loses what it likes."""
    pager = foonly.relay.box("pager@metropolis.example")
    start = foonly.head()
    bay = foonly.socket("bay", lost=lambda count: count in (2, 3))
    valley = foonly.socket("valley")
    expect("what an instrument says below its threshold", felt(bay, "tremor-1", 39), None)
    first = felt(bay, "quake-1", 46)
    expect("the answer", (first.code, first.properties.get("duplicate")), (0, None))
    assert bay.sent >= 4, f"the radio lost nothing: {bay.sent} datagrams"
    again = felt(bay, "quake-1", 46)  # started anew, it does not know that it was answered
    expect("the answer to the same again",
           (again.properties["duplicate"], again.properties["sequence"]),
           ("yes", first.properties["sequence"]))
    felt(valley, "tremor-2", 32, threshold=0)  # this one talks about everything

    inform = "F7 an old instrument has felt something"
    foonly.typed(inform, {"32473.0.4": "32473.0.3", "i 46": "i 31"})
    foonly.kill("adapter snmp")
    foonly.typed(inform)
    felt(bay, "quake-2", 58)
    pager.wait("three pages", lambda: len(pager.events()) >= 3)
    old = [event["id"] for event in foonly.dump(OLD_INSTRUMENT, start)]
    expect("how often the old instrument's inform was stored", len(old), 1)
    pager.wait_ids("a page for each quake", ["quake-1", *old, "quake-2"])
    expect("what the instruments published", [event["id"] for event in foonly.dump(
        "{urn:example:quake}felt", start)], ["quake-1", "tremor-2", "quake-2"])
    expect("what a page says", pager.events()[1][1]["data"].strip(), "magnitude 4.6")


def telemetry(foonly):
    """Twenty samples a second, some lost by the radio, none by us; a prediction downstream."""
    trader = foonly.places.web("trader.barnone.example:8000/in")
    foonly.subscribed("F8 barnone wants predictions")
    station, model = foonly.socket("station"), foonly.socket("model")
    asked = [("Type", "{urn:example:barnone:raw}sample"), ("Period", str(LEASE_SECONDS))]
    registered = model.ask("REGISTER", asked)
    expect("the answer to a registration", (registered.code, registered.properties["period"]),
           (0, str(LEASE_SECONDS)))
    lease = [("Subscription", registered.properties["subscription"]), asked[1]]

    ended = threading.Event()
    renewals = []

    def renew():
        while not ended.wait(LEASE_SECONDS / 4):
            renewals.append(model.ask("REGISTER", lease).code)

    renewing = threading.Thread(target=renew, daemon=True)
    renewing.start()
    station.ask("PARAMETERS", [])  # brings the cookie for all samples
    lost = {number for number in range(SAMPLES) if number % 7 == 6}
    start = time.monotonic()
    for number in range(SAMPLES):
        threading.Event().wait(max(0, start + number * SAMPLE_SECONDS - time.monotonic()))
        if number not in lost:
            station.send("PUBLISH", f"s{number}", [
                ("Type", asked[0][1]), ("Source", "//barnone.example/station"),
                ("Id", f"sample-{number}"), ("Subject", str(number)),
                ("Time", rfc3339(time.time())), ("Cookie", station.cookie)], b"%d" % (3 * number))
    before_the_end = len(model.events())
    model.wait_ids("samples, but those that the radio lost",
                   [f"sample-{number}" for number in range(SAMPLES) if number not in lost])
    ended.set()
    renewing.join()
    assert before_the_end > SAMPLES / 2, f"only {before_the_end} samples came while they were taken"
    assert len(renewals) > 2 and not any(renewals), f"renewals: {renewals}"
    expect("gaps", model.all("gap"), [])
    assert time.monotonic() - start > LEASE_SECONDS, "the lease needed no renewal"

    # Who predicts puts an estimate in the place of what was lost.
    known = {int(event["subject"]): int(event["data"]) for _, event in model.events().values()}
    series = [known.get(number, (known.get(number - 1, 0) + known.get(number + 1, 0)) // 2)
              for number in range(SAMPLES)]
    expect("samples with estimates", series, [3 * number for number in range(SAMPLES)])
    foonly.typed("F8 a prediction")
    trader.wait_ids("the prediction", ["prediction-1"])
    # Its like without an audience comes to Foonly, too; the prediction would have come before it.
    foonly.run("publish", "{urn:example:barnone}notice", "//barnone.example", "--id", "notice-1")
    screen = foonly.desk.screen
    screen.wait("what barnone tells all subscribers", lambda: "notice-1" in screen.ids())
    assert "prediction-1" not in screen.ids(), "a competitor's prediction was shown to Foonly"
    model.wait("the end of a lease that was not renewed", lambda: model.all("ended"))
    expect("why it ended", model.all("ended")[0].event["reason"], "expired")
    late = [item.at - seconds_of(event["time"]) for item, event in model.events().values()]
    print(f"    a sample arrives after {statistics.median(late) * 1000:.0f} ms (median)")
