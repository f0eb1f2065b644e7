"""POST /v1/chat/completions: JSON, or a stream of server-sent events with usage, tool calls and errors inside."""

import asyncio
import json
import uuid

from . import faults
from .openai import OpenaiProtocol
from .protocol import NUMBER
from .site import Dropped
from .web import Answer, Stream

KNOWN = {
    "model": str, "messages": list, "temperature": NUMBER, "top_p": NUMBER, "n": int, "stop": (str, list), "seed": int,
    "max_tokens": int, "max_completion_tokens": int, "presence_penalty": NUMBER, "frequency_penalty": NUMBER,
    "logit_bias": dict, "logprobs": bool, "top_logprobs": int, "tools": list, "tool_choice": (str, dict),
    "response_format": dict, "stream": bool, "stream_options": dict, "user": str, "metadata": dict,
    "parallel_tool_calls": bool, "reasoning_effort": str, "verbosity": str,
}  # fmt: skip
ROLES = {"system", "developer", "user", "assistant", "tool"}


def reply(text):
    """What the model says to a text: words, and characters of one, two, three and four bytes."""
    return f"You said: {text}. Caf\u00e9 \u2013 gr\u00fcn \u65e5\u672c \U0001f333 done."


def said(text, fault):
    return reply(text) * (faults.LARGE_BYTES // len(reply(text)) + 1) if fault == "large" else reply(text)


def text_of(messages):
    """The text of the last message of the user."""
    for message in reversed(messages):
        if message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, str):
                return content
            return "".join(part.get("text", "") for part in content or [] if part.get("type") == "text")
    return ""


class OpenaiChat(OpenaiProtocol):
    name = "openai_chat"

    def routes(self):
        return [("POST", r"/v1/chat/completions", self.complete), *self.common_routes()]

    def output(self, text, index=0, fault=None):
        return reply(text)

    def check_messages(self, messages):
        if not messages:
            self.refuse("messages: is too short")
        for number, message in enumerate(messages):
            if not isinstance(message, dict) or message.get("role") not in ROLES:
                self.refuse(f"messages[{number}].role is not one of {sorted(ROLES)}")
            known = {"role": str, "content": (str, list), "name": str, "tool_calls": list, "tool_call_id": str,
                     "refusal": str}  # fmt: skip
            self.check(message, known, where=f"messages[{number}].")
            for part in message["content"] if isinstance(message.get("content"), list) else []:
                if part.get("type") not in ("text", "image_url", "input_audio", "file"):
                    self.refuse(f"messages[{number}].content: no such kind of part")
                if part["type"] == "image_url" and not isinstance(part.get("image_url"), dict):
                    self.refuse(f"messages[{number}].content: image_url is not an object")

    async def complete(self, request):
        document = self.check(self.document(request), KNOWN, ("model", "messages"))
        self.check_messages(document["messages"])
        if "stream_options" in document and not document.get("stream"):
            self.refuse("The 'stream_options' parameter is only allowed when 'stream' is enabled.")
        text = text_of(document["messages"])
        submission = self.site.submission(request, text)
        self.known_model(document)
        job = self.site.new_job(submission, document, f"chatcmpl-{uuid.uuid4().hex[:24]}")
        await job.started()
        if job.fault == "forget":
            raise Dropped()
        if document.get("stream"):
            return Stream(self.events(job), "text/event-stream", cut=job.fault == "truncated")
        await job.over()
        if job.fault == "error_after_200":
            return Answer(200, self.failure())
        answer = Answer(200, self.whole(job))
        answer.cut = len(answer.body) // 2 if job.fault == "truncated" else None
        return answer

    def failure(self):
        return {"error": {"message": "the model is on fire", "type": "server_error", "param": None, "code": None}}

    def usage(self, job):
        return {"prompt_tokens": len(job.text.split()), "completion_tokens": len(reply(job.text).split()),
                "total_tokens": len(job.text.split()) + len(reply(job.text).split()),
                "prompt_tokens_details": {"cached_tokens": 0}}  # fmt: skip

    def calls(self, job):
        """The tool that a request asks to be called, with what it requires, or None."""
        tools = job.request.get("tools")
        if not tools or job.request.get("tool_choice") == "none":
            return None
        required = tools[0]["function"].get("parameters", {}).get("required") or ["about"]
        return tools[0]["function"]["name"], json.dumps({name: job.text for name in required})

    def finish_reason(self, job):
        if job.fault in ("moderated", "unknown_state"):
            return "content_filter" if job.fault == "moderated" else faults.UNHEARD_OF
        return "tool_calls" if self.calls(job) else "stop"

    def head(self, job, kind):
        return {"id": job.id, "object": kind, "created": int(job.created_at), "model": job.request["model"],
                "system_fingerprint": "fp_simulated"}  # fmt: skip

    def whole(self, job):
        message = {"role": "assistant", "content": said(job.text, job.fault), "refusal": None}
        if job.fault == "moderated":
            message["content"] = ""
        elif call := self.calls(job):
            message["content"] = None
            message["tool_calls"] = [{"id": "call_1", "type": "function", "function": dict(zip(("name", "arguments"), call))}]
        return {
            **self.head(job, "chat.completion"),
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish_reason(job)}],
            "usage": self.usage(job),
        }

    def deltas(self, job):
        yield {"role": "assistant", "content": ""}
        if job.fault == "moderated":
            return
        if call := self.calls(job):
            name, arguments = call
            yield {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {"name": name, "arguments": ""}}]}
            for at in range(0, len(arguments), 5):
                yield {"tool_calls": [{"index": 0, "function": {"arguments": arguments[at : at + 5]}}]}
            return
        text = said(job.text, job.fault)
        size = 1 << 16 if job.fault == "large" else 7
        for at in range(0, len(text), size):
            yield {"content": text[at : at + size]}

    async def events(self, job):
        """The bytes of the stream, in pieces that end anywhere, also within a character."""
        deltas = list(self.deltas(job))
        yield b": ping\n\n"
        for number, delta in enumerate(deltas):
            if job.fault == "truncated" and number > len(deltas) // 2:
                return
            if job.fault == "error_after_200" and number > len(deltas) // 2:
                yield b"data: " + json.dumps(self.failure()).encode() + b"\n\n"
                return
            data = self.event(self.chunk(job, [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]))
            yield data[:-5]
            yield data[-5:]
            if job.fault != "large":
                await asyncio.sleep(job.running_for / len(deltas))
        await job.over()
        yield self.event(self.chunk(job, [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": self.finish_reason(job)}]))
        if job.request.get("stream_options", {}).get("include_usage"):
            yield self.event({**self.chunk(job, []), "usage": self.usage(job)})
        yield b"data: [DONE]\n\n"

    def chunk(self, job, choices):
        return {**self.head(job, "chat.completion.chunk"), "choices": choices}

    @staticmethod
    def event(document):
        return b"data: " + json.dumps(document, ensure_ascii=False).encode() + b"\n\n"
