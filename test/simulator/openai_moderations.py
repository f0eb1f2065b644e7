"""POST /v1/moderations: how much a text or a picture is of what. Scores are words in the text: score:violence=0.7."""

import base64
import re

from .openai import OpenaiProtocol
from .site import Dropped
from .web import Answer

CATEGORIES = (
    "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm",
    "self-harm/intent", "self-harm/instructions", "sexual", "sexual/minors", "violence", "violence/graphic",
)  # fmt: skip
KNOWN = {"model": str, "input": (str, list)}
PICTURE = re.compile(r"data:image/(png|jpeg|webp|gif);base64,([A-Za-z0-9+/]+=*)")


class OpenaiModerations(OpenaiProtocol):
    name = "openai_moderations"

    def routes(self):
        return [("POST", r"/v1/moderations", self.moderate), *self.common_routes()]

    def output(self, text, index=0, fault=None):
        said = dict(re.findall(r"score:([a-z/-]+)=([0-9.]+)", text))
        return {category: float(said.get(category, 0.0001)) for category in CATEGORIES}

    def parts(self, given):
        """(texts, pictures) of an input, which is a text, several, or an array of parts."""
        texts, pictures = [], []
        for part in [given] if isinstance(given, str) else given:
            if isinstance(part, str):
                part = {"type": "text", "text": part}
            if not isinstance(part, dict):
                self.refuse("input has a part that is none")
            if part.get("type") == "text":
                self.check(part, {"type": str, "text": str}, ("text",), "input.")
                texts.append(part["text"])
            elif part.get("type") == "image_url":
                self.check(part, {"type": str, "image_url": dict}, ("image_url",), "input.")
                found = PICTURE.fullmatch(part["image_url"].get("url", ""))
                if not found:
                    self.refuse("input.image_url.url is no data: URL of a picture")
                pictures.append(base64.b64decode(found[2], validate=True))
            else:
                self.refuse(f"input has a part of the type {part.get('type')}")
        if not texts and not pictures:
            self.refuse("input is empty")
        return texts, pictures

    async def moderate(self, request):
        document = self.check(self.document(request), KNOWN, ("input",))
        texts, pictures = self.parts(document["input"])
        text = "\n".join(texts)
        submission = self.site.submission(request, text)
        submission.pictures = pictures
        self.known_model(document)
        job = self.site.new_job(submission, document)
        await job.over()
        if job.fault == "forget":
            raise Dropped()
        scores = self.output(text)
        applied = ["text", "image"] if pictures else ["text"]
        results = [{
            "flagged": any(score >= 0.5 for score in scores.values()),
            "categories": {category: score >= 0.5 for category, score in scores.items()},
            "category_scores": scores,
            "category_applied_input_types": {category: applied for category in scores},
        }]  # fmt: skip
        if job.fault == "error_after_200":
            results = []
        answer = Answer(200, {"id": f"modr-{job.id}", "model": document.get("model"), "results": results})
        answer.cut = len(answer.body) // 2 if job.fault == "truncated" else None
        return answer
