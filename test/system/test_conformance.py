"""The conformance table: each adapter meets each scenario at a provider that speaks its protocol.

The cells are in harness/conformance_table.py. All of them are played once, at the same time, and then looked at.
"""

import re

import pytest
from harness.conformance import SECRET, World, cells, forms_of
from harness.conformance_page import PAGE, page
from harness.conformance_table import FIRST_ERROR, REFUSED_AT_ONCE, SCENARIOS, SUBJECTS, THROTTLED
from harness.database import Database
from harness.server import Server
from harness.waiting import wait_until

CRASHES = ("courier_crash",)
MOST_MESSAGE = 1000
MOST_DETAIL = 4000


def as_parameters(scenarios):
    return [
        pytest.param(subject, scenario, id=f"{subject.name}-{scenario}") for subject, scenario in cells(scenarios)
    ]


def wanted(request, name):
    """The cells that this run has selected, so that one cell can be played by itself."""
    return [
        (item.callspec.params["subject"], item.callspec.params["scenario"])
        for item in request.session.items
        if item.originalname == name and item.path == request.path
    ]


def make_server(name):
    return Server(name, fsync="off", max_worker_processes="24", atelier__runner_enabled="off",
                  atelier__janitor_interval="1s", atelier__max_in_flight="400").start()  # fmt: skip


@pytest.fixture(scope="module")
def world(request):
    server = make_server("conformance")
    world = World(Database.create(server, "conformance"), wanted(request, "test_a_cell"))
    world.queue()
    world.play()
    yield world
    world.close()
    server.remove()
    server.assert_no_crash()


@pytest.fixture(scope="module")
def crashed_world(request):
    server = make_server("conformance-crashes")
    world = World(Database.create(server, "conformance"), wanted(request, "test_a_cell_whose_courier_crashes"))
    world.queue()
    world.lose_the_courier()
    world.play()
    yield world
    world.close()
    server.remove()
    server.assert_no_crash()


def check(cell):
    expected = cell.subject.expected(cell.scenario)
    job, attempts, site = cell.job, cell.attempts, cell.site
    story = cell.story()
    assert job["status"] == expected.status, story
    assert job["error_class"] == expected.error_class, story
    assert expected.words in (job["error_message"] or ""), story
    assert len(site.accepted) == expected.accepted, story
    assert len(attempts) == expected.tries, story
    assert not site.refused, story
    if expected.status == "completed":
        check_outputs(cell, story)
        assert attempts[-1]["state"] == "succeeded", story
        assert len(cell.generation()) == 1, story
    else:
        assert cell.output_hashes() == [], story
    if cell.scenario in FIRST_ERROR:
        assert attempts[0]["error_class"] == FIRST_ERROR[cell.scenario], story
    if cell.scenario in THROTTLED:
        assert job["attempts"] == 1, story
        first, second = site.submissions
        assert second.at - first.at >= cell.patience_s, story
    if cell.scenario in REFUSED_AT_ONCE:
        assert len(site.submissions) == 1, story
        assert attempts[0]["http_status"] == (REFUSED_AT_ONCE[cell.scenario] or attempts[0]["http_status"]), story
    if cell.scenario in ("reset_early", "poll_broken", "poll_page"):
        assert site.resets == 1 or site.questions_spoilt == 2, story
    check_texts(cell, story)
    assert not any(request.path == "/elsewhere" for request in site.requests), story
    if expected.status == "cancelled" and site.submissions:
        assert cell.told_to_stop(), story
    if cell.scenario == "duplicated_webhook":
        # That they have the provider asked at once is shown where the machine does nothing else: test_webhooks.py.
        (webhook,) = site.webhooks.sent
        wait_until(lambda: len(webhook.statuses) == 2, message=story)
        assert webhook.statuses == [200, 200], story
    if cell.scenario == "forged_webhook":
        assert cell.forged and set(cell.forged) <= {401, 403}, (cell.forged, story)
    if cell.scenario == "cancel_queued" and not cell.subject.has_id:
        assert not site.submissions, story


def check_texts(cell, story):
    """What a server says is kept, up to a length, without the credential."""
    for attempt in cell.attempts:
        message, detail = attempt["error_message"] or "", attempt["error_detail"] or ""
        assert len(message) <= MOST_MESSAGE and len(detail) <= MOST_DETAIL, story
        for form in forms_of(cell.site.secret):
            assert form not in message and form not in detail, story
        if cell.scenario == "long_error":
            assert len(message) == MOST_MESSAGE and len(detail) == MOST_DETAIL, story
        if cell.scenario in ("garbled_error", "echoed_secret"):
            assert "must be at most 50" in detail or "I do not take" in detail, story


def check_outputs(cell, story):
    if cell.subject.outputs == "files":
        assert cell.output_hashes() == cell.expected_hashes(), story
        return
    ((result, text),) = cell.generation()
    said = cell.site.protocol.output(cell.prompt)
    if cell.subject.says:
        said = cell.subject.says(cell.prompt, said)
    assert (text if cell.subject.outputs == "text" else result) == said, story


@pytest.mark.parametrize("subject, scenario", as_parameters([name for name in SCENARIOS if name not in CRASHES]))
def test_a_cell(world, subject, scenario):
    check(world.cells[subject.name, scenario])


@pytest.mark.parametrize("subject, scenario", as_parameters(CRASHES))
def test_a_cell_whose_courier_crashes(crashed_world, subject, scenario):
    check(crashed_world.cells[subject.name, scenario])


def secrets_in(database):
    """[(table, row)] of every row outside provider_secrets that has a secret in it."""
    tables = database.run(
        "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'm') and n.nspname in ('atelier', 'atelier_engine', 'storage', 'auth')"
        " and c.relname not in ('provider_secrets', 'object_chunks')"
    )
    return [
        (table, row)
        for (table,) in tables
        for (row,) in database.run(f"select t::text from {table} t where t::text like %s", f"%{SECRET}%")
    ]


def test_no_secret_is_in_any_row_nor_in_the_log(world, crashed_world):
    for played in (world, crashed_world):
        assert secrets_in(played.database) == []
        logged = [line for line in played.database.server.log().splitlines() if SECRET in line]
        # What tests say themselves to set a secret is not logged, unless it fails.
        assert logged == []


def test_everything_is_settled(world):
    assert world.database.run("select * from atelier.stuck_jobs") == []
    world.database.assert_no_stray_objects()


def test_a_cell_that_is_not_tested_says_why():
    for subject in SUBJECTS:
        for scenario, why in subject.not_applicable.items():
            assert scenario in SCENARIOS and re.fullmatch(r"\S.{15,}", why), (subject.name, scenario)


def test_the_page_about_conformance_says_what_the_table_says():
    assert PAGE.read_text(encoding="utf-8") == page(), "run tools/conformance-page"
