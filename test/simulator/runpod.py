"""RunPod serverless: /run, /runsync, /status, /stream, /cancel of one endpoint; webhooks without a signature."""

import asyncio
import base64
import uuid

from . import faults
from .jobs import CANCELLED, DONE, QUEUED, RUNNING
from .protocol import Protocol
from .site import Refused
from .web import Answer
from .webhooks import as_bytes

WORDS = {QUEUED: "IN_QUEUE", RUNNING: "IN_PROGRESS", DONE: "COMPLETED", CANCELLED: "CANCELLED"}
KNOWN = {"input": dict, "webhook": str, "policy": dict, "s3Config": dict}
POLICY = {"executionTimeout": int, "ttl": int, "lowPriority": bool}
DAY_MS = 86400000


class Runpod(Protocol):
    """The worker behind it is worker-comfyui or, where the input has no workflow, one that is like it."""

    name = "runpod"
    base = "/v2/simulated01"
    run_bytes, sync_bytes = 10 << 20, 20 << 20

    def routes(self):
        return [
            ("POST", self.base + r"/run", self.run),
            ("POST", self.base + r"/runsync", self.run_sync),
            ("GET", self.base + r"/status/([\w-]+)", self.status),
            ("GET", self.base + r"/stream/([\w-]+)", self.stream),
            ("POST", self.base + r"/cancel/([\w-]+)", self.cancel),
            ("POST", self.base + r"/retry/([\w-]+)", self.retry),
            ("POST", self.base + r"/purge-queue", self.purge),
            ("GET", self.base + r"/health", self.health),
            ("GET", r"/bucket/([\w-]+)\.(png|mp4)", self.bucket),
        ]

    def authorize(self, request):
        given = request.headers.get("authorization", "")
        if request.path.startswith("/bucket/") or given in (self.site.secret, f"Bearer {self.site.secret}"):
            return
        raise Refused(self.refusal("unauthorized"))

    def error(self, status, message, code=None, headers=()):
        if status == 401:  # said by what stands in front of it
            return Answer(401, b"", "text/plain", headers)
        return Answer(status, {"error": message}, headers=headers)

    def output(self, text, index=0, fault=None):
        return self.site.picture(text, index, fault)

    def accept(self, request, limit):
        if len(request.body) > limit:
            self.refuse("payload too large", 413)
        document = self.check(self.document(request), KNOWN, ("input",))
        policy = self.check(document.get("policy") or {}, POLICY, where="policy.")
        if not 5000 <= policy.get("executionTimeout", 600000) <= 7 * DAY_MS:
            self.refuse("policy.executionTimeout is not from 5 s to 7 days")
        if not 10000 <= policy.get("ttl", DAY_MS) <= 7 * DAY_MS:
            self.refuse("policy.ttl is not from 10 s to 7 days")
        values = [document["input"], *(node.get("inputs", {}) for node in document["input"].get("workflow", {}).values())]
        text = next((inputs[name] for inputs in values for name in ("prompt", "text") if isinstance(inputs.get(name), str)), "")
        submission = self.site.submission(request, text)
        job = self.site.new_job(submission, document, f"{uuid.uuid4()}-u1")
        self.site.webhooks.when_over(job, document.get("webhook"), lambda job: (as_bytes(self.show_job(job)), {}))
        return job

    def run(self, request):
        return Answer(200, {"id": self.accept(request, self.run_bytes).id, "status": "IN_QUEUE"})

    async def run_sync(self, request):
        job = self.accept(request, self.sync_bytes)
        wait_ms = int(request.query.get("wait", 90000))
        if not 1000 <= wait_ms <= 300000:
            self.refuse("wait is not from 1000 to 300000")
        try:
            await asyncio.wait_for(job.over(), wait_ms / 1000)
        except asyncio.TimeoutError:
            return Answer(200, {"id": job.id, "status": WORDS[job.phase()]})
        return self.answer(job)

    def find(self, job_id):
        return self.site.find(job_id, self.error(404, "job not found"))

    def show_job(self, job):
        shown = {"id": job.id, "status": WORDS[job.phase()]}
        if job.phase() == RUNNING:
            shown["delayTime"] = int(job.queued_for * 1000)
        if job.phase() == DONE:
            shown |= {"delayTime": int(job.queued_for * 1000), "executionTime": int(job.running_for * 1000),
                      "workerId": "simulated"}  # fmt: skip
            shown |= self.ending(job)
        return shown

    def ending(self, job):
        if job.fault == "unknown_state":
            return {"status": faults.UNHEARD_OF}
        if job.fault == "error_after_200":  # what a handler returned
            return {"output": {"error": "the model is on fire"}}
        if job.fault in ("large", "expired", "truncated") or "film" in job.text:
            ending = "mp4" if "film" in job.text else "png"
            image = {"filename": f"made.{ending}", "type": "s3_url", "data": f"{self.site.root}/bucket/{job.id}.{ending}"}
        else:
            picture = self.site.picture(job.text, 0, job.fault)
            image = {"filename": "made.png", "type": "base64", "data": base64.b64encode(picture).decode()}
        return {"output": {"images": [image]}}

    def answer(self, job):
        return Answer(200, self.show_job(job))

    def status(self, request, job_id):
        return self.answer(self.find(job_id))

    def stream(self, request, job_id):
        job = self.find(job_id)
        return Answer(200, {"status": WORDS[job.phase()], "stream": []})

    def cancel(self, request, job_id):
        self.site.cancels.append(job_id)
        job = self.find(job_id)
        job.cancel()
        return Answer(200, {"id": job.id, "status": WORDS[job.phase()]})

    def retry(self, request, job_id):
        self.refuse(f"job {self.find(job_id).id} is neither FAILED nor TIMED_OUT")

    def purge(self, request):
        waiting = [job for job in self.site.jobs.values() if job.phase() == QUEUED]
        for job in waiting:
            job.cancel()
        return Answer(200, {"removed": len(waiting), "status": "completed"})

    def health(self, request):
        phases = [job.phase() for job in self.site.jobs.values()]
        return Answer(200, {
            "jobs": {"completed": phases.count(DONE), "failed": 0, "inProgress": phases.count(RUNNING),
                     "inQueue": phases.count(QUEUED), "retried": 0},
            "workers": {"idle": 1, "running": 0, "initializing": 0, "ready": 1, "throttled": 0},
        })  # fmt: skip

    def bucket(self, request, job_id, ending):
        job = self.site.jobs.get(job_id)
        if job is None or request.headers.get("authorization"):  # a presigned URL and a second credential do not go together
            return Answer(400, b"<Error><Code>InvalidArgument</Code></Error>", "application/xml")
        data = self.site.film(job.text, job.fault) if ending == "mp4" else self.site.picture(job.text, 0, job.fault)
        gone = Answer(403, b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>", "application/xml")
        return self.site.send_output(job, data, "application/octet-stream", gone)

    def forgeries(self, job):
        """Nothing is signed: whoever does not know the address cannot say anything."""
        body = as_bytes({"id": job.id, "status": "COMPLETED", "output": {"images": []}})
        return [(body, {})]
