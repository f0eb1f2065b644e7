"""Replicate: predictions, deployments and trainings; problem documents; webhooks after Standard Webhooks; files elsewhere."""

import asyncio
import datetime
import re
import secrets
import time

from . import faults
from .jobs import CANCELLED, DONE, QUEUED, RUNNING
from .openai_chat import reply
from .protocol import Protocol
from .signatures import standard_webhook
from .site import Refused
from .web import Answer, Stream
from .webhooks import as_bytes

WORDS = {QUEUED: "starting", RUNNING: "processing", DONE: "succeeded", CANCELLED: "canceled"}
KNOWN = {"version": str, "input": dict, "webhook": str, "webhook_events_filter": list, "stream": bool}
EVENTS = {"start", "output", "logs", "completed"}
HASH = "5c7d5dc6dd8bf75c1acaa8565735e7986bc5b66206b55cca93cb72c9bf15ccaa"
TITLES = {401: "Unauthenticated", 402: "Insufficient credit", 404: "Not Found", 422: "Input validation failed"}


def iso(seconds):
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat(timespec="milliseconds")[:-6] + "Z"


class Replicate(Protocol):
    name = "replicate"
    base = "/v1"
    models = ("simulated/flux", "simulated/words", "simulated/film")  # the official ones: and whatever begins so

    def __init__(self, site):
        super().__init__(site)
        self.webhook_secret = "whsec_" + "c2ltdWxhdGVkIHJlcGxpY2F0ZSBzZWNyZXQ="

    def routes(self):
        owner = r"([\w.-]+/[\w.-]+)"
        return [
            ("POST", r"/v1/predictions", self.create),
            ("POST", rf"/v1/models/{owner}/predictions", self.create_official),
            ("POST", rf"/v1/deployments/{owner}/predictions", self.create_deployed),
            ("POST", rf"/v1/models/{owner}/versions/(\w+)/trainings", self.train),
            ("GET", r"/v1/(?:predictions|trainings)", self.list),
            ("GET", r"/v1/(?:predictions|trainings)/(\w+)", self.show),
            ("POST", r"/v1/(?:predictions|trainings)/(\w+)/cancel", self.cancel),
            ("GET", r"/v1/stream/(\w+)", self.stream),
            ("GET", r"/v1/webhooks/default/secret", lambda request: Answer(200, {"key": self.webhook_secret})),
            ("GET", r"/v1/account", lambda request: Answer(200, {"type": "user", "username": "simulated"})),
            ("GET", r"/delivery/(\w+)/(\d+)\.(png|mp4|tar)", self.deliver),
        ]

    def authorize(self, request):
        if not request.path.startswith("/delivery/"):
            super().authorize(request)

    def error(self, status, message, code=None, headers=()):
        body = {"title": TITLES.get(status), "detail": message, "status": status}
        return Answer(status, body, "application/problem+json", headers)

    def refusal(self, fault):
        if fault == "throttled":  # no Retry-After: the time is in the text alone
            return self.error(429, "Request was throttled. Your rate limit resets in ~2s.",
                              headers=["ratelimit-remaining: 0", "ratelimit-reset: 2"])  # fmt: skip
        if fault == "invalid":
            return self.error(422, "- input.steps: Must be less than or equal to 50\n")
        return super().refusal(fault)

    def output(self, text, index=0, fault=None):
        return self.site.picture(text, index, fault)

    async def create(self, request):
        document = self.read(request, KNOWN, ("version", "input"))
        version = document["version"]
        if not re.fullmatch(r"[0-9a-f]{64}|[\w.-]+/[\w.-]+:[0-9a-f]{64}", version) and not version.startswith(self.models):
            self.refuse("- version: Invalid version or not permitted", 422)
        return await self.accept(request, document, version.partition(":")[0], version.rpartition(":")[2])

    async def create_official(self, request, model):
        document = self.read(request, {name: kind for name, kind in KNOWN.items() if name != "version"}, ("input",))
        if not model.startswith(self.models):
            self.refuse("The requested resource could not be found.", 404)
        return await self.accept(request, document, model, "hidden")

    async def create_deployed(self, request, deployment):
        document = self.read(request, {name: kind for name, kind in KNOWN.items() if name != "version"}, ("input",))
        return await self.accept(request, document, "simulated/flux", HASH, deployment)

    async def train(self, request, model, version):
        known = {"destination": str, "input": dict, "webhook": str, "webhook_events_filter": list}
        document = self.read(request, known, ("destination", "input"))
        if not re.fullmatch(r"simulated/[\w.-]+", document["destination"]):
            self.refuse("The specified training destination does not exist", 404)
        return await self.accept(request, document, model, version, training=True)

    def read(self, request, known, required):
        document = self.check(self.document(request, 422), known, required, "- ", 422)
        webhook = document.get("webhook")
        if webhook is not None and not webhook.startswith("https://"):
            self.refuse("- webhook: Must be a valid HTTPS URL", 422)
        events = document.get("webhook_events_filter")
        if events is not None and not set(events) <= EVENTS:
            self.refuse("- webhook_events_filter: Must be one of start, output, logs, completed", 422)
        self.check_cancel_after(request.headers.get("cancel-after"))
        return document

    def check_cancel_after(self, value):
        if value is None:
            return
        parts = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", value)
        seconds = sum(int(part or 0) * unit for part, unit in zip(parts.groups(), (3600, 60, 1))) if parts else 0
        if seconds < 5:
            self.refuse("Cancel-After must be a duration of at least 5 seconds", 422)

    async def accept(self, request, document, model, version, deployment=None, training=False):
        text = str(document["input"].get("prompt") or document["input"].get("trigger_word") or "")
        submission = self.site.submission(request, text)
        job = self.site.new_job(submission, document, secrets.token_hex(13))
        job.model, job.version, job.deployment, job.training = model, version, deployment, training
        self.site.webhooks.when_over(job, document.get("webhook"), self.webhook)
        status = 201
        if prefer := re.fullmatch(r"wait(?:=(\d+))?", request.headers.get("prefer", "")):
            seconds = int(prefer[1] or 60)
            if not 1 <= seconds <= 60:
                self.refuse("Prefer: wait must be from 1 to 60", 422)
            try:
                await asyncio.wait_for(job.over(), seconds)
            except asyncio.TimeoutError:
                status = 202
        return Answer(status, self.show_job(job))

    def find(self, job_id):
        return self.site.find(job_id, self.error(404, "The requested resource could not be found."))

    def files(self, job):
        if job.training:
            return {"version": f"{job.request['destination']}:{HASH}", "weights": self.url(job, 0, "tar")}
        if job.model.startswith("simulated/words"):
            text = reply(job.text)
            return [text[at : at + 9] for at in range(0, len(text), 9)]
        if job.model.startswith("simulated/film"):
            return self.url(job, 0, "mp4")
        count = job.request["input"].get("num_outputs", 1)
        return [self.url(job, index, "png") for index in range(count)]

    def url(self, job, index, ending):
        return f"{self.site.root}/delivery/{job.id}/{index}.{ending}"

    def show_job(self, job):
        created, started, completed = job.times()
        kind = "trainings" if job.training else "predictions"
        own = f"{self.site.root}/v1/{kind}/{job.id}"
        shown = {
            "id": job.id, "model": job.model, "version": job.version, "input": job.request["input"], "output": None,
            "error": None, "status": WORDS[job.phase()], "source": "api", "data_removed": False, "created_at": iso(created),
            "started_at": iso(started), "completed_at": iso(completed), "logs": "", "metrics": {},
            "urls": {"get": own, "cancel": own + "/cancel", "web": f"https://replicate.com/p/{job.id}"},
        }  # fmt: skip
        if job.deployment:
            shown["deployment"] = job.deployment
        if job.model.startswith("simulated/words"):
            shown["urls"]["stream"] = f"{self.site.root}/v1/stream/{job.id}"
        if job.phase() == RUNNING:
            shown["logs"] = f"{int(job.fraction() * 100):3}%|###   | 1/20 [00:00<00:01, 14.2it/s]\n"
        if job.phase() == DONE:
            shown["metrics"] = {"predict_time": job.running_for, "total_time": job.queued_for + job.running_for}
            shown |= self.ending(job)
        return shown

    def ending(self, job):
        return {
            "unknown_state": {"status": faults.UNHEARD_OF},
            "error_after_200": {"status": "failed", "error": "Prediction interrupted; please retry (code: PA)"},
            "moderated": {"status": "failed", "error": "NSFW content detected. Try running it again, or try a different prompt."},
        }.get(job.fault) or {"output": self.files(job)}

    def show(self, request, job_id):
        return Answer(200, self.show_job(self.find(job_id)))

    def list(self, request):
        training = request.path.endswith("trainings")
        jobs = [self.show_job(job) for job in reversed(self.site.jobs.values()) if job.training == training]
        return Answer(200, {"previous": None, "next": None, "results": jobs[:100]})

    def cancel(self, request, job_id):
        self.site.cancels.append(job_id)
        job = self.find(job_id)
        job.cancel()
        return Answer(200, self.show_job(job))

    def deliver(self, request, job_id, index, ending):
        job = self.site.jobs.get(job_id)
        if job is None:
            return Answer(404, b"not found", "text/plain")
        if ending == "tar":
            return self.site.send_output(job, b"weights of " + job.text.encode(), "application/x-tar")
        if ending == "mp4":
            return self.site.send_output(job, self.site.film(job.text, job.fault), "video/mp4")
        return self.site.send_output(job, self.site.picture(job.text, int(index), job.fault), "image/png")

    def stream(self, request, job_id):
        job = self.find(job_id)

        async def events():
            await job.started()
            for number, piece in enumerate(self.files(job)):
                yield f"event: output\nid: {int(time.time())}:{number}\ndata: {piece}\n\n".encode()
            yield f"event: done\nid: {int(time.time())}:999\ndata: {{}}\n\n".encode()

        if "text/event-stream" not in request.headers.get("accept", ""):
            raise Refused(self.error(406, "Accept must be text/event-stream"))
        return Stream(events(), "text/event-stream")

    def webhook(self, job):
        events = job.request.get("webhook_events_filter")
        assert events is None or "completed" in events
        body = as_bytes(self.show_job(job))
        return body, self.sign(body, int(time.time()), self.webhook_secret)

    @staticmethod
    def sign(body, now, secret):
        message_id = f"msg_{secrets.token_hex(12)}"
        signature = standard_webhook(secret, message_id, now, body)
        return {"webhook-id": message_id, "webhook-timestamp": str(now), "webhook-signature": signature}

    def forgeries(self, job):
        body = as_bytes({**self.show_job(job), "status": "succeeded", "output": ["https://replicate.delivery/forged.png"]})
        now = int(time.time())
        genuine = self.sign(body, now, self.webhook_secret)
        return [
            (body, {}),
            (body, self.sign(body, now, "whsec_Zm9yZ2VkIHNlY3JldCBvZiBub2JvZHk=")),
            (body, self.sign(body, now - 3600, self.webhook_secret)),
            (body + b" ", genuine),
        ]
