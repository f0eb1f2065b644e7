"""The conformance table: every adapter times every scenario. A cell is what has to happen, or why there is nothing to test.

Each cell has a site of the simulator, a provider, a model and an endpoint of its own, so that all of them are played at
the same time. docs/conformance.md is written from this file.
"""

import dataclasses

UNREADABLE = "as ambiguity_policy says: it was carried out, and what came of it cannot be read"
UNKNOWN_END = "as ambiguity_policy says: nobody knows whether it was carried out"
ASKED_AGAIN = "asked again until the server answers; submitted once, completed"

# The same for every protocol. name: (title, fault of the simulator, what has to become of it)
HTTP_SCENARIOS = {
    "throttled_silently": ("429 without Retry-After", "throttled_silently", "tried again after a pause, which costs no attempt"),
    "throttled_until": ("429 with a date", "throttled_until", "tried again after that date, which costs no attempt"),
    "busy": ("503 + Retry-After", "busy", "tried again when the server says, which costs no attempt"),
    "bad_gateway": ("502 with a page", "bad_gateway", "tried again, completed"),
    "gateway_timeout": ("504 with a page, and the work goes on", "gateway_timeout", UNKNOWN_END),
    "odd_status": ("599", "odd_status", "tried again, completed"),
    "forbidden": ("403", "forbidden", "failed with class auth after one request"),
    "unknown_model": ("404", "unknown_model", "failed with class invalid_input after one request"),
    "payload_too_large": ("413 with a page", "payload_too_large", "failed with class invalid_input after one request"),
    "teapot": ("418", "teapot", "failed with class invalid_input after one request"),
    "redirect": ("redirect", "redirect", "not followed; failed with class bad_response"),
    "long_error": ("5 MB of error", "long_error", "failed with class invalid_input; what is kept of the text is cut"),
    "garbled_error": ("error that is no UTF-8", "garbled_error", "failed with class invalid_input; what is kept is UTF-8"),
    "echoed_secret": ("error that quotes the credential", "echoed_secret",
                      "failed with class invalid_input; the credential is struck out in every form"),
    "reset_early": ("reset before the request was sent", None, "tried again, submitted once, completed"),
    "reset": ("reset after the request was sent", "reset", UNKNOWN_END),
    "trickled": ("answer byte by byte without an end", "trickled", "ended by total_timeout_ms; " + UNKNOWN_END),
    "wrong_length": ("answer longer than announced", "wrong_length", UNREADABLE),
    "no_http": ("no HTTP", "no_http", UNREADABLE),
    "empty": ("200 with nothing", "empty", UNREADABLE),
    "page": ("200 with a page", "page", UNREADABLE),
    "not_utf8": ("200 with what is no UTF-8", "not_utf8", UNREADABLE),
    "huge_head": ("200 with a head of 200 kB", "huge_head", UNREADABLE),
    "wrong_type": ("200 with an array for an object", "wrong_type", UNREADABLE),
    "compressed": ("200, compressed unasked", "compressed", UNREADABLE),
    "extra_fields": ("unknown and doubled members, numbers beyond measure", "extra_fields", "completed by one attempt"),
    "piecemeal": ("103, then every byte a chunk", "piecemeal", "completed by one attempt"),
    "away": ("server away after submit", "away", ASKED_AGAIN),
    "poll_broken": ("500 to two questions", "poll_broken", ASKED_AGAIN),
    "poll_page": ("200 with a page to two questions", "poll_page", ASKED_AGAIN),
}  # fmt: skip

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
    **HTTP_SCENARIOS,
}  # fmt: skip

WEBHOOKS = ("duplicated_webhook", "forged_webhook")
NO_WEBHOOK = dict.fromkeys(WEBHOOKS, "it has no webhooks")
NO_STATES = {"unknown_state": "one request and one answer: there are no states"}
NO_QUESTIONS = dict.fromkeys(("away", "poll_broken", "poll_page"), "one request and one answer: nothing is asked after it")
INLINE = {"expired": "outputs are in the answer itself: there is nothing that could expire before they are read"}
NO_MODERATION = {"moderated": "nobody moderates there, and no document knows a word for it"}
OPEN_SERVER = {
    "unauthorized": "it has no credentials",
    "echoed_secret": "it has no credentials",
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
        unreadable = Expect("failed", "bad_response") if self.paid else ambiguous
        once = 1 if self.paid else 3
        refused = Expect("failed", "invalid_input", accepted=0)
        return {
            **dict.fromkeys(THROTTLED, Expect(tries=2)),
            **dict.fromkeys(("broken", "bad_gateway", "odd_status", "reset_early"), Expect(tries=2)),
            **dict.fromkeys(("gateway_timeout", "reset", "trickled"), ambiguous),
            **dict.fromkeys(
                ("wrong_length", "empty", "page", "not_utf8", "huge_head", "wrong_type", "compressed", "no_http"), unreadable),
            **dict.fromkeys(("unknown_model", "payload_too_large", "teapot", "long_error", "garbled_error"), refused),
            "echoed_secret": dataclasses.replace(refused, words="I do not take ["),
            "forbidden": Expect("failed", "auth", accepted=0),
            "redirect": Expect("failed", "bad_response", accepted=0, tries=3, words="redirects are not followed"),
            "unauthorized": Expect("failed", "auth", accepted=0),
            "no_credit": Expect("failed", "payment", accepted=0),
            "invalid": Expect("failed", "invalid_input", accepted=0, words="steps"),
            "moderated": Expect("failed", "content_policy", accepted=1 if self.has_id else 0),
            "cancel_queued": Expect("cancelled", accepted=int(self.has_id), tries=int(self.has_id)),
            "cancel_running": Expect("cancelled"),
            "courier_crash": Expect() if self.has_id else ambiguous,
            "forget": (Expect("failed", "expired") if self.paid else Expect(accepted=2, tries=2)) if self.has_id else ambiguous,
            "expired": Expect("failed", "expired"),
            "truncated": Expect() if self.has_id else ambiguous,
            "error_after_200": Expect("failed", "bad_response", accepted=3, tries=3, words="on fire"),
            "unknown_state": Expect("failed", "bad_response", once, once, "quite_unheard_of"),
        }.get(scenario, Expect())


# The request was taken, under an id that the answer does not tell.
NO_ID = {"wrong_type": Expect("failed", "ambiguous")}
NO_ID_AT_ALL = {**NO_ID, **dict.fromkeys(("wrong_length", "empty", "page", "not_utf8"), Expect("failed", "ambiguous"))}
BROKEN_STREAM = dict.fromkeys(("wrong_length", "empty"), Expect("failed", "ambiguous"))
WORKER_CRASH = {"error_after_200": Expect("failed", "worker_crash", accepted=3, tries=3, words="on fire")}

THROTTLED = ("throttled", "throttled_silently", "throttled_until", "busy")
REFUSED_AT_ONCE = {
    "unauthorized": None, "no_credit": None, "invalid": None, "forbidden": 403, "unknown_model": 404,
    "payload_too_large": 413, "teapot": 418, "long_error": None, "garbled_error": None, "echoed_secret": None,
}  # fmt: skip
# Of the first attempt, where another one follows.
FIRST_ERROR = {
    **dict.fromkeys(THROTTLED, "throttled"),
    **dict.fromkeys(("broken", "bad_gateway", "odd_status"), "overload"),
    **dict.fromkeys(("gateway_timeout", "reset", "trickled"), "ambiguous"),
    "reset_early": "transient_net",
}

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
        not_applicable={**NO_QUESTIONS, **NO_QUOTA, **NO_MODERATION, **NO_WEBHOOK, **NO_STATES, **INLINE},
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
        expect={"error_after_200": Expect("failed", "worker_crash", accepted=3, tries=3, words="runner"), **NO_ID_AT_ALL},
    ),
    Subject(
        "gemini",
        modality="chat",
        model="simulated-text",
        auth=("header", "x-goog-api-key"),
        outputs="text",
        parameters={"temperature": 0.5},
        not_applicable={**NO_QUESTIONS, **NO_WEBHOOK, **INLINE},
        expect={
            "error_after_200": Expect("failed", "overload", accepted=3, tries=3, words="on fire"),
            "large": Expect("failed", "too_large"),
            **BROKEN_STREAM,
            "moderated": Expect("failed", "content_policy"),
        },
    ),
    Subject(
        "gemini",
        protocol="gemini_pictures",
        title="gemini (pictures)",
        model="simulated-image",
        auth=("header", "x-goog-api-key"),
        parameters={"aspect_ratio": "1:1"},
        not_applicable={**NO_QUESTIONS, **NO_WEBHOOK, **INLINE},
        expect={
            "error_after_200": Expect("failed", "overload", accepted=3, tries=3, words="on fire"),
            "moderated": Expect("failed", "content_policy"),
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
        not_applicable={**NO_QUESTIONS, **NO_WEBHOOK, **NO_STATES, **INLINE},
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
        expect={**WORKER_CRASH, **NO_ID},
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
        not_applicable={**NO_QUESTIONS, **NO_WEBHOOK, **NO_STATES, **INLINE},
        expect={
            "error_after_200": Expect("failed", "bad_response", words="on fire"),
            "large": Expect("failed", "too_large"),
        },
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
        not_applicable={**NO_QUESTIONS, **OPEN_SERVER, **NO_MODERATION, **NO_WEBHOOK, **NO_STATES, **INLINE},
    ),
    Subject(
        "ollama",
        modality="chat",
        auth=("none", "Authorization"),
        paid=False,
        outputs="text",
        patience_s=0.9,
        parameters={"temperature": 0.5},
        not_applicable={**NO_QUESTIONS, **OPEN_SERVER, **NO_MODERATION, **NO_WEBHOOK, **INLINE},
        expect={"large": Expect("failed", "too_large")},
    ),
    Subject(
        "openai_chat",
        modality="chat",
        outputs="text",
        parameters={"temperature": 0.5, "max_tokens": 1000},
        not_applicable={**NO_QUESTIONS, **NO_WEBHOOK, **INLINE},
        expect={
            "error_after_200": Expect("failed", "overload", accepted=3, tries=3, words="on fire"),
            "large": Expect("failed", "too_large"),
            **BROKEN_STREAM,
            "moderated": Expect("failed", "content_policy"),
        },
    ),
    Subject(
        "openai_embeddings",
        modality="chat",
        outputs="result",
        says=lambda prompt, made: {"embeddings": [made], "dimensions": 8},
        parameters={"encoding_format": "base64"},
        not_applicable={**NO_QUESTIONS, **NO_MODERATION, **NO_WEBHOOK, **NO_STATES, **INLINE},
        expect={
            "error_after_200": Expect("failed", "overload", accepted=3, tries=3, words="on fire"),
            "large": Expect("failed", "too_large"),
        },
    ),
    Subject(
        "openai_images",
        parameters={"width": 64, "height": 64, "n": 2},
        output_count=2,
        not_applicable={**NO_QUESTIONS, **NO_WEBHOOK, **NO_STATES, **INLINE},
        # The type of the error says server_error.
        expect={"error_after_200": Expect("failed", "overload", accepted=3, tries=3, words="on fire")},
    ),
    Subject(
        "openai_videos",
        modality="video",
        has_id=True,
        parameters={"seconds": "4"},
        not_applicable=dict.fromkeys(WEBHOOKS, "its webhooks are set up for an account and not for a request; it is asked instead"),
        expect={**WORKER_CRASH, **NO_ID},
    ),
    Subject(
        "replicate",
        model="simulated/flux",
        has_id=True,
        parameters={"n": 2, "steps": 4},
        output_count=2,
        webhook="replicate_webhook",
        expect={"error_after_200": Expect("failed", "worker_crash", accepted=3, tries=3, words="interrupted"), **NO_ID_AT_ALL},
    ),
    Subject(
        "runpod",
        has_id=True,
        parameters={"steps": 4},
        webhook="runpod_webhook",
        not_applicable=NO_MODERATION,
        expect={**WORKER_CRASH, **NO_ID_AT_ALL},
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
