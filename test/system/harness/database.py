"""A database with the extension, and what tests do in it."""

import contextlib
import hashlib
import json
import uuid

from .waiting import wait_until

# An answer of the courier that took part in these states is over.
FINISHED = ("completed", "failed", "cancelled")


class Database:
    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.admin = server.connect(name)

    @classmethod
    def create(cls, server, name, extension=True):
        with contextlib.closing(server.connect("postgres")) as connection:
            connection.cursor().execute(f'create database "{name}"')
        database = cls(server, name)
        if extension:
            database.run("create extension atelier")
        return database

    def drop(self):
        self.admin.close()
        with contextlib.closing(self.server.connect("postgres")) as connection:
            connection.cursor().execute(f'drop database if exists "{self.name}" with (force)')

    def reconnect(self):
        with contextlib.suppress(Exception):
            self.admin.close()
        self.admin = self.server.connect(self.name)

    def run(self, statement, *arguments):
        """Runs a statement as superuser; returns its rows, if it has any."""
        with self.admin.cursor() as cursor:
            cursor.execute(statement, arguments or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement, *arguments):
        rows = self.run(statement, *arguments)
        assert len(rows) == 1 and len(rows[0]) == 1, rows
        return rows[0][0]

    def use_only(self, fake, **columns):
        """Makes the fake server the only endpoint of the model tiny-sdxl."""
        settings = {
            "name": "fake",
            "adapter": "openai_images",
            "base_url": fake.url,
            "max_concurrency": 4,
            "ambiguity_policy": "retry",
            "private_network": True,
            "connect_timeout_ms": 2000,
            "first_byte_timeout_ms": 20000,
            "total_timeout_ms": 60000,
            **columns,
        }
        self.run("update atelier.endpoints set is_active = false")
        self.run(
            f"insert into atelier.endpoints (provider_id, {', '.join(settings)})"
            f" select id, {', '.join(['%s'] * len(settings))}"
            " from atelier.api_providers where name = 'atelier-runner'",
            *settings.values(),
        )

    def add_place(self, name, url, **columns):
        """A provider with one model and one endpoint, all of this name."""
        settings = {
            "name": name,
            "adapter": "openai_images",
            "base_url": url,
            "max_concurrency": 4,
            "private_network": True,
            "connect_timeout_ms": 5000,
            "first_byte_timeout_ms": 20000,
            "total_timeout_ms": 20000,
            "health_path": "",  # every visit is a job
            **columns,
        }
        self.run("insert into atelier.api_providers (name, display_name, auth_scheme) values (%s, %s, 'none')", name, name)
        self.run(
            "insert into atelier.api_models (provider_id, model_key, display_name, modality)"
            " select id, name, name, 'image' from atelier.api_providers where name = %s",
            name,
        )
        self.run(
            f"insert into atelier.endpoints (provider_id, {', '.join(settings)})"
            f" select id, {', '.join(['%s'] * len(settings))} from atelier.api_providers where name = %s",
            *settings.values(),
            name,
        )

    def change_endpoint(self, **columns):
        assignments = ", ".join(f"{name} = %s" for name in columns)
        self.run(f"update atelier.endpoints set {assignments} where is_active", *columns.values())
        self.run("select atelier_engine.wake_dispatcher()")

    def add_user(self, name):
        return User(self, name)

    def status(self, job_id):
        return self.value("select status from atelier.jobs where id = %s", job_id)

    def job(self, job_id):
        """The whole row, as a dict."""
        return self.value("select to_jsonb(j) from atelier.jobs j where id = %s", job_id)

    def attempts(self, job_id):
        return self.value(
            "select coalesce(jsonb_agg(to_jsonb(a) order by a.number), '[]')"
            " from atelier_engine.attempts a where job_id = %s",
            job_id,
        )

    def wait_for_status(self, job_id, *statuses, seconds=60):
        return wait_until(
            lambda: self.status(job_id) in statuses and self.job(job_id),
            seconds,
            lambda: f"job is not {statuses}: {self.job(job_id)} {self.attempts(job_id)}",
        )

    def wait_until_finished(self, job_ids, seconds=120):
        job_ids = [str(job_id) for job_id in job_ids]
        wait_until(
            lambda: self.count_in(job_ids, *FINISHED) == len(job_ids),
            seconds,
            lambda: f"not finished: {self.open_jobs()}\n{self.server.log_end()}",
        )

    def count_in(self, job_ids, *statuses):
        return self.value(
            "select count(*) from atelier.jobs where id = any (%s::uuid[]) and status = any (%s)",
            [str(job_id) for job_id in job_ids],
            list(statuses),
        )

    def open_jobs(self):
        return self.run(
            "select j.id, j.status, j.error_message, q.state, q.run_at, q.lease_expires_at"
            " from atelier.jobs j left join atelier_engine.queue q on q.job_id = j.id"
            " where j.status in ('queued', 'processing')"
        )

    def assert_completed_exactly_once(self, job_ids, pictures_each=1):
        """Each job is completed by one attempt, with one set of assets whose bytes are whole."""
        job_ids = [str(job_id) for job_id in job_ids]
        statuses = self.run(
            "select id, status, error_message from atelier.jobs where id = any (%s::uuid[])", job_ids
        )
        assert {str(row[0]): row[1] for row in statuses} == dict.fromkeys(job_ids, "completed"), [
            row for row in statuses if row[1] != "completed"
        ]
        for table, condition, expected in [
            ("atelier_engine.attempts", "and state = 'succeeded'", 1),
            ("atelier.generations", "", 1),
            ("atelier.workspace_assets", "", pictures_each),
            ("atelier_engine.queue", "", 0),
        ]:
            counts = dict(
                self.run(
                    f"select job_id, count(*) from {table} where job_id = any (%s::uuid[]) {condition}"
                    " group by job_id",
                    job_ids,
                )
            )
            found = [counts.get(job_id, 0) for job_id in job_ids]
            assert found == [expected] * len(job_ids), f"{table}: {found}"
        finished_events = self.run(
            "select ref, count(*) from atelier.events where ref = any (%s::uuid[]) group by ref", job_ids
        )
        assert sorted(row[1] for row in finished_events) == [1] * len(job_ids)
        assert self.run("select * from atelier.stuck_jobs") == []
        self.assert_no_stray_objects()

    def assert_no_stray_objects(self):
        """Every asset has its object with its bytes, and there is no object without an asset."""
        paths = {row[0] for row in self.run("select temp_storage_path from atelier.workspace_assets")}
        objects = {
            row[0] for row in self.run("select name from storage.objects where bucket_id = 'workspace-temp'")
        }
        assert paths == objects
        orphans = self.value(
            "select count(*) from atelier_engine.object_chunks c"
            " where not exists (select from storage.objects o where o.id = c.object_id)"
            " and not exists (select from atelier_engine.object_deletions d where d.object_id = c.object_id)"
        )
        assert orphans == 0

    def wait_for_workers(self, seconds=30):
        """Until dispatcher and courier are up; returns their pids."""

        def both():
            rows = dict(
                self.run(
                    "select process, pid from atelier_engine.worker_processes()"
                    " where state = 'running' and pid is not null and process in ('dispatcher', 'courier')"
                    " and database_oid = (select oid from pg_database where datname = current_database())"
                )
            )
            return len(rows) == 2 and rows

        return wait_until(
            both, seconds, lambda: str(self.run("select * from atelier_engine.worker_processes()"))
        )


class User:
    """Somebody who signed up, with a connection that acts as PostgREST would."""

    def __init__(self, database, name, user_id=None):
        self.database = database
        self.name = name
        self.id = user_id or str(uuid.uuid4())
        if user_id is None:
            database.run(
                "insert into auth.users (id, email) values (%s, %s)", self.id, f"{name}@example.org"
            )
        self.connect()

    def connect(self):
        self.connection = self.database.server.connect(self.database.name)
        claims = json.dumps({"sub": self.id, "role": "authenticated"})
        with self.connection.cursor() as cursor:
            cursor.execute("select set_config('request.jwt.claims', %s, false)", (claims,))
            cursor.execute("set role authenticated")

    def run(self, statement, *arguments):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, arguments or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement, *arguments):
        rows = self.run(statement, *arguments)
        assert len(rows) == 1 and len(rows[0]) == 1, rows
        return rows[0][0]

    def queue(self, prompt, **parameters):
        """Queues one job and returns its id."""
        return self.value(
            "select (atelier.queue_job(prompt => %s, parameters => %s)).id", prompt, json.dumps(parameters)
        )

    def queue_at(self, model, prompt="a cat"):
        return self.value("select (atelier.queue_job(prompt => %s, model => %s)).id", prompt, model)

    def pictures(self, job_id):
        """The bytes of a job's pictures in their order, read as the app would."""
        paths = self.run(
            "select temp_storage_path from atelier.workspace_assets where job_id = %s order by asset_index",
            job_id,
        )
        return [
            bytes(self.value("select atelier.object_bytes('workspace-temp', %s)", path)) for (path,) in paths
        ]


def sha256(data):
    return hashlib.sha256(data).hexdigest()
