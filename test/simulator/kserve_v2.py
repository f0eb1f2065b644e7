"""KServe v2 as Triton speaks it: tensors as JSON, and behind the JSON as they are in memory."""

import json
import math
import struct

from .protocol import Protocol
from .site import Dropped, Refused
from .web import Answer

SIZES = {"BOOL": 1, "UINT8": 1, "UINT16": 2, "UINT32": 4, "UINT64": 8, "INT8": 1, "INT16": 2, "INT32": 4, "INT64": 8,
         "FP16": 2, "FP32": 4, "FP64": 8, "BF16": 2}  # fmt: skip
KNOWN = {"id": str, "parameters": dict, "inputs": list, "outputs": list}


def bytes_tensor(elements):
    return b"".join(struct.pack("<I", len(element)) + element for element in elements)


def elements_of(data):
    elements = []
    while data:
        (length,) = struct.unpack_from("<I", data)
        elements.append(data[4 : 4 + length])
        if len(elements[-1]) != length:
            raise ValueError("a BYTES tensor ends within an element")
        data = data[4 + length :]
    return elements


class KserveV2(Protocol):
    """One model, simulated-1: BYTES prompt (and any numbers besides) in, BYTES image, an encoded picture each, out."""

    name = "kserve_v2"
    scheme = None
    model = "simulated-1"

    def routes(self):
        model = rf"/v2/models/{self.model}[\w.-]*(?:/versions/\d+)?"
        return [
            ("GET", r"/v2/health/(?:live|ready)", lambda request: Answer(200)),
            ("GET", r"/v2", lambda request: Answer(200, {"name": "triton", "version": "2.60", "extensions": ["binary_tensor_data"]})),
            ("GET", model + "/ready", lambda request: Answer(200)),
            ("GET", model, self.describe),
            ("POST", model + "/infer", self.infer),
        ]

    def error(self, status, message, code=None, headers=()):
        return Answer(status, {"error": message}, headers=headers)

    def refusal(self, fault):
        if fault == "throttled":  # UNAVAILABLE; Triton itself knows no 429, but what stands in front of it does
            return self.error(503, "request queue is full", headers=["Retry-After: 2"])
        return super().refusal(fault)

    def output(self, text, index=0, fault=None):
        return self.site.picture(text, index, fault)

    def describe(self, request):
        return Answer(200, {
            "name": self.model, "versions": ["1"], "platform": "python",
            "inputs": [{"name": "prompt", "datatype": "BYTES", "shape": [1]}],
            "outputs": [{"name": "image", "datatype": "BYTES", "shape": [-1]}],
        })  # fmt: skip

    def read(self, request):
        """(document, {name: data}): the JSON and the tensors, wherever they are."""
        if "inference-header-content-length" not in request.headers:
            document, rest = self.document(request), b""
        else:
            if request.content_type() != "application/octet-stream":
                self.refuse("Inference-Header-Content-Length goes with application/octet-stream")
            length = int(request.headers["inference-header-content-length"])
            document, rest = json.loads(request.body[:length]), request.body[length:]
        self.check(document, KNOWN, ("inputs",))
        tensors = {}
        for tensor in document["inputs"]:
            self.check(tensor, {"name": str, "shape": list, "datatype": str, "data": list, "parameters": dict},
                       ("name", "shape", "datatype"), "inputs.")  # fmt: skip
            binary = (tensor.get("parameters") or {}).get("binary_data_size")
            if (binary is None) == ("data" not in tensor):
                self.refuse(f"input {tensor['name']} has neither or both of data and binary_data_size")
            data, rest = (tensor["data"], rest) if binary is None else (rest[:binary], rest[binary:])
            tensors[tensor["name"]] = self.decode(tensor, data)
        if rest:
            self.refuse(f"{len(rest)} bytes more than the inputs have")
        return document, tensors

    def decode(self, tensor, data):
        kind, count = tensor["datatype"], math.prod(tensor["shape"])
        if kind != "BYTES" and kind not in SIZES:
            self.refuse(f"datatype {kind} is not known")
        if isinstance(data, list):
            if kind in ("FP16", "BF16"):
                self.refuse(f"{kind} cannot be sent as JSON")
            found = [element.encode() if isinstance(element, str) else element for element in data]
        elif kind == "BYTES":
            try:
                found = elements_of(data)
            except (ValueError, struct.error) as error:
                self.refuse(str(error))
        else:
            found = [data[at : at + SIZES[kind]] for at in range(0, len(data), SIZES[kind])]
        if len(found) != count:
            self.refuse(f"input {tensor['name']} has {len(found)} elements, and its shape {tensor['shape']} says {count}")
        return found

    async def infer(self, request):
        document, tensors = self.read(request)
        if "prompt" not in tensors:
            self.refuse("expected 1 inputs but got 0 inputs for model 'simulated-1': prompt is missing")
        text = b"".join(tensors["prompt"]).decode()
        submission = self.site.submission(request, text)
        job = self.site.new_job(submission, document)
        await job.over()
        if job.fault == "forget":
            raise Dropped()
        if job.fault == "error_after_200":
            return Answer(200, {"error": "the model is on fire"})
        wanted = [output["name"] for output in document.get("outputs") or []]
        if set(wanted) - {"image"}:
            raise Refused(self.error(400, f"unexpected inference output '{wanted}' for model 'simulated-1'"))
        return self.answer(job, document)

    def answer(self, job, document):
        picture = self.site.picture(job.text, 0, job.fault)
        output = {"name": "image", "shape": [1], "datatype": "BYTES"}
        binary = (document.get("parameters") or {}).get("binary_data_output", False)
        for wanted in document.get("outputs") or []:
            binary = (wanted.get("parameters") or {}).get("binary_data", binary)
        if not binary:
            # As Triton: bytes that are no UTF-8 cannot be said in JSON.
            raise Refused(self.error(400, "output 'image' is not valid UTF-8; ask for it with binary_data"))
        data = bytes_tensor([picture])
        output["parameters"] = {"binary_data_size": len(data)}
        head = {"model_name": self.model, "model_version": "1", "outputs": [output]}
        if document.get("id"):
            head["id"] = document["id"]
        text = json.dumps(head).encode()
        answer = Answer(200, text + data, "application/octet-stream", [f"Inference-Header-Content-Length: {len(text)}"])
        answer.cut = len(answer.body) // 2 if job.fault == "truncated" else None
        return answer
