"""Providers of the simulator that report by webhooks, on a real server, with PostgREST and a proxy in between."""

import asyncio
import hashlib
import json
import sys

from .database import FINISHED
from .gateway import Gateway
from .server import CHECKOUT
from .waiting import wait_until

sys.path.insert(0, str(CHECKOUT / "test"))

from simulator import Simulator  # noqa: E402
from simulator.webhooks import Webhook, as_bytes  # noqa: E402

HOST = "hooks.studio.example"
SCHEMES = {"replicate": "bearer", "fal": "key", "runpod": "bearer"}
MODELS = {"replicate": "simulated/flux", "fal": "simulated-ai/flux", "runpod": "simulated"}


class Studio:
    """A database, the simulator, and the door between them."""

    def __init__(self, database):
        self.database = database
        self.gateway = Gateway(database)
        self.simulator = Simulator().__enter__()
        self.providers = []

    def close(self):
        self.simulator.__exit__()
        self.gateway.stop()

    def proxy(self, path, headers):
        """As docs/webhooks.md has it: the capability in the address becomes a header."""
        _, function, capability = path.split("/")
        return "127.0.0.1", self.gateway.port, f"/rpc/{function}", {**headers, "X-Webhook-Capability": capability}

    def count_webhooks(self):
        return self.database.value("select count(*) from atelier_engine.webhooks")

    def open(self, kind):
        self.providers.append(Provider(self, kind, f"{kind}-{len(self.providers)}"))
        return self.providers[-1]


class Provider:
    def __init__(self, studio, kind, name):
        self.studio = studio
        self.database = studio.database
        self.kind = kind
        self.name = name
        self.model = f"{MODELS[kind]}-{name}"
        self.site = studio.simulator.open(kind, f"sk-{name}-of-the-studio", resolve={HOST: studio.proxy})
        self.protocol = self.site.protocol
        self.set_up()

    def set_up(self):
        database = self.database
        database.run(
            "insert into atelier.api_providers (name, display_name, auth_scheme, webhook_url) values (%s, %s, %s, %s)",
            self.name, self.name, SCHEMES[self.kind], self.url("{capability}"),
        )  # fmt: skip
        database.run("select atelier.set_provider_token(%s, %s)", self.name, self.site.secret)
        database.run(
            "insert into atelier.api_models (provider_id, model_key, display_name, modality)"
            " select id, %s, name, 'image' from atelier.api_providers where name = %s",
            self.model, self.name,
        )  # fmt: skip
        database.run(
            "insert into atelier.endpoints (provider_id, name, adapter, base_url, max_concurrency, private_network, ambiguity_policy,"
            " total_timeout_ms, probe_interval)"
            " select id, name, %s, %s, 4, true, 'fail', 60000, '0' from atelier.api_providers where name = %s",
            self.kind, self.site.base_url, self.name,
        )  # fmt: skip
        if self.kind == "replicate":
            database.run("select atelier.set_webhook_secret(%s, %s)", self.name, self.protocol.webhook_secret)
        if self.kind == "fal":
            # Not as at fal, where all have the same keys: a test must not live on what another has fetched.
            self.protocol.seed = hashlib.sha256(self.name.encode()).digest()
            self.protocol.user = f"user_of_{self.name}"
            keys = self.protocol.jwks(None).body.decode()
            assert database.value("select atelier.set_webhook_keys(%s, %s)", self.name, keys) == 2

    def fetch_keys_from(self, site):
        self.database.run("select atelier.set_webhook_keys(%s, url => %s)", self.name, site.root + "/.well-known/jwks.json")

    def keys(self):
        return self.database.run(
            "select k.* from (select cardinality(k.keys) as count, k.last_error, k.provider_id from atelier_engine.webhook_key_sets k) k"
            " join atelier.api_providers p on p.id = k.provider_id where p.name = %s", self.name,
        )[0]  # fmt: skip

    def url(self, capability):
        return f"https://{HOST}/{self.kind}_webhook/{capability}"

    # ---- jobs ----

    def queue(self, user, fault=None):
        """A job, and what the provider makes of it: (id, job of the simulator)."""
        before = set(self.site.jobs)
        job_id = str(user.queue_at(self.model, "a red circle" + (f" fault:{fault}" if fault else "")))
        new = wait_until(lambda: set(self.site.jobs) - before, message=lambda: f"not submitted: {self.database.job(job_id)}")
        return job_id, self.site.jobs[new.pop()]

    def attempt(self, job_id):
        (attempt,) = self.database.attempts(job_id)
        return attempt

    def wait_for_id(self, job_id):
        return wait_until(lambda: self.attempt(job_id)["external_id"], message="nobody knows the provider's id")

    def finish(self, job):
        """The provider is done with it and has not said so."""
        self.site.webhooks.enabled = False
        self.studio.simulator.call(self.site.release)
        wait_until(job.is_over)

    def wait_until_done(self, job_id, attempts=1):
        """It ends once, with one result, and was submitted once."""
        self.database.wait_for_status(job_id, *FINISHED)
        self.database.assert_completed_exactly_once([job_id])
        assert len(self.database.attempts(job_id)) == attempts
        assert len(self.site.submissions) == len(self.site.jobs) and not self.site.refused

    def questions(self):
        return [request for request in self.site.requests if request.method == "GET" and "jwks" not in request.path
                and not request.path.endswith(".png")]  # fmt: skip

    # ---- webhooks ----

    def rows(self):
        """[(id, whether it waits)] of what was kept of webhooks about jobs of this provider."""
        return self.database.run(
            "select webhook_id, is_waiting from atelier_engine.webhooks where external_id = any (%s)", list(self.site.jobs)
        )

    def capability(self, job):
        return self.site.webhooks.orders[job.id][0].rpartition("/")[2]

    def about(self, job):
        return self.site.webhooks.about(job)

    def saying(self, job, url=None, **changes):
        """A webhook about a job, signed as the provider signs, that says something else than what is so."""
        return self.signed({**json.loads(self.about(job).body), **changes}, url or self.site.webhooks.orders[job.id][0])

    def signed(self, document, url):
        body = as_bytes(document)
        return Webhook(url, body, self.sign(body, document))

    def sign(self, body, document=None):
        if self.kind == "replicate":
            return self.protocol.sign(body, self.now(), self.protocol.webhook_secret)
        if self.kind == "fal":
            return self.protocol.sign((document or json.loads(body)).get("request_id", "none"), body)
        return {}

    def now(self):
        return int(self.database.value("select extract(epoch from clock_timestamp())::bigint"))

    def send(self, webhook, times=1):
        """Sends it so many times at once; returns what was answered: outcomes, or SQLSTATEs. The status goes with it."""
        deliver = self.site.webhooks.deliver

        async def all_of_them():
            return await asyncio.gather(*(deliver(webhook) for _ in range(times)))

        statuses = self.studio.simulator.run(all_of_them())
        said = [said_in(answer) for answer in webhook.answers[-times:]]
        expected = [{"PT401": 401, "PT403": 403, "PGRST001": 503}.get(word, 200) for word in said]
        assert statuses == expected or sorted(statuses) == sorted(expected), (statuses, webhook.answers)
        return said[0] if times == 1 else sorted(said)


def said_in(answer):
    document = json.loads(answer)
    return document.get("outcome") or document["code"]
