"""What the OpenAI-compatible protocols share: errors, models, health."""

import time

from .protocol import Protocol
from .site import Refused
from .web import Answer

TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error", 500: "server_error"}
MODERATED = "Your request was rejected by the safety system."


class OpenaiProtocol(Protocol):
    base = "/v1"
    models = ("simulated-1",)  # and whatever begins so

    def common_routes(self):
        return [
            ("GET", r"/v1/models", lambda request: Answer(200, {"object": "list", "data": [
                {"id": model, "object": "model", "created": 1700000000, "owned_by": "simulator"} for model in self.models
            ]})),
            ("GET", r"/health", lambda request: Answer(200, {"status": "ok"})),
        ]  # fmt: skip

    def error(self, status, message, code=None, headers=()):
        kind = TYPES.get(status, "invalid_request_error")
        body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
        return Answer(status, body, headers=[f"x-request-id: req_{time.monotonic_ns()}", *headers])

    def known_model(self, document):
        if not document.get("model", "").startswith(self.models):
            raise Refused(self.error(404, f"The model `{document.get('model')}` does not exist", "model_not_found"))
