"""A conversation with a character, from SQL, at a server that speaks as OpenAI does: streamed, stopped, made again."""

import pytest
from harness.conformance import SECRET, Simulator
from harness.waiting import wait_until


@pytest.fixture
def site():
    with Simulator() as simulator:
        site = simulator.open("openai_chat", SECRET)
        yield site


@pytest.fixture
def chat(shared_database, fake, site):
    """A server that talks, and one that makes pictures."""
    database = shared_database
    database.run("insert into atelier.api_providers (name, display_name) values ('talking', 'Talking')")
    database.run(
        "insert into atelier.api_models (provider_id, model_key, display_name, modality, is_default, parameter_schema, capabilities)"
        " select id, 'gpt-simulated', 'Talker', 'chat', true,"
        """ '{"properties": {"messages": {"type": "array"}, "max_tokens": {"type": "integer"}, "tools": {"type": "array"}}}',"""
        """ '{"context_tokens": 1400}' from atelier.api_providers where name = 'talking'"""
    )
    database.run(
        "insert into atelier.endpoints (provider_id, name, adapter, base_url, max_concurrency, private_network, health_path)"
        " select id, 'talking', 'openai_chat', %s, 4, true, '' from atelier.api_providers where name = 'talking'",
        site.base_url,
    )
    database.run("select atelier.set_provider_token('talking', %s)", SECRET)
    site.protocol.models = ("",)
    return database


@pytest.fixture
def alice(chat):
    return chat.add_user("alice")


@pytest.fixture
def talk(alice):
    return alice.value(
        "with ada as (insert into atelier.characters (name, description, persona) values ('Ada', 'an engineer', 'dry') returning id)"
        " insert into atelier.conversations (character_id) select id from ada returning id"
    )


def send(user, talk, message, **arguments):
    named = "".join(f", {name} => %s" for name in arguments)
    return user.value(f"select atelier.playground_chat(%s, %s{named})", talk, message, *arguments.values())


def heard(user, message):
    """The whole of an answer, read while it comes, and in how many pieces."""
    text, cursor, pieces = "", 0, 0
    while True:
        said = user.value("select atelier.message_stream(%s, %s, 10)", message, cursor)
        text = said["text"] if said["restarted"] else text + said["text"]
        cursor, pieces = said["cursor"], pieces + bool(said["text"])
        if said["done"]:
            return text, pieces


def messages(user, talk):
    return [list(row) for row in user.run("select sender, content, state from atelier.conversation_messages(%s)", talk)]


def asked(site):
    """What the server was told with the latest turn: the system prompt, and what was said."""
    said = [request["messages"] for request in (submission.request.json() for submission in site.submissions)
            if not request["messages"][0]["content"].startswith("Summarise")][-1]  # fmt: skip
    return said[0]["content"], [(message["role"], message.get("content")) for message in said[1:]]


def test_a_conversation_with_a_character(chat, site, alice, talk):
    turn = send(alice, talk, "Good morning")
    assert (turn["status"], turn["context_type"], turn["model_used"]) == ("queued", "character", "gpt-simulated")
    text, _ = heard(alice, turn["message_id"])
    assert text.startswith("You said: Good morning. Café")
    assert messages(alice, talk) == [["user", "Good morning", "complete"], ["assistant", text, "complete"]]
    system, said = asked(site)
    assert "Ada: an engineer\nPersona: dry" in system
    assert said == [("user", "Good morning")]
    again = send(alice, talk, "Go on", idempotency_key="go")
    assert send(alice, talk, "Go on", idempotency_key="go")["message_id"] == again["message_id"]
    heard(alice, again["message_id"])
    assert asked(site)[1] == [("user", "Good morning"), ("assistant", text), ("user", "Go on")]
    assert len(site.accepted) == 2
    assert chat.value("select interaction_count from atelier.characters") == 2


def test_an_answer_is_made_again_beside_the_old_one(site, alice, talk):
    first = send(alice, talk, "Tell me")
    old, _ = heard(alice, first["message_id"])
    second = alice.value("select atelier.regenerate_message(%s)", first["message_id"])
    heard(alice, second["message_id"])
    assert asked(site)[1] == [("user", "Tell me")]
    assert alice.run("select place, is_active from atelier.message_siblings(%s)", second["message_id"]) == [(1, False), (2, True)]
    changed = alice.value("select atelier.edit_message(%s, 'Tell me more')", first["user_message_id"])
    text, _ = heard(alice, changed["message_id"])
    assert messages(alice, talk) == [["user", "Tell me more", "complete"], ["assistant", text, "complete"]]
    alice.run("select atelier.choose_message(%s)", first["message_id"])
    assert messages(alice, talk) == [["user", "Tell me", "complete"], ["assistant", old, "complete"]]


def test_a_stopped_answer_keeps_what_came_and_the_server_hears_of_it(site, alice, talk):
    site.fault = "hold_running"
    turn = send(alice, talk, "Talk on")
    wait_until(lambda: "Talk on" in alice.value("select atelier.message_stream(%s, 0, 0)", turn["message_id"])["text"])
    assert alice.value("select state from atelier.messages where id = %s", turn["message_id"]) == "pending"
    alice.run("select atelier.stop_message(%s)", turn["message_id"])
    wait_until(lambda: alice.value("select state from atelier.messages where id = %s", turn["message_id"]) == "stopped")
    (_, answer) = messages(alice, talk)
    assert answer[1].startswith("You said: Talk on")
    wait_until(lambda: site.left)
    site.fault = None
    after = send(alice, talk, "And now?")
    heard(alice, after["message_id"])
    assert asked(site)[1] == [("user", "Talk on"), ("assistant", answer[1]), ("user", "And now?")]


def test_a_failed_answer_says_so(chat, site, alice, talk):
    site.fault = "invalid"
    turn = send(alice, talk, "Hello")
    chat.wait_for_status(turn["job_id"], "failed")
    assert messages(alice, talk)[1][2] == "failed"


def test_a_model_asks_for_a_picture(chat, site, alice, talk):
    turn = send(alice, talk, "a lighthouse", allow_pictures=True)
    chat.wait_for_status(turn["job_id"], "completed")
    (picture,) = alice.value("select pictures from atelier.conversation_messages(%s) where sender = 'assistant'", talk)
    chat.wait_for_status(picture["job_id"], "completed")
    job = chat.job(picture["job_id"])
    assert (job["user_id"], job["original_prompt"]) == (alice.id, "a lighthouse")
    (picture,) = alice.value("select pictures from atelier.conversation_messages(%s) where sender = 'assistant'", talk)
    assert alice.value("select job_id::text from atelier.workspace_assets where id = %s", picture["assets"][0]) == job["id"]
    heard(alice, send(alice, talk, "Thank you")["message_id"])
    assert asked(site)[1][-2:] == [("tool", "The picture was made and shown to the user."), ("user", "Thank you")]


def test_arguments_that_no_picture_has_are_an_error_for_the_model(chat, site, alice, talk):
    turn = send(alice, talk, "x" * 2001, allow_pictures=True)
    chat.wait_for_status(turn["job_id"], "completed")
    (picture,) = alice.value("select pictures from atelier.conversation_messages(%s) where sender = 'assistant'", talk)
    assert "more than 2000 characters" in picture["error"] and picture["job_id"] is None
    assert chat.value("select count(*) from atelier.jobs where format = 'image'") == 0
    heard(alice, send(alice, talk, "Why?")["message_id"])
    assert "Error: the arguments are not usable" in asked(site)[1][-2][1]


def test_what_no_longer_fits_is_summarised(chat, site, alice, talk):
    alice.run(
        "insert into atelier.messages (conversation_id, sender, content)"
        " select %s, case n %% 2 when 1 then 'user' else 'assistant' end, 'turn ' || n || repeat(' word', 30) from generate_series(1, 40) n",
        talk,
    )
    heard(alice, send(alice, talk, "And?")["message_id"])
    wait_until(
        lambda: chat.run("select 1 from atelier.conversation_summaries where state = 'complete'"),
        message=lambda: chat.run(
            "select s.state, s.content, j.status, j.error_message from atelier.conversation_summaries s join atelier.jobs j on j.id = s.job_id"
        ),
    )
    summary = alice.value("select content from atelier.conversation_summaries where state = 'complete'")
    assert summary.startswith("You said: user: turn 1 word")
    heard(alice, send(alice, talk, "More?")["message_id"])
    kinds = [kind for (kind,) in alice.run("select kind from atelier.chat_context(%s)", talk)]
    assert "summary" in kinds
    _, said = asked(site)
    assert ("user", "More?") == said[-1] and not any("turn 1 word" in text for _, text in said)
