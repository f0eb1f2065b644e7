"""Plays cells of the conformance table, all of them at the same time, on a real server with the simulator as the world."""

import hashlib
import json
import re
import sys
import time

from .conformance_table import SCENARIOS, SUBJECTS, WEBHOOKS
from .database import FINISHED
from .gateway import Gateway
from .server import CHECKOUT
from .waiting import wait_until

sys.path.insert(0, str(CHECKOUT / "test"))

from simulator import Simulator  # noqa: E402
from simulator.wire_faults import RETRY_AFTER_S, forms_of  # noqa: E402, F401

SECRET = "sk-conformance-9f2c"
PROMPT = "ein Gr\u00fcner \"Baum\" \U0001f333 and a back\\slash"
LONG_PROMPT = " " + "\U0001f333" * 9_900  # near the most that a prompt may have
PATIENCE_S = 150
SHORT_MS = 15000
WEBHOOK_HOST = "hooks.conformance.example"


def cells(scenarios=SCENARIOS):
    """(subject, scenario) of every cell that is tested."""
    return [
        (subject, scenario)
        for subject in SUBJECTS
        for scenario in scenarios
        if scenario not in subject.not_applicable
    ]


def schema_of(parameters):
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    properties = {name: {"type": kinds[type(value)]} for name, value in parameters.items()}
    return {"type": "object", "properties": properties}


class Cell:
    """One job, and whom it is for. play() is its part in what happens, a step at a time."""

    def __init__(self, world, subject, scenario):
        self.world = world
        self.subject = subject
        self.scenario = scenario
        self.name = "-".join(re.findall("[a-z0-9]+", f"{subject.name} {scenario}"))
        self.fault = SCENARIOS[scenario][1]
        self.prompt = PROMPT + (f" fault:{self.fault}" if self.fault else "")
        if scenario == "reset_early":
            self.prompt += LONG_PROMPT
        self.site = world.simulator.open(
            subject.protocol or subject.adapter, subject.secret.format(f"{SECRET}-{self.name}/+a"),
            resolve={WEBHOOK_HOST: world.proxy}, resets_early=scenario == "reset_early",
        )  # fmt: skip
        self.job_id = None
        self.forged = []  # how webhooks were answered that nobody sent who may

    @property
    def model(self):
        return f"{self.subject.model}-{self.name}"

    @property
    def patience_s(self):
        """That the server asks for, or that nobody asks for."""
        return {"throttled": self.subject.patience_s, "throttled_silently": 0.9}.get(self.scenario, RETRY_AFTER_S)

    def set_up(self):
        database, subject = self.world.database, self.subject
        scheme, header = subject.auth
        columns = {
            "name": self.name, "adapter": subject.adapter, "base_url": self.site.base_url, "max_concurrency": 4,
            "private_network": True, "ambiguity_policy": "fail" if subject.paid else "retry", "connect_timeout_ms": 5000,
            "first_byte_timeout_ms": 60000, "total_timeout_ms": 90000, "probe_interval": "0", "breaker_threshold": 1000,
            **subject.columns,
        }  # fmt: skip
        if self.scenario == "trickled":
            columns["total_timeout_ms"] = SHORT_MS
        if self.scenario == "cancel_queued" and not subject.has_id:
            columns["max_concurrency"] = 0  # the queue that it waits in is ours
        database.run(
            "insert into atelier.api_providers (name, display_name, auth_scheme, auth_header_name, adapter_options)"
            " values (%s, %s, %s, %s, %s)",
            self.name, self.name, scheme, header, json.dumps(subject.options),
        )  # fmt: skip
        if scheme != "none":
            database.run("select atelier.set_provider_token(%s, %s)", self.name, self.site.secret)
        database.run(
            "insert into atelier.api_models (provider_id, model_key, display_name, modality, parameter_schema)"
            " select id, %s, name, %s, %s from atelier.api_providers where name = %s",
            self.model, subject.modality, json.dumps(schema_of(subject.parameters)), self.name,
        )  # fmt: skip
        database.run(
            f"insert into atelier.endpoints (provider_id, {', '.join(columns)})"
            f" select id, {', '.join(['%s'] * len(columns))} from atelier.api_providers where name = %s",
            *columns.values(), self.name,
        )  # fmt: skip

        if self.scenario in WEBHOOKS:
            self.set_up_webhooks()

    def set_up_webhooks(self):
        database, protocol = self.world.database, self.site.protocol
        database.run("update atelier.api_providers set webhook_url = %s where name = %s", self.webhook_url("{capability}"), self.name)
        if self.subject.adapter == "replicate":
            database.run("select atelier.set_webhook_secret(%s, %s)", self.name, protocol.webhook_secret)
        if self.subject.adapter == "fal":
            database.run("select atelier.set_webhook_keys(%s, url => %s)", self.name, self.site.root + "/.well-known/jwks.json")
        if self.scenario == "duplicated_webhook":
            self.site.webhooks.repeat_each = 1

    def webhook_url(self, capability):
        return f"https://{WEBHOOK_HOST}/{self.subject.webhook}/{capability}"

    def queue(self):
        self.job_id = str(self.world.user.value(
            "select (atelier.queue_job(prompt => %s, model => %s, parameters => %s)).id",
            self.prompt, self.model, json.dumps(self.subject.parameters),
        ))  # fmt: skip

    def play(self):
        """A generator: it yields while it waits."""
        if self.scenario == "cancel_queued" and not self.subject.has_id:
            self.cancel()
        elif self.scenario in ("cancel_queued", "cancel_running"):
            phase = self.scenario.removeprefix("cancel_")
            while not any(job.phase() == phase for job in list(self.site.jobs.values())):
                yield
            # A moment for the answer to arrive: whoever cancels sees that the job runs.
            while self.subject.has_id and self.status() != "processing":
                yield
            self.cancel()
        elif self.scenario == "trickled":
            while not self.site.submissions:
                yield
            # That one will not end in time. The next one may take as long as it takes.
            self.world.database.run("update atelier.endpoints set total_timeout_ms = 90000 where name = %s", self.name)
        elif self.scenario == "duplicated_webhook":
            while not (self.site.webhooks.sent and len(self.site.webhooks.sent[0].statuses) == 2):
                yield
        elif self.scenario == "forged_webhook":
            while not (self.site.jobs and self.attempts[0]["external_id"]):
                yield
            (job,) = self.site.jobs.values()
            forging = self.world.simulator.begin(self.site.webhooks.forge(job, self.webhook_url("x" * 40)))
            while not forging.done():
                yield
            self.forged = forging.result()
            self.world.simulator.call(self.site.release)

    def cancel(self):
        self.world.user.run("select atelier.cancel_job(%s)", self.job_id)

    def status(self):
        return self.world.statuses.get(self.job_id)

    # ---- what became of it ----

    @property
    def job(self):
        return self.world.database.job(self.job_id)

    @property
    def attempts(self):
        return self.world.database.attempts(self.job_id)

    def output_hashes(self):
        """SHA-256 of the bytes of each asset, as they lie in the database."""
        return [row[0] for row in self.world.database.run(
            "select encode(sha256(string_agg(c.bytes, ''::bytea order by c.sequence)), 'hex')"
            "  from atelier.workspace_assets a"
            "  join storage.objects o on o.bucket_id = 'workspace-temp' and o.name = a.temp_storage_path"
            "  join atelier_engine.object_chunks c on c.object_id = o.id"
            " where a.job_id = %s group by a.asset_index order by a.asset_index", self.job_id)]  # fmt: skip

    def expected_hashes(self):
        outputs = (
            self.site.protocol.output(self.prompt, index, self.fault) for index in range(self.subject.output_count)
        )
        return [hashlib.sha256(output).hexdigest() for output in outputs]

    def generation(self):
        """(result, output_text) of the one generation."""
        return self.world.database.run("select result, output_text from atelier.generations where job_id = %s", self.job_id)

    def told_to_stop(self):
        """Whether the provider heard that the job is cancelled, in a request or by the end of the connection."""
        if self.subject.has_id or self.subject.hears_cancel:
            return bool(self.site.cancels)
        return bool(self.site.left)

    def second(self, moment):
        """Since the first request."""
        return round(moment - self.site.requests[0].at, 2)

    def story(self):
        """What happened, for whoever reads that it was not what should have."""
        return "\n".join([
            "job: " + str({name: self.job[name] for name in ("status", "error_class", "error_message", "attempts")}),
            *("attempt: " + str({name: attempt[name] for name in (
                "state", "error_class", "error_message", "error_detail", "http_status", "external_id", "claimed_at", "sent_at",
                "finished_at")}) for attempt in self.attempts),
            *(f"request: {self.second(request.at)} {request.method} {request.target} {request.body[:300]!r}"
              for request in self.site.requests),
            *(f"webhook: {self.second(webhook.sent_at)} {webhook.statuses}" for webhook in self.site.webhooks.sent if webhook.statuses),
            f"refused: {self.site.refused!r:.2000}", f"cancels: {self.site.cancels}", f"left: {len(self.site.left)}",
        ])  # fmt: skip


class World:
    def __init__(self, database, wanted):
        """wanted: (subject, scenario) of each cell."""
        self.database = database
        self.user = database.add_user("conformance")
        self.simulator = Simulator().__enter__()
        self.gateway = Gateway(database) if any(scenario in WEBHOOKS for _, scenario in wanted) else None
        self.statuses = {}
        self.cells = {(subject.name, scenario): Cell(self, subject, scenario) for subject, scenario in wanted}
        for cell in self.cells.values():
            cell.set_up()

    def close(self):
        self.simulator.__exit__()
        if self.gateway:
            self.gateway.stop()

    def proxy(self, path, headers):
        """What stands in front of PostgREST: the capability in the address becomes a header, and nobody else says that one."""
        _, function, capability = path.split("/")
        return "127.0.0.1", self.gateway.port, f"/rpc/{function}", {**headers, "X-Webhook-Capability": capability}

    def look(self):
        self.statuses = dict(self.database.run("select id::text, status from atelier.jobs"))
        return self.statuses

    def queue(self):
        # Last those that have little time, so that play() sees them soon.
        for cell in sorted(self.cells.values(), key=lambda cell: cell.scenario == "trickled"):
            cell.queue()

    def play(self):
        """Until every job is over, or patience is: then the cells that are left tell the rest."""
        acts = {cell: cell.play() for cell in self.cells.values()}
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            statuses = self.look()
            # Where a job is over too early, there is nothing left to wait for.
            acts = {cell: act for cell, act in acts.items() if cell.status() not in FINISHED and next(act, act) is not act}
            if not acts and all(statuses.get(cell.job_id) in FINISHED for cell in self.cells.values()):
                return
            time.sleep(0.05)

    def lose_the_courier(self):
        """Every job is at its provider, and where there is an id it is known, when the courier dies."""
        with_id = [cell for cell in self.cells.values() if cell.subject.has_id]
        wait_until(
            lambda: all(cell.site.accepted for cell in self.cells.values())
            and self.database.value(
                "select count(*) from atelier_engine.attempts where external_id is not null and job_id = any (%s::uuid[])",
                [cell.job_id for cell in with_id],
            ) == len(with_id),
            30,
            lambda: str([cell.name for cell in self.cells.values() if not cell.site.accepted]),
        )  # fmt: skip
        self.database.server.process("atelier-courier").kill(9)
        for cell in self.cells.values():
            if not cell.subject.has_id:
                wait_until(lambda cell=cell: cell.site.left, 30, lambda cell=cell: f"{cell.name} still waits")
            self.simulator.call(cell.site.release)
            cell.site.fault = "slow"  # what is submitted again does not wait for anybody
