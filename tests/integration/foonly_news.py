# SPDX-License-Identifier: Apache-2.0
"""The newswire and the evening digest of the story of Foonly Trading."""

import json
import re

from foonly_cast import DIGEST, expect, seconds_of
from foonly_stage import DIGEST_SECONDS

ARTICLE = re.compile(r"^(\d+) (\S+) \{urn:example:news\}article \S+ Newsgroups: (\S+)$",
                     re.MULTILINE)


class NewsClient:
    """Keeps its groups and what it has seen last; asks when its reader wants to read."""

    def __init__(self, foonly, groups, seen):
        self.foonly, self.groups, self.seen = foonly, groups, seen

    def read(self):
        shown = self.foonly.typed("F4 ann reads the news after those that she has seen",
                                  {"$broker": self.foonly.broker_key, "$next": str(self.seen + 1)})
        new = []
        for sequence, event_id, groups in ARTICLE.findall(shown):
            self.seen = int(sequence)
            if self.groups & set(groups.split(",")):
                new.append(event_id)
        return new


def the_newswire(foonly):
    """One article in several groups: pushed once to who follows several; pulled since last time."""
    trader = foonly.places.web("trader.foonly.example:8000/news")
    foonly.subscribed("F4 a trader follows two groups")
    ann = NewsClient(foonly, {"company.acme", "type.rumour"}, foonly.head())
    foonly.article("merger", "industry.oil", "company.acme", "type.merger")
    foonly.article("labs", "company.acmelabs")
    foonly.article("rumour", "type.rumour")
    foonly.article("well", "industry.oil")
    trader.wait_ids("articles of two groups, each once", ["merger", "well"])
    expect("what is new to ann", ann.read(), ["merger", "rumour"])
    expect("what is new to ann at once again", ann.read(), [])
    foonly.article("bid", "company.acme")
    foonly.kill("broker")
    foonly.article("denial", "type.rumour")
    expect("what is new to ann after she was away, and the broker was killed", ann.read(),
           ["bid", "denial"])
    expect("what is new to ann at once again", ann.read(), [])
    trader.wait_ids("articles of two groups", ["merger", "well", "bid"])
    expect("what the visitor may read", foonly.fetch("visitor", 1, "{urn:example:news}"), [])


def the_evening_digest(foonly):
    """One mail in the evening with all the news of the day, whichever process is killed before, and however
    often the relay says no."""
    box = foonly.relay.box("dave@mail.example")
    dave = foonly.subscribed("F5 dave wants the news of the day in one mail", active=False)
    foonly.article("before", "industry.oil")
    foonly.confirm(dave, box)

    foonly.relay.refusals[box.name] = ["451 not now"]
    foonly.article("drought", "industry.oil", "region.texas")
    foonly.article("shoes", "industry.shoes")
    foonly.article("secret", "industry.oil", **{"except": "anonymous"})
    foonly.article("flood", "industry.oil")
    foonly.kill("gateway email")
    box.wait_ids("the news of the first day", ["drought", "flood"])
    foonly.article("storm", "industry.oil")
    foonly.article("calm", "industry.oil")
    box.wait_ids("the news of two days", ["drought", "flood", "storm", "calm"])

    mails = box.all("refused") + box.all("event")
    windows = {}
    for item in mails:
        expect("the type of a mail", item.event["type"], DIGEST)
        data = json.loads(item.event["data"])
        numbers = [each["number"] for each in data["events"]]
        windows.setdefault(data["window"], set()).add((item.mail["Message-ID"], *numbers))
        first = seconds_of(data["events"][0]["event"]["time"])
        assert item.at >= first + DIGEST_SECONDS, f"{item.shown} came before the evening"
    expect("windows, each with one Message-ID and the same numbers in each attempt",
           {window: [mail[1:] for mail in mails] for window, mails in windows.items()},
           {1: [(1, 2)], 2: [(3, 4)]})
    mail = box.all("event")[0]
    headings = [line for line in mail.text.splitlines() if line[:2] in ("1.", "2.")]
    expect("what people read", (mail.mail["Subject"], headings), ("2 events", [
        "1. article: //wire.example/desk", "2. article: //wire.example/desk"]))
    expect("mails that were refused", len(box.all("refused")), 1)
    expect("mails that were taken", len(box.all("event")), 2)
