#!/usr/bin/python3
"""Stands between a dispatcher and its real courier, and delivers every answer twice, files included."""

import array
import os
import pathlib
import select
import socket
import struct
import subprocess
import sys

SUCCEEDED, CANCELLED = 20, 22  # and what is between
HEADER = struct.Struct("<IBB")  # payload length, type, descriptors
CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
COURIER = pathlib.Path((CHECKOUT / "build" / "postgres" / "bindir").read_text().strip()) / "atelier-courier"


class Reader:
    """Takes frames with their descriptors from a socket; descriptors come with the first byte of their frame."""

    def __init__(self, channel):
        self.channel = channel
        self.bytes = b""
        self.descriptors = []

    def frames(self):
        """What has arrived; None at the end."""
        data, ancillary, _, _ = self.channel.recvmsg(65536, socket.CMSG_SPACE(64 * 4))
        for _, _, sent in ancillary:
            self.descriptors += array.array("i", sent)
        if not data:
            return None
        self.bytes += data
        found = []
        while len(self.bytes) >= HEADER.size:
            length, kind, count = HEADER.unpack_from(self.bytes)
            if len(self.bytes) < HEADER.size + length:
                break
            found.append((kind, self.bytes[: HEADER.size + length], self.descriptors[:count]))
            self.bytes, self.descriptors = self.bytes[HEADER.size + length :], self.descriptors[count:]
        return found


def send(channel, frame, descriptors):
    sent = socket.send_fds(channel, [frame[:1]], descriptors) if descriptors else 0
    channel.sendall(frame[sent:])


dispatcher = socket.socket(fileno=0)
dispatcher.setblocking(True)
mine, its = socket.socketpair()
child = subprocess.Popen([str(COURIER), *sys.argv[1:]], stdin=its)
its.close()
readers = {dispatcher: Reader(dispatcher), mine: Reader(mine)}
while True:
    for ready in select.select(list(readers), [], [])[0]:
        frames = readers[ready].frames()
        if frames is None:
            child.kill()
            sys.exit(0)
        for kind, frame, descriptors in frames:
            times = 2 if ready is mine and SUCCEEDED <= kind <= CANCELLED else 1
            for _ in range(times):
                send(mine if ready is dispatcher else dispatcher, frame, descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
