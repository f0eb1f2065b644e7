"""The HTTP door at a port, for programs that speak HTTP themselves: PostgREST, or the protocol of harness.postgrest."""

import copy
import http.server
import os
import ssl
import threading

from .libpq import Connection
from .postgrest import Door, RealDoor
from .rest_errors import NotSpoken, Refused

NO_DATABASE = Refused(503, "PGRST001", "Database client error. Retrying the connection.").response


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        response = self.server.gateway.answer(self.command, self.path, body or None, dict(self.headers.items()))
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    do_GET = do_POST = answer  # the names that http.server calls

    def log_message(self, *_):
        pass


class _Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client may go at any time."""


class Gateway:
    """The protocol, with a few connections as PostgREST has them. After a restart of the server it has new ones."""

    def __init__(self, database, certificate=None):
        self.door = Door(database)
        self.idle = [self.door.connection]
        self.certificate = certificate
        self.lock = threading.Lock()
        self.mistakes = []  # requests that the protocol does not know
        self.seen = []  # (path, headers in small letters, body)
        self.port = 0
        self.start()

    @property
    def url(self):
        return f"{'https' if self.certificate else 'http'}://localhost:{self.port}"

    def start(self):
        self.listener = _Listener(("127.0.0.1", self.port), _Handler)
        self.listener.gateway = self
        self.port = self.listener.server_address[1]
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            self.listener.socket = context.wrap_socket(self.listener.socket, server_side=True)
        threading.Thread(target=self.listener.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.listener.shutdown()
        self.listener.server_close()
        for connection in self.idle:
            connection.close()
        assert not self.mistakes, self.mistakes

    def forget_connections(self):
        """As PostgREST does when it has lost one: the others are lost, too."""
        with self.lock:
            idle, self.idle = self.idle, []
        for connection in idle:
            connection.close()

    def answer(self, method, path, body, headers):
        headers = {name.lower(): value for name, value in headers.items()}
        with self.lock:
            self.seen.append((path, headers, body))
        door = copy.copy(self.door)
        try:
            with self.lock:
                door.connection = self.idle.pop() if self.idle else Connection(door.conninfo)
        except ConnectionError:
            return NO_DATABASE
        try:
            return door.request(method, path, body=body, headers=headers)
        except ConnectionError:
            self.forget_connections()
            return NO_DATABASE
        except NotSpoken as mistake:
            self.mistakes.append(mistake)
            raise
        finally:
            if door.connection.is_open():
                with self.lock:
                    self.idle.append(door.connection)
            else:
                door.connection.close()


class RealGateway(RealDoor):
    @property
    def url(self):
        return f"http://localhost:{self.port}"


def open_gateway(database, directory):
    return RealGateway(database, directory) if "POSTGREST" in os.environ else Gateway(database)
