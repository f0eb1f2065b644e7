"""fal: the queue, results with the model's own status, files elsewhere; webhooks signed with Ed25519."""

import base64
import hashlib
import time
import uuid

from . import faults
from .jobs import CANCELLED, DONE, QUEUED, RUNNING
from .protocol import Protocol
from .signatures import ed25519_public_key, ed25519_sign
from .site import Refused
from .web import Answer
from .webhooks import as_bytes

WORDS = {QUEUED: "IN_QUEUE", RUNNING: "IN_PROGRESS", DONE: "COMPLETED", CANCELLED: "COMPLETED"}
SEED = bytes(range(32))


class Fal(Protocol):
    name = "fal"
    scheme = "Key {}"

    def __init__(self, site):
        super().__init__(site)
        self.seed = SEED  # of the key that signs webhooks
        self.user = "user_simulated"  # whose request it is

    def routes(self):
        requests = r"/([\w.-]+/[\w.-]+)/requests/([\w-]+)"
        return [
            ("GET", requests + r"/status", self.status),
            ("GET", requests, self.result),
            ("PUT", requests + r"/cancel", self.cancel),
            ("GET", r"/\.well-known/jwks\.json", self.jwks),
            ("GET", r"/files/([\w-]+)/(\d+)\.(png|mp4)", self.file),
            ("POST", r"/([\w.-]+/[\w.-]+)((?:/[\w.-]+)*)", self.submit),
        ]

    def authorize(self, request):
        if not request.path.startswith(("/files/", "/.well-known/")):
            super().authorize(request)

    def error(self, status, message, code=None, headers=()):
        return Answer(status, {"detail": message}, headers=[f"x-fal-request-id: {uuid.uuid4()}", *headers])

    def refusal(self, fault):
        if fault == "broken":  # said by what stands in front of the app, which never saw it: no x-fal-request-id
            return Answer(500, {"detail": "the server is on fire"})
        if fault == "invalid":
            detail = [{"loc": ["body", "steps"], "msg": "ensure this value is less than or equal to 50", "type": "value_error"}]
            return self.error(422, detail)
        return super().refusal(fault)

    def output(self, text, index=0, fault=None):
        return self.site.picture(text, index, fault)

    def submit(self, request, app, sub_path):
        if set(request.query) - {"fal_webhook", "fal_max_queue_length"}:
            self.refuse(f"unknown query {sorted(request.query)}")
        document = self.document(request, 422)
        if "input" in document or "prompt" not in document:
            detail = [{"loc": ["body", "prompt"], "msg": "field required", "type": "value_error.missing"}]
            raise Refused(self.error(422, detail))
        submission = self.site.submission(request, document["prompt"])
        job = self.site.new_job(submission, document, str(uuid.uuid4()))
        job.app = app
        job.gateway_id = str(uuid.uuid4())
        job.is_film = "film" in sub_path or "video" in app
        self.site.webhooks.when_over(job, request.query.get("fal_webhook"), self.webhook)
        own = f"{self.site.root}/{app}/requests/{job.id}"
        return Answer(200, {
            "status": "IN_QUEUE", "request_id": job.id, "gateway_request_id": job.gateway_id, "response_url": own,
            "status_url": own + "/status", "cancel_url": own + "/cancel", "queue_position": 0,
        }, headers=[f"x-fal-request-id: {job.id}"])  # fmt: skip

    def find(self, app, job_id):
        job = self.site.find(job_id, self.error(404, "Request not found"))
        if job.app != app:
            raise Refused(self.error(404, "Request not found"))
        return job

    def status(self, request, app, job_id):
        job = self.find(app, job_id)
        own = f"{self.site.root}/{app}/requests/{job.id}"
        shown = {"status": WORDS[job.phase()], "request_id": job.id, "response_url": own, "status_url": own + "/status",
                 "cancel_url": own + "/cancel"}  # fmt: skip
        if job.phase() == QUEUED:
            shown["queue_position"] = 0
        if job.phase() == CANCELLED:
            shown |= {"error": "Request was cancelled", "error_type": "client_cancelled"}
        if job.phase() == DONE:
            shown |= {"logs": [], "metrics": {"inference_time": job.running_for}}
            if job.fault == "unknown_state":
                shown["status"] = faults.UNHEARD_OF
            if job.fault == "error_after_200":
                shown |= {"error": "the runner is gone", "error_type": "runner_disconnected"}
        return Answer(200 if job.is_over() else 202, shown)

    def failure(self, job):
        """The answer in place of a result, where there is none."""
        if job.fault == "moderated":
            detail = [{"loc": ["body", "prompt"], "msg": "The content could not be processed because it contained material "
                       "flagged by a content checker.", "type": "content_policy_violation",
                       "url": "https://docs.fal.ai/errors#content_policy_violation"}]  # fmt: skip
            return Answer(422, {"detail": detail}, headers=[f"x-fal-request-id: {job.id}", "X-Fal-Retryable: false"])
        if job.fault == "error_after_200":
            body = {"detail": "the runner is gone", "error_type": "runner_disconnected"}
            return Answer(503, body, headers=[f"x-fal-request-id: {job.id}", "X-Fal-Retryable: true"])
        return None

    def payload(self, job):
        if job.is_film:
            return {"video": {"url": f"{self.site.root}/files/{job.id}/0.mp4", "content_type": "video/mp4"}}
        images = [
            {"url": f"{self.site.root}/files/{job.id}/{index}.png", "content_type": "image/png", "width": 64, "height": 64}
            for index in range(job.request.get("num_images", 1))
        ]
        return {"images": images, "seed": job.request.get("seed", 4711), "timings": {"inference": job.running_for},
                "has_nsfw_concepts": [False] * len(images), "prompt": job.text}  # fmt: skip

    def result(self, request, app, job_id):
        job = self.find(app, job_id)
        if not job.is_over():
            raise Refused(self.error(400, "Request is still in progress"))
        if job.phase() == CANCELLED:
            raise Refused(self.error(400, "Request was cancelled"))
        return self.failure(job) or Answer(200, self.payload(job), headers=[f"x-fal-request-id: {job.id}"])

    def cancel(self, request, app, job_id):
        self.site.cancels.append(job_id)
        job = self.site.jobs.get(job_id)
        if job is None:
            return Answer(404, {"status": "NOT_FOUND"})
        queued = job.phase() == QUEUED
        if not job.cancel():
            return Answer(400, {"status": "ALREADY_COMPLETED"})
        return Answer(200, {"status": "OK"}) if queued else Answer(202, {"status": "CANCELLATION_REQUESTED"})

    def file(self, request, job_id, index, ending):
        job = self.site.jobs.get(job_id)
        if job is None:
            return Answer(404, b"not found", "text/plain")
        if ending == "mp4":
            return self.site.send_output(job, self.site.film(job.text, job.fault), "video/mp4")
        return self.site.send_output(job, self.site.picture(job.text, int(index), job.fault), "image/png")

    def jwks(self, request):
        other = ed25519_public_key(bytes(32))  # keys rotate: each is to be tried
        keys = [base64.urlsafe_b64encode(key).decode().rstrip("=") for key in (other, ed25519_public_key(self.seed))]
        return Answer(200, {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": key} for key in keys]})

    def webhook(self, job):
        document = {"request_id": job.id, "gateway_request_id": job.gateway_id, "status": "OK", "payload": None}
        failure = self.failure(job)
        if job.phase() == CANCELLED:
            document |= {"status": "ERROR", "error": "Request was cancelled"}
        elif failure:
            document |= {"status": "ERROR", "error": f"Unexpected status code: {failure.status}"}
        else:
            document["payload"] = self.payload(job)
        body = as_bytes(document)
        return body, self.sign(job.id, body)

    def sign(self, request_id, body, seed=None, now=None):
        now = str(now or int(time.time()))
        message = "\n".join([request_id, self.user, now, hashlib.sha256(body).hexdigest()]).encode()
        return {
            "X-Fal-Webhook-Request-Id": request_id,
            "X-Fal-Webhook-User-Id": self.user,
            "X-Fal-Webhook-Timestamp": now,
            "X-Fal-Webhook-Signature": ed25519_sign(seed or self.seed, message).hex(),
        }

    def forgeries(self, job):
        body = as_bytes({"request_id": job.id, "gateway_request_id": job.gateway_id, "status": "OK",
                         "payload": {"images": [{"url": "https://v3.fal.media/forged.png"}]}})  # fmt: skip
        return [
            (body, {}),
            (body, self.sign(job.id, body, bytes(reversed(SEED)))),
            (body, self.sign(job.id, body, now=int(time.time()) - 3600)),
            (body + b" ", self.sign(job.id, body)),
        ]
