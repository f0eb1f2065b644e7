"""HTTP/1.1 over asyncio, as little of it as servers of inference need: one request per connection.

A handler is a coroutine that takes a Request and returns an Answer. The client may leave while it waits: then the handler
is cancelled, which is how servers that have no other way to be told to stop are told to stop.
"""

import asyncio
import contextlib
import json
import re
import socket
import struct
import time
import urllib.parse

REASONS = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 302: "Found", 400: "Bad Request", 401: "Unauthorized",
    402: "Payment Required", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict",
    410: "Gone", 413: "Content Too Large", 415: "Unsupported Media Type", 422: "Unprocessable Entity",
    429: "Too Many Requests", 500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip


class Request:
    def __init__(self, method, target, headers, body):
        self.at = time.monotonic()
        self.method = method
        self.target = target
        path, _, query = target.partition("?")
        self.path = urllib.parse.unquote(path)
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.headers = headers  # names in lower case
        self.body = body

    def json(self):
        """The body as JSON; Refused by the protocol when it is none."""
        return json.loads(self.body)

    def content_type(self):
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    def multipart(self):
        """[(name, file name or None, bytes)] of a multipart/form-data body."""
        boundary = re.search(r'boundary="?([^";]+)"?', self.headers.get("content-type", ""))
        if not boundary:
            raise ValueError("no boundary")
        parts = []
        for part in self.body.split(b"--" + boundary[1].encode())[1:-1]:
            head, _, content = part[2:].partition(b"\r\n\r\n")
            name = re.search(rb'[; ]name="([^"]*)"', head)
            file_name = re.search(rb'filename="([^"]*)"', head)
            parts.append((name[1].decode(), file_name and file_name[1].decode(), content[:-2]))
        return parts


def head_of(status, content_type, headers):
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}", f"Content-Type: {content_type}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


class Answer:
    """An answer with a body of known length. cut: only so many bytes of it are sent before the connection closes."""

    def __init__(self, status, body=b"", content_type="application/json", headers=(), cut=None):
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.content_type = content_type
        self.headers = list(headers)
        self.cut = cut

    async def send(self, writer):
        writer.write(head_of(self.status, self.content_type, [f"Content-Length: {len(self.body)}", *self.headers]))
        body = memoryview(self.body if self.cut is None else self.body[: self.cut])
        for start in range(0, len(body), 1 << 18):
            writer.write(body[start : start + (1 << 18)])
            await writer.drain()


class Stream:
    """An answer that comes in pieces, chunked. cut: it ends without its last chunk, as when a connection breaks."""

    def __init__(self, pieces, content_type, headers=(), cut=False):
        self.status = 200
        self.pieces = pieces  # an asynchronous iterator of bytes
        self.content_type = content_type
        self.headers = list(headers)
        self.cut = cut

    async def send(self, writer):
        writer.write(head_of(self.status, self.content_type, ["Transfer-Encoding: chunked", *self.headers]))
        async for piece in self.pieces:
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()
        if not self.cut:
            writer.write(b"0\r\n\r\n")


async def read_request(reader):
    """None when the client left without a request."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    request_line, *lines = head[:-4].split("\r\n")
    method, target, _ = request_line.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target, headers, body)


async def _with_the_client(reader, work):
    """What work returns; cancelled and None when the client leaves first."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(reader.read(1))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        return await task if task.done() else None
    except ConnectionError:
        return None  # it left while it was written to
    finally:
        for other in (task, gone):
            other.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def serve_connection(reader, writer, handle, on_leave):
    """Answers the one request of a connection. on_leave(request): the client left before it had its answer."""
    try:
        request = await read_request(reader)
        if request is None:
            return

        async def answer():
            answer = await handle(request)
            await answer.send(writer)
            await writer.drain()
            return True

        if not await _with_the_client(reader, answer()):
            on_leave(request)
            # With a reset, so that nothing waits for what will not be read.
            with contextlib.suppress(OSError):  # a write that failed has closed it
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def post(host, port, path, headers, body, seconds=15):
    """Sends a POST and returns (status, body) of the answer; (0, b"") when there is none."""

    async def exchange():
        reader, writer = await asyncio.open_connection(host, port)
        try:
            lines = [f"POST {path} HTTP/1.1", f"Host: {host}:{port}", f"Content-Length: {len(body)}", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            status = (await reader.readline()).split(b" ")
            _, _, content = (await reader.read()).partition(b"\r\n\r\n")
            return (int(status[1]), content) if len(status) > 1 else (0, b"")
        finally:
            writer.close()

    try:
        return await asyncio.wait_for(exchange(), seconds)
    except (OSError, asyncio.TimeoutError):
        return 0, b""
