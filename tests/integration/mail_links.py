# SPDX-License-Identifier: Apache-2.0
"""Claim: a person with a mailbox and a browser confirms and ends a subscription by the links of its mails:
GET changes nothing, the button and the one click of a mail program (RFC 8058) do. Python's parser of mail
finds in each mail what was published, and no line, header or markup that an event has added."""

import email
import email.policy
import html.parser
import http.client
import json
import re
import shutil
import ssl
import subprocess
import sys
import urllib.parse

from installation import Installation, wait_for

CONFIRMED, ENDED = "The subscription is confirmed.", "The subscription has ended."
EVIL = "</pre><script src=//evil.example></script>\r\nBcc: victim@example.net\r\n\r\n.\r\n" + "x" * 3000
EVENTS = [
    {"id": "raised", "type": "{urn:example}alarm", "source": "//hq/boiler/7", "severity": 1,
     "correlationid": "alarm-7", "subject": "Kessel fällt aus – Überdruck € " * 8, "language": "de",
     "datacontenttype": "text/plain", "data": "Zeile eins\nFrom Zeile zwei\n.\n" + "ü" * 500},
    {"id": "cleared", "type": "{urn:example}clear", "source": "//hq/boiler/7", "severity": 6,
     "correlationid": "alarm-7", "datacontenttype": "application/json", "data": {"pressure": 3}},
    {"id": "evil", "type": "{urn:example}alarm", "source": "//hq/other?a=1&amp;b=2", "note": EVIL[:200].replace(
        "\r\n", " "), "language": "not a tag", "datacontenttype": "text/html", "data": EVIL},
    {"id": "picture", "type": "{urn:example}alarm", "source": "//hq/camera",
     "datacontenttype": "image/png", "data_base64": "iVBORw0KGgo="},
]


class Page(html.parser.HTMLParser):
    """The tags, attributes and the form of a document."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.links, self.fields, self.action = set(), set(), [], {}, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.add(tag)
        self.attributes.update(attributes)
        if tag == "a":
            self.links.append(attributes["href"])
        if tag == "form":
            assert attributes["method"] == "post"
            self.action = attributes["action"]
        if tag == "input":
            self.fields[attributes["name"]] = attributes["value"]


class Links(Installation):
    def __init__(self, sense):
        super().__init__(sense)
        self.place = f"https://localhost:{self.ports['http']}"
        key, certificate = self.folder / "tls.key", self.folder / "tls.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)],
                       check=True, capture_output=True)
        key.chmod(0o600)
        text = self.config.read_text()
        for before, after in (
                ("http: {", f"http: {{tls-certificate: {certificate}, tls-key: {key}, "),
                ("email: {", f'email: {{from: sense@hq.example, confirm-url: "{self.place}", '
                             "commands-to: sense-in@hq.example, ")):
            assert before in text
            text = text.replace(before, after)
        self.config.write_text(text)
        self.trusted = ssl.create_default_context(cafile=str(certificate))

    def ask(self, method, url, body=None, headers=None):
        """The status, the headers and the text."""
        assert url.startswith(self.place + "/"), url
        connection = http.client.HTTPSConnection("localhost", self.ports["http"], context=self.trusted, timeout=60)
        connection.request(method, url[len(self.place):], body, headers or {})
        answer = connection.getresponse()
        result = answer.status, answer.headers, answer.read().decode()
        connection.close()
        return result

    def listens(self):
        try:
            return self.ask("GET", f"{self.place}/v1/health")[0] == 200
        except OSError:
            return False

    def post(self, url, fields, **headers):
        return self.ask("POST", url, urllib.parse.urlencode(fields),
                        {"content-type": "application/x-www-form-urlencoded", **headers})

    def state(self, subscription):
        shown = self.run("subscriptions", "get", subscription, "--json")
        return json.loads(shown.stdout)["state"] if shown.returncode == 0 else "ended"

    def mails_of(self, address):
        return {path.name: path.read_bytes() for path in (self.folder / "data/mail").glob(f"{address}/new/*")}


def parsed(octets):
    """The mail, when nothing is wrong with its form."""
    mail = email.message_from_bytes(octets, policy=email.policy.default)
    for part in mail.walk():
        assert not part.defects, (part.defects, octets)
        for name, value in part.items():
            assert not getattr(value, "defects", ()), (name, value, value.defects)
    head, _, body = octets.partition(b"\n\n")
    assert octets.isascii() and all(len(line) <= 998 for line in octets.splitlines())
    assert all(len(line) <= 78 for line in body.splitlines()), octets
    for line in head.splitlines():
        assert len(line) <= 78 or b" " not in line.split(b": ", 1)[-1].strip(), line
    assert not any("bcc" in name.lower() for name in mail.keys())
    assert mail["Auto-Submitted"] == "auto-generated" and mail["Precedence"] == "bulk"
    assert mail["List-Id"].endswith(".sense.hq.example>") and mail["Message-ID"].endswith("@hq.example>")
    document = Page(mail.get_body(("html",)).get_content())
    assert document.tags <= {"html", "head", "meta", "title", "body", "h2", "p", "table", "tr", "th", "td",
                             "pre", "a"}, document.tags
    assert document.attributes <= {"lang", "charset", "style", "href"}, document.attributes
    return mail, document


def confirmed(it, subscription):
    """By the page that the link of the mail opens, as a browser would."""
    box = wait_for("a mail that asks", lambda: it.mails_of("unconfirmed"))
    mail, document = parsed(*box.values())
    (link,) = document.links
    text = mail.get_body(("plain",)).get_content()
    assert link in text and f"curl -X POST {it.place}/v1/subscriptions/{subscription}/confirm" in text, text
    assert mail["List-Unsubscribe"] is None
    status, headers, shown = it.ask("GET", link)
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8", (status, shown)
    assert "default-src 'none'" in headers["Content-Security-Policy"], headers
    assert headers["Cache-Control"] == "no-store" and headers["Referrer-Policy"] == "same-origin", headers
    page = Page(shown)
    action = urllib.parse.urljoin(link, page.action)
    assert "?" not in action and "script" not in page.tags
    assert it.state(subscription) == "pending", "a GET has changed it"
    foreign = it.post(action, page.fields, origin="https://evil.example")
    assert foreign[0] == 403, foreign
    guess = it.post(action, {"token": "guess"}, origin=it.place)
    assert guess[0] == 403, guess
    assert it.post(link, {})[0] == 400 and it.state(subscription) == "pending"
    status, _, shown = it.post(action, page.fields, origin=it.place)
    assert status == 200 and CONFIRMED in shown, shown
    assert it.state(subscription) == "active"
    assert it.post(action, page.fields, origin=it.place)[0] == 403, "a token confirms once"


def published(it):
    for event in EVENTS:
        status, _, text = it.ask("POST", f"{it.place}/v1/events", json.dumps({"specversion": "1.0", **event}),
                                 {"content-type": "application/cloudevents+json"})
        assert status == 202, text
    box = wait_for("all mails", lambda: len(found := it.mails_of("user@example.net")) == len(EVENTS) and found)
    return {mail["Sense-Event-Id"]: (mail, document) for mail, document in map(parsed, box.values())}


def each_mail_is_what_was_published(mails):
    for event in EVENTS:
        mail, document = mails[event["id"]]
        types = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
        attached = {part.get_filename(): part for part in mail.iter_attachments()}
        assert types[:2] == ["text/plain", "text/html"], types
        programs = attached["event.json"]
        assert programs.get_content_type() == "application/cloudevents+json"
        shown = json.loads(programs.get_content())
        assert all(shown[name] == value for name, value in event.items()), (shown, event)
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        page, command = re.fullmatch(r"<(https:[^>]*)>, <(mailto:[^>]*)>", mail["List-Unsubscribe"]).groups()
        assert document.links == [page] and command.startswith("mailto:sense-in@hq.example?subject=unsubscribe")
        assert mail["List-Help"] == "<mailto:sense-in@hq.example?subject=help>"
    raised, cleared, evil = (mails[name][0] for name in ("raised", "cleared", "evil"))
    assert raised["Subject"].startswith("[alert] alarm: Kessel fällt aus – Überdruck €"), raised["Subject"]
    assert raised["Content-Language"] == "de" and evil["Content-Language"] is None
    assert (raised["X-Priority"], raised["Importance"]) == ("1", "high")
    assert (cleared["X-Priority"], cleared["Importance"]) == ("5", "low")
    assert raised["References"] == cleared["References"] != evil["References"]
    assert raised["References"].split()[-1] == cleared["In-Reply-To"]
    text = raised.get_body(("plain",)).get_content()
    assert text.rstrip("\n").endswith("\n\n" + EVENTS[0]["data"]), text
    assert EVIL.replace("\r\n", "\n").rstrip() in evil.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert mails["picture"][0].get_payload()[1].get_content_type() == "image/png"


def left_with_one_click(it, subscription, mails):
    link = re.match(r"<(https:[^>]*)>", mails["raised"][0]["List-Unsubscribe"]).group(1)
    status, _, shown = it.ask("GET", link)
    assert status == 200 and "<form" in shown and it.state(subscription) == "active"
    wrong = link[:-1] + ("A" if link[-1] != "A" else "B")
    assert it.post(wrong, {"List-Unsubscribe": "One-Click"})[0] == 403
    assert it.post(link.replace("unsubscribe?", "confirm?"), {"List-Unsubscribe": "One-Click"})[0] == 400
    assert it.state(subscription) == "active"
    status, _, shown = it.post(link, {"List-Unsubscribe": "One-Click"})
    assert status == 200 and ENDED in shown, shown
    assert it.state(subscription) == "ended"
    assert it.post(link, {"List-Unsubscribe": "One-Click"})[0] == 403


def main(sense):
    with Links(sense) as it:
        wait_for("the pages are served", it.listens)
        status, _, made = it.ask("POST", f"{it.place}/v1/subscriptions", json.dumps(
            {"callback": "mailto:user@example.net", "types": ["{urn:example}*"]}))
        assert status == 201, made
        subscription = json.loads(made)["id"]
        confirmed(it, subscription)
        mails = published(it)
        each_mail_is_what_was_published(mails)
        left_with_one_click(it, subscription, mails)


if not shutil.which("openssl"):
    print("without openssl there is no certificate for the pages")
    sys.exit(77)
main(sys.argv[1])
print("mail_links: holds")
