"""A server with an API key, through PostgREST: what PostgREST sends to the database, statement by statement."""

import contextlib
import json
import subprocess

import psycopg2
import pytest
from harness.database import Database
from harness.server import bin_directory, run_program


class Door:
    """One connection of PostgREST, with atelier.authenticate_api_key as its db-pre-request."""

    def __init__(self, server, database):
        self.connection = server.connect(database.name, user="authenticator")

    def request(self, method, path, statement, *arguments, **headers):
        """Runs the main query of a request in its own transaction; returns its rows."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        settings = {
            "role": "anon",
            "search_path": "atelier",
            "request.jwt.claims": '{"role":"anon"}',
            "request.method": method,
            "request.path": path,
            "request.headers": json.dumps({"host": "localhost", **sent}),
        }
        with self.connection.cursor() as cursor:
            cursor.execute("begin" + (" read only" if method in ("GET", "HEAD") else ""))
            try:
                for name, value in settings.items():
                    cursor.execute("select set_config(%s, %s, true)", (name, value))
                cursor.execute("select atelier.authenticate_api_key()")
                cursor.execute(statement, arguments or None)
                rows = cursor.fetchall()
                cursor.execute("commit")
                return rows
            except psycopg2.Error:
                cursor.execute("rollback")
                raise


SUBMIT = (
    "POST",
    "/rpc/queue_job",
    "select id from atelier.queue_job(prompt => (select prompt from json_to_record(%s) as _ (prompt text)))",
    '{"prompt": "a red circle"}',
)
WHO = ("GET", "/profiles", "select coalesce(json_agg(p), '[]') from (select id from atelier.profiles) p")


@pytest.fixture
def door(shared_server, shared_database):
    shared_database.run("drop role if exists authenticator")
    shared_database.run("create role authenticator login noinherit")
    shared_database.run("grant anon, authenticated, service_role to authenticator")
    door = Door(shared_server, shared_database)
    yield door
    door.connection.close()
    shared_database.run("drop role authenticator")


@contextlib.contextmanager
def refused(sqlstate):
    with pytest.raises(psycopg2.Error) as error:
        yield
    assert error.value.pgcode == sqlstate, error.value


def key_of(user, *scopes):
    return user.run("select secret from atelier.create_api_key('server', %s)", list(scopes))[0][0]


def test_a_server_with_a_key_is_the_person_of_the_key_for_one_request(shared_database, door, fake):
    alice = shared_database.add_user("alice")
    shared_database.add_user("bob")
    key = key_of(alice, "read", "call:queue_job")
    assert door.request(*WHO, x_api_key=key) == [([{"id": alice.id}],)]
    with refused("42501"):  # no privilege for anon, and nothing is left of the request before
        door.request(*WHO)
    with refused("PT401"):
        door.request(*WHO, x_api_key=key[:-1] + ("0" if key[-1] != "0" else "1"))

    ((job,),) = door.request(*SUBMIT, x_api_key=key)
    shared_database.wait_for_status(job, "completed")
    assert shared_database.value("select user_id from atelier.jobs where id = %s", job) == alice.id
    with refused("25006"):
        door.request("POST", "/rpc/cancel_job", "select id from atelier.cancel_job(%s)", job, x_api_key=key)

    alice.run("select atelier.revoke_api_key(id) from atelier.api_keys")
    with refused("PT401"):
        door.request(*SUBMIT, x_api_key=key)


def test_requests_with_one_key_do_not_wait_for_each_other(shared_server, shared_database, door):
    key = key_of(shared_database.add_user("alice"), "*")
    other = Door(shared_server, shared_database)
    with other.connection.cursor() as cursor, door.connection.cursor() as first:
        first.execute("begin; set local role anon")
        first.execute("select atelier.authenticate_api_key(%s)", (key,))
        cursor.execute("set statement_timeout = '5s'; begin; set local role anon")
        cursor.execute("select atelier.authenticate_api_key(%s)", (key,))
        cursor.execute("commit")
        first.execute("commit")
    assert shared_database.value("select last_used_at is not null from atelier.api_keys")
    other.connection.close()


def test_keys_and_teams_survive_a_restore_and_secrets_are_in_no_dump(shared_server, shared_database, door, tmp_path):
    alice, bob = shared_database.add_user("alice"), shared_database.add_user("bob")
    key = key_of(alice, "read")
    team = alice.value("select id from atelier.create_workspace('Team')")
    invite = "select token from atelier.invite_to_workspace(%s, %s)"
    token = alice.value(invite, team, "bob@example.org")
    bob.run("select atelier.accept_workspace_invitation(%s)", token)
    open_token = alice.value(invite, team, "carol@example.org")

    arguments = shared_server.connection_arguments(shared_database.name)
    dump = tmp_path / "dump"
    run_program("pg_dump", "-Fc", "-f", dump, *arguments)
    text = subprocess.run([bin_directory() / "pg_dump", *arguments], check=True, capture_output=True).stdout
    for secret in (key, token, open_token):
        assert secret.encode() not in text

    copy = Database.create(shared_server, f"{shared_database.name}-copy"[:60], extension=False)
    try:
        run_program("pg_restore", "--exit-on-error", "-j", "2", *shared_server.connection_arguments(copy.name), dump)
        for table in ("workspaces", "workspace_members", "workspace_invitations", "api_keys"):
            rows = f"select array_agg(t::text order by t.id) from atelier.{table} t"
            assert copy.value(rows) == shared_database.value(rows) is not None, table
        restored = Door(shared_server, copy)
        assert restored.request(*WHO, x_api_key=key) == [([{"id": alice.id}],)]
        restored.connection.close()
        copy.run("insert into auth.users (id, email) values (gen_random_uuid(), 'carol@example.org')")
        carol = copy.value("select id from auth.users where email = 'carol@example.org'")
        copy.run("select set_config('request.jwt.claims', %s, false)", json.dumps({"sub": carol}))
        assert copy.run("select role from atelier.accept_workspace_invitation(%s)", open_token) == [("member",)]
    finally:
        copy.drop()
