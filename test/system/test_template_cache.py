"""What sessions remember of templates, while others commit changes: never an old answer, and few reads."""

import threading

import pytest
from harness.database import Database, User
from harness.server import Server
from harness.standby import Standby
from harness.waiting import wait_until

ASK = "select (template).system_prompt from atelier.resolve_prompt_template('any', 'stress')"
PUBLISH = (
    "with made as (insert into atelier.prompt_templates (enhancer_model, use_case, template_name, system_prompt)"
    " values ('any', 'stress', 'Stress', %s) returning id) select id from made"
)


@pytest.fixture
def database():
    server = Server("template-cache", max_prepared_transactions="8", atelier__runner_enabled="off", fsync="off").start()
    database = Database.create(server, "cache")
    yield database
    server.remove()
    server.assert_no_crash()


def publish(database, words):
    template = database.value(PUBLISH, words)
    database.run("select atelier.publish_prompt_template(%s)", template)


class Reader(threading.Thread):
    """Asks again and again. What was committed before it asked must be in the answer."""

    def __init__(self, database, number, writer):
        super().__init__()
        self.user = database.add_user(f"reader{number}")
        self.writer = writer
        self.asked = 0
        self.old = []

    def run(self):
        while not self.writer.done:
            at_least = self.writer.committed
            said = int(self.user.value(ASK))
            self.asked += 1
            if said < at_least:
                self.old.append((said, at_least))


class Writer:
    def __init__(self, database):
        self.database = database
        self.committed = 0
        self.done = False

    def write(self, number, prepared):
        self.database.run("begin")
        publish(self.database, str(number))
        if number % 7 == 0:
            self.database.run("rollback")
            return
        if prepared:
            self.database.run(f"prepare transaction 'v{number}'")
            self.database.run(f"commit prepared 'v{number}'")
        else:
            self.database.run("commit")
        self.committed = number


@pytest.mark.parametrize("prepared", [False, True], ids=["commit", "commit prepared"])
def test_no_answer_is_older_than_what_was_committed(database, prepared):
    writer = Writer(database)
    publish(database, "0")
    readers = [Reader(database, number, writer) for number in range(4)]
    for reader in readers:
        reader.start()
    try:
        for number in range(1, 300):
            writer.write(number, prepared)
            if number % 50 == 0:
                asked = [reader.asked for reader in readers]
                wait_until(lambda asked=asked: all(reader.asked > before + 20 for reader, before in zip(readers, asked)))
    finally:
        writer.done = True
        for reader in readers:
            reader.join()
    assert [reader.old for reader in readers] == [[], [], [], []]
    assert {reader.user.value(ASK) for reader in readers} == {"299"}
    counts = database.value("select atelier.prompt_cache_status()")["database"]
    assert counts["hits"] > 100 and counts["misses"] > 0 and counts["bypasses"] > 0, counts


def test_a_prepared_transaction_is_not_seen_before_its_commit(database):
    publish(database, "old")
    reader = database.add_user("reader")
    assert reader.value(ASK) == "old"
    database.run("begin")
    publish(database, "new")
    database.run("prepare transaction 'p'")
    assert (reader.value(ASK), reader.value(ASK)) == ("old", "old")
    database.run("commit prepared 'p'")
    assert reader.value(ASK) == "new"
    database.run("begin")
    publish(database, "never")
    database.run("prepare transaction 'p'")
    database.run("rollback prepared 'p'")
    assert (reader.value(ASK), reader.value(ASK)) == ("new", "new")


def test_eighty_percent_fewer_reads_of_the_table(database):
    publish(database, "words")
    reader = database.add_user("reader")
    reads = "select seq_scan + coalesce(idx_scan, 0) from pg_stat_user_tables where relname = 'prompt_templates'"
    reader.value(ASK)
    database.run("select pg_stat_force_next_flush()")
    before = database.value(reads)
    for _ in range(500):
        reader.value(ASK)
    reader.run("select pg_stat_force_next_flush()")
    wait_until(lambda: database.value("select atelier.prompt_cache_status()")["database"]["hits"] >= 500)
    assert database.value(reads) - before <= 100


def test_databases_are_apart_and_an_extension_that_is_made_anew_begins_anew(database):
    other = Database.create(database.server, "other")
    publish(database, "here")
    publish(other, "there")
    here, there = database.add_user("one"), other.add_user("two")
    assert (here.value(ASK), there.value(ASK), here.value(ASK), there.value(ASK)) == ("here", "there", "here", "there")
    publish(other, "there, too")
    assert (here.value(ASK), there.value(ASK)) == ("here", "there, too")
    other.run("select atelier.stop()")
    there.run("reset role")
    other.run("drop extension atelier cascade")
    other.run("drop schema if exists atelier, atelier_engine, auth, storage cascade")
    other.run("create extension atelier")
    publish(other, "anew")
    # The same session, with what it had remembered of the tables that are gone.
    user = other.add_user("three")
    there.id = user.id
    there.run("select set_config('request.jwt.claims', json_build_object('sub', %s, 'role', 'authenticated')::text, false)", str(user.id))
    there.run("set role authenticated")
    assert (there.value(ASK), there.value(ASK)) == ("anew", "anew")


def test_a_standby_gives_what_it_has_replayed(database):
    publish(database, "old")
    reader = database.add_user("reader")
    standby = Standby(database.server, "template-cache-standby").start()
    try:
        copy = Database(standby, "cache")
        there = User(copy, "reader", reader.id)
        assert (there.value(ASK), there.value(ASK)) == ("old", "old")
        publish(database, "new")
        standby.wait_until_caught_up()
        assert (there.value(ASK), there.value(ASK)) == ("new", "new")
        standby.promote()
        publish(copy, "promoted")
        assert (there.value(ASK), there.value(ASK)) == ("promoted", "promoted")
    finally:
        standby.remove()
