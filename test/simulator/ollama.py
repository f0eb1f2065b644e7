"""Ollama: chat, generate and embed; answers as lines of JSON, errors among them."""

import asyncio
import datetime
import json

from . import faults
from .openai_chat import said, text_of
from .openai_chat import reply as reply_to
from .openai_embeddings import vector
from .protocol import NUMBER, Protocol
from .site import Dropped
from .web import Answer, Stream

GENERATE = {"model": str, "prompt": str, "suffix": str, "images": list, "system": str, "template": str,
            "format": (str, dict), "options": dict, "stream": bool, "raw": bool, "keep_alive": (str, int), "think": (bool, str),
            "context": list}  # fmt: skip
CHAT = {"model": str, "messages": list, "tools": list, "format": (str, dict), "options": dict, "stream": bool,
        "keep_alive": (str, int), "think": (bool, str)}  # fmt: skip
EMBED = {"model": str, "input": (str, list), "truncate": bool, "options": dict, "keep_alive": (str, int), "dimensions": int}
MESSAGE = {"role": str, "content": str, "images": list, "tool_calls": list, "tool_name": str, "thinking": str}
OPTIONS = {"temperature": NUMBER, "top_p": NUMBER, "top_k": int, "min_p": NUMBER, "seed": int, "num_predict": int,
           "num_ctx": int, "stop": list, "repeat_penalty": NUMBER, "presence_penalty": NUMBER, "frequency_penalty": NUMBER,
           "num_keep": int, "num_batch": int, "num_gpu": int, "num_thread": int, "repeat_last_n": int,
           "typical_p": NUMBER}  # fmt: skip


class Ollama(Protocol):
    name = "ollama"
    scheme = None  # in the cloud: Bearer

    def routes(self):
        return [
            ("POST", r"/api/chat", self.chat),
            ("POST", r"/api/generate", self.generate),
            ("POST", r"/api/embed", self.embed),
            ("GET", r"/api/tags", lambda request: Answer(200, {"models": [{"name": "simulated-1"}]})),
            ("GET", r"/api/version", lambda request: Answer(200, {"version": "0.12.0"})),
            ("GET", r"/api/ps", lambda request: Answer(200, {"models": []})),
        ]

    def error(self, status, message, code=None, headers=()):
        return Answer(status, {"error": message}, headers=headers)

    def refusal(self, fault):
        if fault == "throttled":
            return self.error(503, "server busy, please try again. maximum pending requests exceeded")
        return super().refusal(fault)

    def output(self, text, index=0, fault=None):
        return reply_to(text)

    async def chat(self, request):
        document = self.check(self.document(request), CHAT, ("model", "messages"))
        for message in document["messages"]:
            self.check(message, MESSAGE, ("role",), "messages.")
        return await self.answer(request, document, text_of(document["messages"]))

    async def generate(self, request):
        document = self.check(self.document(request), GENERATE, ("model",))
        return await self.answer(request, document, document.get("prompt", ""))

    async def embed(self, request):
        document = self.check(self.document(request), EMBED, ("model", "input"))
        texts = [document["input"]] if isinstance(document["input"], str) else document["input"]
        submission = self.site.submission(request, texts[0])
        await self.site.new_job(submission, document).over()
        return Answer(200, {"model": document["model"], "embeddings": [vector(text) for text in texts],
                            "total_duration": 14000000, "load_duration": 1000000, "prompt_eval_count": 8})  # fmt: skip

    async def answer(self, request, document, text):
        self.check(document.get("options") or {}, OPTIONS, where="options.")
        submission = self.site.submission(request, text)
        if not document["model"].startswith("simulated-1"):
            self.refuse(f"model '{document['model']}' not found", 404)
        job = self.site.new_job(submission, document)
        job.is_chat = "messages" in document
        await job.started()
        if job.fault == "forget":
            raise Dropped()
        if document.get("stream", True):
            return Stream(self.lines(job), "application/x-ndjson", cut=job.fault == "truncated")
        await job.over()
        if job.fault == "error_after_200":
            return Answer(200, {"error": "the model is on fire"})
        return Answer(200, {**self.line(job, said(job.text, job.fault)), **self.last(job)})

    def line(self, job, text):
        now = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
        body = {"message": {"role": "assistant", "content": text}} if job.is_chat else {"response": text}
        return {"model": job.request["model"], "created_at": now, **body, "done": False}

    def last(self, job):
        reason = faults.UNHEARD_OF if job.fault == "unknown_state" else "stop"
        return {"done": True, "done_reason": reason, "total_duration": 400000000, "load_duration": 1000000,
                "prompt_eval_count": len(job.text.split()), "prompt_eval_duration": 30000000,
                "eval_count": len(reply_to(job.text).split()), "eval_duration": 200000000}  # fmt: skip

    async def lines(self, job):
        text = said(job.text, job.fault)
        size = 1 << 16 if job.fault == "large" else 7
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        for number, piece in enumerate(pieces):
            if number > len(pieces) // 2 and job.fault == "truncated":
                return
            if number > len(pieces) // 2 and job.fault == "error_after_200":
                yield b'{"error":"the model is on fire"}\n'
                return
            line = self.encode(self.line(job, piece))
            yield line[:-9]
            yield line[-9:]
            if job.fault != "large":
                await asyncio.sleep(job.running_for / len(pieces))
        await job.over()
        yield self.encode({**self.line(job, ""), **self.last(job)})

    @staticmethod
    def encode(document):
        return json.dumps(document, ensure_ascii=False).encode() + b"\n"
