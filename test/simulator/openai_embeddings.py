"""POST /v1/embeddings: vectors as numbers or as base64 of little-endian floats."""

import base64
import random
import struct

from . import faults
from .media import seed_of
from .openai import OpenaiProtocol
from .site import Dropped
from .web import Answer

KNOWN = {"model": str, "input": (str, list), "encoding_format": str, "dimensions": int, "user": str}

MOST_NOISE = 1 << 16  # of numbers; more would keep every site waiting for seconds


def vector(text, dimensions=8):
    """Halves and quarters, which are the same in every precision."""
    noise = random.Random(seed_of(text))
    block = [noise.randrange(-8, 9) / 4 for _ in range(min(dimensions, MOST_NOISE))]
    return (block * (dimensions // len(block) + 1))[:dimensions]


class OpenaiEmbeddings(OpenaiProtocol):
    name = "openai_embeddings"

    def routes(self):
        return [("POST", r"/v1/embeddings", self.embed), *self.common_routes()]

    def output(self, text, index=0, fault=None):
        return vector(text)

    async def embed(self, request):
        document = self.check(self.document(request), KNOWN, ("model", "input"))
        texts = [document["input"]] if isinstance(document["input"], str) else document["input"]
        if not texts or not all(isinstance(text, str) and text for text in texts):
            self.refuse("input is neither a text nor an array of texts")
        if document.get("encoding_format", "float") not in ("float", "base64"):
            self.refuse("encoding_format is neither float nor base64")
        submission = self.site.submission(request, texts[0])
        self.known_model(document)
        job = self.site.new_job(submission, document)
        await job.over()
        if job.fault == "forget":
            raise Dropped()
        if job.fault == "error_after_200":
            return Answer(200, {"object": "error", "message": "the model is on fire", "type": "InternalServerError",
                                "param": None, "code": 500})  # fmt: skip
        answer = Answer(200, self.answer(job, texts))
        answer.cut = len(answer.body) // 2 if job.fault == "truncated" else None
        return answer

    def answer(self, job, texts):
        dimensions = faults.LARGE_BYTES // 5 if job.fault == "large" else job.request.get("dimensions") or 8
        vectors = [vector(text, dimensions) for text in texts]
        if job.request.get("encoding_format") == "base64":
            vectors = [base64.b64encode(struct.pack(f"<{dimensions}f", *numbers)).decode() for numbers in vectors]
        tokens = sum(len(text.split()) for text in texts)
        return {
            "object": "list",
            "model": job.request["model"],
            "data": [{"object": "embedding", "index": index, "embedding": numbers} for index, numbers in enumerate(vectors)],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
