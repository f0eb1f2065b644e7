"""An API that nobody has: what http_json has to learn from a row alone.

Tickets for renderings, whose words for everything are its own; JSON in and out, works at URLs, callbacks with an HMAC.
"""

import hashlib
import hmac

from . import faults
from .jobs import CANCELLED, DONE, QUEUED, RUNNING
from .protocol import NUMBER, Protocol
from .site import Dropped, Refused
from .web import Answer
from .webhooks import as_bytes

PHASES = {QUEUED: "waiting", RUNNING: "drawing", DONE: "hung", CANCELLED: "withdrawn"}
KNOWN = {"text": str, "avoid": str, "canvas": dict, "knobs": dict, "pieces": int, "tell": str}
KINDS = {400: "nonsense", 401: "no_pass", 402: "purse_empty", 429: "crowd", 500: "fire"}


def words_about(text):
    return [text, "indeed"]


class Pavilion(Protocol):
    name = "http_json"
    base = "/v3"
    header, scheme = "x-pavilion-pass", "{}"

    def __init__(self, site):
        super().__init__(site)
        self.callback_secret = "simulated pavilion secret"

    def routes(self):
        return [
            ("POST", r"/v3/renderings", self.create),
            ("GET", r"/v3/renderings/(\w+)", self.show),
            ("DELETE", r"/v3/renderings/(\w+)", self.withdraw),
            ("POST", r"/v3/words", self.words),
            ("GET", r"/gallery/(\w+)/(\d+)\.png", self.look),
        ]

    def authorize(self, request):
        if not request.path.startswith("/gallery/"):
            super().authorize(request)

    def error(self, status, message, code=None, headers=()):
        body = {"complaint": {"kind": code if code in ("indecent",) else KINDS.get(status, "nonsense"), "words": message}}
        return Answer(status, body, headers=headers)

    def output(self, text, index=0, fault=None):
        return self.site.picture(text, index, fault)

    def read(self, request):
        document = self.check(self.document(request), KNOWN, ("text",))
        self.check(document.get("knobs") or {}, {"rounds": int, "pull": NUMBER, "dice": int}, where="knobs.")
        self.check(document.get("canvas") or {}, {"across": int, "down": int}, where="canvas.")
        return document

    def create(self, request):
        document = self.read(request)
        submission = self.site.submission(request, document["text"])
        job = self.site.new_job(submission, document)
        self.site.webhooks.when_over(job, document.get("tell"), self.callback)
        return Answer(201, {"ticket": {"no": job.id, "phase": "waiting"}})

    def show_job(self, job):
        ticket = {"no": job.id, "phase": PHASES[job.phase()], "share": job.fraction()}
        if job.phase() != DONE:
            return {"ticket": ticket}
        if job.fault == "unknown_state":
            return {"ticket": {**ticket, "phase": faults.UNHEARD_OF}}
        if job.fault == "error_after_200":
            return {"ticket": {**ticket, "phase": "torn"}, "complaint": {"kind": "fire", "words": "the model is on fire"}}
        if job.fault == "moderated":
            return {"ticket": {**ticket, "phase": "torn"}, "complaint": {"kind": "indecent", "words": "not in this house"}}
        works = [{"at": f"{self.site.root}/gallery/{job.id}/{index}.png"} for index in range(job.request.get("pieces", 1))]
        return {"ticket": ticket, "works": works}

    def find(self, number):
        return self.site.find(number, self.error(404, "no such ticket"))

    def show(self, request, number):
        return Answer(200, self.show_job(self.find(number)))

    def withdraw(self, request, number):
        self.site.cancels.append(number)
        job = self.find(number)
        if not job.cancel():
            raise Refused(self.error(409, "too late"))
        return Answer(200, self.show_job(job))

    async def words(self, request):
        """One request and one answer: what there is to say about a text."""
        document = self.read(request)
        submission = self.site.submission(request, document["text"])
        if submission.fault == "moderated":
            raise Refused(self.error(422, "not in this house", "indecent"))
        job = await self.site.new_job(submission, document).over()
        if job.fault == "forget":
            raise Dropped()
        if job.fault == "error_after_200":
            return Answer(200, {"complaint": {"kind": "fire", "words": "the model is on fire"}})
        words = words_about(job.text) * (faults.LARGE_BYTES // 20 if job.fault == "large" else 1)
        answer = Answer(200, {"words": words})
        answer.cut = len(answer.body) // 2 if job.fault == "truncated" else None
        return answer

    def look(self, request, number, index):
        job = self.site.jobs.get(number)
        if job is None:
            return Answer(404, b"not found", "text/plain")
        return self.site.send_output(job, self.site.picture(job.text, int(index), job.fault), "image/png")

    def callback(self, job):
        body = as_bytes(self.show_job(job))
        return body, {"X-Signature": hmac.new(self.callback_secret.encode(), body, hashlib.sha256).hexdigest()}
