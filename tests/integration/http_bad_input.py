# SPDX-License-Identifier: Apache-2.0
"""Claim: whatever octets come to the HTTP gateway, it answers with the right status and problem details or
ends the connection, stores nothing of it, and serves a neighbour meanwhile."""

import json
import socket
import sys
import time
import urllib.request

from installation import wait_for
from token_clients import TokenInstallation

HEAD = "POST /v1/events HTTP/1.1\r\nHost: localhost\r\n"
JSON = "Content-Type: application/cloudevents+json\r\n"
EVENT = '{"specversion":"1.0","id":"bad","type":"{urn:bad}x","source":"//bad"%s}'
BINARY = "ce-specversion: 1.0\r\nce-id: bad\r\nce-type: {urn:bad}x\r\nce-source: //bad\r\n"
CLOSED = 0  # ended without an answer


def body(text, headers=JSON):
    octets = text if isinstance(text, bytes) else text.encode()
    return (HEAD + headers + f"Content-Length: {len(octets)}\r\n\r\n").encode() + octets


def raw(text):
    return text.encode("latin-1")


WHOLE = EVENT % ""
# What is sent, and the statuses that are right.
CASES = {
    # Shapes that two programs may read differently.
    "both lengths": (raw(HEAD + JSON + f"Content-Length: {len(WHOLE)}\r\nTransfer-Encoding: chunked\r\n\r\n"
                         f"0\r\n\r\n{WHOLE}"), {400}),
    "two lengths": (raw(HEAD + JSON + f"Content-Length: 5\r\nContent-Length: {len(WHOLE)}\r\n\r\n{WHOLE}"), {400}),
    "a length with a sign": (raw(HEAD + JSON + f"Content-Length: +{len(WHOLE)}\r\n\r\n{WHOLE}"), {400}),
    "a negative length": (raw(HEAD + JSON + f"Content-Length: -1\r\n\r\n{WHOLE}"), {400}),
    "a length in hexadecimal": (raw(HEAD + JSON + f"Content-Length: 0x10\r\n\r\n{WHOLE}"), {400}),
    "a length over 2^64": (raw(HEAD + JSON + f"Content-Length: 18446744073709551617\r\n\r\n{WHOLE}"), {400, 413}),
    "bare line feeds": (raw((HEAD + JSON + f"Content-Length: {len(WHOLE)}\r\n\r\n").replace("\r\n", "\n") + WHOLE),
                        {400}),
    "a space before the colon": (raw(HEAD + JSON + f"Content-Length : {len(WHOLE)}\r\n\r\n{WHOLE}"), {400}),
    "NUL in a header": (raw(HEAD + JSON + "a: \0b\r\nContent-Length: 0\r\n\r\n"), {400}),
    "an unknown transfer coding": (raw(HEAD + JSON + "Transfer-Encoding: xchunked\r\n\r\n" + WHOLE), {400, 501}),
    "chunked, but not at last": (raw(HEAD + JSON + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"), {400, 501}),
    "a chunk's size that is none": (raw(HEAD + JSON + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n" + WHOLE), {400}),
    "a chunk's size over 2^64": (raw(HEAD + JSON + "Transfer-Encoding: chunked\r\n\r\n1ffffffffffffffff\r\n"),
                                 {400, 413}),
    "two hosts": (raw(HEAD + "Host: other\r\n" + JSON + f"Content-Length: {len(WHOLE)}\r\n\r\n{WHOLE}"),
                  {400, 403, 421}),
    "no host": (raw("POST /v1/events HTTP/1.1\r\n" + JSON + f"Content-Length: {len(WHOLE)}\r\n\r\n{WHOLE}"), {400}),
    "another version": (raw("POST /v1/events HTTP/7.9\r\nHost: localhost\r\n\r\n"), {400, 505}),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500, {400}),
    "a target with a space": (raw("POST /v1/ev ents HTTP/1.1\r\nHost: localhost\r\n\r\n"), {400}),
    # Too much.
    "100,000 headers": (raw(HEAD + JSON + "a: b\r\n" * 100_000 + "\r\n"), {400, 431, CLOSED}),
    "a header of a MiB": (raw(HEAD + "a: " + "x" * 1024 * 1024 + "\r\n\r\n"), {400, 431, CLOSED}),
    "a target of a MiB": (raw("GET /v1/events?" + "x" * 1024 * 1024 + " HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                          {400, 414, 431, CLOSED}),
    "a body that is announced as too big": (raw(HEAD + JSON + "Content-Length: 999999999\r\n\r\n"), {413}),
    "chunks without an end": (raw(HEAD + JSON + "Transfer-Encoding: chunked\r\n\r\n")
                              + b"10000\r\n" + b"x" * 65536 + b"\r\n" * 1 + (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 200,
                              {413, CLOSED}),
    "data over its limit": (body(EVENT % (',"data":"' + "x" * (1024 * 1024 + 1) + '"')), {413}),
    "65 extension attributes": (body(EVENT % "".join(f',"a{i}":1' for i in range(65))), {400, 413}),
    "deep JSON": (body(EVENT % (',"data":' + "[" * 100_000 + "]" * 100_000)), {400}),
    # No event.
    "broken JSON": (body(WHOLE[:-1]), {400}),
    "JSON that goes on": (body(WHOLE + "{}"), {400}),
    "a member twice": (body(EVENT % ',"id":"other"'), {400}),
    "an array as structured": (body(f"[{WHOLE}]"), {400}),
    "invalid UTF-8": (body(b'{"specversion":"1.0","id":"\xff","type":"{urn:bad}x","source":"//bad"}'), {400}),
    "half a surrogate": (body(WHOLE.replace('"bad"', '"\\ud800"')), {400}),
    "a name of capitals": (body(EVENT % ',"Upper":"x"'), {400}),
    "a name with an underscore": (body(EVENT % ',"a_b":"x"'), {400}),
    "a number that is none": (body(EVENT % ',"severity":"high"'), {400}),
    "data twice": (body(EVENT % ',"data":1,"data_base64":"eA=="'), {400}),
    "base 64 that is none": (body(EVENT % ',"data_base64":"?"'), {400}),
    "another version of CloudEvents": (body(WHOLE.replace('"1.0"', '"0.3"', 1)), {400}),
    "a wrong content type": (body(WHOLE, "Content-Type: text/xml\r\n"), {415}),
    "no content type": (body(WHOLE, ""), {415}),
    "a type of CloudEvents that is unknown": (body(WHOLE, "Content-Type: application/cloudevents+avro\r\n"), {415}),
    "an attribute twice in headers": (body("x", BINARY + "ce-a: 1\r\nce-a: 2\r\n"), {400}),
    "an attribute's name that is none": (body("x", BINARY + "ce-a_b: 1\r\n"), {400}),
    "a coding that is broken": (body("no gzip", JSON + "Content-Encoding: gzip\r\n"), {400}),
    "a coding that is unknown": (body(WHOLE, JSON + "Content-Encoding: br\r\n"), {415}),
    "a batch that is none": (body(WHOLE, "Content-Type: application/cloudevents-batch+json\r\n"), {400}),
}
# Answered before the body has come: the client may not have read it before it is told that the
# connection is over.
TOLERATED = (BrokenPipeError, ConnectionResetError)


def ask(port, octets):
    """Status, content type and body of the answer; CLOSED when the connection ended without one."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        try:
            client.sendall(octets)
            client.shutdown(socket.SHUT_WR)
        except TOLERATED:
            pass
        try:
            while more := client.recv(65536):
                received += more
        except TOLERATED:
            pass
    if not received.startswith(b"HTTP/1.1 "):
        assert not received, received[:100]
        return CLOSED, "", b""
    head, _, rest = received.partition(b"\r\n\r\n")
    type = [line for line in head.decode().lower().split("\r\n") if line.startswith("content-type:")]
    return int(received.split()[1]), "".join(type), rest


def publish(it, id):
    """How many seconds a neighbour's event takes."""
    begun = time.monotonic()
    event = {"specversion": "1.0", "id": id, "type": "{urn:good}x", "source": "//good"}
    status, _, text = ask(it.ports["http"], body(json.dumps(event)))
    assert status == 202 and not json.loads(text)["duplicate"], (status, text)
    return time.monotonic() - begun


def answers(port, request, status):
    try:
        return ask(port, raw(request + "\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\r\n"))[0] == status
    except ConnectionRefusedError:
        return False


def tokens_that_are_nearly_right(it):
    token = (it.folder / "shop.token").read_text().strip()
    answers = set()
    for wrong in (token[:-1], token + "x", token[:-1] + ("A" if token[-1] != "A" else "B"), token.lower(),
                  "sense_", "x" * 4000, ""):
        request = urllib.request.Request(f"http://127.0.0.1:{it.ports['http']}/v1/subscriptions",
                                         headers={"Authorization": f"Bearer {wrong}"})
        try:
            urllib.request.urlopen(request, timeout=60)
            raise AssertionError(f"'{wrong}' was taken")
        except urllib.error.HTTPError as refusal:
            assert refusal.code == 401, (wrong, refusal.code)
            problem = json.loads(refusal.read())
            if wrong:  # without one it is no bearer token at all
                answers.add((problem["title"], problem["detail"]))
    assert len(answers) == 1, f"the answers differ: {answers}"


def main():
    principals = '  - {name: shop, proofs: [%(shop.token)s], publish: ["*"], list: true}\n  - {name: anonymous, publish: ["*"]}\n'
    with TokenInstallation(sys.argv[1], ["shop.token"], principals) as it:
        wait_for("the tokens are known",
                 lambda: answers(it.ports["http"], "GET /v1/subscriptions HTTP/1.1", 401))
        slowest = publish(it, "first")
        for name, (octets, right) in CASES.items():
            status, type, text = ask(it.ports["http"], octets)
            assert status in right, f"{name}: {status} {text[:300]}"
            if status:
                assert "application/problem+json" in type, f"{name}: {type}"
                problem = json.loads(text)
                assert problem["status"] == status and problem["detail"] and problem["symbol"], (name, problem)
            slowest = max(slowest, publish(it, name))
        tokens_that_are_nearly_right(it)
        status, sources = it.client("shop.token").ask("GET", "/v1/sources")
        sources = json.dumps(sources)
        assert "//good" in sources and "//bad" not in sources, f"{status}, something of it was stored: {sources}"
    print(f"http_bad_input: {len(CASES)} cases; a neighbour's event took {slowest * 1000:.0f} ms at most")


main()
