"""The simulator of providers: it signs as the vendors sign, and takes nothing that they would not take."""

import http.client
import json

import pytest
from harness.conformance import Simulator
from simulator import PROTOCOLS, signatures

SECRET = "simulated-secret"


@pytest.fixture(scope="module")
def simulator():
    with Simulator() as simulator:
        yield simulator


def ask(site, method, path, body=None, headers=()):
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    try:
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, {"Content-Type": "application/json", **dict(headers)})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_standard_webhooks_are_signed_as_in_their_published_example():
    secret, message = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    signature = signatures.standard_webhook(secret, message, 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_ed25519_signs_as_in_rfc_8032():
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert signatures.ed25519_public_key(seed).hex() == public
    assert signatures.ed25519_sign(seed, b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


@pytest.mark.parametrize("name", [name for name, protocol in PROTOCOLS.items() if protocol.scheme])
def test_nothing_is_said_without_the_credential(simulator, name):
    site = simulator.open(name, SECRET)
    for method, pattern, _ in site.protocol.routes()[:1]:
        path = pattern.replace("\\w", "x").replace("([x.-]+/[x.-]+)", "a/b").replace("([x.-]+)", "simulated")
        status, said = ask(site, method, path.split("(")[0], {}, {site.protocol.header: "Bearer wrong"})
        assert status in (401, 403) or (status == 400 and b"API_KEY_INVALID" in said), (name, path)


def test_google_tells_a_wrong_key_from_none(simulator):
    site = simulator.open("gemini", SECRET)
    answers = [ask(site, "GET", "/v1beta/models", headers=headers) for headers in ({}, {"x-goog-api-key": "wrong"})]
    assert [(status, json.loads(said)["error"]["status"]) for status, said in answers] == [
        (403, "PERMISSION_DENIED"), (400, "INVALID_ARGUMENT")]  # fmt: skip
    assert ask(site, "GET", "/v1beta/models", headers={"x-goog-api-key": SECRET})[0] == 200


WITH_A_BEARER = {"Authorization": f"Bearer {SECRET}"}
UNKNOWN_KEYS = [
    ("openai_chat", "/v1/chat/completions", {"model": "simulated-1", "messages": [{"role": "user", "content": "hi"}]}, 400),
    ("openai_images", "/v1/images/generations", {"model": "simulated-1", "prompt": "hi"}, 400),
    ("openai_embeddings", "/v1/embeddings", {"model": "simulated-1", "input": "hi"}, 400),
    ("openai_moderations", "/v1/moderations", {"model": "simulated-1", "input": "hi"}, 400),
    ("openai_videos", "/v1/videos", {"model": "simulated-1", "prompt": "hi"}, 400),
    ("replicate", "/v1/models/simulated/flux/predictions", {"input": {"prompt": "hi"}}, 422),
    ("runpod", "/v2/simulated01/run", {"input": {"prompt": "hi"}}, 400),
    ("sdcpp", "/sdcpp/v1/img_gen", {"prompt": "hi"}, 400),
    ("ollama", "/api/generate", {"model": "simulated-1", "prompt": "hi", "stream": False}, 400),
]


@pytest.mark.parametrize("name, path, body, refused", UNKNOWN_KEYS, ids=[row[0] for row in UNKNOWN_KEYS])
def test_what_no_document_knows_is_refused(simulator, name, path, body, refused):
    site = simulator.open(name, SECRET)
    assert ask(site, "POST", path, body, WITH_A_BEARER)[0] in (200, 201, 202)
    assert ask(site, "POST", path, {**body, "what_is_this": 1}, WITH_A_BEARER)[0] == refused
    assert len(site.accepted) == 1


def test_a_job_that_is_forgotten_is_not_found(simulator):
    site = simulator.open("replicate", SECRET)
    _, answer = ask(site, "POST", "/v1/models/simulated/flux/predictions", {"input": {"prompt": "fault:forget"}}, WITH_A_BEARER)
    assert ask(site, "GET", f"/v1/predictions/{json.loads(answer)['id']}", headers=WITH_A_BEARER)[0] == 404
    assert len(site.accepted) == 1
