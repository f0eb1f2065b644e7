"""A dump, restored, is equal row for row and byte for byte, and does nothing by itself."""

import subprocess

import pytest
from harness.database import Database, User
from harness.inference import FakeInferenceServer, pictures, status
from harness.server import bin_directory, run_program
from harness.waiting import wait_until

# What belongs to the server and not to the data: which database may dispatch, secrets, what neighbours were like. And
# what the janitor computes from the data whenever it comes by.
LEFT_OUT = {
    "atelier_engine.instance",
    "atelier_engine.provider_secrets",
    "atelier_engine.endpoint_states",
    "atelier_engine.model_timings",
}


@pytest.fixture
def fake():
    with FakeInferenceServer() as fake:
        yield fake


@pytest.fixture
def source_server(make_server):
    return make_server(**{"atelier.runner_enabled": "off"})


@pytest.fixture
def source(source_server, fake):
    """A database in the middle of its life: finished and waiting jobs, pictures, a library, a collection."""
    database = Database.create(source_server, "source")
    database.use_only(fake)
    database.run("select atelier.set_price('atelier-runner', 'image', 0.04)")
    alice, bob = database.add_user("alice"), database.add_user("bob")
    alice.run("select atelier.create_workspace_session(%s, 'A rainy day')", alice.id)
    jobs = [alice.queue("a red circle", n=2, width=512, height=512), alice.queue("a star"), bob.queue("a fish")]
    fake.behaviour = lambda exchange: (
        status("400 Bad Request") if exchange.prompt == "a wrong one" else pictures
    )(exchange)
    database.wait_until_finished([*jobs, bob.queue("a wrong one")])
    collection = alice.value("insert into atelier.user_collections (name) values ('Best') returning id")
    for (asset,) in alice.run("select id from atelier.workspace_assets where job_id = %s", jobs[0]):
        saved = alice.value("select atelier.save_workspace_item_to_library(%s, %s)", asset, alice.id)
        alice.run(
            "update atelier.user_library set collection_id = %s, is_favorite = true, tags = '{one,two}' where id = %s",
            collection,
            saved,
        )
    character = alice.value(
        "insert into atelier.characters (name, description, seed_locked) values ('Eve', 'a circle', 42) returning id"
    )
    for user in (alice, bob):
        user.run("select atelier.like_character(%s), atelier.record_character_interaction(%s)", character, character)
    alice.run("update atelier.user_library set character_id = %s, output_type = 'portrait'", character)
    conversation = bob.value("insert into atelier.conversations (character_id) values (%s) returning id", character)
    bob.run(
        "insert into atelier.character_scenes (character_id, conversation_id, scene_prompt) values (%s, %s, 'rain')",
        character,
        conversation,
    )
    talk_in(database, bob, conversation)
    project = alice.value(
        "insert into atelier.projects (original_prompt, media_type, character_id) values ('rain', 'image', %s) returning id",
        character,
    )
    alice.run("insert into atelier.scenes (project_id, scene_number, description) values (%s, 1, 'clouds')", project)
    database.run("update atelier.scenes set job_id = %s", jobs[1])
    counts = "select likes_count, interaction_count, scene_count, portrait_count from atelier.characters"
    assert database.run(counts) == [(2, 2, 1, 2)]
    assert alice.value("select status from atelier.project_status") == "completed"
    database.change_endpoint(max_concurrency=0)
    bob.run("select atelier.cancel_job(%s)", bob.queue("never mind"))
    database.waiting_jobs = [alice.queue(f"later {number}") for number in range(5)]
    assert database.value("select asset_count from atelier.user_collections") == 2
    wait_until(lambda: database.value("select count(*) from atelier.api_logs") == 4, message="the calls are not logged")
    change_prompting(database)
    return database


def talk_in(database, user, conversation):
    """Messages with a gap that was closed, and of two branches the older one active; what is remembered, summed up and asked for."""
    user.run(
        "insert into atelier.messages (conversation_id, sender, content) select %s, 'user', 'message ' || n from generate_series(1, 4) n",
        conversation,
    )
    user.run("delete from atelier.messages where content = 'message 2'")
    user.run("select atelier.choose_message(id) from atelier.messages where content = 'message 3'")
    database.run(
        "insert into atelier.messages (conversation_id, user_id, sender, content, parent_id, request)"
        " select conversation_id, user_id, 'user', 'beside 3', parent_id, '{}' from atelier.messages where content = 'message 3'"
    )
    user.run("select atelier.remember('rain', conversation_id => %s)", conversation)
    database.run(
        "insert into atelier.conversation_summaries (conversation_id, user_id, up_to_message_id, content, state)"
        " select conversation_id, user_id, id, 'rain', 'complete' from atelier.messages where content = 'message 1'"
    )
    database.run(
        "insert into atelier.tool_calls (message_id, user_id, place, call_id, name, arguments)"
        " select id, user_id, 0, 'call', 'make_picture', '{}' from atelier.messages where content = 'message 1'"
    )


def change_prompting(database):
    """Reference rows that an operator changed or deleted, and rows of their own: a draft, and weights with a hash."""
    database.run("update atelier.prompt_templates set is_active = false where use_case = 'chat_admin'")
    database.run("delete from atelier.negative_prompts where generation_mode = 'i2i'")
    database.run("update atelier.content_terms set meaning = 'harmless' where term = 'explicit'")
    database.run(
        "insert into atelier.prompt_templates (enhancer_model, use_case, template_name, system_prompt)"
        " values ('any', 'chat_admin', 'Draft', 'Be brief.')"
    )
    database.run("insert into atelier.compel_configs (config_name, weights) values ('own', '{\"red\": 1.2}')")


def tables(database):
    return {
        row[0]
        for row in database.run(
            "select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname in ('atelier', 'atelier_engine', 'auth', 'storage') and c.relkind = 'r'"
        )
    }


def contents(database):
    """Every row of every table, as sorted text, and where each sequence stands."""
    rows = {
        table: sorted(row[0] for row in database.run(f"select t::text from {table} t"))
        for table in tables(database) - LEFT_OUT
    }
    for (sequence,) in database.run(
        "select format('%I.%I', schemaname, sequencename) from pg_sequences where schemaname like 'atelier%'"
    ):
        rows[sequence] = database.run(f"select last_value, is_called from {sequence}")
    return rows


def restore(source, target_server, tmp_path, how):
    dump = tmp_path / "dump"
    target = Database.create(target_server, "copy", extension=False)
    if how == "plain":
        run_program("pg_dump", "-Fp", "-f", dump, *source.server.connection_arguments(source.name))
        run_program("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", dump, *target_server.connection_arguments("copy"))
    else:
        run_program("pg_dump", "-Fc", "-f", dump, *source.server.connection_arguments(source.name))
        jobs = ["-j", "2"] if how == "parallel" else []
        run_program("pg_restore", "--exit-on-error", *jobs, *target_server.connection_arguments("copy"), dump)
    return target


def assert_equal(source_contents, copy_contents):
    assert source_contents.keys() == copy_contents.keys()
    different = [table for table, rows in source_contents.items() if rows != copy_contents[table]]
    assert not different, {
        table: (
            [row for row in source_contents[table] if row not in copy_contents[table]][:3],
            [row for row in copy_contents[table] if row not in source_contents[table]][:3],
        )
        for table in different
    }


def let_the_dispatcher_look(database, looks=3):
    """Until the dispatcher has worked several times after being woken: then it had its chance."""
    seen = set()

    def looked():
        database.run("select atelier_engine.wake_dispatcher()")
        seen.update(
            database.run(
                "select pid, state_change from pg_stat_activity"
                " where backend_type = 'atelier dispatcher' and datname = current_database()"
            )
        )
        return len(seen) > looks

    wait_until(looked, message="the dispatcher of the copy does not run")


@pytest.mark.parametrize("how", ["plain", "custom", "parallel"])
def test_a_restored_dump_is_equal_and_dispatches_nothing(source, fake, tmp_path, how):
    before = contents(source)
    logs = [table for table, rows in before.items() if table.startswith("atelier_engine.api_") and rows]
    assert sum(len(before[table]) for table in logs) == 8, "four calls, in both logs"
    assert len(before["atelier.jobs"]) == 10 and len(before["atelier_engine.object_chunks"]) >= 6
    requests = len(fake.requests)

    copy = restore(source, source.server, tmp_path, how)
    assert_equal(before, contents(copy))
    assert_equal(before, contents(source))

    copy.change_endpoint(max_concurrency=4)
    let_the_dispatcher_look(copy)
    assert len(fake.requests) == requests
    assert copy.count_in(source.waiting_jobs, "queued") == 5
    assert copy.value("select count(*) from atelier.doctor() d where d::text ilike '%adopt%'") > 0

    copy.run("select atelier.adopt_instance()")
    copy.wait_until_finished(source.waiting_jobs)
    copy.assert_completed_exactly_once(source.waiting_jobs)
    costs = "select count(*), sum(estimated_cost)::text from atelier.api_cost_logs"
    wait_until(lambda: copy.run(costs) == [(9, "0.36")], message="the copy logs into its partitions")
    assert source.count_in(source.waiting_jobs, "queued") == 5


def test_a_dump_restores_into_another_server(source, fake, tmp_path, make_server):
    before = contents(source)
    alice = source.run("select id from auth.users where email like 'alice%'")[0][0]
    names = source.run(
        "select bucket_id, name from storage.objects where name like %s || '/%%' order by name", str(alice)
    )
    assert names
    read = "select atelier.object_bytes(%s, %s)"
    there = User(source, "alice", str(alice))
    bytes_before = [bytes(there.value(read, *name)) for name in names]

    copy = restore(source, make_server(**{"atelier.runner_enabled": "off"}), tmp_path, "custom")
    assert_equal(before, contents(copy))
    here = User(copy, "alice", str(alice))
    assert [bytes(here.value(read, *name)) for name in names] == bytes_before


def test_a_copy_by_create_database_dispatches_nothing(source, fake):
    source.wait_for_workers()
    requests = len(fake.requests)
    source.admin.close()
    server = source.server
    postgres = Database(server, "postgres")

    def copied():
        # CREATE DATABASE needs the source to itself; its workers come back, as they should.
        postgres.run("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'source'")
        try:
            postgres.run("create database copy template source")
            return True
        except postgres.admin.OperationalError:
            return False

    wait_until(copied)
    source.reconnect()
    copy = Database(server, "copy")
    copy.change_endpoint(max_concurrency=4)
    let_the_dispatcher_look(copy)
    assert len(fake.requests) == requests
    copy.run("select atelier.adopt_instance()")
    copy.wait_until_finished(source.waiting_jobs)


def test_secrets_stay_out_of_dumps(source):
    source.run("insert into atelier.provider_tokens (provider_id) select id from atelier.api_providers limit 1")
    source.run(
        "insert into atelier_engine.provider_secrets (token_id, secret)"
        " select id, 'the-secret-word' from atelier.provider_tokens"
    )
    dump = subprocess.run(
        [bin_directory() / "pg_dump", *source.server.connection_arguments(source.name)],
        check=True,
        capture_output=True,
    ).stdout
    assert b"provider_tokens" in dump
    assert b"the-secret-word" not in dump
