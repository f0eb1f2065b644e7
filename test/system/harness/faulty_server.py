"""A server that misbehaves on its sockets. Each has a port of its own, and does with a connection what a script says.

A script is called with a Visit. What it has read completely counts as a call: the work is done then, and to be paid.
"""

import base64
import contextlib
import json
import socket
import struct
import threading
import time

from .png import make_png


class Visit:
    """One connection of a client."""

    def __init__(self, server, connection, number):
        self.server = server
        self.connection = connection
        self.number = number  # of visits before this one

    def read_request(self):
        """The whole of it. From here on it has been carried out."""
        head, _, body = self.read_until(b"\r\n\r\n").partition(b"\r\n\r\n")
        lines = head.decode().lower().split("\r\n")
        length = next(int(line.split(":")[1]) for line in lines if line.startswith("content-length:"))
        while len(body) < length:
            body += self.receive()
        self.server.note_call()
        return json.loads(body)

    def read_until(self, mark):
        received = b""
        while mark not in received:
            received += self.receive()
        return received

    def receive(self):
        block = self.connection.recv(65536)
        if not block:
            raise ConnectionError("the client has left")
        return block

    def send(self, data):
        self.connection.sendall(data)

    def respond(self, body, status="200 OK", headers=(), length=None):
        self.send(response(body, status, headers, length))

    def reset(self):
        """RST instead of FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def drip(self, data, every=0.02):
        for byte in data:
            self.send(bytes([byte]))
            time.sleep(every)

    def wait_for_hang_up(self):
        with contextlib.suppress(ConnectionError):
            while True:
                self.receive()


def response(body, status="200 OK", headers=(), length=None):
    lines = [
        f"HTTP/1.1 {status}",
        "Content-Type: application/json",
        f"Content-Length: {len(body) if length is None else length}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def picture_answer(colour=(0, 128, 0)):
    return json.dumps({"data": [{"b64_json": base64.b64encode(make_png(16, 16, colour)).decode()}]}).encode()


def well(visit):
    visit.read_request()
    visit.respond(picture_answer())


class FaultyServer:
    """Listens on a free port of the loopback interface, until it is stopped.

    With few_bytes its sockets take so little that a large request cannot leave the client before it is read.
    """

    def __init__(self, script=well, tls=None, listens=True, few_bytes=False):
        self.script = script
        self.tls = tls
        self.calls = 0
        self.visits = 0
        self.lock = threading.Lock()
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if few_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        self.socket.bind(("127.0.0.1", 0))  # a port that is bound and not listened at refuses
        self.port = self.socket.getsockname()[1]
        if listens:
            self.listen()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def listen(self):
        self.socket.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # ends accept()
        self.socket.close()

    def note_call(self):
        with self.lock:
            self.calls += 1

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                number, self.visits = self.visits, self.visits + 1
                threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection, number):
        with contextlib.suppress(OSError, ConnectionError):  # also ssl.SSLError: the client may go at any time
            connection.settimeout(60)
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                self.script(Visit(self, connection, number))
