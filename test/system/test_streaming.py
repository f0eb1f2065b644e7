"""Answers that come bit by bit: read while they come, whole at the end, kept when they break off."""

import json
import queue
import threading

import psycopg2
import pytest
from harness.database import User
from harness.waiting import wait_until

END = object()
BREAK = object()


class Speaker:
    """A behaviour that says what it is given, when it is given it; each request gets a queue of its own."""

    def __init__(self):
        self.started = []
        self.disconnected = 0

    def __call__(self, exchange):
        words = queue.Queue()
        self.started.append(words)
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for word in iter(words.get, END):
            if word is BREAK:
                return
            if exchange.wait_for_disconnect(0.001):
                self.disconnected += 1
                return
            self.say(exchange, {"content": word})
        self.say(exchange, {}, "stop")
        exchange.send(b"data: [DONE]\n\n")

    @staticmethod
    def say(exchange, delta, reason=None):
        chunk = {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        exchange.send(b"data: " + json.dumps(chunk).encode() + b"\n\n")


@pytest.fixture
def speaker():
    return Speaker()


@pytest.fixture
def alice(shared_database):
    return shared_database.add_user("alice")


@pytest.fixture
def chat(shared_database, fake, speaker):
    fake.behaviour = speaker
    shared_database.run("insert into atelier.api_providers (name, display_name, auth_scheme) values ('chat', 'Chat', 'none')")
    shared_database.run(
        "insert into atelier.api_models (provider_id, model_key, display_name, modality)"
        " select id, 'talker', 'Talker', 'chat' from atelier.api_providers where name = 'chat'"
    )
    shared_database.run(
        "insert into atelier.endpoints (provider_id, name, adapter, base_url, max_concurrency, ambiguity_policy,"
        " private_network, health_path)"
        " select id, 'chat', 'openai_chat', %s, 8, 'retry', true, '' from atelier.api_providers where name = 'chat'",
        fake.url,
    )
    return shared_database


def ask(user):
    return user.queue_at("talker", "Tell me")


def read(user, job, cursor=0, wait=10):
    return user.value("select atelier.job_stream(%s, %s, %s)", job, cursor, wait)


def read_until_done(user, job, cursor=0):
    text = ""
    while True:
        said = read(user, job, cursor)
        text = said["text"] if said["restarted"] else text + said["text"]
        cursor = said["cursor"]
        if said["done"]:
            return text, said


def test_an_answer_is_read_while_it_comes(chat, speaker, alice):
    job = ask(alice)
    wait_until(lambda: speaker.started)
    (words,) = speaker.started
    words.put("Once ")
    first = read(alice, job)
    assert (first["text"], first["status"], first["done"]) == ("Once ", "processing", False)
    words.put("up")
    words.put("on ä time 🎈")
    text = ""
    cursor = first["cursor"]
    while text != "upon ä time 🎈":
        said = read(alice, job, cursor)
        text, cursor = text + said["text"], said["cursor"]
        assert "upon ä time 🎈".startswith(text) and not said["restarted"]
    # Nothing new: the time passes.
    assert read(alice, job, cursor, 0.2) | {"status": ""} == {
        "text": "", "cursor": cursor, "restarted": False, "status": "", "done": False}  # fmt: skip
    words.put(END)
    text, end = read_until_done(alice, job, cursor)
    assert (text, end["status"]) == ("", "completed")
    # Who comes late gets the whole of it, and who has a part the rest.
    assert read(alice, job)["text"] == "Once upon ä time 🎈"
    assert read(alice, job, first["cursor"])["text"] == "upon ä time 🎈"
    assert chat.value("select output_text from atelier.generations where job_id = %s", job) == "Once upon ä time 🎈"
    assert chat.value("select count(*) from atelier_engine.text_pieces") == 0


def test_a_reader_waits_and_does_not_ask_again_and_again(chat, speaker, alice):
    job = ask(alice)
    wait_until(lambda: speaker.started)
    heard = []
    reader = threading.Thread(target=lambda: heard.append(read(User(chat, "alice", alice.id), job, wait=30)))
    reader.start()
    wait_until(
        lambda: chat.value(
            "select count(*) from pg_stat_activity where query like '%%job_stream%%' and wait_event_type = 'Extension'"
        )
    )
    speaker.started[0].put("Hello")
    reader.join(20)
    assert heard[0]["text"] == "Hello"
    speaker.started[0].put(END)
    chat.wait_for_status(job, "completed")


def test_what_came_before_a_failure_is_kept(chat, speaker, alice):
    chat.run("update atelier.endpoints set ambiguity_policy = 'fail' where name = 'chat'")
    job = ask(alice)
    wait_until(lambda: speaker.started)
    speaker.started[0].put("Half of ")
    assert read(alice, job)["text"] == "Half of "
    speaker.started[0].put("it")
    speaker.started[0].put(BREAK)
    text, end = read_until_done(alice, job)
    assert (text, end["status"]) == ("Half of it", "failed")
    assert chat.job(job)["metadata"]["partial_text"] == "Half of it"


def test_another_try_begins_anew(chat, speaker, alice):
    job = ask(alice)
    wait_until(lambda: speaker.started)
    speaker.started[0].put("Wrong")
    first = read(alice, job)
    speaker.started[0].put(BREAK)
    wait_until(lambda: len(speaker.started) == 2)
    speaker.started[1].put("Right")
    speaker.started[1].put(END)
    chat.wait_for_status(job, "completed")
    said = read(alice, job, first["cursor"])
    assert (said["text"], said["restarted"], said["done"]) == ("Right", True, True)


def test_a_stopped_answer_keeps_what_was_said(chat, speaker, alice):
    conversation = alice.value("insert into atelier.conversations (title) values ('Talk') returning id")
    job = ask(alice)
    message = chat.value(
        "insert into atelier.messages (conversation_id, user_id, sender, content, job_id)"
        " select id, user_id, 'assistant', '', %s from atelier.conversations where id = %s returning id",
        job,
        conversation,
    )
    wait_until(lambda: speaker.started)
    speaker.started[0].put("Blah ")
    assert alice.value("select atelier.message_stream(%s)", message)["text"] == "Blah "
    alice.run("select atelier.cancel_job(%s)", job)
    chat.wait_for_status(job, "cancelled")
    speaker.started[0].put("blah")
    wait_until(lambda: speaker.disconnected == 1)
    assert alice.value("select content from atelier.messages where id = %s", message) == "Blah "
    assert alice.value("select atelier.message_stream(%s)", message)["done"]


def test_others_hear_nothing(chat, speaker, alice):
    job = ask(alice)
    bob = chat.add_user("bob")
    with pytest.raises(psycopg2.Error) as refused:
        read(bob, job)
    assert refused.value.pgcode == "PT404"
    wait_until(lambda: speaker.started)
    speaker.started[0].put(END)
    wait_until(lambda: chat.status(job) not in ("queued", "processing"))
