"""POST /v1/videos: jobs that are asked after, whose film is at /content; webhooks of the platform."""

import secrets
import time
import uuid

from . import faults
from .jobs import CANCELLED, DONE, QUEUED, RUNNING
from .openai import MODERATED, OpenaiProtocol
from .signatures import standard_webhook
from .site import Refused
from .web import Answer
from .webhooks import as_bytes

KNOWN = {"model": str, "prompt": str, "size": str, "seconds": str, "input_reference": None}
SIZES = ("720x1280", "1280x720", "1024x1792", "1792x1024")
WORDS = {QUEUED: "queued", RUNNING: "in_progress", DONE: "completed", CANCELLED: "failed"}


class OpenaiVideos(OpenaiProtocol):
    name = "openai_videos"

    def __init__(self, site):
        super().__init__(site)
        self.webhook_secret = "whsec_c2ltdWxhdGVkIHBsYXRmb3JtIHNlY3JldCE="
        self.webhook_url = None  # of the account: set in the vendor's console

    def routes(self):
        return [
            ("POST", r"/v1/videos", self.create),
            ("GET", r"/v1/videos/([\w-]+)", self.show),
            ("GET", r"/v1/videos/([\w-]+)/content", self.content),
            ("DELETE", r"/v1/videos/([\w-]+)", self.delete),
            *self.common_routes(),
        ]

    def output(self, text, index=0, fault=None):
        return self.site.film(text, fault)

    def create(self, request):
        if request.content_type() == "multipart/form-data":
            document = {name: content if file_name else content.decode() for name, file_name, content in request.multipart()}
        else:
            document = self.document(request)
        self.check(document, KNOWN, ("model", "prompt"))
        submission = self.site.submission(request, document["prompt"])
        self.known_model(document)
        if document.get("seconds", "4") not in ("4", "8", "12"):
            self.refuse("seconds is not one of '4', '8', '12'")
        if document.get("size", SIZES[0]) not in SIZES:
            self.refuse(f"size is not one of {', '.join(SIZES)}")
        job = self.site.new_job(submission, document, f"video_{uuid.uuid4().hex}")
        self.site.webhooks.when_over(job, self.webhook_url, self.event)
        return Answer(200, self.show_job(job))

    def find(self, video_id):
        return self.site.find(video_id, self.error(404, f"Video with id '{video_id}' not found.", "not_found"))

    def show_job(self, job):
        _, _, completed = job.times()
        shown = {
            "id": job.id, "object": "video", "created_at": int(job.created_at), "model": job.request["model"],
            "status": WORDS[job.phase()], "progress": int(job.fraction() * 100), "size": job.request.get("size", "720x1280"),
            "seconds": job.request.get("seconds", "4"), "completed_at": completed and int(completed),
            "expires_at": int(time.time()) + 3600, "error": None,
        }  # fmt: skip
        if job.phase() == DONE:
            if job.fault == "unknown_state":
                shown["status"] = faults.UNHEARD_OF
            if job.fault == "moderated":
                shown |= {"status": "failed", "error": {"code": "moderation_blocked", "message": MODERATED}}
            if job.fault == "error_after_200":
                shown |= {"status": "failed", "error": {"code": "video_generation_failed", "message": "the model is on fire"}}
        return shown

    def show(self, request, video_id):
        return Answer(200, self.show_job(self.find(video_id)))

    def content(self, request, video_id):
        job = self.find(video_id)
        if job.phase() != DONE:
            raise Refused(self.error(404, "Video is not ready yet, use GET /v1/videos/{video_id} to check status."))
        gone = self.error(404, "Video content has expired.", "not_found")
        return self.site.send_output(job, self.site.film(job.text, job.fault), "video/mp4", gone)

    def delete(self, request, video_id):
        self.site.cancels.append(video_id)
        job = self.find(video_id)
        job.cancel()
        del self.site.jobs[video_id]
        return Answer(200, {"id": video_id, "object": "video.deleted", "deleted": True})

    def event(self, job):
        kind = "video.completed" if self.show_job(job)["status"] == "completed" else "video.failed"
        body = as_bytes({"id": f"evt_{secrets.token_hex(12)}", "object": "event", "created_at": int(time.time()), "type": kind,
                         "data": {"id": job.id}})  # fmt: skip
        message_id, now = f"wh_{secrets.token_hex(12)}", int(time.time())
        signature = standard_webhook(self.webhook_secret, message_id, now, body)
        return body, {"webhook-id": message_id, "webhook-timestamp": str(now), "webhook-signature": signature}
