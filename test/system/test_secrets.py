"""Secrets of provider tokens and of their webhooks: sealed by a key file, opened where they are used alone, rotated, and in no trace.

Everything that PostgreSQL can log about statements is on here, and secrets are handed over in every way there is, the
careless ones included.
"""

import base64
import contextlib
import pathlib
import subprocess
import sys

import psycopg2
import pytest
from harness import libpq
from harness.database import Database
from harness.inference import FakeInferenceServer
from harness.server import CHECKOUT, Server, bin_directory, own
from harness.waiting import wait_until

sys.path.insert(0, str(CHECKOUT / "test"))

from simulator.signatures import standard_webhook  # noqa: E402

BOUND, TYPED, PREPARED, FAILED, IN_FILE = (f"sk-{name}-0123456789abcdef" for name in "bound typed prepared failed in-a-file".split())
HOOK_BOUND, HOOK_TYPED, HOOK_FAILED = (  # as accounts have them to sign webhooks with
    "whsec_" + base64.b64encode(f"{name} secret of an account".encode()).decode() for name in ("bound", "typed", "failed")
)
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
        connection.run("select atelier.set_webhook_secret('atelier-runner', $1, 'bound')", HOOK_BOUND)
        for statement, secret in (
            ("select atelier.set_webhook_secret('nobody', $1)", HOOK_FAILED),
            ("select atelier.set_webhook_secret('atelier-runner', $1, 'bound')", HOOK_FAILED + "="),
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
        select atelier.set_webhook_secret('atelier-runner', '{HOOK_TYPED}', 'typed');
        prepare hook (text) as select atelier.set_webhook_secret('atelier-runner', $1, 'prepared');
        execute hook('{HOOK_TYPED}');
        select atelier.set_webhook_secret('nobody', '{HOOK_FAILED}');
        select atelier.set_provider_token('nobody', '{FAILED}');
        select atelier.set_provider_token('atelier-runner', '{FAILED}', '');
        select query from pg_stat_activity where pid = pg_backend_pid();
    """)
    assert careless.stderr.count("ERROR") == 3, careless.stderr
    key = keep_out(server, server.home / "token", IN_FILE + "\n")
    database.run("select atelier.set_provider_token_from_file('atelier-runner', %s, 'file')", str(key))
    database.run("update atelier.provider_tokens set is_active = name = 'file'")
    database.wait_until_finished([alice.queue("a red circle")])
    assert sent_tokens(fake) == [IN_FILE]

    log = server.log()
    assert "set_provider_token [the rest may hold a secret]" in log and "unknown provider" in log
    assert "set_webhook_secret [the rest may hold a secret]" in log and "unknown token" in log
    assert "Query Text: " in log and "a red circle" in log  # auto_explain and log_parameter_max_length are at work
    statements = str(database.run("select query from pg_stat_statements"))
    assert "set_provider_token" in statements and "set_webhook_secret" in statements
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
    secrets = (BOUND, TYPED, PREPARED, FAILED, IN_FILE, HOOK_BOUND, HOOK_TYPED, HOOK_FAILED)
    secrets_in_hex = [base64.b64decode(secret.removeprefix("whsec_")).hex() for secret in (HOOK_BOUND, HOOK_TYPED, HOOK_FAILED)]
    secrets_in_hex += [secret.encode().hex() for secret in secrets]
    found = [(place, secret) for place, text in places.items() for secret in (*secrets, *secrets_in_hex) if secret in text]
    assert not [(place, secret) for place, secret in found if place != "errors"], found
    # psql itself repeats the line that failed to whoever typed it.
    assert {secret for place, secret in found} <= {FAILED, HOOK_FAILED}


@pytest.mark.parametrize("function, secret", [("set_provider_token", TYPED), ("set_webhook_secret", HOOK_TYPED)],
                         ids=["token", "webhook"])
def test_other_sessions_do_not_see_the_statement_while_it_runs(database, server, function, secret):
    """It waits for a lock in the middle of the function."""
    with contextlib.closing(server.connect("studio")) as blocker, blocker.cursor() as cursor:
        blocker.autocommit = False
        cursor.execute("lock table atelier.provider_tokens in access exclusive mode")
        writer = subprocess.Popen(
            [bin_directory() / "psql", "-X", *server.connection_arguments("studio"), "-c",
             f"select atelier.{function}('atelier-runner', '{secret}', 'typed')"],
            stdout=subprocess.DEVNULL,
        )
        wait_until(lambda: database.run("select 1 from pg_stat_activity where wait_event_type = 'Lock' and query ~ %s", function))
        (seen,) = database.run("select query from pg_stat_activity where wait_event_type = 'Lock' and query ~ %s", function)
        assert seen == (f"select atelier.{function}(...)",)
        blocker.rollback()
        assert writer.wait(30) == 0


def webhook_is_signed(database):
    """Whether a signature counts that was made with HOOK_BOUND; None: its secret cannot be opened."""
    signature = standard_webhook(HOOK_BOUND, "m-1", "1700000000", b"{}")
    return database.value(
        "select atelier_engine.standard_webhook_is_signed(token_id, sealed, %s, %s) from atelier_engine.webhook_secrets",
        b"m-1.1700000000.{}", signature,
    )  # fmt: skip


def test_keys_are_rotated_while_jobs_run(database, server, fake, alice):
    database.run("delete from atelier.provider_tokens")
    database.run("select atelier.set_provider_token('atelier-runner', %s)", BOUND)
    database.run("select atelier.set_webhook_secret('atelier-runner', %s)", HOOK_BOUND)
    server.write_keys("second", "first")
    database.wait_until_finished([alice.queue("with the old key")])
    assert webhook_is_signed(database)
    assert database.value("select atelier.seal_provider_tokens()") == 2
    for table in ("provider_secrets", "webhook_secrets"):
        assert database.value(f"select atelier_engine.key_of_secret(sealed) from atelier_engine.{table}") == "second"
    server.write_keys("second")
    database.wait_until_finished([alice.queue("with the new key")])
    assert sent_tokens(fake)[-2:] == [BOUND, BOUND]
    assert webhook_is_signed(database)

    server.write_keys("third")
    waiting = alice.queue("without its key")
    wait_until(lambda: database.run("select 1 from atelier.doctor() where check_name ~ 'secret of token' and status = 'error'"))
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="the key second is not in the key file"):
        database.run("select atelier.seal_provider_tokens()")
    assert database.value("select status from atelier.jobs where id = %s", waiting) == "queued"
    assert webhook_is_signed(database) is None
    server.write_keys("third", "second")
    database.wait_until_finished([waiting])
    assert webhook_is_signed(database)
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
    database.run("insert into atelier.provider_tokens (provider_id) select id from atelier.api_providers limit 1")
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match="there is no key to seal secrets with"):
        database.run("select atelier.set_webhook_secret('atelier-runner', %s)", HOOK_BOUND)
    assert not database.run("select from atelier_engine.webhook_secrets")

    # As 0.1.0 left them: they stay in use, until there is a key.
    database.run(SET_HEADER)
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
