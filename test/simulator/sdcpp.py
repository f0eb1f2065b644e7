"""The native job API of stable-diffusion.cpp: one job after the other, everything in memory."""

import base64

from . import faults, media
from .jobs import CANCELLED, DONE, QUEUED, RUNNING
from .protocol import NUMBER, Protocol
from .site import Refused
from .web import Answer

WORDS = {QUEUED: "queued", RUNNING: "generating", DONE: "completed", CANCELLED: "cancelled"}
COMMON = {
    "prompt": str, "negative_prompt": str, "clip_skip": int, "width": int, "height": int, "strength": NUMBER, "seed": int,
    "sample_params": dict, "lora": list, "vae_tiling_params": dict, "output_format": str, "output_compression": int,
    "init_image": str,
}  # fmt: skip
PICTURE = {**COMMON, "batch_count": int, "ref_images": list, "mask_image": str, "control_image": str,
           "control_strength": NUMBER, "hires": dict}  # fmt: skip
FILM = {**COMMON, "video_frames": int, "fps": int, "end_image": str, "control_frames": list, "moe_boundary": NUMBER,
        "vace_strength": NUMBER, "high_noise_sample_params": dict}  # fmt: skip
SAMPLING = {"scheduler": str, "sample_method": str, "sample_steps": int, "eta": NUMBER, "flow_shift": NUMBER,
            "guidance": dict, "shifted_timestep": int}  # fmt: skip


class Sdcpp(Protocol):
    name = "sdcpp"
    scheme = None

    def routes(self):
        return [
            ("GET", r"/sdcpp/v1/capabilities", self.capabilities),
            ("POST", r"/sdcpp/v1/(img_gen|vid_gen)", self.submit),
            ("GET", r"/sdcpp/v1/jobs/(\w+)", self.show),
            ("POST", r"/sdcpp/v1/jobs/(\w+)/cancel", self.cancel),
        ]

    def error(self, status, message, code=None, headers=()):
        return Answer(status, {"error": message}, headers=headers)

    def refusal(self, fault):
        if fault == "throttled":
            return self.error(429, "job queue is full", headers=["Retry-After: 2"])
        return super().refusal(fault)

    def output(self, text, index=0, fault=None):
        return self.site.picture(text, index, fault)

    def capabilities(self, request):
        return Answer(200, {
            "model": {"name": "simulated"}, "supported_modes": ["img_gen", "vid_gen"], "samplers": ["euler", "euler_a"],
            "schedulers": ["discrete", "karras"], "loras": [], "upscalers": [],
            "limits": {"max_width": 4096, "max_height": 4096, "max_batch_count": 8, "max_queue_size": 64},
        })  # fmt: skip

    def submit(self, request, kind):
        document = self.check(self.document(request), PICTURE if kind == "img_gen" else FILM, ("prompt",))
        self.check(document.get("sample_params") or {}, SAMPLING, where="sample_params.")
        guidance = {"txt_cfg": NUMBER, "img_cfg": NUMBER, "distilled_guidance": NUMBER, "slg": dict}
        self.check((document.get("sample_params") or {}).get("guidance") or {}, guidance, where="guidance.")
        for lora in document.get("lora") or []:
            self.check(lora, {"path": str, "multiplier": NUMBER, "is_high_noise": bool}, ("path",), "lora.")
        if document.get("output_format", "png") not in ("png", "jpeg", "webp", "webm", "avi"):
            self.refuse("output_format is not known")
        submission = self.site.submission(request, document["prompt"])
        job = self.site.new_job(submission, {**document, "kind": kind})
        shown = self.show_job(job)
        return Answer(202, {**shown, "poll_url": f"/sdcpp/v1/jobs/{job.id}"})

    def find(self, job_id):
        return self.site.find(job_id, self.error(404, "job not found"))

    def show_job(self, job):
        phase = job.phase()
        shown = {"id": job.id, "kind": job.request["kind"], "status": WORDS[phase], "created": int(job.created_at)}
        if phase == QUEUED:
            shown["queue_position"] = 1 + sum(1 for other in self.site.jobs.values()
                                              if other is not job and other.phase() in (QUEUED, RUNNING))  # fmt: skip
        return shown

    def show(self, request, job_id):
        job = self.find(job_id)
        shown = self.show_job(job)
        if job.phase() != DONE:
            return Answer(200, shown)
        if job.fault == "expired":
            raise Refused(self.error(410, "job expired"))
        if job.fault == "unknown_state":
            return Answer(200, {**shown, "status": faults.UNHEARD_OF})
        if job.fault == "error_after_200":
            return Answer(200, {**shown, "status": "failed", "error": {"code": "generation_failed", "message": "the model is on fire"}})
        answer = Answer(200, {**shown, "result": self.result(job)})
        first, job.outputs_sent = job.outputs_sent == 0, job.outputs_sent + 1
        answer.cut = len(answer.body) // 2 if job.fault == "truncated" and first else None
        return answer

    def result(self, job):
        if job.request["kind"] == "vid_gen":
            film = media.webp(job.text, at_least=faults.LARGE_BYTES if job.fault == "large" else 0)
            return {"b64_json": base64.b64encode(film).decode(), "mime_type": "image/webp", "fps": 8, "frame_count": 5,
                    "output_format": "webp"}  # fmt: skip
        pictures = [self.site.picture(job.text, index, job.fault) for index in range(job.request.get("batch_count") or 1)]
        return {
            "output_format": "png",
            "images": [{"index": index, "b64_json": base64.b64encode(picture).decode()} for index, picture in enumerate(pictures)],
        }

    def cancel(self, request, job_id):
        self.site.cancels.append(job_id)
        job = self.find(job_id)
        if not job.cancel() and job.phase() != CANCELLED:
            raise Refused(self.error(409, "job cannot be cancelled"))
        return Answer(200, self.show_job(job))
