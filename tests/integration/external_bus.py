# SPDX-License-Identifier: Apache-2.0
"""Claim: messages of a ZeroMQ proxy that knows nothing of SENSE become events that gateways deliver, and
events become messages there; what came from it is not given back."""

import socket
import sys
import threading

import zmq

from installation import Installation, free_port, wait_for


class Proxy:
    """A foreign proxy: XSUB and XPUB, and nothing more."""

    def __init__(self, context):
        self.ports = {"publish": free_port(socket.SOCK_STREAM), "events": free_port(socket.SOCK_STREAM)}
        self.front, self.back = context.socket(zmq.XSUB), context.socket(zmq.XPUB)
        self.front.bind(f"tcp://127.0.0.1:{self.ports['publish']}")
        self.back.bind(f"tcp://127.0.0.1:{self.ports['events']}")
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            zmq.proxy(self.front, self.back)
        except zmq.ContextTerminated:
            pass


class Attached(Installation):
    def __init__(self, sense, ports):
        super().__init__(sense)
        text = self.config.read_text()
        text = text.replace("egress:", f"""  external: tcp://127.0.0.1:{ports['events']}
  external-take: "prices/, alarms"
  external-publish: tcp://127.0.0.1:{ports['publish']}
  external-give: "notices/"
  external-namespace: urn:plant
egress:""")
        text = text.replace("urn:sense:snmp", "urn:plant")
        self.config.write_text(text)

    def mails(self):
        return [mail.read_text() for mail in (self.folder / "data/mail").rglob("new/*")]


def main():
    context = zmq.Context()
    proxy = Proxy(context)
    speaker, listener = context.socket(zmq.PUB), context.socket(zmq.SUB)
    speaker.connect(f"tcp://127.0.0.1:{proxy.ports['publish']}")
    listener.connect(f"tcp://127.0.0.1:{proxy.ports['events']}")
    listener.subscribe(b"notices/")
    with Attached(sys.argv[1], proxy.ports) as installation:
        # Nothing tells when a subscription has reached a publisher; so they speak until they are heard.
        def spoken(topic, *frames):
            speaker.send_multipart([topic, *frames])
            return any(frames[-1].decode() in mail for mail in installation.mails())

        wait_for("a message becomes a mail", lambda: spoken(b"prices/EUR", b"1.0842"))
        mail = next(mail for mail in installation.mails() if "1.0842" in mail)
        assert "prices_x002F_EUR" in mail, mail
        taken = len(installation.mails())
        speaker.send_multipart([b"weather", b"not taken: rain"])
        wait_for("another", lambda: spoken(b"alarms", b"second topic"))
        assert not any("rain" in mail for mail in installation.mails()), "an unwanted topic was taken"

        def given():
            installation.run("publish", "{urn:plant}notices_x002F_all", "//test/desk", "--data",
                             "closing at six")
            return listener.poll(200) and listener.recv_multipart()

        message = wait_for("an event becomes a message", given)
        assert message == [b"notices/all", b"closing at six"], message
        installation.run("publish", "{urn:plant}secrets", "//test/desk", "--data", "not given")
        speaker.send_multipart([b"alarms", b"third"])
        wait_for("the third", lambda: spoken(b"alarms", b"third"))
        while listener.poll(0):
            message = listener.recv_multipart()
            assert message == [b"notices/all", b"closing at six"], f"given: {message}"
        print(f"{taken} and more taken; what is given is what was asked for")
    context.destroy(0)


main()
