"""An inference server that does what a test tells it to, also wrong things.

It speaks HTTP/1.1 over TCP or a Unix socket. For each request it calls the behaviour that is set; a behaviour gets the
Exchange and answers, or misbehaves. What arrived is kept: prompts, bodies, times of the first byte. Questions (GET)
about its health or about requests have a behaviour of their own, and are kept apart.
"""

import base64
import collections
import contextlib
import hashlib
import json
import os
import socket
import socketserver
import threading
import time

from .png import make_png


class Exchange:
    """One request and the way to answer it."""

    def __init__(self, server, connection, request, number, path=""):
        self.path = path
        self.server = server
        self.connection = connection
        self.request = request
        self.prompt = request.get("prompt", "")
        self.number = number  # how often this prompt came before

    def send(self, data):
        self.connection.sendall(data)
        self.server.count_sent(len(data))

    def respond(self, body, status="200 OK", content_type="application/json", headers=(), length=None):
        lines = [
            f"HTTP/1.1 {status}",
            f"Content-Type: {content_type}",
            f"Content-Length: {len(body) if length is None else length}",
            "Connection: close",
            *headers,
        ]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def pictures(self):
        width, height = map(int, self.request.get("size", "64x64").split("x"))
        for index in range(self.request.get("n", 1)):
            yield make_png(width, height, hashlib.sha256(f"{self.prompt}/{index}".encode()).digest()[:3])

    def wait_for_disconnect(self, seconds):
        """True when the client closed the connection in time."""
        self.connection.settimeout(seconds)
        try:
            return self.connection.recv(1) == b""
        except ConnectionResetError:
            return True
        except socket.timeout:
            return False


def pictures(exchange):
    data = [{"b64_json": base64.b64encode(png).decode()} for png in exchange.pictures()]
    exchange.respond(json.dumps({"created": int(time.time()), "data": data}).encode())


def status(line, body=b'{"error": {"message": "no"}}', headers=()):
    return lambda exchange: exchange.respond(body, line, headers=headers)


def answer(body, content_type="application/json"):
    return lambda exchange: exchange.respond(body, content_type=content_type)


def garbage(exchange):
    exchange.respond(os.urandom(100_000))


def hang_up(exchange):
    """Reads the whole request and closes without a byte: nobody knows whether it did the work."""


def truncated_body(exchange):
    """Announces the whole body and closes after half of it."""
    data = [{"b64_json": base64.b64encode(png).decode()} for png in exchange.pictures()]
    body = json.dumps({"data": data}).encode()
    exchange.respond(body[: len(body) // 2], length=len(body))


def truncated_picture(exchange):
    """A complete answer whose picture is cut off in the middle."""
    png = next(exchange.pictures())
    encoded = base64.b64encode(png[: len(png) // 2]).decode()
    exchange.respond(json.dumps({"data": [{"b64_json": encoded}]}).encode())


def enormous(total_bytes):
    """One base64 picture of total_bytes, as long as the client takes it."""

    def behave(exchange):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
        exchange.send(head + b'{"data": [{"b64_json": "iVBORw0KGgo')
        block = b"A" * (1 << 20)
        for _ in range(total_bytes // len(block)):
            exchange.send(block)
        exchange.send(b'"}]}')

    return behave


def in_turn(*behaviours):
    """The first request with a prompt gets the first behaviour, and so on; the last one stays."""
    return lambda exchange: behaviours[min(exchange.number, len(behaviours) - 1)](exchange)


class Gate:
    """Holds requests until it is opened."""

    def __init__(self, then=pictures):
        self.opened = threading.Event()
        self.then = then
        self.waiting = 0
        self.disconnected = 0
        self.lock = threading.Lock()

    def __call__(self, exchange):
        with self.lock:
            self.waiting += 1
        try:
            while not self.opened.is_set():
                if exchange.wait_for_disconnect(0.02):
                    with self.lock:
                        self.disconnected += 1
                    return
            exchange.connection.settimeout(30)
            self.then(exchange)
        finally:
            with self.lock:
                self.waiting -= 1

    def open(self):
        self.opened.set()


class _Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.settimeout(30)
        with contextlib.suppress(OSError):  # the client may go at any time
            self.answer_one_request()

    def answer_one_request(self):
        received = b""
        first_byte_at = None
        while b"\r\n\r\n" not in received:
            block = self.request.recv(65536)
            if not block:
                return
            first_byte_at = first_byte_at or time.time()
            received += block
        head, _, body = received.partition(b"\r\n\r\n")
        headers = dict(
            line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:] if ": " in line
        )
        while len(body) < int(headers.get("content-length", 0)):
            block = self.request.recv(65536)
            if not block:
                return
            body += block
        fake = self.server.fake
        fake.exchange(self.request, head.decode().split("\r\n")[0], headers, body, first_byte_at)


class _TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128


class _UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128


class FakeInferenceServer:
    """Listens on a free TCP port, or on the Unix socket that is named."""

    def __init__(self, behaviour=pictures, socket_path=None):
        self.behaviour = behaviour
        self.health_behaviour = answer(b'{"data": []}')
        self.health_requests = []  # (request line, headers)
        self.socket_path = socket_path
        self.port = 0
        self.sent_bytes = 0
        self.requests = []  # (prompt, request, request line, headers, time of the first byte)
        self.lock = threading.Lock()
        self.listener = None

    def start(self):
        if self.socket_path is not None:
            self.listener = _UnixServer(self.socket_path, _Handler)
            os.chmod(self.socket_path, 0o777)
        else:
            self.listener = _TcpServer(("127.0.0.1", self.port), _Handler)
            self.port = self.listener.server_address[1]
        self.listener.fake = self
        threading.Thread(target=self.listener.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self):
        """Refuses connections from now on; start() listens at the same address again."""
        if self.listener is not None:
            self.listener.shutdown()
            self.listener.server_close()
            self.listener = None
            if self.socket_path is not None:
                os.unlink(self.socket_path)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self):
        if self.socket_path is not None:
            return f"unix:{self.socket_path}:/v1"
        return f"http://127.0.0.1:{self.port}/v1"

    def exchange(self, connection, request_line, headers, body, first_byte_at):
        if request_line.startswith("GET "):
            with self.lock:
                self.health_requests.append((request_line, headers))
                number = len(self.health_requests) - 1
            self.health_behaviour(Exchange(self, connection, {}, number, request_line.split(" ")[1]))
            return
        request = json.loads(body)
        prompt = request.get("prompt", "")
        with self.lock:
            number = sum(1 for seen in self.requests if seen[0] == prompt)
            self.requests.append((prompt, request, request_line, headers, first_byte_at))
        self.behaviour(Exchange(self, connection, request, number))

    def count_sent(self, count):
        with self.lock:
            self.sent_bytes += count

    def counts(self):
        """How often each prompt came."""
        with self.lock:
            return collections.Counter(seen[0] for seen in self.requests)
