"""AUTOMATIC1111 and Forge: one request at a time, behind a lock; progress and interruption concern whatever runs."""

import asyncio
import base64
import json

from .jobs import RUNNING
from .protocol import NUMBER, Protocol
from .site import Dropped, Refused
from .web import Answer

TEXT_TO_PICTURE = {
    "prompt": str, "negative_prompt": str, "styles": list, "seed": int, "subseed": int, "subseed_strength": NUMBER,
    "sampler_name": str, "scheduler": str, "batch_size": int, "n_iter": int, "steps": int, "cfg_scale": NUMBER,
    "width": int, "height": int, "enable_hr": bool, "denoising_strength": NUMBER, "hr_scale": NUMBER, "hr_upscaler": str,
    "hr_second_pass_steps": int, "hr_resize_x": int, "hr_resize_y": int, "override_settings": dict,
    "override_settings_restore_afterwards": bool, "alwayson_scripts": dict, "script_name": str, "script_args": list,
    "send_images": bool, "save_images": bool, "force_task_id": str, "restore_faces": bool, "tiling": bool, "eta": NUMBER,
    "do_not_save_samples": bool, "do_not_save_grid": bool,
}  # fmt: skip
PICTURE_TO_PICTURE = {
    **TEXT_TO_PICTURE, "init_images": list, "mask": str, "resize_mode": int, "mask_blur": int, "inpainting_fill": int,
    "inpaint_full_res": bool, "inpaint_full_res_padding": int, "inpainting_mask_invert": int,
    "include_init_images": bool,
}  # fmt: skip


class A1111(Protocol):
    name = "a1111"
    scheme = "Basic {}"  # --api-auth; a site's secret is name:password

    def __init__(self, site):
        super().__init__(site)
        self.lock = asyncio.Lock()

    def authorize(self, request):
        wanted = "Basic " + base64.b64encode(self.site.secret.encode()).decode()
        if request.headers.get("authorization") != wanted:
            raise Refused(self.refusal("unauthorized"))

    def routes(self):
        return [
            ("POST", r"/sdapi/v1/txt2img", self.draw),
            ("POST", r"/sdapi/v1/img2img", self.redraw),
            ("GET", r"/sdapi/v1/progress", self.progress),
            ("POST", r"/sdapi/v1/interrupt", self.interrupt),
            ("GET", r"/sdapi/v1/samplers", lambda request: Answer(200, [{"name": "Euler a", "aliases": [], "options": {}}])),
            ("GET", r"/sdapi/v1/memory", lambda request: Answer(200, {"ram": {}, "cuda": {}})),
            ("POST", r"/internal/progress", self.task_progress),
        ]

    def error(self, status, message, code=None, headers=()):
        if status == 401:
            return Answer(401, {"detail": "Incorrect username or password"}, headers=["WWW-Authenticate: Basic"])
        if status in (400, 422):
            return Answer(422, {"detail": [{"loc": ["body"], "msg": message, "type": "value_error"}]}, headers=headers)
        return Answer(status, {"error": code or "Error", "detail": message, "body": "", "errors": message}, headers=headers)

    def output(self, text, index=0, fault=None):
        return self.site.picture(text, index, fault)

    async def draw(self, request):
        return await self.answer(request, self.check(self.document(request, 422), TEXT_TO_PICTURE, status=422))

    async def redraw(self, request):
        return await self.answer(request, self.check(self.document(request, 422), PICTURE_TO_PICTURE, ("init_images",), status=422))

    async def answer(self, request, document):
        submission = self.site.submission(request, document.get("prompt", ""))
        async with self.lock:
            job = self.site.new_job(submission, document)
            await job.over()  # when the client leaves, the work goes on: nothing here cancels the job
        if job.fault == "forget":
            raise Dropped()
        if job.fault == "error_after_200":
            return Answer(200, {"error": "RuntimeError", "detail": "the model is on fire", "body": "", "errors": "the model is on fire"})
        return self.pictures(job)

    def pictures(self, job):
        count = (job.request.get("batch_size") or 1) * (job.request.get("n_iter") or 1)
        seed = job.request.get("seed", -1)
        seed = 4711 if seed in (None, -1) else seed
        pictures = [self.site.picture(job.text, index, job.fault) for index in range(count)]
        seeds = [seed + index for index in range(count)]
        if count > 1:  # a grid comes before them
            pictures.insert(0, self.site.picture(job.text + " grid", 0, None))
        info = {"prompt": job.text, "index_of_first_image": int(count > 1), "seed": seed, "all_seeds": seeds, "infotexts": [f"Seed: {number}" for number in seeds]}
        answer = Answer(200, {
            "images": [base64.b64encode(picture).decode() for picture in pictures],
            "parameters": job.request,
            "info": json.dumps(info),
        })  # fmt: skip
        answer.cut = len(answer.body) // 2 if job.fault == "truncated" else None
        return answer

    def current(self):
        return next((job for job in self.site.jobs.values() if job.phase() == RUNNING), None)

    def progress(self, request):
        job = self.current()
        return Answer(200, {
            "progress": job.fraction() if job else 0.0, "eta_relative": 0.0,
            "state": {"job": "txt2img" if job else "", "job_count": int(bool(job)), "job_no": 0, "sampling_step": 1,
                      "sampling_steps": 20, "interrupted": False, "skipped": False},
            "current_image": None, "textinfo": None,
        })  # fmt: skip

    def task_progress(self, request):
        task = self.document(request).get("id_task")
        job = next((job for job in self.site.jobs.values() if job.request.get("force_task_id") == task), None)
        over = job is not None and job.is_over()
        return Answer(200, {"active": bool(job) and not over, "queued": False, "completed": over,
                            "progress": job.fraction() if job else None, "eta": None, "live_preview": None})  # fmt: skip

    def interrupt(self, request):
        job = self.current()
        if job is not None:
            self.site.cancels.append(job.id)
            job.cancel()
        return Answer(200, {})
