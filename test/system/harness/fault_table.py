"""Everything that a server or the way to it can do wrong, and what has to become of a job then."""

import dataclasses
import email.utils
import time

from .faulty_server import picture_answer, response, well

ERROR = b'{"error": {"message": "the model is on fire"}}'


@dataclasses.dataclass(frozen=True)
class Fault:
    """What the server does, and what follows.

    counted: it uses up one of max_attempts. sent: the server got the whole request, so that it is paid for. again:
    there is another try. pause: the least and the most seconds until the endpoint gets the next request, where it is the
    endpoint that rests; otherwise it is the job that waits, for as long as the retry policy says.
    """

    name: str
    script: callable
    error_class: str
    message: str  # a regular expression
    counted: bool = True
    sent: bool = True
    again: bool = True
    pause: tuple = None
    http_status: int = None
    endpoint: dict = dataclasses.field(default_factory=dict)
    scheme: str = "http"
    needs: tuple = ()  # refused, large, untrusted
    ways: tuple = ("once", "always")

    @property
    def costly(self):
        """Nobody knows whether it was carried out."""
        return self.error_class == "ambiguous"


def says(status, body=ERROR, headers=(), length=None):
    def script(visit):
        visit.read_request()
        visit.respond(body, status, headers, length)
        visit.wait_for_hang_up()

    return script


def not_tls(visit):
    visit.receive()
    visit.respond(ERROR, "400 Bad Request")


def reset_in_the_request(visit):
    visit.connection.recv(100)
    visit.reset()


def reset_after_the_request(visit):
    visit.read_request()
    visit.reset()


def hang_up(visit):
    visit.read_request()


def silence(visit):
    visit.read_request()
    visit.wait_for_hang_up()


def slow_head(visit):
    visit.read_request()
    visit.drip(response(picture_answer(), headers=["X-Padding: " + "z" * 1000]))


def slow_body(visit):
    visit.read_request()
    answer = picture_answer()
    visit.send(response(b"", length=len(answer)))
    visit.drip(answer)


def cut_off(visit):
    """Announces the whole answer and closes after half of it."""
    visit.read_request()
    answer = picture_answer()
    visit.respond(answer[: len(answer) // 2], length=len(answer))


def announces_too_much(visit):
    """Sends all there is and keeps the connection open."""
    visit.read_request()
    answer = picture_answer()
    visit.respond(answer, length=len(answer) + 1000)
    visit.wait_for_hang_up()


def announces_too_little(visit):
    visit.read_request()
    answer = picture_answer()
    visit.respond(answer, length=len(answer) - 10)
    visit.wait_for_hang_up()


def announces_nonsense(visit):
    visit.read_request()
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: many\r\n\r\n" + picture_answer())
    visit.wait_for_hang_up()


def two_answers(visit):
    """A second answer behind the first: nobody asked for it."""
    visit.read_request()
    visit.send(response(picture_answer((0, 128, 0))) + response(picture_answer((255, 0, 0))))
    visit.wait_for_hang_up()


def throttled_until(seconds):
    def script(visit):
        visit.read_request()
        # A date has whole seconds: this one is up to a second nearer than it looks.
        date = email.utils.formatdate(time.time() + seconds + 1, usegmt=True)
        visit.respond(ERROR, "429 Too Many Requests", [f"Retry-After: {date}"])

    return script


IMPATIENT = {"total_timeout_ms": 1000}

FAULTS = [
    Fault("refused", well, "unavailable", r"^could not connect to 127\.0\.0\.1:\d+: Connection refused$",
          counted=False, sent=False, pause=(1, 2), needs=("refused",)),
    Fault("not-tls", not_tls, "unavailable", r"^TLS with 127\.0\.0\.1:\d+ failed: ",
          counted=False, sent=False, pause=(1, 2), scheme="https", ways=("always",)),
    Fault("untrusted", well, "unavailable", r"^TLS with 127\.0\.0\.1:\d+ failed: .*self.signed certificate",
          counted=False, sent=False, pause=(1, 2), scheme="https", needs=("untrusted",), ways=("always",)),
    Fault("reset-before-the-body", reset_in_the_request, "transient_net",
          r"^the connection to 127\.0\.0\.1:\d+ was lost before the request was sent", sent=False, needs=("large",)),
    Fault("reset-after-the-body", reset_after_the_request, "ambiguous", r"Connection reset by peer"),
    Fault("hang-up", hang_up, "ambiguous", r"^the server closed the connection without an answer$"),
    Fault("silence", silence, "ambiguous", r"^no answer within 500 ms after the request$",
          endpoint={"first_byte_timeout_ms": 500}),
    Fault("slow-head", slow_head, "ambiguous", r"^no complete answer within 1000 ms; 0 bytes arrived$", http_status=200,
          endpoint=IMPATIENT),
    Fault("slow-body", slow_body, "ambiguous", r"^no complete answer within 1000 ms; \d+ of \d+ bytes arrived$",
          http_status=200, endpoint=IMPATIENT),
    Fault("cut-off", cut_off, "ambiguous", r"^the server closed the connection after \d+ of \d+ bytes$", http_status=200),
    Fault("too-long-a-length", announces_too_much, "ambiguous",
          r"^no complete answer within 1000 ms; \d+ of \d+ bytes arrived$", http_status=200, endpoint=IMPATIENT),
    Fault("too-short-a-length", announces_too_little, "bad_response", r"^the answer is not usable JSON: ", http_status=200),
    Fault("no-length", announces_nonsense, "bad_response", r"^the server does not answer in HTTP$", http_status=200),
    Fault("429", says("429 Too Many Requests"), "throttled", r"the model is on fire", http_status=429,
          counted=False, pause=(1, 2), ways=("once",)),
    Fault("429-for-seconds", says("429 Too Many Requests", headers=["Retry-After: 3"]), "throttled",
          r"the model is on fire", http_status=429, counted=False, pause=(3, 3), ways=("once",)),
    Fault("429-until-a-date", throttled_until(3), "throttled", r"the model is on fire", http_status=429,
          counted=False, pause=(3, 4), ways=("once",)),
    Fault("503-for-seconds", says("503 Service Unavailable", headers=["Retry-After: 3"]), "throttled",
          r"the model is on fire", http_status=503, counted=False, pause=(3, 3), ways=("once",)),
    Fault("402", says("402 Payment Required"), "payment", r"the model is on fire", http_status=402, again=False,
          ways=("always",)),
    Fault("500", says("500 Internal Server Error"), "overload", r"the model is on fire", http_status=500),
    Fault("redirect", None, "bad_response", r"points to http://127\.0\.0\.1:\d+/other; redirects are not followed$",
          http_status=302),
    Fault("200-with-an-error", says("200 OK"), "bad_response", r"the model is on fire", http_status=200),
    Fault("200-with-an-error-code", says("200 OK", b'{"error": {"message": "no more", "code": "insufficient_quota"}}'),
          "payment", r"no more", http_status=200, again=False, ways=("always",)),
]
