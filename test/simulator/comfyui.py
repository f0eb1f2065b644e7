"""ComfyUI: graphs, a queue, a history in memory, and files behind /view. Every route is also below /api."""

import re
import uuid

from . import faults
from .jobs import CANCELLED, DONE, QUEUED, RUNNING
from .protocol import Protocol
from .site import Refused
from .web import Answer

KNOWN = {"prompt": dict, "client_id": str, "prompt_id": str, "number": (int, float), "front": bool, "extra_data": dict,
         "partial_execution_targets": list}  # fmt: skip
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
FILMS = {"VHS_VideoCombine": "gifs", "SaveVideo": "images"}


def text_of(graph):
    """The texts of a graph, which its outputs follow from: the longest is the prompt."""
    texts = [value for node in graph.values() for value in node["inputs"].values() if isinstance(value, str)]
    return max((text for text in texts if " " in text), key=len, default="")


class Comfyui(Protocol):
    """old: a server of 2024, which mints its own ids, knows no /api/jobs, and interrupts whatever runs."""

    name = "comfyui"
    scheme = None
    old = False

    def routes(self):
        routes = [
            ("POST", r"/prompt", self.submit),
            ("GET", r"/prompt", lambda request: Answer(200, {"exec_info": {"queue_remaining": len(self.waiting())}})),
            ("GET", r"/queue", self.queue),
            ("POST", r"/queue", self.change_queue),
            ("GET", r"/history/([\w-]+)", self.history),
            ("POST", r"/interrupt", self.interrupt),
            ("GET", r"/view", self.view),
            ("GET", r"/system_stats", self.system_stats),
            ("GET", r"/object_info/(\w+)", lambda request, kind: Answer(200, {})),
            ("POST", r"/upload/image", self.upload),
        ]
        routes += [(method, "/api" + pattern, handler) for method, pattern, handler in routes]
        if not self.old:
            routes += [
                ("GET", r"/api/jobs/([\w-]+)", self.show),
                ("POST", r"/api/jobs/([\w-]+)/cancel", self.cancel),
            ]
        return routes

    def error(self, status, message, code=None, headers=()):
        if status == 404:
            return Answer(404, b"404: Not Found", "text/plain", headers)
        error = {"type": code or "invalid_prompt", "message": message, "details": "", "extra_info": {}}
        return Answer(status, {"error": error, "node_errors": {}}, headers=headers)

    def output(self, text, index=0, fault=None):
        return self.site.picture(text, index, fault)

    def waiting(self):
        return [job for job in self.site.jobs.values() if job.phase() in (QUEUED, RUNNING)]

    def system_stats(self, request):
        return Answer(200, {"system": {"comfyui_version": "0.3.0" if self.old else "0.9.0", "ram_free": 1 << 30},
                            "devices": [{"name": "cpu", "type": "cpu", "vram_total": 1 << 30, "vram_free": 1 << 29}]})  # fmt: skip

    def submit(self, request):
        document = self.check(self.document(request), KNOWN)
        graph = document.get("prompt")
        if not graph:
            raise Refused(self.error(400, "No prompt provided", "no_prompt"))
        for number, node in graph.items():
            if not isinstance(node, dict) or not isinstance(node.get("class_type"), str) or not isinstance(node.get("inputs"), dict):
                raise Refused(self.error(400, f"Node {number} has no class_type or no inputs", "invalid_prompt"))
            for value in node["inputs"].values():
                if isinstance(value, list) and len(value) == 2 and isinstance(value[1], int) and value[0] not in graph:
                    raise Refused(self.error(400, f"Node {number} is linked to node {value[0]}, which is not there"))
        if not any(node["class_type"].startswith("Save") or node["class_type"] in FILMS for node in graph.values()):
            raise Refused(self.error(400, "Prompt has no outputs", "prompt_no_outputs"))
        prompt_id = document.get("prompt_id")
        if prompt_id is None or self.old:
            prompt_id = str(uuid.uuid4())
        elif not UUID.fullmatch(prompt_id):
            raise Refused(self.error(400, "prompt_id is not a canonical UUID", "invalid_prompt_id"))
        submission = self.site.submission(request, text_of(graph))
        job = self.site.new_job(submission, graph, prompt_id)
        job.number = len(self.site.submissions)
        return Answer(200, {"prompt_id": job.id, "number": job.number, "node_errors": {}})

    def entry(self, job):
        return [job.number, job.id, job.request, {}, list(self.savers(job))]

    def queue(self, request):
        self.maybe_forget()
        jobs = self.waiting()
        return Answer(200, {
            "queue_running": [self.entry(job) for job in jobs if job.phase() == RUNNING],
            "queue_pending": [self.entry(job) for job in jobs if job.phase() == QUEUED],
        })  # fmt: skip

    def maybe_forget(self):
        if any(job.fault == "forget" for job in self.site.jobs.values()):
            self.site.restart()

    def savers(self, job):
        return {number: node for number, node in job.request.items() if node["class_type"].startswith(("Save", "VHS_"))}

    def files(self, job):
        """{node: {kind: [file]}}"""
        found = {}
        for number, node in self.savers(job).items():
            kind = FILMS.get(node["class_type"], "images")
            ending = "mp4" if node["class_type"] in FILMS else "png"
            count = max((other["inputs"].get("batch_size") or 1 for other in job.request.values()), default=1)
            names = [f"{job.id}_{index:05}_.{ending}" for index in range(1 if ending == "mp4" else count)]
            found[number] = {kind: [{"filename": name, "subfolder": "made", "type": "output"} for name in names]}
        number = "preview"
        found[number] = {"images": [{"filename": f"{job.id}_temp.png", "subfolder": "", "type": "temp"}]}
        return found

    def history(self, request, prompt_id):
        self.maybe_forget()
        job = self.site.jobs.get(prompt_id)
        if job is None or job.phase() in (QUEUED, RUNNING) or (job.phase() == CANCELLED and not job.interrupted):
            return Answer(200, {})
        status = {"status_str": "success", "completed": True, "messages": [["execution_start", {"prompt_id": job.id}]]}
        outputs = self.files(job)
        if job.phase() == CANCELLED:
            status = {"status_str": "error", "completed": False, "messages": [["execution_interrupted", {"prompt_id": job.id}]]}
            outputs = {}
        elif job.fault == "error_after_200":
            event = {"prompt_id": job.id, "node_id": "3", "node_type": "KSampler", "exception_type": "RuntimeError",
                     "exception_message": "the model is on fire", "traceback": []}  # fmt: skip
            status = {"status_str": "error", "completed": False, "messages": [["execution_error", event]]}
            outputs = {}
        elif job.fault == "unknown_state":
            status["status_str"] = faults.UNHEARD_OF
        entry = {"prompt": self.entry(job), "outputs": outputs, "status": status, "meta": {}}
        return Answer(200, {job.id: entry})

    def show(self, request, job_id):
        self.maybe_forget()
        job = self.site.jobs.get(job_id)
        if job is None:
            return Answer(404, {"error": "Job not found"})
        word = {QUEUED: "pending", RUNNING: "in_progress", DONE: "completed", CANCELLED: "cancelled"}[job.phase()]
        shown = {"id": job.id, "status": word, "create_time": int(job.created_at * 1000)}
        if job.phase() == DONE:
            shown["outputs"] = self.files(job)
            if job.fault == "error_after_200":
                shown |= {"status": "failed", "outputs": {}, "execution_error": {
                    "exception_type": "RuntimeError", "exception_message": "the model is on fire", "node_id": "3",
                    "node_type": "KSampler", "traceback": []}}  # fmt: skip
            if job.fault == "unknown_state":
                shown["status"] = faults.UNHEARD_OF
        return Answer(200, shown)

    def stop_job(self, job, interrupted):
        if job is None or not job.cancel():
            return False
        job.interrupted = interrupted
        return True

    def cancel(self, request, job_id):
        self.site.cancels.append(job_id)
        job = self.site.jobs.get(job_id)
        running = job is not None and job.phase() == RUNNING
        return Answer(200, {"cancelled": self.stop_job(job, running)})

    def change_queue(self, request):
        document = self.check(self.document(request), {"delete": list, "clear": bool})
        for prompt_id in document.get("delete", []):
            self.site.cancels.append(prompt_id)
            job = self.site.jobs.get(prompt_id)
            if job is not None and job.phase() == QUEUED:
                self.stop_job(job, False)
        return Answer(200, b"")

    def interrupt(self, request):
        wanted = None if self.old or not request.body else self.document(request).get("prompt_id")
        for job in self.waiting():
            if job.phase() == RUNNING and wanted in (None, job.id):
                self.site.cancels.append(job.id)
                self.stop_job(job, True)
        return Answer(200, b"")

    def view(self, request):
        name = request.query.get("filename", "")
        for job in self.site.jobs.values():
            if name.startswith(job.id):
                if request.query.get("type") != "output" or request.query.get("subfolder") != "made":
                    break
                if name.endswith(".mp4"):
                    return self.site.send_output(job, self.site.film(job.text, job.fault), "video/mp4")
                picture = self.site.picture(job.text, int(name.split("_")[1]), job.fault)
                return self.site.send_output(job, picture, "image/png")
        return Answer(404, b"", "text/plain")

    def upload(self, request):
        names = [file_name for name, file_name, _ in request.multipart() if name == "image"]
        if not names:
            return Answer(400, b"", "text/plain")
        stem, _, ending = names[0].rpartition(".")
        return Answer(200, {"name": f"{stem} (1).{ending}", "subfolder": "", "type": "input"})


class OldComfyui(Comfyui):
    name = "comfyui_2024"
    old = True
