"""ALTER EXTENSION atelier UPDATE from every release: the catalog as in a new database, the data as before, no restart."""

import contextlib
import pathlib
import re
import shutil
import subprocess
import threading

import psycopg2
import pytest
from harness import server as harness_server
from harness.database import Database
from harness.inference import FakeInferenceServer, Gate, pictures, status
from harness.server import CHECKOUT, HOME, bin_directory
from harness.waiting import wait_until

SCRIPTS = CHECKOUT / "test" / "upgrade"
RELEASES = sorted(path.stem.removeprefix("atelier--") for path in SCRIPTS.glob("atelier--*.sql"))
NO_RUNNER = {"atelier.runner_enabled": "off"}


@pytest.fixture(scope="module")
def tree():
    """A copy of the private PostgreSQL that has the released scripts, too."""
    original = CHECKOUT / "build" / "postgres"
    copy = HOME / "upgrade-tree"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(original, copy, symlinks=True)
    bin_of_copy = copy / bin_directory().relative_to(original)
    (extensions,) = copy.glob("**/extension")
    for script in SCRIPTS.glob("atelier--*.sql"):
        shutil.copy(script, extensions)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(harness_server, "bin_directory", lambda: bin_of_copy)
        yield copy
    shutil.rmtree(copy)


@pytest.fixture
def upgrade_server(tree, make_server):
    return make_server(**NO_RUNNER)


@pytest.fixture
def fake():
    with FakeInferenceServer() as fake:
        yield fake


def create(server, name, version=None):
    database = Database.create(server, name, extension=False)
    database.run("create extension atelier" + (f" version '{version}'" if version else ""))
    return database


def catalog(database):
    database.run("set search_path = ''")
    lines = [row[0] for row in database.run((SCRIPTS / "catalog.sql").read_text(encoding="utf-8"))]
    database.run("reset search_path")
    return lines


def difference(old, new):
    """What only one of the two has."""
    old, new = set(old), set(new)
    return [f"- {line}" for line in sorted(old - new)] + [f"+ {line}" for line in sorted(new - old)]


def contents(database):
    """Every row of every table, by name of table."""
    tables = database.run(
        "select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname in ('atelier', 'atelier_engine', 'auth', 'storage') and c.relkind = 'r'"
    )
    return {
        table: [row[0] for row in database.run(f"select to_jsonb(t) from {table} t order by t::text")]
        for (table,) in tables
    }


def assert_kept(before, after):
    """Columns and tables may have come; every row that was there is there, as it was."""
    for table, rows in before.items():
        if rows:
            columns = rows[0].keys()
            found = [{name: row[name] for name in columns} for row in after[table]]
            missing = [row for row in rows if row not in found]
            assert not missing and len(rows) == len(found), (table, missing[:3])


class Studio:
    """A database in the middle of its life, made by a release: something of every kind."""

    def __init__(self, server, fake, version, start=False):
        self.database = database = create(server, "studio", version)
        if start:
            database.run("select atelier.start()")
        self.fake = fake
        self.gate = Gate()
        database.use_only(fake, max_concurrency=2)
        self.alice, self.bob = database.add_user("alice"), database.add_user("bob")
        fake.behaviour = lambda exchange: (
            status("400 Bad Request")
            if exchange.prompt == "a wrong one"
            else self.gate
            if exchange.prompt == "a slow one"
            else pictures
        )(exchange)
        self.make_pictures()
        self.make_the_rest()
        self.start_jobs()

    def make_pictures(self):
        alice, bob, database = self.alice, self.bob, self.database
        alice.run("select atelier.create_workspace_session(%s, 'A rainy day')", alice.id)
        self.finished = [alice.queue("a red circle", n=2, width=512, height=512), bob.queue("a fish")]
        failed = bob.queue("a wrong one")
        database.wait_until_finished([*self.finished, failed])
        collection = alice.value("insert into atelier.user_collections (name) values ('Best') returning id")
        for (asset,) in database.run(
            "select id from atelier.workspace_assets where job_id = %s", self.finished[0]
        ):
            saved = alice.value("select atelier.save_workspace_item_to_library(%s, %s)", asset, alice.id)
            alice.run(
                "update atelier.user_library set collection_id = %s, tags = '{one}' where id = %s", collection, saved
            )

    def make_the_rest(self):
        alice, database = self.alice, self.database
        alice.run("update atelier.profiles set birth_date = '1980-01-01'")
        alice.run("select atelier.log_user_activity(%s, 'drew')", alice.id)
        database.run("insert into atelier.user_roles (user_id, role) values (%s, 'admin')", alice.id)
        database.run("insert into storage.buckets (id, name) values ('extra', 'extra')")
        database.run("insert into atelier.provider_tokens (provider_id) select id from atelier.api_providers limit 1")
        database.run(
            "insert into atelier_engine.provider_secrets (token_id, secret)"
            " select id, 'the-secret-word' from atelier.provider_tokens"
        )

    def start_jobs(self):
        """Two on their way, and behind them three that wait, one of them for another, and one cancelled."""
        alice, bob = self.alice, self.bob
        self.slow = [alice.queue("a slow one"), bob.queue("a slow one")]
        wait_until(lambda: self.gate.waiting == 2)
        self.waiting = [alice.queue("later"), bob.queue("later")]
        self.waiting.append(
            alice.value("select (atelier.queue_job('last', depends_on => %s::uuid[])).id", [self.waiting[0]])
        )
        bob.run("select atelier.cancel_job(%s)", bob.queue("never mind"))
        sent = "select count(*) = 2 from atelier_engine.attempts where state = 'submitted'"
        wait_until(lambda: self.database.value(sent))


@pytest.fixture(params=RELEASES)
def studio(request, upgrade_server, fake):
    return Studio(upgrade_server, fake, request.param)


def test_an_updated_extension_has_the_catalog_of_a_new_one(upgrade_server, studio):
    new = catalog(create(upgrade_server, "new"))
    assert len(new) > 1000
    assert difference(catalog(studio.database), new)
    studio.database.run("listen pgrst")
    studio.database.run("alter extension atelier update")
    heard = [(notice.channel, notice.payload) for notice in studio.database.admin.notifies]
    assert ("pgrst", "reload schema") in heard
    assert difference(catalog(studio.database), new) == []


def test_an_update_keeps_the_data_and_the_workers(studio):
    database = studio.database
    workers = database.wait_for_workers()
    before = contents(database)
    assert sum(map(bool, before.values())) > 20
    database.run("alter extension atelier update")
    assert_kept(before, contents(database))
    assert "ok" == database.value("select status from atelier.doctor() where check_name = 'version'")
    assert workers == database.wait_for_workers()

    later = [studio.alice.queue("after the update")]
    studio.gate.open()
    jobs = [*studio.slow, *studio.waiting, *later]
    database.wait_until_finished(jobs)
    assert database.count_in(jobs, "completed") == len(jobs)
    assert studio.fake.counts()["a slow one"] == 2
    assert database.run("select * from atelier.stuck_jobs") == []
    assert workers == database.wait_for_workers()
    database.assert_no_stray_objects()


def test_an_update_gives_a_moderation_status_to_jobs_that_have_none(studio):
    database = studio.database
    database.run("update atelier.jobs set moderation_status = null where id = %s", studio.waiting[0])
    database.run("alter extension atelier update")
    assert database.value("select moderation_status from atelier.jobs where id = %s", studio.waiting[0]) == "pending"
    studio.gate.open()
    database.wait_until_finished([*studio.slow, *studio.waiting])


def test_an_update_takes_away_what_names_no_tokenizer(studio):
    database = studio.database
    keep = "select capabilities ->> 'tokenizer' from atelier.api_models where model_key = 'tiny-sdxl'"
    database.run(
        "update atelier.api_models set capabilities = capabilities || %s where model_key = 'tiny-sdxl'",
        '{"tokenizer": "../up", "more": 1}',
    )
    studio.gate.open()
    database.wait_until_finished([*studio.slow, *studio.waiting])
    database.run("alter extension atelier update")
    assert database.value(keep) is None
    assert database.value(keep.replace("'tokenizer'", "'more'")) == "1"


def test_an_update_among_busy_sessions_fails_nobody(studio):
    database, jobs, stop, errors = studio.database, [], threading.Event(), []
    studio.gate.open()
    database.change_endpoint(max_concurrency=8)

    def submit(user):
        with contextlib.closing(user.connection):
            while not stop.is_set():
                try:
                    jobs.append(user.queue(f"{user.name} {len(jobs)}"))
                    user.run("select count(*) from atelier.jobs j join atelier.generations g on g.job_id = j.id")
                    user.run("select * from atelier.images limit 5")
                except psycopg2.Error as error:
                    errors.append(error)

    users = [database.add_user(f"user{number}") for number in range(4)]
    threads = [threading.Thread(target=submit, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(jobs) > 40)
    try:
        database.run("alter extension atelier update")
        count = len(jobs)
        wait_until(lambda: len(jobs) > count + 40)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert errors == []
    database.wait_until_finished(jobs)
    database.assert_completed_exactly_once(jobs)


def test_an_update_waits_for_nobody_for_ever(studio):
    """A transaction that stays open holds the update up, and nobody else."""
    database = studio.database
    make_impatient(database)
    studio.bob.run("begin")
    studio.bob.run("select count(*) from atelier.jobs")
    with pytest.raises(psycopg2.errors.LockNotAvailable, match="the tables are in use"):
        database.run("alter extension atelier update")
    studio.bob.run("commit")
    database.run("alter extension atelier update")


def make_impatient(database):
    extensions = pathlib.Path(database.value("select setting from pg_config() where name = 'SHAREDIR'")) / "extension"
    for script in extensions.glob("atelier--*--*.sql"):
        text = script.read_text(encoding="utf-8")
        assert "interval '1 minute'" in text
        script.write_text(text.replace("interval '1 minute'", "interval '2 seconds'"), encoding="utf-8")


def replace(path, data):
    """By a new file: a running server has the old one mapped into its memory."""
    new = path.with_suffix(".new")
    new.write_bytes(data)
    new.replace(path)


@contextlib.contextmanager
def old_library(tree):
    """The library as from before there was the function that tells its version."""
    (library,) = tree.glob("**/atelier.so")
    installed = library.read_bytes()
    name = b"atelier_library_version\0"
    assert name in installed
    replace(library, installed.replace(name, b"atelier_library_verzion\0"))
    yield
    replace(library, installed)


def test_an_update_asks_for_a_restart_when_the_server_has_the_old_library(tree, make_server, fake):
    with old_library(tree):
        server = make_server(**NO_RUNNER)
        studio = Studio(server, fake, RELEASES[0])
    database, before = studio.database, catalog(studio.database)
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState) as refused:
        database.run("alter extension atelier update")
    assert "the server has not loaded the library of this version" in str(refused.value)
    assert "Restart the server" in str(refused.value)
    assert catalog(database) == before
    studio.gate.open()
    database.wait_until_finished(studio.waiting)

    server.stop()
    server.start()
    database.reconnect()
    database.run("alter extension atelier update")
    studio.alice.connect()
    database.wait_for_status(studio.alice.queue("after the restart"), "completed")


def test_without_preload_a_new_session_has_the_new_library(tree, make_server, fake):
    with old_library(tree):
        server = make_server(**NO_RUNNER, shared_preload_libraries="")
        studio = Studio(server, fake, RELEASES[0], start=True)
    database = studio.database
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState):
        database.run("alter extension atelier update")
    studio.gate.open()
    database.reconnect()
    database.run("select atelier.stop()")
    gone = "select count(*) = 0 from pg_stat_activity where backend_type like 'atelier %'"
    wait_until(lambda: database.value(gone))
    database.run("alter extension atelier update")
    database.run("select atelier.start()")
    database.wait_until_finished(studio.waiting)


BLOCK_OF_ANOTHER_SIZE = """
#include "postgres.h"
#include "fmgr.h"
#include "storage/shmem.h"
PG_MODULE_MAGIC;
void _PG_init(void);
void _PG_init(void) { bool found; ShmemInitStruct("atelier", 1000, &found); }
"""


def test_sessions_beside_workers_of_another_version(tree, tmp_path, make_server):
    """Without preload: jobs are taken, and what needs the workers says that the server must be restarted."""
    source, library = tmp_path / "other.c", HOME / "other.so"
    source.write_text(BLOCK_OF_ANOTHER_SIZE, encoding="utf-8")
    headers = subprocess.run(["pg_config", "--includedir-server"], check=True, capture_output=True, text=True).stdout
    subprocess.run(["gcc", "-shared", "-fPIC", "-I", headers.strip(), "-o", library, source], check=True)
    server = make_server(**NO_RUNNER, shared_preload_libraries="")
    Database(server, "postgres").run(f"load '{library}'")
    library.unlink()

    database = create(server, "studio")
    alice = database.add_user("alice")
    job = alice.queue("a red circle")
    with pytest.raises(psycopg2.errors.QueryCanceled):  # interrupts still work
        alice.run("set statement_timeout = '100ms'; select pg_sleep(30)")
    alice.run("reset statement_timeout")
    assert alice.value("call atelier.wait_for_job(%s, '100 ms')", job) == "queued"
    for function in ("start", "stop"):
        with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="Restart the server"):
            database.run(f"select atelier.{function}()")
    hint = "select hint from atelier.doctor() where check_name = 'launcher' and status = 'error'"
    assert "Restart the server" in database.value(hint)
    server.stop()
    server.start()
    database.reconnect()
    assert database.value("select atelier.start()") == "the workers have been started"


CHANGES = [
    "create function atelier.forgotten() returns integer language sql begin atomic select 1; end",
    "alter function atelier.queue_job set work_mem = '1MB'",
    "alter function atelier.cancel_job(uuid) stable",
    "revoke execute on function atelier.cancel_job(uuid) from authenticated",
    "grant insert on atelier.jobs to authenticated",
    "grant update (priority) on atelier.jobs to authenticated",
    "alter table atelier.jobs add column forgotten integer",
    "alter table atelier.jobs alter column priority drop default",
    "alter table atelier.jobs alter column created_at drop not null",
    "alter table atelier.jobs drop constraint jobs_are_valid",
    "alter table atelier.jobs no force row level security",
    "alter table atelier.jobs reset (fillfactor)",
    "alter table atelier.api_prices drop constraint api_prices_do_not_overlap",
    "alter table atelier.api_logs alter column path drop not null",
    "drop index atelier.jobs_user_created_idx",
    "drop trigger guard_status on atelier.jobs",
    "alter table atelier.jobs disable trigger guard_status",
    'drop policy "owners see their events" on atelier.events',
    "alter view atelier.images reset (security_invoker)",
    "comment on column atelier.jobs.estimated_seconds is null",
    "comment on table atelier.jobs is 'forgotten'",
    "alter extension atelier drop view atelier.images",
    "alter type atelier.app_role add value 'emperor'",
    "alter sequence atelier.events_seq_seq cache 10",
    "update pg_extension set extcondition[1] = 'where true' where extname = 'atelier'",
]


def test_the_comparison_sees_every_kind_of_change(shared_database):
    """Else two catalogs would be equal for want of looking."""
    before = catalog(shared_database)
    for change in CHANGES:
        shared_database.run("begin")
        shared_database.run(change)
        assert difference(before, catalog(shared_database)), change
        shared_database.run("rollback")
    assert difference(before, catalog(shared_database)) == []


def test_every_release_can_be_updated():
    version = re.search(
        r"default_version = '(.*)'", (CHECKOUT / "control" / "atelier.control").read_text(encoding="utf-8")
    )[1]
    assert RELEASES
    assert all((CHECKOUT / "build" / "sql" / f"atelier--{old}--{version}.sql").exists() for old in RELEASES)
