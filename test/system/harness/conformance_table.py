"""The conformance table: every adapter times every scenario. A cell is what has to happen, or why there is nothing to test.

Each cell has a site of the simulator, a provider, a model and an endpoint of its own, so that all of them are played at
the same time. docs/conformance.md is written from this file.
"""

import dataclasses

# name: (title, fault of the simulator, what has to become of it)
SCENARIOS = {
    "happy": ("happy path", None, "completed by one attempt, outputs byte for byte, nothing refused"),
    "slow": ("slow", "slow", "waited for, completed by one attempt"),
    "throttled": ("429 + Retry-After", "throttled", "tried again when the server says, which costs no attempt"),
    "unauthorized": ("401", "unauthorized", "failed with class auth after one request"),
    "no_credit": ("402", "no_credit", "failed with class payment after one request"),
    "broken": ("5xx", "broken", "tried again, completed"),
    "invalid": ("invalid input", "invalid", "failed with class invalid_input and the server's reason after one request"),
    "moderated": ("moderation refusal", "moderated", "failed with class content_policy, not repeated"),
    "cancel_queued": ("cancel while queued", "hold_queued", "cancelled; a provider that has the job is told"),
    "cancel_running": ("cancel while running", "hold_running", "cancelled; the provider is told, or sees the connection close"),
    "courier_crash": ("courier crash after submit", "hold_running",
                      "taken up again by its id, not submitted twice; without an id as ambiguity_policy says"),
    "forget": ("server restart forgetting the job", "forget",
               "free: submitted again and completed; paid: failed, submitted once"),
    "expired": ("expired output", "expired", "failed with class expired, submitted once"),
    "truncated": ("truncated body", "truncated", "fetched again where that is possible, else as ambiguity_policy says"),
    "error_after_200": ("error after 200", "error_after_200", "an error with the server's words and no result"),
    "large": ("20 MB output", "large", "completed byte for byte; what is no file is refused as too_large"),
    "duplicated_webhook": ("duplicated webhook", None, "both are taken, the job is completed once"),
    "forged_webhook": ("forged webhook", "hold_running", "refused; the job goes on and ends as the provider says"),
    "unknown_state": ("unknown state word", "unknown_state", "an error of class bad_response with the word in it"),
}  # fmt: skip

WEBHOOKS = ("duplicated_webhook", "forged_webhook")
NO_WEBHOOK = dict.fromkeys(WEBHOOKS, "it has no webhooks")
NO_STATES = {"unknown_state": "one request and one answer: there are no states"}
INLINE = {"expired": "outputs are in the answer itself: there is nothing that could expire before they are read"}
NO_MODERATION = {"moderated": "nobody moderates there, and no document knows a word for it"}
OPEN_SERVER = {
    "unauthorized": "it has no credentials",
    "no_credit": "it has no accounts",
}


@dataclasses.dataclass(frozen=True)
class Expect:
    """What a cell has to come to.

    accepted: how many submissions made a job at the provider, which is what is paid for. tries: attempts in all.
    """

    status: str = "completed"
    error_class: str = None
    accepted: int = 1
    tries: int = 1
    words: str = ""  # in the error message


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """An adapter under test, and how it is set up."""

    adapter: str
    protocol: str = None  # of the simulator; None: of the same name
    title: str = None  # None: the adapter
    modality: str = "image"
    model: str = "simulated-1"  # the beginning of the model's name
    auth: tuple = ("bearer", "Authorization")
    paid: bool = True  # then the ambiguity policy is fail, else retry
    has_id: bool = False  # the provider gives the job an id, so that it outlives the connection
    secret: str = "{}"  # the form of a token
    hears_cancel: bool = False  # a request tells it, though there is no id
    outputs: str = "files"  # files, text or result
    says: callable = None  # the result that follows from the prompt and what the protocol makes of it, where that is not it
    parameters: dict = dataclasses.field(default_factory=dict)
    options: dict = dataclasses.field(default_factory=dict)
    columns: dict = dataclasses.field(default_factory=dict)  # of the endpoint
    output_count: int = 1
    not_applicable: dict = dataclasses.field(default_factory=dict)
    webhook: str = None  # the function that takes its webhooks
    patience_s: float = 2  # that the server asks for, when it has too much to do
    expect: dict = dataclasses.field(default_factory=dict)

    @property
    def name(self):
        return self.title or self.adapter

    def expected(self, scenario):
        return self.expect.get(scenario) or self.usual(scenario)

    def usual(self, scenario):
        ambiguous = Expect("failed", "ambiguous") if self.paid else Expect(accepted=2, tries=2)
        return {
            "throttled": Expect(tries=2),
            "unauthorized": Expect("failed", "auth", accepted=0),
            "no_credit": Expect("failed", "payment", accepted=0),
            "broken": Expect(tries=2),
            "invalid": Expect("failed", "invalid_input", accepted=0, words="steps"),
            "moderated": Expect("failed", "content_policy", accepted=1 if self.has_id else 0),
            "cancel_queued": Expect("cancelled", accepted=int(self.has_id), tries=int(self.has_id)),
            "cancel_running": Expect("cancelled"),
            "courier_crash": Expect() if self.has_id else ambiguous,
            "forget": (Expect("failed", "expired") if self.paid else Expect(accepted=2, tries=2)) if self.has_id else ambiguous,
            "expired": Expect("failed", "expired"),
            "truncated": Expect() if self.has_id else ambiguous,
            "error_after_200": Expect("failed", "bad_response", accepted=3, tries=3, words="on fire"),
            "unknown_state": Expect("failed", "bad_response", 1 if self.paid else 3, 1 if self.paid else 3, "quite_unheard_of"),
        }.get(scenario, Expect())


WORKER_CRASH = {"error_after_200": Expect("failed", "worker_crash", accepted=3, tries=3, words="on fire")}

# What comfyui is asked to do, in the API format.
GRAPH = {
    "3": {"class_type": "KSampler", "inputs": {
        "seed": "{parameters.seed}", "steps": "{parameters.steps}", "cfg": 7, "sampler_name": "euler", "scheduler": "normal",
        "denoise": 1, "model": ["4", 0], "positive": ["6", 0], "negative": ["6", 0], "latent_image": ["5", 0]}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "simulated.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 2}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "{parameters.prompt}", "clip": ["4", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "atelier/{id}", "images": ["8", 0]}},
}  # fmt: skip

NO_QUOTA = {
    "throttled": "a second request waits for the first: nobody is ever asked to come back later",
    "no_credit": OPEN_SERVER["no_credit"],
}

SUBJECTS = [
    Subject(
        "a1111",
        auth=("basic", "Authorization"),
        secret="studio:{}",
        paid=False,
        hears_cancel=True,
        parameters={"width": 64, "height": 64, "n": 2, "steps": 4, "seed": 7},
        output_count=2,
        not_applicable={**NO_QUOTA, **NO_MODERATION, **NO_WEBHOOK, **NO_STATES, **INLINE},
        expect={"error_after_200": Expect("failed", "bad_response", accepted=3, tries=3, words="on fire")},
    ),
    Subject(
        "comfyui",
        auth=("none", "Authorization"),
        paid=False,
        has_id=True,
        parameters={"seed": 7, "steps": 4},
        options={"workflow": GRAPH},
        output_count=2,
        not_applicable={**OPEN_SERVER, **NO_MODERATION, **NO_WEBHOOK},
        expect=WORKER_CRASH,
    ),
    Subject(
        "fal",
        model="simulated-ai/flux/dev",
        auth=("key", "Authorization"),
        has_id=True,
        parameters={"n": 2, "steps": 4, "width": 64, "height": 64},
        output_count=2,
        webhook="fal_webhook",
        expect={"error_after_200": Expect("failed", "worker_crash", accepted=3, tries=3, words="runner")},
    ),
    Subject(
        "gemini",
        modality="chat",
        model="simulated-text",
        auth=("header", "x-goog-api-key"),
        outputs="text",
        parameters={"temperature": 0.5},
        not_applicable={**NO_WEBHOOK, **INLINE},
        expect={
            "error_after_200": Expect("failed", "overload", accepted=3, tries=3, words="on fire"),
            "large": Expect("failed", "too_large"),
            "moderated": Expect("failed", "content_policy"),
            "unknown_state": Expect("failed", "bad_response", accepted=3, tries=3, words="quite_unheard_of"),
        },
    ),
    Subject(
        "gemini",
        protocol="gemini_pictures",
        title="gemini (pictures)",
        model="simulated-image",
        auth=("header", "x-goog-api-key"),
        parameters={"aspect_ratio": "1:1"},
        not_applicable={**NO_WEBHOOK, **INLINE},
        expect={
            "error_after_200": Expect("failed", "overload", accepted=3, tries=3, words="on fire"),
            "moderated": Expect("failed", "content_policy"),
            "unknown_state": Expect("failed", "bad_response", accepted=3, tries=3, words="quite_unheard_of"),
        },
    ),
    Subject(
        "gemini",
        protocol="gemini_pictures",
        title="gemini (Imagen)",
        model="imagen-simulated",
        auth=("header", "x-goog-api-key"),
        parameters={"n": 2},
        output_count=2,
        not_applicable={**NO_WEBHOOK, **NO_STATES, **INLINE},
        expect={
            "error_after_200": Expect("failed", "overload", accepted=3, tries=3, words="on fire"),
            "moderated": Expect("failed", "content_policy"),
        },
    ),
    Subject(
        "http_json",
        auth=("header", "X-Pavilion-Pass"),
        has_id=True,
        parameters={"steps": 4, "n": 2},
        options={
            "path": "/renderings",
            "request": {"text": "{parameters.prompt}", "pieces": "{parameters.n}", "knobs": {"rounds": "{parameters.steps}"}},
            "external_id": "/ticket/no", "poll": "/renderings/{external_id}", "state": "/ticket/phase",
            "states": {"waiting": "queued", "drawing": "running", "hung": "succeeded", "torn": "failed",
                       "withdrawn": "cancelled"},
            "progress": "/ticket/share", "poll_ms": 300, "poll_max_ms": 1000, "cancel": "DELETE /renderings/{external_id}",
            "outputs": "/works/*/at", "error": "/complaint", "error_message": "/complaint/words",
            "error_code": "/complaint/kind", "error_classes": {"indecent": "content_policy"},
        },  # fmt: skip
        output_count=2,
        not_applicable=dict.fromkeys(WEBHOOKS, "it tells such an API where to report, and asks: no two of them report alike"),
        expect=WORKER_CRASH,
    ),
    Subject(
        "http_json",
        title="http_json (one answer)",
        auth=("header", "X-Pavilion-Pass"),
        outputs="result",
        says=lambda prompt, made: [prompt, "indeed"],
        options={
            "path": "/words", "request": {"text": "{parameters.prompt}"}, "result": "/words", "error": "/complaint",
            "error_message": "/complaint/words", "error_code": "/complaint/kind",
            "error_classes": {"indecent": "content_policy"},
        },  # fmt: skip
        not_applicable={**NO_WEBHOOK, **NO_STATES, **INLINE},
        expect={"large": Expect("failed", "too_large")},
    ),
    Subject(
        "kserve_v2",
        auth=("none", "Authorization"),
        paid=False,
        parameters={"steps": 4},
        options={
            "inputs": [
                {"name": "prompt", "datatype": "BYTES", "value": "{parameters.prompt}"},
                {"name": "steps", "datatype": "INT32", "shape": [1], "value": "{parameters.steps}"},
            ],
            "outputs": [{"name": "image", "kind": "picture"}],
        },
        not_applicable={**OPEN_SERVER, **NO_MODERATION, **NO_WEBHOOK, **NO_STATES, **INLINE},
    ),
    Subject(
        "ollama",
        modality="chat",
        auth=("none", "Authorization"),
        paid=False,
        outputs="text",
        patience_s=0.9,
        parameters={"temperature": 0.5},
        not_applicable={**OPEN_SERVER, **NO_MODERATION, **NO_WEBHOOK, **INLINE},
        expect={"large": Expect("failed", "too_large")},
    ),
    Subject(
        "openai_chat",
        modality="chat",
        outputs="text",
        parameters={"temperature": 0.5, "max_tokens": 1000},
        not_applicable={**NO_WEBHOOK, **INLINE},
        expect={
            "error_after_200": Expect("failed", "overload", accepted=3, tries=3, words="on fire"),
            "large": Expect("failed", "too_large"),
            "moderated": Expect("failed", "content_policy"),
            # The reason to stop, after the whole text: an answer that is no result, which is asked for again.
            "unknown_state": Expect("failed", "bad_response", accepted=3, tries=3, words="quite_unheard_of"),
        },
    ),
    Subject(
        "openai_embeddings",
        modality="chat",
        outputs="result",
        says=lambda prompt, made: {"embeddings": [made], "dimensions": 8},
        parameters={"encoding_format": "base64"},
        not_applicable={**NO_MODERATION, **NO_WEBHOOK, **NO_STATES, **INLINE},
        expect={
            "error_after_200": Expect("failed", "overload", accepted=3, tries=3, words="on fire"),
            "large": Expect("failed", "too_large"),
        },
    ),
    Subject(
        "openai_images",
        parameters={"width": 64, "height": 64, "n": 2},
        output_count=2,
        not_applicable={**NO_WEBHOOK, **NO_STATES, **INLINE},
        # The type of the error says server_error.
        expect={"error_after_200": Expect("failed", "overload", accepted=3, tries=3, words="on fire")},
    ),
    Subject(
        "openai_videos",
        modality="video",
        has_id=True,
        parameters={"seconds": "4"},
        not_applicable=dict.fromkeys(WEBHOOKS, "its webhooks are set up for an account and not for a request; it is asked instead"),
        expect=WORKER_CRASH,
    ),
    Subject(
        "replicate",
        model="simulated/flux",
        has_id=True,
        parameters={"n": 2, "steps": 4},
        output_count=2,
        webhook="replicate_webhook",
        expect={"error_after_200": Expect("failed", "worker_crash", accepted=3, tries=3, words="interrupted")},
    ),
    Subject(
        "runpod",
        has_id=True,
        parameters={"steps": 4},
        webhook="runpod_webhook",
        not_applicable=NO_MODERATION,
        expect=WORKER_CRASH,
    ),
    Subject(
        "sdcpp",
        auth=("none", "Authorization"),
        paid=False,
        has_id=True,
        parameters={"width": 64, "height": 64, "n": 2, "steps": 4, "guidance": 1.0, "seed": 7},
        output_count=2,
        not_applicable={**OPEN_SERVER, **NO_MODERATION, **NO_WEBHOOK},
        expect=WORKER_CRASH,
    ),
]
