"""Secrets of provider tokens: sealed by a key file, opened by the dispatcher alone, rotated, and in no trace.

Everything that PostgreSQL can log about statements is on here, and secrets are handed over in every way there is, the
careless ones included.
"""

import contextlib
import pathlib
import subprocess

import psycopg2
import pytest
from harness import libpq
from harness.database import Database
from harness.inference import FakeInferenceServer
from harness.server import Server, bin_directory, own
from harness.waiting import wait_until

BOUND, TYPED, PREPARED, FAILED, IN_FILE = (f"sk-{name}-0123456789abcdef" for name in "bound typed prepared failed in-a-file".split())
SET_HEADER = "update atelier.api_providers set auth_scheme = 'bearer', auth_header_name = 'Authorization' where name = 'atelier-runner'"
EVERYTHING_IS_LOGGED = {
    "log_min_messages": "debug1",
    "log_statement": "all",
    "log_duration": "on",
    "log_min_duration_statement": "0",
    "log_min_error_statement": "debug1",
    "log_error_verbosity": "verbose",
    "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "-1",
    "auto_explain__log_min_duration": "0",
    "auto_explain__log_nested_statements": "on",
    "auto_explain__log_analyze": "on",
    "auto_explain__log_verbose": "on",
    "pg_stat_statements__track": "all",
}


@pytest.fixture(scope="module")
def server():
    server = Server(
        "secrets",
        shared_preload_libraries="atelier,pg_stat_statements,auto_explain",
        atelier__runner_enabled="off",
        atelier__poll_interval="200ms",
        **EVERYTHING_IS_LOGGED,
    )
    yield server.start()
    server.remove()
    server.assert_no_crash()


@pytest.fixture(scope="module")
def fake():
    with FakeInferenceServer() as fake:
        yield fake


@pytest.fixture(scope="module")
def database(server, fake):
    database = Database.create(server, "studio")
    database.run("create extension pg_stat_statements")
    database.use_only(fake)
    database.run(SET_HEADER)
    return database


@pytest.fixture
def alice(database, request):
    return database.add_user(request.node.name)


@contextlib.contextmanager
def as_service(server):
    connection = libpq.Connection(f"host={server.socket_directory} port=5432 user=postgres dbname=studio")
    connection.run("set role service_role")
    yield connection
    connection.close()


def psql(server, text):
    return subprocess.run(
        [bin_directory() / "psql", "-X", *server.connection_arguments("studio")],
        input=text, capture_output=True, text=True, check=False, timeout=60,
    )


def keep_out(server, path, text):
    """A file that only the user of the server may read."""
    path.write_text(text)
    path.chmod(0o600)
    own(path)
    return path


def rows_of_all_tables(database):
    tables = database.run("select format('%I.%I', schemaname, tablename) from pg_tables where schemaname ~ '^atelier'")
    return "\n".join(
        database.value(f"select coalesce(string_agg(t::text, chr(10)), '') from {table} t") for (table,) in tables
    )


def sent_tokens(fake):
    return [seen[3].get("authorization", "").removeprefix("bearer ") for seen in fake.requests]


def test_no_way_to_hand_over_a_secret_leaves_a_trace(database, server, fake, alice):
    with as_service(server) as connection:
        connection.run("select atelier.set_provider_token('atelier-runner', $1, 'bound')", BOUND)
        for statement, secret in (
            ("select atelier.set_provider_token('nobody', $1)", FAILED),
            ("select atelier.set_provider_token('atelier-runner', $1)", FAILED + " \n"),
            ("select atelier.set_provider_token('atelier-runner', $1, 'x', 'too many')", FAILED),
        ):
            with pytest.raises(libpq.SqlError):
                connection.run(statement, secret)
    careless = psql(server, f"""
        set role service_role;
        select atelier.set_provider_token('atelier-runner', '{TYPED}', 'typed');
        \\set secret {TYPED}
        select Atelier.Set_Provider_Token('atelier-runner', :'secret', 'typed');
        prepare store (text) as select atelier.set_provider_token('atelier-runner', $1, 'prepared');
        execute store('{PREPARED}');
        select atelier.set_provider_token('nobody', '{FAILED}');
        select atelier.set_provider_token('atelier-runner', '{FAILED}', '');
        select query from pg_stat_activity where pid = pg_backend_pid();
    """)
    assert careless.stderr.count("ERROR") == 2, careless.stderr
    key = keep_out(server, server.home / "token", IN_FILE + "\n")
    database.run("select atelier.set_provider_token_from_file('atelier-runner', %s, 'file')", str(key))
    database.run("update atelier.provider_tokens set is_active = name = 'file'")
    database.wait_until_finished([alice.queue("a red circle")])
    assert sent_tokens(fake) == [IN_FILE]

    log = server.log()
    assert "set_provider_token [the rest may hold a secret]" in log and "unknown provider" in log
    assert "Query Text: " in log and "a red circle" in log  # auto_explain and log_parameter_max_length are at work
    statements = str(database.run("select query from pg_stat_statements"))
    assert "set_provider_token" in statements
    dump = subprocess.run(
        [bin_directory() / "pg_dump", *server.connection_arguments("studio")], check=True, capture_output=True, text=True
    ).stdout
    processes = ""
    for process in server.processes():
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):  # it ended meanwhile
            with open(f"/proc/{process.pid}/environ", "rb") as environment:
                processes += process.command + environment.read().decode(errors="replace")
    places = {
        "log": log, "pg_stat_statements": statements, "dump": dump, "processes": processes,
        "rows": rows_of_all_tables(database), "pg_stat_activity": str(database.run("select * from pg_stat_activity")),
        "errors": careless.stderr,
    }
    found = [(place, secret) for place, text in places.items() for secret in (BOUND, TYPED, PREPARED, FAILED, IN_FILE)
             if secret in text]
    assert not [(place, secret) for place, secret in found if place != "errors"], found
    # psql itself repeats the line that failed to whoever typed it.
    assert all(secret == FAILED for place, secret in found)


def test_other_sessions_do_not_see_the_statement_while_it_runs(database, server):
    """It waits for a lock in the middle of the function."""
    with contextlib.closing(server.connect("studio")) as blocker, blocker.cursor() as cursor:
        blocker.autocommit = False
        cursor.execute("lock table atelier.provider_tokens in share row exclusive mode")
        writer = subprocess.Popen(
            [bin_directory() / "psql", "-X", *server.connection_arguments("studio"), "-c",
             f"select atelier.set_provider_token('atelier-runner', '{TYPED}', 'typed')"],
            stdout=subprocess.DEVNULL,
        )
        wait_until(lambda: database.run("select 1 from pg_stat_activity where wait_event_type = 'Lock'"))
        (seen,) = database.run("select query from pg_stat_activity where wait_event_type = 'Lock'")
        assert seen == ("select atelier.set_provider_token(...)",)
        blocker.rollback()
        assert writer.wait(30) == 0


def test_keys_are_rotated_while_jobs_run(database, server, fake, alice):
    database.run("delete from atelier.provider_tokens")
    database.run("select atelier.set_provider_token('atelier-runner', %s)", BOUND)
    server.write_keys("second", "first")
    database.wait_until_finished([alice.queue("with the old key")])
    assert database.value("select atelier.seal_provider_tokens()") == 1
    assert database.value("select atelier_engine.key_of_secret(sealed) from atelier_engine.provider_secrets") == "second"
    server.write_keys("second")
    database.wait_until_finished([alice.queue("with the new key")])
    assert sent_tokens(fake)[-2:] == [BOUND, BOUND]

    server.write_keys("third")
    waiting = alice.queue("without its key")
    wait_until(lambda: database.run("select 1 from atelier.doctor() where check_name ~ 'secret of token' and status = 'error'"))
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="the key second is not in the key file"):
        database.run("select atelier.seal_provider_tokens()")
    assert database.value("select status from atelier.jobs where id = %s", waiting) == "queued"
    server.write_keys("third", "second")
    database.wait_until_finished([waiting])
    server.write_keys("first")


def test_a_secret_that_was_tampered_with_is_not_used(database, server, fake, alice):
    """As if somebody had put the row of one token in the place of another's."""
    database.run("delete from atelier.provider_tokens")
    database.run("select atelier.set_provider_token('atelier-runner', %s, 'one'), atelier.set_provider_token('atelier-runner', %s, 'two')",
                 BOUND, TYPED)
    database.run(
        "update atelier_engine.provider_secrets k set sealed = o.sealed from atelier_engine.provider_secrets o"
        " where o.token_id <> k.token_id"
    )
    before = len(fake.requests)
    job = alice.queue("with a wrong token")
    database.wait_until_finished([job])
    assert database.value("select error_class from atelier.jobs where id = %s", job) == "auth"
    assert len(fake.requests) == before
    database.run("delete from atelier.provider_tokens")


def test_a_server_without_keys_works_for_servers_without_tokens(make_server, fake):
    server = make_server(atelier__runner_enabled="off", atelier__secret_key_file="")
    database = Database.create(server, "plain")
    database.use_only(fake)
    user = database.add_user("alice")
    database.wait_until_finished([user.queue("a red circle")])
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState) as refused:
        database.run("select atelier.set_provider_token('atelier-runner', %s)", BOUND)
    assert refused.value.diag.message_primary == "there is no key to seal secrets with"
    assert "atelier.secret_key_file" in refused.value.diag.message_hint
    assert not database.run("select from atelier.provider_tokens")

    # As 0.1.0 left them: they stay in use, until there is a key.
    database.run(SET_HEADER)
    database.run("insert into atelier.provider_tokens (provider_id) select id from atelier.api_providers limit 1")
    database.run("insert into atelier_engine.provider_secrets (token_id, secret) select id, %s from atelier.provider_tokens", TYPED)
    database.wait_until_finished([user.queue("from before")])
    assert sent_tokens(fake)[-1] == TYPED
    for path, mode, problem in (
        (server.data / "keys", 0o600, "lies in the data directory"),
        (server.home / "readable", 0o640, "others than its owner may use the key file"),
    ):
        server.write_keys("first", path=path, mode=mode)
        use_keys(server, database, path)
        with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match=problem):
            database.run("select atelier.seal_provider_tokens()")
    use_keys(server, database, server.key_file)
    assert database.value("select atelier.seal_provider_tokens()") == 1
    assert not database.run("select from atelier_engine.provider_secrets where secret is not null")
    database.wait_until_finished([user.queue("now sealed")])
    assert sent_tokens(fake)[-1] == TYPED


def use_keys(server, database, path: pathlib.Path):
    server.reload(atelier__secret_key_file=path)
    wait_until(lambda: database.value("show atelier.secret_key_file") == str(path))
