"""What any server, or a proxy in front of it, can do wrong with HTTP, whatever the protocol.

Some faults come instead of the work, some spoil the answer to a submission whose work was taken, some spoil the answers to
the questions that follow it, and some are no faults at all but answers that a client must be able to read.
"""

import asyncio
import base64
import email.utils
import fcntl
import gzip
import socket
import struct
import sys
import termios
import time
import urllib.parse

from .web import Answer, head_of

INSTEAD = {
    "throttled_silently": "the first submission: 429, and no word about when to come back",
    "throttled_until": "the first submission: 429, with a date as Retry-After",
    "busy": "the first submission: 503 with Retry-After",
    "bad_gateway": "the first submission: 502 with a page of a proxy",
    "forbidden": "403",
    "unknown_model": "404",
    "payload_too_large": "413 with a page of a proxy",
    "teapot": "418, which no document of a vendor knows",
    "odd_status": "the first submission: 599, which nobody knows, with a page",
    "redirect": "302 to another place",
    "long_error": "400 with an error of twelve thousand characters, and five million bytes behind it",
    "garbled_error": "400 with an error that is no UTF-8 and has a zero in it",
    "echoed_secret": "400 with an error that quotes the credential, in every form in which it came",
}
SPOILT = {
    "gateway_timeout": "the proxy in front gives up waiting for the first submission: 504, and the work goes on",
    "reset": "the connection of the first submission is reset when the work was taken",
    "trickled": "the answer to the first submission comes byte by byte and has no end",
    "wrong_length": "the answer to the first submission announces half of its length",
    "no_http": "the answer to the first submission is not HTTP",
    "empty": "the answer to the first submission is 200 with no body",
    "page": "the answer to the first submission is 200 with a page",
    "not_utf8": "the answer to the first submission is no UTF-8",
    "huge_head": "the answer to the first submission has a head of 200 kB",
    "wrong_type": "the answer to the first submission is an array in the place of an object",
    "compressed": "the answer to the first submission is compressed, which nobody asked for",
}
READABLE = {
    "extra_fields": "every answer has members that no document knows, twice, and numbers that no number holds",
    "piecemeal": "every answer comes byte by byte, after a 103",
}
QUESTIONS = {
    "away": "nobody listens for two seconds after the first submission",
    "poll_broken": "the first two questions are answered with 500",
    "poll_page": "the first two questions are answered with 200 and a page",
}
WORDS = {**INSTEAD, **SPOILT, **READABLE, **QUESTIONS}
ALWAYS = {"forbidden", "unknown_model", "payload_too_large", "teapot", "redirect", "long_error", "garbled_error",
          "echoed_secret", *READABLE}  # fmt: skip
ONLY_FIRST = set(WORDS) - ALWAYS

AWAY_S = 2
RETRY_AFTER_S = 2
BAD_QUESTIONS = 2
PAGE = b"<!DOCTYPE html>\n<html><head><title>Ein Moment</title></head><body><h1>nginx \xe2\x80\x93 sorry</h1></body></html>\n"
UNKNOWN = b'"x_unknown": {"x": [[], {}, null, true, "\xf0\x9f\x8c\xb3"]}, "x_unknown": [1e999, -1e-999, ' + b"9" * 120 + b"], "
NOT_UTF8 = b'"x_note": "\xc3(\xff\xfe", '


def page(status, headers=()):
    return Answer(status, PAGE, "text/html; charset=utf-8", headers)


def date_in(seconds):
    """Has whole seconds: the date is up to a second nearer than it looks."""
    return email.utils.formatdate(time.time() + seconds + 1, usegmt=True)


def long_error(error):
    answer = error(400, "steps: " + "must be at most 50, " * 600)
    return Answer(400, answer.body + b" " * 5_000_000, answer.content_type, answer.headers)


def garbled_error(error):
    answer = error(400, "steps: \0 GARBLED must be at most 50")
    return Answer(400, answer.body.replace(b"GARBLED", b"\xff\xfe\xc3("), answer.content_type, answer.headers)


def echoed_secret(site, request):
    sent = request.headers.get(site.protocol.header, "")
    answer = site.protocol.error(400, " or ".join(["I do not take " + site.secret, sent, sent.rpartition(" ")[2], *forms_of(site.secret)]))
    return Answer(400, answer.body.replace(b"/", b"\\/"), answer.content_type, answer.headers)


def instead(fault, site, request):
    """The answer to a submission that is not taken."""
    error = site.protocol.error
    return {
        "throttled_silently": lambda: error(429, "too many requests"),
        "throttled_until": lambda: error(429, "too many requests", headers=[f"Retry-After: {date_in(RETRY_AFTER_S)}"]),
        "busy": lambda: page(503, [f"Retry-After: {RETRY_AFTER_S}"]),
        "bad_gateway": lambda: page(502),
        "forbidden": lambda: error(403, "this credential may not do that"),
        "unknown_model": lambda: error(404, "there is no such model"),
        "payload_too_large": lambda: page(413),
        "teapot": lambda: error(418, "this is a teapot"),
        "odd_status": lambda: page(599),
        "redirect": lambda: Answer(302, b"", "text/plain", [f"Location: {site.root}/elsewhere"]),
        "long_error": lambda: long_error(error),
        "garbled_error": lambda: garbled_error(error),
        "echoed_secret": lambda: echoed_secret(site, request),
    }[fault]()


class Verbatim:
    """An answer of these bytes, its head among them."""

    def __init__(self, status, data):
        self.status = status
        self.data = data

    async def send(self, writer):
        writer.write(self.data)


class Endless:
    """A head, and a body of spaces that come one by one for hours."""

    def __init__(self, answer):
        self.status = answer.status
        self.head = head_of(answer.status, answer.content_type, ["Content-Length: 100000", *answer.headers])

    async def send(self, writer):
        writer.write(self.head)
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.5)


class Reset:
    """The connection is reset instead of an answer."""

    status = 0

    async def send(self, writer):
        reset_on_close(writer)


class OneByOne:
    """A body of chunks of one byte each, after an interim response."""

    def __init__(self, answer, body):
        self.status = answer.status
        self.answer = answer
        self.body = body

    async def send(self, writer):
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")
        await writer.drain()
        writer.write(head_of(self.answer.status, self.answer.content_type, ["Transfer-Encoding: chunked", *self.answer.headers]))
        writer.write(b"".join(b"1\r\n%c\r\n" % byte for byte in self.body) + b"0\r\n\r\n")


async def reset_early(writer):
    """Once the first bytes of the request are there, and none of them is read: the rest has no room."""
    writer.transport.pause_reading()
    arrived = bytearray(4)
    while not int.from_bytes(arrived, sys.byteorder):
        await asyncio.sleep(0.01)
        fcntl.ioctl(writer.get_extra_info("socket").fileno(), termios.FIONREAD, arrived)
    reset_on_close(writer)


def reset_on_close(writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def body_of(answer):
    if isinstance(answer, Answer):
        return answer.body
    return b"".join([piece async for piece in answer.pieces])


def is_json(answer):
    return answer.content_type.split(";")[0] in ("application/json", "application/problem+json")


def edited(answer, body, edit):
    """The answer with every JSON object at its top edited, wherever the protocol has it."""
    if is_json(answer):
        return Answer(answer.status, edit(body), answer.content_type, answer.headers)
    length = next((line.split(": ")[1] for line in answer.headers if line.startswith("Inference-Header-Content-Length")), None)
    if length is not None:  # JSON, and tensors behind it
        text, tensors = edit(body[: int(length)]), body[int(length) :]
        return Answer(answer.status, text + tensors, answer.content_type, [f"Inference-Header-Content-Length: {len(text)}"])
    if answer.content_type not in ("text/event-stream", "application/x-ndjson"):
        return answer
    lines = []
    for line in body.split(b"\n"):
        before, brace, rest = line.partition(b"{")
        lines.append(before + edit(brace + rest) if brace and before in (b"", b"data: ") else line)
    return Answer(answer.status, b"\n".join(lines), answer.content_type, answer.headers)


def within(members):
    return lambda text: text[:1] + members + text[1:] if text.startswith(b"{") else text


async def spoilt(fault, answer):
    """What becomes of the answer to a submission that was taken."""
    body = await body_of(answer)
    status, kind, headers = answer.status, answer.content_type, answer.headers
    padding = [f"X-Padding-{number}: {'z' * 2000}" for number in range(100)]
    return {
        "gateway_timeout": lambda: page(504),
        "reset": Reset,
        "trickled": lambda: Endless(answer),
        "wrong_length": lambda: Verbatim(status, head_of(status, kind, [*headers, f"Content-Length: {len(body) // 2}"]) + body),
        "no_http": lambda: Verbatim(status, b"220 mail.example ESMTP ready\r\n"),
        "empty": lambda: Answer(200, b"", kind),
        "page": lambda: page(200),
        "not_utf8": lambda: edited(answer, body, within(NOT_UTF8)),
        "huge_head": lambda: Answer(status, body, kind, [*headers, *padding]),
        "wrong_type": lambda: edited(answer, body, lambda text: b"[" + text + b"]"),
        "compressed": lambda: Answer(status, gzip.compress(body), kind, [*headers, "Content-Encoding: gzip"]),
    }[fault]()


async def made_harder(fault, answer):
    """An answer that says the same."""
    body = await body_of(answer)
    if fault == "extra_fields":
        return edited(answer, body, within(UNKNOWN))
    return OneByOne(answer, body)


def to_question(fault, site):
    """The answer to a question about work that was taken, in the place of the protocol's."""
    return page(200) if fault == "poll_page" else site.protocol.error(500, "the server is on fire")


def forms_of(secret):
    """How a credential may be written in what a server quotes."""
    return (secret, base64.b64encode(secret.encode()).decode().rstrip("="), urllib.parse.quote(secret, safe=""),
            secret.replace("/", "\\/"))  # fmt: skip
