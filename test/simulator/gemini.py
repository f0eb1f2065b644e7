"""Gemini, Imagen and Veo: contents, predictions, and operations that are asked after."""

import asyncio
import base64
import json
import uuid

from . import faults
from .jobs import DONE
from .openai_chat import reply, said
from .protocol import NUMBER, Protocol
from .site import Dropped, Refused
from .web import Answer, Stream

STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
            429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}  # fmt: skip
CONTENT = {"contents": list, "systemInstruction": dict, "system_instruction": dict, "generationConfig": dict,
           "safetySettings": list, "tools": list, "toolConfig": dict, "cachedContent": str}  # fmt: skip
CONFIG = {"temperature": NUMBER, "topP": NUMBER, "topK": int, "candidateCount": int, "maxOutputTokens": int,
          "stopSequences": list, "seed": int, "responseMimeType": str, "responseSchema": dict, "responseModalities": list,
          "presencePenalty": NUMBER, "frequencyPenalty": NUMBER, "imageConfig": dict, "thinkingConfig": dict,
          "responseJsonSchema": dict, "responseLogprobs": bool, "logprobs": int, "mediaResolution": str, "speechConfig": dict}  # fmt: skip
PREDICT = {"instances": list, "parameters": dict}
ASPECT_RATIOS = ("1:1", "3:4", "4:3", "9:16", "16:9")
MOST_SAMPLES = 4


class Gemini(Protocol):
    """simulated-text, simulated-image (pictures inline), imagen-simulated (:predict), veo-simulated (operations)."""

    name = "gemini"
    base = "/v1beta"
    header, scheme = "x-goog-api-key", "{}"
    models = ("simulated",)  # that generate content: and whatever begins so

    def routes(self):
        return [
            ("POST", r"/v1beta/models/([\w.-]+):(generateContent|streamGenerateContent)", self.generate),
            ("POST", r"/v1beta/models/([\w.-]+):predict", self.predict),
            ("POST", r"/v1beta/models/([\w.-]+):predictLongRunning", self.start),
            ("GET", r"/v1beta/(models/[\w.-]+/operations/[\w-]+)", self.operation),
            ("GET", r"/v1beta/files/([\w-]+):download", self.download),
            ("GET", r"/v1beta/models", lambda request: Answer(200, {"models": [{"name": "models/simulated-text"}]})),
        ]

    def error(self, status, message, code=None, headers=(), details=()):
        error = {"code": status, "message": message, "status": code or STATUSES.get(status, "UNKNOWN"), "details": list(details)}
        return Answer(status, {"error": error}, "application/json; charset=UTF-8", headers)

    def authorize(self, request):
        if self.header not in request.headers:
            raise Refused(self.error(403, "Method doesn't allow unregistered callers."))
        super().authorize(request)

    def refusal(self, fault):
        if fault == "unauthorized":
            return self.error(400, "API key not valid. Please pass a valid API key.", details=[
                {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID",
                 "domain": "googleapis.com"}])  # fmt: skip
        if fault == "no_credit":
            return self.error(400, "This model is not available in the free tier. Please enable billing on your project.",
                              "FAILED_PRECONDITION")  # fmt: skip
        if fault == "throttled":
            return self.error(429, "You exceeded your current quota.", details=[
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2s"}])  # fmt: skip
        return super().refusal(fault)

    def output(self, text, index=0, fault=None):
        return reply(text)

    async def generate(self, request, model, method):
        document = self.check(self.document(request), CONTENT, ("contents",))
        self.check(document.get("generationConfig") or {}, CONFIG, where="generationConfig.")
        parts = [part for content in document["contents"] for part in content.get("parts", [])]
        if not parts:
            self.refuse("contents is not specified")
        for content in document["contents"]:
            self.check(content, {"role": str, "parts": list}, ("parts",), "contents.")
            if content.get("role") not in (None, "user", "model", "function"):
                self.refuse("Please use a valid role: user, model.")
        text = "".join(part.get("text", "") for part in document["contents"][-1]["parts"])
        submission = self.site.submission(request, text)
        if not model.startswith(self.models):
            self.refuse(f"models/{model} is not found", 404)
        job = self.site.new_job(submission, document)
        job.with_picture = "IMAGE" in (document.get("generationConfig") or {}).get("responseModalities", [])
        await job.started()
        if job.fault == "forget":
            raise Dropped()
        if method == "streamGenerateContent":
            if request.query.get("alt") != "sse":
                self.refuse("this simulator streams with alt=sse alone")
            return Stream(self.events(job), "text/event-stream", cut=job.fault == "truncated")
        await job.over()
        if job.fault == "error_after_200":
            return Answer(200, self.failure())
        answer = Answer(200, self.whole(job), "application/json; charset=UTF-8")
        answer.cut = len(answer.body) // 2 if job.fault == "truncated" else None
        return answer

    @staticmethod
    def failure():
        return {"error": {"code": 500, "message": "the model is on fire", "status": "INTERNAL"}}

    def candidate(self, job, parts, finish=None):
        candidate = {"content": {"parts": parts, "role": "model"}, "index": 0}
        if finish:
            candidate["finishReason"] = finish
        return {
            "candidates": [candidate],
            "usageMetadata": {"promptTokenCount": len(job.text.split()), "candidatesTokenCount": len(reply(job.text).split()),
                              "totalTokenCount": len(job.text.split()) + len(reply(job.text).split())},
            "modelVersion": "simulated-text", "responseId": job.id,
        }  # fmt: skip

    @staticmethod
    def finish_reason(job):
        return faults.UNHEARD_OF if job.fault == "unknown_state" else "STOP"

    def whole(self, job):
        if job.fault == "moderated":
            return self.candidate(job, [], "IMAGE_SAFETY" if job.with_picture else "SAFETY")
        if job.with_picture:
            data = base64.b64encode(self.site.picture(job.text, 0, job.fault)).decode()
            picture = {"inlineData": {"mimeType": "image/png", "data": data}, "thoughtSignature": "c2lnbmF0dXJl"}
            return self.candidate(job, [{"text": "Here it is."}, picture], self.finish_reason(job))
        return self.candidate(job, [{"text": said(job.text, job.fault)}], self.finish_reason(job))

    async def events(self, job):
        def event(document):
            return b"data: " + json.dumps(document, ensure_ascii=False).encode() + b"\r\n\r\n"

        if job.fault == "moderated" or job.with_picture:
            yield event(self.whole(job))
            return
        text = said(job.text, job.fault)
        size = 1 << 16 if job.fault == "large" else 11
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        for number, piece in enumerate(pieces):
            if number > len(pieces) // 2 and job.fault == "truncated":
                return
            if number > len(pieces) // 2 and job.fault == "error_after_200":
                yield event(self.failure())
                return
            last = number == len(pieces) - 1
            if last:
                await job.over()
            data = event(self.candidate(job, [{"text": piece}], self.finish_reason(job) if last else None))
            yield data[:-40]
            yield data[-40:]
            if job.fault != "large":
                await asyncio.sleep(job.running_for / len(pieces))

    def instance(self, request):
        document = self.check(self.document(request), PREDICT, ("instances",))
        if len(document["instances"]) != 1 or not isinstance(document["instances"][0].get("prompt"), str):
            self.refuse("instances has not one prompt")
        known = {"sampleCount": int, "aspectRatio": str, "personGeneration": str, "seed": int, "negativePrompt": str,
                 "durationSeconds": int, "resolution": str, "sampleImageSize": str, "addWatermark": bool,
                 "safetySetting": str, "outputOptions": dict, "enhancePrompt": bool}  # fmt: skip
        self.check(document.get("parameters") or {}, known, where="parameters.")
        return document, document["instances"][0]["prompt"]

    async def predict(self, request, model):
        document, text = self.instance(request)
        submission = self.site.submission(request, text)
        if not model.startswith("imagen-"):
            self.refuse(f"models/{model} is not found for API version v1beta, or is not supported for predict", 404)
        parameters = document.get("parameters") or {}
        count = parameters.get("sampleCount", MOST_SAMPLES)
        if not 1 <= count <= MOST_SAMPLES:
            self.refuse(f"sampleCount must be between 1 and {MOST_SAMPLES}, inclusive.")
        if parameters.get("aspectRatio", "1:1") not in ASPECT_RATIOS:
            self.refuse(f"aspectRatio must be one of {', '.join(ASPECT_RATIOS)}")
        job = self.site.new_job(submission, document)
        await job.over()
        if job.fault == "forget":
            raise Dropped()
        if job.fault == "error_after_200":
            return Answer(200, self.failure())
        if job.fault == "moderated":
            return Answer(200, {"predictions": [{"raiFilteredReason": "The prompt was blocked by a safety filter."}]})
        pictures = [self.site.picture(text, index, job.fault) for index in range(count)]
        answer = Answer(200, {"predictions": [
            {"mimeType": "image/png", "bytesBase64Encoded": base64.b64encode(picture).decode()} for picture in pictures
        ]})  # fmt: skip
        answer.cut = len(answer.body) // 2 if job.fault == "truncated" else None
        return answer

    def start(self, request, model):
        document, text = self.instance(request)
        submission = self.site.submission(request, text)
        if not model.startswith("veo-"):
            self.refuse(f"models/{model} is not found", 404)
        job = self.site.new_job(submission, document, f"models/{model}/operations/{uuid.uuid4().hex[:12]}")
        return Answer(200, {"name": job.id})

    def operation(self, request, name):
        job = self.site.find(name, self.error(404, f"{name} is not found"))
        if not job.is_over():
            return Answer(200, {"name": name, "done": False})
        if job.fault == "error_after_200":
            return Answer(200, {"name": name, "done": True, "error": {"code": 13, "message": "the model is on fire"}})
        if job.fault == "moderated":
            filtered = {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["The prompt was blocked by a safety filter."]}
            return Answer(200, {"name": name, "done": True, "response": {"generateVideoResponse": filtered}})
        uri = f"{self.site.root}/v1beta/files/{name.rpartition('/')[2]}:download?alt=media"
        samples = [{"video": {"uri": uri}}]
        return Answer(200, {"name": name, "done": True, "response": {"generateVideoResponse": {"generatedSamples": samples}}})

    def download(self, request, file_id):
        job = next((job for name, job in self.site.jobs.items() if name.endswith(file_id)), None)
        if job is None or job.phase() != DONE:
            raise Refused(self.error(404, "no such file"))
        return self.site.send_output(job, self.site.film(job.text, job.fault), "video/mp4", self.error(404, "no such file"))


class GeminiPictures(Gemini):
    """The same server, for those who ask it for pictures: with :generateContent or :predict."""

    name = "gemini_pictures"

    def output(self, text, index=0, fault=None):
        return self.site.picture(text, index, fault)
