# SPDX-License-Identifier: Apache-2.0
"""Budgets of what clients ask the broker: answers that are not read, and turns of FETCH."""

import time

import msgpack
import zmq

from attack import Attack, compare

NOERROR, NOMOREROOM = 0, 12
BIG = [1, "big", "{urn:big}a", "//x", {}, b"x" * 900_000]


def request(number, operation, body):
    return msgpack.packb([1, number, operation, body])


def answer(socket):
    """The number and the code of the next one."""
    assert socket.poll(20_000), "no answer"
    return msgpack.unpackb(socket.recv())[1:3]


class Bus:
    """A connection with the key of a principal; its context is its own, so that what comes for one client is
    not decrypted by the thread of another."""

    def __init__(self, it, name):
        self.context, self.number = zmq.Context(), 0
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.rcvhwm = 1  # what is not read remains with the broker
        self.socket.linger = 0
        self.socket.curve_publickey, self.socket.curve_secretkey = (half.encode() for half in it.key(name))
        self.socket.curve_serverkey = it.key("broker")[0].encode()
        self.socket.connect(f"tcp://127.0.0.1:{it.ports['bus']}")

    def send(self, operation, body):
        self.number += 1
        self.socket.send(request(self.number, operation, body), zmq.DONTWAIT)

    def close(self):
        self.context.destroy(0)

    def ask(self, operation, body):
        self.send(operation, body)
        assert answer(self.socket) == [self.number, NOERROR]


def unread_answers(it):
    """One client of the bus asks for more than it reads; another asks and reads."""
    reader, deaf = Bus(it, "other"), Bus(it, "attacker")
    reader.ask("PUBLISH", [msgpack.packb(BIG)])

    def flood(number):
        try:
            deaf.send("FETCH", [1, ["{urn:big}"], 2_000_000])
        except zmq.Again:
            pass  # the broker reads no more of it
        time.sleep(0.005)
        return deaf.number
    compare("broker.answers-size-per-client", lambda number: reader.ask("FETCH", [1, ["{urn:other}"], 65_536]),
            Attack(flood, lambda asked: asked > 100, threads=1), it.counter("broker.answers.awaited"))
    reader.close()
    deaf.close()


def turns(it):
    """One principal asks the reader of the journal for much and all at once; another asks now and then."""
    other, attacker = Bus(it, "other"), Bus(it, "attacker")
    other.ask("PUBLISH", [msgpack.packb([*BIG[:1], "big-for-turns", *BIG[2:]])])

    def flood(number):
        for _ in range(200):
            attacker.send("FETCH", [1, ["{urn:big}"], 2_000_000])
        return [answer(attacker.socket)[1] for _ in range(200)]
    compare("broker.reads-per-principal-max", lambda number: other.ask("FETCH", [1, ["{urn:other}"], 65_536]),
            Attack(flood, lambda codes: codes.count(NOMOREROOM), threads=1), it.counter("broker.reads.refused"))
    other.close()
    attacker.close()


BUDGETS = (unread_answers, turns)
