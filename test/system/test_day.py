"""A day in the life of a studio, by SQL alone, as the roles that PostgREST uses: everything that a user sees goes together."""

import sys

import psycopg2
import pytest
from harness.database import Database
from harness.server import CHECKOUT
from harness.waiting import wait_until

sys.path.insert(0, str(CHECKOUT / "test"))

from simulator import Simulator  # noqa: E402
from simulator.openai_chat import reply  # noqa: E402

SECRET = "sk-simulated"


@pytest.fixture
def studio(shared_server):
    """A database whose pictures are made by the local runner, and whose texts by a simulated server."""
    shared_server.reload(atelier__runner_enabled="on")
    database = Database.create(shared_server, "day")
    with Simulator() as simulator:
        site = simulator.open("openai_chat", SECRET)
        database.run("insert into atelier.api_providers (name, display_name) values ('talking', 'Talking')")
        database.run("select atelier.set_provider_token('talking', %s)", SECRET)
        database.run(
            "insert into atelier.api_models (provider_id, model_key, display_name, modality, is_default, parameter_schema)"
            " select id, %s, 'Talker', 'chat', true,"
            """ '{"properties": {"messages": {"type": "array"}, "max_tokens": {"type": "integer"}}}'"""
            " from atelier.api_providers where name = 'talking'",
            site.protocol.models[0],
        )
        database.run(
            "insert into atelier.endpoints (provider_id, name, adapter, base_url, max_concurrency, private_network, health_path)"
            " select id, 'talking', 'openai_chat', %s, 4, true, '' from atelier.api_providers where name = 'talking'",
            site.base_url,
        )
        yield database
    database.drop()


def add_with_role(studio, name, role):
    user = studio.add_user(name)
    studio.run("insert into atelier.user_roles (user_id, role) values (%s, %s)", user.id, role)
    return user


@pytest.fixture
def carol(studio):
    return add_with_role(studio, "carol", "admin")


@pytest.fixture
def mallory(studio):
    return add_with_role(studio, "mallory", "moderator")


def wait(user, job_id):
    return user.run("call atelier.wait_for_job(%s, '1 minute', null)", job_id)[0][0]


def refused(user, statement, *arguments):
    with pytest.raises(psycopg2.Error) as error:
        user.run(statement, *arguments)
    return error.value.pgcode


def test_a_day(studio, carol, mallory):
    # Sign-up, and the age check.
    alice, bob = studio.add_user("alice"), studio.add_user("bob")
    assert alice.run("select username, age_verified from atelier.profiles where id = auth.uid()") == [("alice", False)]
    assert alice.value("select role::text from atelier.user_roles where user_id = auth.uid()") == "basic_user"
    assert refused(alice, "update atelier.profiles set age_verified = true where id = auth.uid()") == "42501"
    alice.run("update atelier.profiles set birth_date = '2000-02-29' where id = auth.uid()")
    assert alice.value("select age_verified from atelier.profiles where id = auth.uid()")

    # A session; a prompt that a language model rewrites, and the picture of it.
    session = alice.value("select atelier.create_workspace_session(%s, 'Morning')", alice.id)
    job_id = alice.value(
        "select (atelier.queue_job('a red circle', parameters => '{\"seed\": 7}', workspace_session_id => %s,"
        " enhancement => 'true')).id",
        session,
    )
    assert wait(alice, job_id) == "completed"
    assert alice.run(
        "select original_prompt, enhanced_prompt, enhancement_strategy, workspace_session_id::text from atelier.jobs where id = %s",
        job_id,
    ) == [("a red circle", reply("a red circle"), "rewritten", session)]
    (picture,) = alice.pictures(job_id)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    same = alice.queue(reply("a red circle"), seed=7)
    assert wait(alice, same) == "completed" and alice.pictures(same) == [picture]
    assert bob.run("select from atelier.workspace_assets") == bob.run("select from atelier.jobs") == []

    # Saved, in a collection, a favourite.
    asset = alice.value("select id from atelier.workspace_assets where job_id = %s", job_id)
    circles = alice.value("insert into atelier.user_collections (name) values ('Circles') returning id")
    saved = alice.value(
        "select atelier.workspace_actions('save_to_library', asset_id => %s, collection_id => %s, custom_title => 'Dawn')",
        asset, circles,
    )["libraryAssetId"]  # fmt: skip
    alice.run("update atelier.user_library set is_favorite = true where id = %s", saved)
    assert alice.run(
        "select l.custom_title, c.name, c.asset_count from atelier.user_library l"
        " join atelier.user_collections c on c.id = l.collection_id where l.is_favorite"
    ) == [("Dawn", "Circles", 1)]
    assert refused(bob, "select atelier.library_asset_bytes(%s)", saved) == "PT404"

    # A talk with a character, whom the model knows about.
    ada = alice.value(
        "insert into atelier.characters (name, description, is_public) values ('Ada', 'an engineer', true) returning id"
    )
    assert bob.value("select atelier.like_character(%s)", ada) == 1
    talk = alice.value("insert into atelier.conversations (character_id) values (%s) returning id", ada)
    turn = alice.value("select atelier.playground_chat(%s, 'Good morning')", talk)
    wait_until(lambda: alice.value("select atelier.message_stream(%s, 0, 5)", turn["message_id"])["done"])
    assert alice.run("select sender, content, state from atelier.conversation_messages(%s)", talk) == [
        ("user", "Good morning", "complete"), ("assistant", reply("Good morning"), "complete"),
    ]  # fmt: skip
    assert alice.value("select content from atelier.chat_context(%s, 'x') where kind = 'character'", talk).startswith("Ada")
    assert refused(bob, "select atelier.playground_chat(%s, 'Hello')", talk) == "PT404"

    # Words that an operator minds: one refuses the prompt, one has a moderator look first.
    carol.run(
        "insert into atelier.moderation_thresholds (category, mode, quarantine_at, reject_at)"
        " values ('brand', 'sfw', 0.5, null), ('rival', 'sfw', null, 0.5)"
    )
    carol.run(
        "with words as (insert into atelier.moderation_checks (name, kind, stage) values ('words', 'rules', 'before') returning id)"
        " insert into atelier.moderation_rules (check_id, category, phrase, score)"
        " select id, r.category, r.phrase, 1 from words, (values ('brand', 'grumblecake'), ('rival', 'gizmo')) r (category, phrase)"
    )
    assert refused(alice, "select atelier.queue_job('a blue g i z m o')") == "PT422"
    held = alice.queue("a green circle on a grumblecake", seed=3)
    assert refused(alice, "select atelier.claim_review_items()") == "42501"
    (item,) = mallory.run("select id, job_id::text from atelier.claim_review_items(5)")
    assert item[1] == held and studio.status(held) == "queued"
    mallory.run("select atelier.decide_review_item(%s, 'approve')", item[0])
    assert wait(alice, held) == "completed" and len(alice.pictures(held)) == 1

    # What is discarded goes, what was saved of it stays; and what nobody saved goes by itself.
    assert alice.value("select atelier.workspace_actions('discard_asset', asset_id => %s)", asset)["discarded"] == 1
    assert bytes(alice.value("select atelier.library_asset_bytes(%s)", saved)) == picture
    studio.run("update atelier.workspace_assets set expires_at = now() - interval '1 minute' where job_id = %s", held)
    studio.run("select atelier.cleanup_expired_workspace_assets()")
    assert [row[0] for row in alice.run("select job_id::text from atelier.workspace_assets")] == [same]
    wait_until(lambda: studio.value("select count(*) from storage.objects where owner = %s", alice.id) == 2)

    # What the day was, for those who run the place.
    stats = carol.value("select atelier.get_system_stats(1)")
    assert (stats["completed_jobs"], stats["failed_jobs"], stats["success_rate"]) == (5, 0, 100)
    assert carol.run("select total_jobs, completed_jobs from atelier.get_user_analytics(%s)", alice.id) == [(5, 5)]
    assert carol.value("select atelier.system_metrics()")["queues"]["sdxl_queue"] == 0
    for asker in (alice, mallory):
        assert refused(asker, "select atelier.get_system_stats(1)") == "42501"
    assert studio.run("select * from atelier.stuck_jobs") == []
