"""POST /v1/images/generations and /v1/images/edits: pictures as base64 within JSON."""

import base64
import json

from .openai import MODERATED, OpenaiProtocol
from .site import Dropped, Refused
from .web import Answer

KNOWN = {
    "model": str, "prompt": str, "n": int, "size": str, "quality": str, "background": str, "output_format": str,
    "output_compression": int, "moderation": str, "response_format": str, "user": str, "stream": bool,
    "partial_images": int, "style": str,
}  # fmt: skip


class OpenaiImages(OpenaiProtocol):
    name = "openai_images"
    models = ("simulated-1", "gpt-image-1")

    def routes(self):
        return [
            ("POST", r"/v1/images/generations", self.generate),
            ("POST", r"/v1/images/edits", self.edit),
            *self.common_routes(),
        ]

    def output(self, text, index=0, fault=None):
        return self.site.picture(text, index, fault)

    async def generate(self, request):
        document = self.check(self.document(request), KNOWN, ("prompt",))
        return await self.answer(request, document)

    async def edit(self, request):
        if request.content_type() != "multipart/form-data":
            self.refuse("edits are multipart/form-data", 415)
        document, files = {}, {}
        for name, file_name, content in request.multipart():
            if file_name is None:
                document[name] = content.decode()
            else:
                files.setdefault(name.removesuffix("[]"), []).append(content)
        if not files.get("image"):
            self.refuse("image is missing")
        if set(files) - {"image", "mask"}:
            self.refuse(f"{sorted(files)}: only image and mask are files")
        if not all(content.startswith((b"\x89PNG", b"\xff\xd8\xff", b"RIFF")) for parts in files.values() for content in parts):
            self.refuse("image is of an unknown kind")
        self.check(document, dict.fromkeys(KNOWN), ("prompt",))
        if "n" in document:
            document["n"] = int(document["n"])
        document["files"] = files
        return await self.answer(request, document)

    async def answer(self, request, document):
        submission = self.site.submission(request, document["prompt"])
        self.known_model(document)
        if document["model"].startswith("gpt-image") and "response_format" in document:
            self.refuse("Unknown parameter: 'response_format'.")
        if not 1 <= document.get("n", 1) <= 10:
            self.refuse("n is not from 1 to 10")
        if submission.fault == "moderated":
            raise Refused(self.error(400, MODERATED, "moderation_blocked"))
        job = self.site.new_job(submission, document)
        await job.over()
        if job.fault == "forget":
            raise Dropped()
        if job.fault == "error_after_200":
            return Answer(200, {"error": {"message": "the model is on fire", "type": "server_error", "code": None}})
        pictures = [self.site.picture(job.text, index, job.fault) for index in range(document.get("n", 1))]
        body = {
            "created": int(job.created_at),
            "data": [{"b64_json": base64.b64encode(picture).decode()} for picture in pictures],
            "output_format": "png",
            "usage": {"input_tokens": 9, "output_tokens": 272, "total_tokens": 281},
        }
        answer = Answer(200, json.dumps(body).encode())
        answer.cut = len(answer.body) // 2 if job.fault == "truncated" else None
        return answer
