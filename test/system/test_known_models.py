"""Every well-known model carries out jobs at a server that speaks its provider's protocol, once it is added and has a token."""

import base64
import json
import sys

import pytest
from harness.conformance import SECRET, Simulator
from harness.server import CHECKOUT

sys.path.insert(0, str(CHECKOUT / "test"))

from simulator import media  # noqa: E402

PICTURE = "data:image/png;base64," + base64.b64encode(media.png("start")).decode()


def value_for(name, rule):
    """One value that the rule allows; None: any would do, and none says more than its absence."""
    kind = rule["type"] if isinstance(rule["type"], str) else rule["type"][0]
    if rule.get("format") == "picture":
        return PICTURE
    if kind == "array" and rule.get("items", {}).get("format") == "picture":
        return [PICTURE]
    if "enum" in rule:
        return rule["enum"][-1]
    return {"integer": rule.get("maximum"), "number": rule.get("maximum"), "boolean": True}.get(kind)


def requests(models):
    """(key, parameters) of two jobs for each model: what it needs, and all that it takes."""
    for key, schema in models:
        values = {name: value_for(name, rule) for name, rule in schema["properties"].items()}
        everything = {name: value for name, value in values.items() if value is not None}
        if "n" in everything:
            everything["n"] = 1
        yield key, {name: values[name] for name in schema.get("required", [])}
        yield key, everything


@pytest.fixture
def sites(shared_database):
    """A server for each provider and adapter of known models, with all of its models."""
    database = shared_database
    with Simulator() as simulator:
        found = {}
        for provider, adapter in database.run("select distinct provider, adapter from atelier.known_models"):
            found[provider, adapter] = site = simulator.open(adapter, SECRET)
            site.protocol.models = ("",)
        yield found


def test_a_known_model_takes_jobs_with_its_defaults_and_with_everything_it_takes(shared_database, sites):
    database = shared_database
    for (provider,) in database.run("select name from atelier.known_providers"):
        assert database.value("select atelier.add_known_models(%s)", provider) > 0
        database.run("select atelier.set_provider_token(%s, %s)", provider, SECRET)
    for (provider, adapter), site in sites.items():
        database.run(
            "update atelier.endpoints e set base_url = %s, private_network = true, max_concurrency = 40, probe_interval = '0'"
            " from atelier.api_providers p where p.id = e.provider_id and p.name = %s and e.adapter = %s",
            site.base_url, provider, adapter,
        )  # fmt: skip
    user = database.add_user("knower")
    models = database.run("select model_key, parameter_schema from atelier.known_models order by 1")
    jobs = {}
    for key, parameters in requests(models):
        job = user.value("select (atelier.queue_job(prompt => 'a fox', model => %s, parameters => %s)).id", key, json.dumps(parameters))
        jobs[job] = key
    database.wait_until_finished(list(jobs), seconds=60)
    failed = database.run(
        "select m.model_key, j.error_class, j.error_message, j.parameters from atelier.jobs j"
        "  join atelier.api_models m on m.id = j.api_model_id where j.status <> 'completed' and j.id = any (%s::uuid[])",
        list(jobs),
    )
    assert failed == []
    assert len(jobs) == 2 * len(models)
    assert {key: site.refused for key, site in sites.items() if site.refused} == {}
    assert sum(len(site.accepted) for site in sites.values()) == len(jobs)
