"""Secrets where a server leaves traces: rows, log, activity, statistics, processes, dumps. And logins that get nowhere.

The secrets are handed over as PostgREST does it, with bound parameters: what somebody writes into the text of a statement,
PostgreSQL logs as it is.
"""

import base64
import contextlib
import json
import subprocess

import psycopg2
import pytest
from harness import libpq
from harness.database import Database
from harness.inference import FakeInferenceServer, Gate, pictures
from harness.png import make_png
from harness.server import Server, bin_directory
from harness.waiting import wait_until

TOKEN = "sk-planted-0123456789abcdef"  # in small letters, as the fake server keeps headers


@pytest.fixture(scope="module")
def server():
    server = Server(
        "attacks",
        shared_preload_libraries="atelier,pg_stat_statements",
        atelier__runner_enabled="off",
        log_min_messages="debug1",
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
    """Its only provider wants a token."""
    database = Database.create(server, "studio")
    database.run("create extension pg_stat_statements")
    database.run("create role login_of_clients login noinherit")
    database.run("grant anon, authenticated to login_of_clients")
    database.run("create role stranger login")
    database.use_only(fake)
    database.run(
        "update atelier.api_providers set auth_scheme = 'bearer', auth_header_name = 'Authorization'"
        " where name = 'atelier-runner'"
    )
    with as_service(server) as connection:
        connection.run("select atelier.set_provider_token('atelier-runner', $1)", TOKEN)
    return database


@pytest.fixture
def alice(database, request):
    return database.add_user(request.node.name)


@contextlib.contextmanager
def connected(server, user="postgres"):
    connection = libpq.Connection(f"host={server.socket_directory} port=5432 user={user} dbname=studio")
    yield connection
    connection.close()


@contextlib.contextmanager
def as_service(server):
    with connected(server) as connection:
        connection.run("set role service_role")
        yield connection


@contextlib.contextmanager
def as_login_of_clients(server):
    connection = server.connect("studio", user="login_of_clients")
    with contextlib.closing(connection), connection.cursor() as cursor:
        yield cursor


def rows_of_all_tables(database):
    """As one text, without the table of secrets. The search is made here, so that it leaves no traces there."""
    tables = database.run(
        "select format('%I.%I', schemaname, tablename) from pg_tables"
        " where schemaname in ('atelier', 'atelier_engine', 'auth', 'storage') and tablename <> 'provider_secrets'"
    )
    return "\n".join(
        database.value(f"select coalesce(string_agg(t::text, chr(10)), '') from {table} t") for (table,) in tables
    )


def echo(line):
    """An error whose message has the token in it."""

    def behave(exchange):
        credential = exchange.server.requests[-1][3]["authorization"]
        body = json.dumps({"error": {"message": f"no good: {credential}", "code": credential}})
        exchange.respond(body.encode(), line, headers=[f"X-Echo: {credential}"])

    return behave


def echo_in_success(exchange):
    credential = exchange.server.requests[-1][3]["authorization"]
    picture = base64.b64encode(make_png(64, 64, (255, 0, 0))).decode()
    answer = {"model": credential, "usage": {credential: credential}, "data": [
        {"b64_json": picture, "revised_prompt": f"a circle for {credential}"}]}
    exchange.respond(json.dumps(answer).encode())


def test_a_token_that_a_server_echoes_is_kept_nowhere(database, server, fake, alice):
    fake.behaviour = lambda exchange: {
        "success": echo_in_success, "invalid": echo("400 Bad Request"), "refused": echo("401 Unauthorized")
    }[exchange.prompt](exchange)
    for prompt in ("success", "invalid", "refused"):  # the last one disables the token
        database.wait_until_finished([alice.queue(prompt)])
    assert all(TOKEN in seen[3]["authorization"] for seen in fake.requests)
    rows = rows_of_all_tables(database)
    assert "a circle for" in rows and "no good" in rows
    assert TOKEN not in rows
    assert TOKEN not in server.log()
    database.run("update atelier.provider_tokens set is_active = true")  # it was refused
    database.run("delete from atelier_engine.endpoint_states")


def test_activity_statistics_and_processes_show_no_secret(database, server, fake, alice):
    gate = Gate(pictures)
    fake.behaviour = gate
    job = alice.queue("a planted prompt")
    wait_until(lambda: gate.waiting == 1)
    activity = str(database.run("select * from pg_stat_activity"))
    assert "atelier dispatcher" in activity
    statements = str(database.run("select query from pg_stat_statements"))
    assert "set_provider_token" in statements
    processes = ""
    for process in server.processes():
        with open(f"/proc/{process.pid}/environ", "rb") as environment:
            processes += process.command + environment.read().decode(errors="replace")
    assert "atelier-courier" in processes
    for text in (activity, statements, processes, server.log()):
        assert TOKEN not in text
    gate.open()
    database.wait_until_finished([job])


def test_clients_do_not_see_what_others_run(database, server):
    """Other logins and the workers, that is. All clients are one role, whose statements they see in pg_stat_statements."""
    with as_login_of_clients(server) as cursor, connected(server) as other:
        other.run("select 'planted' as secret_of_another_session")
        for role in ("anon", "authenticated"):
            cursor.execute(f"set role {role}")
            for view in ("pg_stat_activity", "pg_stat_statements"):
                cursor.execute(f"select query from {view} where query ~ 'another_session|claim_jobs|set_provider_token'")
                # One's own session is in the view with this very query.
                assert [row for row in cursor.fetchall() if "from " + view not in row[0]] == []
            cursor.execute("select count(*) from pg_stat_activity where query = '<insufficient privilege>'")
            assert cursor.fetchone()[0] > 0
            cursor.execute("reset role")


def test_calls_that_fail_log_no_secret(database, server, alice):
    key = "atelier_" + "5ec2e7" * 11
    failing = [
        ("select atelier.set_provider_token('nobody', $1)", TOKEN, "unknown provider"),
        ("select atelier.set_provider_token('atelier-runner', $1)", TOKEN + " \n", "invalid secret"),
        ("select atelier.set_provider_token('atelier-runner', $1, '')", TOKEN, "invalid token name"),
        ("select atelier.authenticate_api_key($1)", key, "unknown API key"),
        ("select atelier.accept_workspace_invitation($1)", key, None),
        ("select atelier.queue_job($1, parameters => '{\"planted\": 1}')", "a planted prompt", None),
        ("select atelier.queue_job('x', parameters => $1)", '{"steps": "planted"}', None),
    ]
    with as_service(server) as connection:
        for statement, secret, message in failing:
            with pytest.raises(libpq.SqlError, match=message):
                connection.run(statement, secret)
        claims = json.dumps({"sub": alice.id, "role": "authenticated"})
        connection.run("select set_config('request.jwt.claims', $1, false)", claims)
        with pytest.raises(libpq.SqlError) as refused:
            connection.run("select atelier.queue_job($1, model => 'nothing')", "a planted prompt")
        assert refused.value.sqlstate == "PT404"
    log = server.log()
    assert "unknown provider" in log and "unknown API key" in log  # they are logged
    for secret in (TOKEN, key, "planted prompt"):
        assert secret not in log


def test_a_stolen_dump_holds_no_secret(database, server, alice):
    key = alice.value("select secret from atelier.create_api_key('a server', '{read}')")
    team = alice.value("select (atelier.create_workspace('Shapes')).id")
    invitation = alice.value("select token from atelier.invite_to_workspace(%s, 'x@example.org')", team)
    dump = subprocess.run(
        [bin_directory() / "pg_dump", *server.connection_arguments("studio")], check=True, capture_output=True
    ).stdout.decode()
    assert alice.id in dump and "a server" in dump
    for secret in (TOKEN, key, invitation):
        assert secret not in dump


def test_nobody_logs_in_as_the_worker(database, server):
    database.wait_for_workers()  # they run as it
    assert database.run("select 1 from pg_stat_activity where usename = 'atelier_worker'")
    with pytest.raises(psycopg2.OperationalError, match="too many connections for role"):
        server.connect("studio", user="atelier_worker")


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_a_login_of_clients_becomes_nobody_else(database, server, role):
    with as_login_of_clients(server) as cursor:
        cursor.execute(f"set role {role}")
        for attack in (
            "set role service_role",
            "set role atelier_worker",
            "set role postgres",
            "set session authorization postgres",
            "set session authorization service_role",
            "select set_config('session_authorization', 'postgres', false)",
            "alter system set atelier.courier_path = '/tmp/mine'",
            "alter database studio set session_preload_libraries = '/tmp/mine'",
            "create tablespace mine location '/tmp/mine'",
            "create schema mine",
            "create extension pgcrypto",
            "drop database studio",
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(attack)
                raise AssertionError(f"not refused: {attack}")
        cursor.execute("select current_user, session_user")
        assert cursor.fetchone() == (role, "login_of_clients")


def test_a_stranger_stops_no_worker(database, server, fake, alice):
    """Whoever may connect may take any advisory lock: no claim waits for one."""
    fake.behaviour = pictures
    with contextlib.closing(server.connect("studio", user="stranger")) as stranger, stranger.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_lock(c.oid::integer, n) from pg_class c, generate_series(0, 1) n"
            " where c.relname in ('queue', 'lane_clocks', 'instance', 'attempts', 'jobs')"
        )
        for table in ("atelier_engine.queue", "atelier_engine.instance", "atelier.jobs"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(f"do $$ begin lock table {table} in access share mode; end $$")
        database.wait_until_finished([alice.queue("a red circle")])
