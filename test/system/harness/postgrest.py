"""The HTTP door: PostgREST itself, or what it says to the database without PostgREST.

Door answers requests as PostgREST 12 and later do with the configuration that is shipped: it verifies the token, and in
one transaction, read-only for GET and for functions that are not VOLATILE, it sets role, search_path and request.*,
calls the pre-request function, runs one statement with bound parameters, and makes status and headers of the result or
of the SQLSTATE. What it has not learned it refuses with NotSpoken, which fails a test. RealDoor starts the program that
the environment variable POSTGREST names.
"""

import http.client
import json
import os
import re
import socket
import subprocess

from .libpq import Connection
from .rest_errors import Refused, Response
from .rest_query import Reader
from .rest_request import JSON_TYPE, Request
from .rest_tokens import SECRET
from .schema_cache import SchemaCache
from .server import CHECKOUT, run_program
from .waiting import wait_until

AUTHENTICATOR = CHECKOUT / "postgrest" / "authenticator.sql"
CONFIGURATION = CHECKOUT / "postgrest" / "postgrest.conf"

# The settings of the roles that a request may take. They hold for its transaction.
ROLE_SETTINGS = """
  select r.rolname, s.name, lower(substr(c, strpos(c, '=') + 1))
    from pg_auth_members m
    join pg_roles r on r.oid = m.roleid
    cross join unnest(r.rolconfig) c
    join pg_settings s on s.name = split_part(c, '=', 1)
   where m.member = current_user::regrole
     and (s.context = 'user' or has_parameter_privilege(current_user, s.name, 'set'))"""


def read_configuration():
    """The names and values of the configuration file that is shipped."""
    lines = re.findall(r"(?m)^([a-z-]+) = (.*)$", CONFIGURATION.read_text(encoding="utf-8"))
    return {name: json.loads(value) for name, value in lines}


def set_up_role(database):
    arguments = database.server.connection_arguments(database.name)
    run_program("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", AUTHENTICATOR, *arguments, stderr=subprocess.DEVNULL)


def as_bytes(body):
    if body is None or isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()


class Door:
    def __init__(self, database):
        set_up_role(database)
        self.configuration = read_configuration()
        self.schema = self.configuration["db-schemas"]
        self.anonymous = self.configuration["db-anon-role"]
        self.max_rows = self.configuration["db-max-rows"]
        self.conninfo = f"host={database.server.socket_directory} port=5432 user=authenticator dbname={database.name}"
        self.connection = Connection(self.conninfo)
        self.reload()

    def reload(self):
        self.cache = SchemaCache(self.connection, self.schema)
        self.reader = Reader(self.cache, self.max_rows)
        self.role_settings = {}
        for role, name, value in self.connection.run(ROLE_SETTINGS):
            self.role_settings.setdefault(role, []).append((name, value))

    def stop(self):
        self.connection.close()

    def request(self, method, path, token=None, body=None, headers=()):
        headers = {name.lower(): value for name, value in dict(headers).items()}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        try:
            return Request(self, method, path, as_bytes(body), headers).answer()
        except Refused as refusal:
            return refusal.response


class RealDoor:
    """PostgREST itself, with the same requests."""

    def __init__(self, database, directory):
        set_up_role(database)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        uri = f"postgres://authenticator@/{database.name}?host={database.server.socket_directory}&port=5432"
        settings = read_configuration() | {"db-uri": uri, "jwt-secret": SECRET, "server-port": self.port}
        file = directory / "postgrest.conf"
        file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()))
        with open(directory / "postgrest.log", "wb") as log:
            self.process = subprocess.Popen([os.environ["POSTGREST"], str(file)], stdout=log, stderr=log)
        wait_until(self._answers, 30, "PostgREST does not answer")

    def _answers(self):
        assert self.process.poll() is None, "PostgREST ended"
        try:
            return self.request("GET", "/").status == 200
        except OSError:
            return False

    def reload(self):
        """It hears of changes by itself, a moment later."""

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

    def request(self, method, path, token=None, body=None, headers=()):
        headers = dict(headers)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        body = as_bytes(body)
        if body is not None:
            headers.setdefault("Content-Type", JSON_TYPE)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)
