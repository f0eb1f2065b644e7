"""The real llama-server as a provider: python3 -m harness.llama_server ROOT, see tools/check-against-llama-server."""

import json
import pathlib
import socket
import subprocess
import sys
import urllib.request

from .database import Database
from .server import Server
from .tiny_gguf import tiny_gguf
from .waiting import wait_until

SECRET = "sk-real-llama-server"
MODEL = "/srv/tiny.gguf"


class LlamaServer:
    """In the folder of another Debian release, at a free port of this machine."""

    def __init__(self, root, *options):
        (pathlib.Path(root) / MODEL[1:]).write_bytes(tiny_gguf(context=1 << 18))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = open(pathlib.Path(root) / "srv" / "llama-server.log", "wb")
        namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", f"--mount-proc={root}/proc"]
        server = ["llama-server", "-m", MODEL, "--host", "127.0.0.1", "--port", str(self.port), "--api-key", SECRET]
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *namespaces, "chroot", root, *server, "-t", "1", *options],
            stdout=self.log, stderr=subprocess.STDOUT, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"},
        )  # fmt: skip
        wait_until(lambda: self.get("/health") is not None, 60, "llama-server does not start")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def get(self, path):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {SECRET}"})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    def busy_slots(self):
        return sum(slot["is_processing"] for slot in self.get("/slots") or [])

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


def add_model(database, llama, adapter, name, secret=SECRET):
    database.run("insert into atelier.api_providers (name, display_name, auth_scheme) values (%s, %s, 'bearer')", name, name)
    database.run("select atelier.set_provider_token(%s, %s)", name, secret)
    database.run(
        "insert into atelier.api_models (provider_id, model_key, display_name, modality, parameter_schema)"
        """ select id, name, name, 'chat', '{"type": "object", "properties": {"max_tokens": {"type": "integer"},"""
        """ "ignore_eos": {"type": "boolean"}}}' from atelier.api_providers where name = %s""",
        name,
    )
    database.run(
        "insert into atelier.endpoints (provider_id, name, adapter, base_url, private_network, ambiguity_policy)"
        " select id, name, %s, %s, true, 'retry' from atelier.api_providers where name = %s",
        adapter, llama.url, name,
    )  # fmt: skip


def ask(user, model, prompt, **parameters):
    return user.value(
        "select (atelier.queue_job(prompt => %s, model => %s, parameters => %s)).id", prompt, model, json.dumps(parameters)
    )


def seen(what):
    print(f"ok - {what}", flush=True)


def check_chat(database, user, root):
    llama = LlamaServer(root, "--ctx-size", "2048")
    try:
        add_model(database, llama, "openai_chat", "chat")
        add_model(database, llama, "openai_chat", "stranger", "sk-wrong")
        job_id = ask(user, "chat", "Gr\u00fc\u00df Gott \U0001f333", max_tokens=20)
        database.wait_for_status(job_id, "completed")
        ((text, kept),) = database.run(
            "select g.output_text, to_jsonb(g) || to_jsonb(j) from atelier.generations g join atelier.jobs j on j.id = g.job_id"
            " where g.job_id = %s",
            job_id,
        )
        assert text, "nothing was said"
        assert '_tokens": 20' in json.dumps(kept), kept
        seen("a text is streamed, and its tokens are counted")

        job = database.wait_for_status(ask(user, "stranger", "hello"), "failed")
        assert job["error_class"] == "auth", job
        seen("a wrong key is an error of class auth")

        job = database.wait_for_status(ask(user, "chat", "too long " * 600), "failed")
        assert job["error_class"] == "invalid_input", job
        seen(f"a prompt beyond the context is invalid_input: {job['error_message']}")
    finally:
        llama.stop()


def check_cancel(database, user, root):
    """With room for so much text that it takes a while to say."""
    llama = LlamaServer(root, "--ctx-size", "200000", "--parallel", "1")
    try:
        add_model(database, llama, "openai_chat", "talkative")
        job_id = ask(user, "talkative", "talk and talk", max_tokens=190000, ignore_eos=True)
        wait_until(lambda: llama.busy_slots() == 1, 30, "the server does not get the request")
        user.run("select atelier.cancel_job(%s)", job_id)
        database.wait_for_status(job_id, "cancelled")
        wait_until(lambda: llama.busy_slots() == 0, 5, "the server goes on although the job is cancelled")
        seen("a cancelled job stops at the server")
    finally:
        llama.stop()


def check_embeddings(database, user, root):
    llama = LlamaServer(root, "--embeddings", "--pooling", "mean")
    try:
        add_model(database, llama, "openai_embeddings", "vectors")
        job_id = ask(user, "vectors", "a tree")
        database.wait_for_status(job_id, "completed")
        result = database.value("select result from atelier.generations where job_id = %s", job_id)
        vectors = json.dumps(result)
        assert vectors.count(",") >= 31, result
        seen("a vector of 32 numbers")
    finally:
        llama.stop()


def main(root):
    server = Server("llama-server", atelier__runner_enabled="off").start()
    try:
        database = Database.create(server, "llama")
        user = database.add_user("alice")
        check_chat(database, user, root)
        check_cancel(database, user, root)
        check_embeddings(database, user, root)
    finally:
        server.remove()
    server.assert_no_crash()


if __name__ == "__main__":
    main(sys.argv[1])
