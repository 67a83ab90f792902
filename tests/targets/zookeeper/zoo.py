#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Usage: zoo.py ready | client [old] | check [old]

A client of ZooKeeper that says no more than this needs, because starting Java for each state takes as long as the server.
client: makes four nodes, each acknowledged when the answer is there; with `old` four more.
check: the nodes are the first ones, without a gap, with what they were given, and none that was acknowledged is lost.
ready: the server takes sessions."""

import os
import socket
import struct
import sys

CREATE, GET_DATA, GET_CHILDREN = 1, 4, 8
NODES = 4
OPEN_ACL = struct.pack(">ii", 1, 31) + b"\0\0\0\5world" + b"\0\0\0\6anyone"


def text(data):
    return struct.pack(">i", len(data)) + data


class Session:
    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", 27007), timeout=10)
        self.calls = 0
        self.send(struct.pack(">iqiq", 0, 0, 10000, 0) + text(bytes(16)))
        if struct.unpack(">ii", self.receive()[:8])[1] <= 0:
            raise OSError("the session was refused")

    def send(self, message):
        self.socket.sendall(text(message))

    def receive(self):
        length = struct.unpack(">i", self.exactly(4))[0]
        return self.exactly(length)

    def exactly(self, length):
        data = b""
        while len(data) < length:
            more = self.socket.recv(length - len(data))
            if not more:
                raise OSError("the server closed the connection")
            data += more
        return data

    def call(self, kind, arguments):
        self.calls += 1
        self.send(struct.pack(">ii", self.calls, kind) + arguments)
        answer = self.receive()
        error = struct.unpack(">iqi", answer[:16])[2]
        if error:
            raise OSError("ZooKeeper's error %d" % error)
        return answer[16:]

    def create(self, path, data):
        self.call(CREATE, text(path.encode()) + text(data.encode()) + OPEN_ACL + struct.pack(">i", 0))

    def get(self, path):
        answer = self.call(GET_DATA, text(path.encode()) + b"\0")
        return answer[4:4 + struct.unpack(">i", answer[:4])[0]].decode()

    def children(self, path):
        answer = self.call(GET_CHILDREN, text(path.encode()) + b"\0")
        names, at = [], 4
        for _ in range(struct.unpack(">i", answer[:4])[0]):
            length = struct.unpack(">i", answer[at:at + 4])[0]
            names.append(answer[at + 4:at + 4 + length].decode())
            at += 4 + length
        return names


def ready():
    Session().children("/")


def client(old):
    session = Session()
    for n in range(1, NODES + 1):
        n += NODES if old else 0
        session.create("/n%d" % n, "value %d" % n)
        print("ack %d" % n, flush=True)


def check(old):
    with open(os.environ["CRASH_ACKED_DIR"] + "/client") as lines:
        acked = max((int(line[4:]) for line in lines if line.startswith("ack ")), default=NODES if old else 0)
    session = Session()
    have = sorted(name for name in session.children("/") if name != "zookeeper")
    if have != ["n%d" % n for n in range(1, len(have) + 1)]:
        print("the nodes are not the first ones: " + " ".join(have))
        return 1
    for name in have:
        if session.get("/" + name) != "value " + name[1:]:
            print("%s has another value than it was given" % name)
            return 1
    if len(have) < acked:
        print("n%d was acknowledged, and the last one there is n%d" % (acked, len(have)))
        return 2
    session.create("/next", "next value")
    if session.get("/next") != "next value":
        print("what was made next has another value than it was given")
        return 1
    return 0


def main():
    old = "old" in sys.argv[2:]
    try:
        return {"ready": lambda: ready(), "client": lambda: client(old), "check": lambda: check(old)}[sys.argv[1]]()
    except OSError as error:
        print(error)
        return 1


sys.exit(main())
