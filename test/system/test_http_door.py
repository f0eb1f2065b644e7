"""Atelier over HTTP, as an app sees it: through what PostgREST says to the database, and through PostgREST itself when
the environment variable POSTGREST names the program."""

import hashlib
import itertools
import json
import os
import time
import types
import urllib.parse

import pytest
from harness.database import Database
from harness.inference import FakeInferenceServer, pictures, status
from harness.postgrest import Door, RealDoor, read_configuration
from harness.rest_errors import NotSpoken
from harness.rest_tokens import make_token
from harness.waiting import wait_until


class Client:
    """An app with the token of one person, or of nobody."""

    def __init__(self, door, token=None):
        self.door, self.token = door, token

    def request(self, method, path, body=None, **headers):
        return self.door.request(
            method, path, self.token, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )

    def get(self, path, **headers):
        return self.request("GET", path, **headers)

    def call(self, function, **arguments):
        return self.request("POST", f"/rpc/{function}", arguments)

    def rows(self, path):
        answer = self.get(path)
        assert answer.status == 200, answer
        return answer.json

    def queue(self, prompt, **arguments):
        answer = self.call("queue_job", prompt=prompt, **arguments)
        assert answer.status == 200, answer
        return answer.json

    def finished(self, job_id):
        """Polls like an app."""
        path = f"/jobs?id=eq.{job_id}&select=id,status,error_message"
        return wait_until(
            lambda: next((row for row in self.rows(path) if row["status"] in ("completed", "failed", "cancelled")), None)
        )


DOORS = [
    "protocol",
    pytest.param(
        "server", marks=pytest.mark.skipif("POSTGREST" not in os.environ, reason="POSTGREST names no program")
    ),
]


def open_door(kind, database, directory):
    return Door(database) if kind == "protocol" else RealDoor(database, directory)


@pytest.fixture(scope="module", params=DOORS)
def studio(request, shared_server, tmp_path_factory):
    """A database for all tests that leave each other's people alone, its door, and its inference server."""
    database = Database.create(shared_server, f"door-{request.param}")
    with FakeInferenceServer() as fake:
        database.use_only(fake)
        door = open_door(request.param, database, tmp_path_factory.mktemp("door"))
        yield types.SimpleNamespace(database=database, door=door, fake=fake)
        door.stop()
    database.drop()


@pytest.fixture
def door(studio):
    return studio.door


@pytest.fixture(scope="module")
def protocol(shared_server):
    """A door for requests that never reach the database."""
    database = Database.create(shared_server, "protocol")
    door = Door(database)
    yield door
    door.stop()
    database.drop()


numbers = itertools.count(1)


def sign_up_at(database, door, name):
    """What the authentication service does: a row in auth.users, then tokens."""
    name = f"{name}-{next(numbers)}"
    email = f"{name}@example.org"
    user_id = database.value(
        "insert into auth.users (email, raw_user_meta_data) values (%s, %s) returning id",
        email,
        json.dumps({"username": name}),
    )
    client = Client(door, make_token({"sub": user_id, "role": "authenticated", "email": email}))
    client.id, client.name = user_id, name
    return client


@pytest.fixture
def sign_up(studio):
    return lambda name: sign_up_at(studio.database, studio.door, name)


def assert_refused(answer, status, code=None):
    assert answer.status == status, answer
    assert answer.headers["content-type"].startswith("application/json")
    if code is not None:
        assert answer.json["code"] == code, answer
    return answer.json


def object_path(bucket, name):
    return f"/rpc/object?bucket={bucket}&name={urllib.parse.quote(name, safe='')}"


def test_an_app_makes_a_picture(door, sign_up):
    alice = sign_up("alice")
    assert alice.rows("/profiles?select=id,username,token_balance") == [
        {"id": alice.id, "username": alice.name, "token_balance": 100}
    ]
    session = alice.call("create_workspace_session", p_user_id=alice.id, p_session_name="Rain").json
    job = alice.queue("a red circle", parameters={"width": 64, "height": 64}, workspace_session_id=session)
    assert (job["status"], job["user_id"], job["original_prompt"]) == ("queued", alice.id, "a red circle")
    assert alice.finished(job["id"])["status"] == "completed"

    (asset,) = alice.rows(f"/workspace_assets?job_id=eq.{job['id']}")
    picture = alice.get(object_path("workspace-temp", asset["temp_storage_path"]), Accept="image/avif,image/*,*/*;q=0.8")
    assert picture.status == 200 and picture.body.startswith(b"\x89PNG")
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert picture.headers["cache-control"] == "private, no-cache"
    assert picture.headers["etag"] == f'"{hashlib.sha256(picture.body).hexdigest()}"'
    again = alice.get(
        object_path("workspace-temp", asset["temp_storage_path"]), If_None_Match=picture.headers["etag"]
    )
    assert (again.status, again.body) == (304, b"")

    saved = alice.call("workspace_actions", action="save_to_library", asset_id=asset["id"]).json
    assert saved["success"]
    collection = alice.request(
        "POST", "/user_collections", {"name": "Circles"}, Prefer="return=representation"
    )
    assert collection.status == 201
    path = f"/user_library?id=eq.{saved['libraryAssetId']}"
    change = {"custom_title": "Red", "tags": ["round"], "collection_id": collection.json[0]["id"]}
    assert alice.request("PATCH", path, change).status == 204
    (kept,) = alice.rows(f"{path}&select=custom_title,tags,user_collections(name,asset_count)")
    assert kept == {"custom_title": "Red", "tags": ["round"], "user_collections": {"name": "Circles", "asset_count": 1}}
    events = alice.rows("/events?seq=gt.0&order=seq&select=kind,ref")
    assert events == [{"kind": "job.completed", "ref": job["id"]}]
    assert alice.request("DELETE", path).status == 204
    assert alice.rows(path) == []


def test_pictures_are_shown_to_others(door, sign_up):
    alice, bob, nobody = sign_up("alice"), sign_up("bob"), Client(door)
    team = alice.call("create_workspace", name="Painters").json
    job = alice.queue("for all to see", workspace_id=team["id"])
    alice.finished(job["id"])
    (asset,) = alice.rows(f"/workspace_assets?job_id=eq.{job['id']}")
    saved = alice.call("workspace_actions", action="save_to_library", asset_id=asset["id"]).json["libraryAssetId"]

    assert_refused(nobody.get(f"/rpc/library_asset?asset_id={saved}"), 404, "PT404")
    alice.request("PATCH", f"/user_library?id=eq.{saved}", {"visibility": "unlisted"})
    assert nobody.rows("/user_library?select=id") == []
    picture = nobody.get(f"/rpc/library_asset?asset_id={saved}", Accept="image/avif,image/webp,image/*,*/*;q=0.8")
    assert (picture.status, picture.headers["content-type"]) == (200, "image/png")
    assert picture.body.startswith(b"\x89PNG")
    again = nobody.get(f"/rpc/library_asset?asset_id={saved}", If_None_Match=picture.headers["etag"])
    assert (again.status, again.body) == (304, b"")

    (generation,) = alice.rows(f"/generations?job_id=eq.{job['id']}&select=id")
    path = f"/rpc/generation_output?generation_id={generation['id']}"
    assert_refused(bob.get(path), 404, "PT404")
    invited = alice.call("invite_to_workspace", workspace_id=team["id"], email=f"{bob.name}@example.org").json[0]
    assert bob.call("accept_workspace_invitation", token=invited["token"]).json["role"] == "member"
    shown = bob.get(path)
    assert (shown.status, shown.headers["content-type"], shown.body) == (200, "image/png", picture.body)


def test_errors_name_the_problem_and_the_way_out(studio, sign_up):
    alice = sign_up("alice")
    refused = assert_refused(alice.call("queue_job", prompt="a circle", parameters={"steps": 1000}), 400, "22023")
    assert refused["message"] == "invalid parameter" and "steps" in refused["details"] and refused["hint"].endswith(".")
    refused = assert_refused(alice.call("queue_job", prompt="a circle", model="nothing"), 404, "PT404")
    assert refused["message"] == "unknown model" and "tiny-sdxl" in refused["hint"]
    assert_refused(alice.call("queue_job", prompt=" "), 400, "22023")
    assert_refused(alice.call("queue_job", prompt="a circle", colour="red"), 404, "PGRST202")
    assert_refused(alice.call("queue_job", prompt="a circle", parameters="red"), 400)
    assert_refused(alice.request("POST", "/rpc/queue_job", '{"prompt": '), 400, "PGRST102")
    assert_refused(alice.call("queue_job", prompt="a circle", depends_on=["not an id"]), 400, "22P02")

    studio.fake.behaviour = status("400 Bad Request", b'{"error": {"message": "not this"}}')
    job = alice.queue("something bad")
    failed = alice.finished(job["id"])
    studio.fake.behaviour = pictures
    assert failed["status"] == "failed" and failed["error_message"]
    assert_refused(alice.call("queue_job", prompt="after it", depends_on=[job["id"]]), 409, "PT409")


def test_nobody_is_401_and_somebody_else_403_or_404(door, sign_up):
    alice, bob, nobody = sign_up("alice"), sign_up("bob"), Client(door)
    job = alice.queue("hers")
    alice.finished(job["id"])
    (asset,) = alice.rows(f"/workspace_assets?job_id=eq.{job['id']}")

    refused = nobody.call("queue_job", prompt="a circle")
    assert_refused(refused, 401)
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert_refused(nobody.get("/jobs"), 401, "42501")
    assert_refused(nobody.get(object_path("workspace-temp", asset["temp_storage_path"])), 404, "PT404")
    for token in ("nonsense", make_token({"sub": alice.id, "role": "authenticated"}, secret="another secret, long enough for it"),
                  make_token({"sub": alice.id, "role": "authenticated"}, algorithm="none"),
                  make_token({"sub": alice.id, "role": "authenticated", "exp": int(time.time()) - 3600})):
        assert_refused(Client(door, token).get("/jobs"), 401)
    assert_refused(Client(door, make_token({"sub": alice.id, "role": "postgres"})).get("/jobs"), 403)
    assert_refused(Client(door, make_token({"sub": alice.id, "role": "atelier_worker"})).get("/jobs"), 403)
    assert_refused(Client(door, make_token({"sub": alice.id, "role": "no_such_role"})).get("/jobs"), 401)

    assert bob.rows(f"/jobs?id=eq.{job['id']}") == []
    assert_refused(bob.call("cancel_job", job_id=job["id"]), 404, "PT404")
    assert_refused(bob.get(object_path("workspace-temp", asset["temp_storage_path"])), 404, "PT404")
    assert_refused(bob.call("create_workspace_session", p_user_id=alice.id), 403, "42501")
    assert_refused(bob.call("save_workspace_item_to_library", p_workspace_item_id=asset["id"], p_user_id=alice.id), 403)
    assert_refused(bob.call("doctor"), 403, "42501")
    assert_refused(bob.call("set_provider_token", provider="atelier-runner", secret="x"), 403, "42501")
    assert_refused(bob.request("PATCH", f"/profiles?id=eq.{bob.id}", {"token_balance": 1000000}), 403, "42501")
    assert_refused(bob.request("POST", "/user_roles", {"user_id": bob.id, "role": "admin"}), 403, "42501")
    assert_refused(bob.request("POST", "/jobs", {"user_id": bob.id, "job_type": "image_fast"}), 403, "42501")
    assert_refused(bob.request("DELETE", "/jobs?status=eq.completed"), 403, "42501")
    assert bob.request("PATCH", f"/user_library?user_id=eq.{alice.id}", {"custom_title": "Bob's"}).status == 204  # of no row
    assert bob.request("DELETE", f"/workspace_assets?id=eq.{asset['id']}").status == 204
    assert len(alice.rows("/workspace_assets")) == 1


def test_methods_conflicts_and_what_is_not_there(door, sign_up):
    alice, bob = sign_up("alice"), sign_up("bob")
    assert_refused(alice.get("/rpc/queue_job?prompt=a%20circle"), 405, "25006")
    assert_refused(alice.request("DELETE", "/rpc/queue_job"), 405, "PGRST101")
    assert_refused(alice.call("set_config", name="role", value="postgres", is_local=False), 404, "PGRST202")
    assert_refused(alice.get("/pg_authid"), 404)
    assert_refused(alice.get("/provider_secrets"), 404)
    assert_refused(alice.get("/jobs", Accept_Profile="public"), 406, "PGRST106")
    assert_refused(alice.get("/jobs", Accept="image/png"), 406, "PGRST107")
    assert_refused(bob.request("PATCH", f"/profiles?id=eq.{bob.id}", {"username": alice.name}), 409, "23505")
    assert_refused(alice.request("POST", "/user_collections", {"name": ""}), 400, "23514")
    single = {"Accept": "application/vnd.pgrst.object+json"}
    assert alice.get(f"/profiles?id=eq.{alice.id}&select=username", **single).json == {"username": alice.name}
    assert_refused(alice.get("/jobs", **single), 406, "PGRST116")
    assert alice.get("/rpc/get_user_role_priority?_user_id=" + alice.id).json == 40
    assert alice.rows("/rpc/job_attempts?job_id=" + alice.queue("a circle")["id"]) is not None


@pytest.mark.parametrize("kind", DOORS)
def test_too_many_jobs_are_told_when_to_come_back(kind, shared_database, fake, tmp_path):
    shared_database.change_endpoint(max_concurrency=0)
    shared_database.run(f'alter database "{shared_database.name}" set atelier.max_unfinished_jobs_per_user = 2')
    door = open_door(kind, shared_database, tmp_path)
    alice, bob = (sign_up_at(shared_database, door, name) for name in ("alice", "bob"))
    job = alice.queue("first")
    alice.queue("second")
    answer = alice.call("queue_job", prompt="third")
    refused = assert_refused(answer, 429, "PT429")
    assert refused == {
        "code": "PT429",
        "message": "too many unfinished jobs",
        "details": "The limit is 2.",
        "hint": "Wait until some are finished, or cancel some with cancel_job().",
    }
    assert answer.headers["retry-after"] == "10"
    bob.queue("his first")
    assert alice.call("cancel_job", job_id=job["id"]).json["status"] == "cancelled"
    alice.queue("third")
    door.stop()


def test_servers_come_with_a_key(door, sign_up):
    alice = sign_up("alice")
    secret = alice.call("create_api_key", name="farm", scopes=["read", "call:queue_job"]).json[0]["secret"]
    farm = Client(door)

    def request(method, path, body=None):
        return farm.request(method, path, body, x_api_key=secret)

    job = request("POST", "/rpc/queue_job", {"prompt": "from the farm"})
    assert job.status == 200 and job.json["user_id"] == alice.id
    assert [row["id"] for row in request("GET", "/jobs?select=id").json] == [job.json["id"]]
    assert_refused(request("POST", "/user_collections", {"name": "Mine"}), 405)
    assert_refused(farm.request("GET", "/jobs", x_api_key="atelier_wrong"), 401, "PT401")
    assert_refused(request("POST", "/rpc/create_workspace", {"name": "Mine"}), 405, "25006")
    everything = alice.call("create_api_key", name="all", scopes=["*"]).json[0]["secret"]
    change = {"token_balance": 1000000}
    refused = farm.request("PATCH", f"/profiles?id=eq.{alice.id}", change, x_api_key=everything)
    assert_refused(refused, 401, "42501")  # the request came without a token

    backend = Client(door, make_token({"role": "service_role"}))
    assert [row["id"] for row in backend.rows(f"/jobs?user_id=eq.{alice.id}&select=id")] == [job.json["id"]]
    made = backend.call("create_api_key", name="by the back end", scopes=["read"], user_id=alice.id)
    rows = farm.request("GET", "/profiles?select=id", x_api_key=made.json[0]["secret"])
    assert rows.json == [{"id": alice.id}]


ONE, MANY = dict, list
EMBEDS = [
    ("workspaces", "workspace_members", "role,user_id", MANY),
    ("workspaces", "workspace_invitations", "email", MANY),
    ("workspaces", "jobs", "id", MANY),
    ("workspaces", "generations", "id", MANY),
    ("workspaces", "profiles", "username", ONE),
    ("workspace_members", "workspaces", "name,slug", ONE),
    ("workspace_members", "profiles!user_id", "username", ONE),
    ("workspace_members", "users!user_id", "username", ONE),
    ("workspace_sessions", "jobs", "id,status", MANY),
    ("workspace_sessions", "profiles", "username", ONE),
    ("jobs", "workspace_sessions", "session_name", ONE),
    ("jobs", "workspaces", "name", ONE),
    ("jobs", "generations", "id,output_urls", ONE),
    ("jobs", "api_models", "model_key,api_providers(name)", ONE),
    ("jobs", "profiles!user_id", "username", ONE),
    ("jobs", "job_dependencies!job_id", "depends_on_job_id", MANY),
    ("generations", "jobs", "status,original_prompt", ONE),
    ("generations", "profiles", "username", ONE),
    ("generations", "user_profiles", "full_name", ONE),
    ("generations", "workspaces", "name", ONE),
    ("user_collections", "user_library", "custom_title", MANY),
    ("user_library", "user_collections", "name", ONE),
    ("api_models", "api_providers", "name,display_name", ONE),
    ("api_providers", "api_models", "model_key", MANY),
    ("users", "jobs!user_id", "id", MANY),
]


def test_related_rows_come_along(door, sign_up):
    """What docs/postgrest.md lists, of a person who has one of everything."""
    alice = sign_up("alice")
    session = alice.call("create_workspace_session", p_user_id=alice.id).json
    team = alice.call("create_workspace", name="Team").json
    alice.call("invite_to_workspace", workspace_id=team["id"], email="bob@example.org")
    first = alice.queue("first", workspace_session_id=session, workspace_id=team["id"])
    alice.finished(first["id"])
    job = alice.queue("a circle", workspace_session_id=session, workspace_id=team["id"], depends_on=[first["id"]])
    alice.finished(job["id"])
    assets = alice.rows("/workspace_assets?select=id")
    collection = alice.request("POST", "/user_collections", {"name": "Circles"}, Prefer="return=representation").json[0]
    for asset in assets:
        saved = alice.call("workspace_actions", action="save_to_library", asset_id=asset["id"]).json["libraryAssetId"]
        alice.request("PATCH", f"/user_library?id=eq.{saved}", {"collection_id": collection["id"]})

    for relation, target, columns, kind in EMBEDS:
        name = target.split("!")[0]
        found = [row[name] for row in alice.rows(f"/{relation}?select=*,{target}({columns})")]
        assert found and all(isinstance(value, kind) for value in found), (relation, target, found)
        assert kind is ONE or any(found), (relation, target, found)

    (workspace,) = alice.rows("/workspaces?select=name,workspace_members(role,user_id),all:workspace_members(count)")
    assert workspace == {
        "name": "Team",
        "workspace_members": [{"role": "owner", "user_id": alice.id}],
        "all": [{"count": 1}],
    }
    (made,) = alice.rows(f"/jobs?id=eq.{job['id']}&select=status,generations(status),api_models(api_providers(name))")
    assert made == {
        "status": "completed",
        "generations": {"status": "completed"},
        "api_models": {"api_providers": {"name": "atelier-runner"}},
    }
    queued = alice.request("POST", "/rpc/queue_job?select=status,api_models(model_key)", {"prompt": "another"})
    assert queued.json == {"status": "queued", "api_models": {"model_key": "tiny-sdxl"}}


def test_of_several_keys_one_has_to_be_named(door, sign_up):
    alice = sign_up("alice")
    assert_refused(alice.get("/workspace_members?select=role,profiles(username)"), 300, "PGRST201")
    assert_refused(alice.get("/workspace_assets?select=id,jobs(status)"), 400, "PGRST200")
    assert alice.rows("/workspace_members?select=role,profiles!workspace_members_user_id_fkey(username)") == []


def test_a_list_comes_in_pages(studio, sign_up):
    alice, bob = sign_up("alice"), sign_up("bob")
    most = read_configuration()["db-max-rows"]
    studio.database.run(
        "insert into atelier.user_collections (user_id, name) select %s, 'c' || n from generate_series(1, %s) n",
        alice.id,
        most + 1,
    )
    everything = alice.get("/user_collections?select=name", Prefer="count=exact")
    assert (everything.status, len(everything.json)) == (206, most)
    assert everything.headers["content-range"] == f"0-{most - 1}/{most + 1}"
    page = alice.get(f"/user_collections?select=name&order=created_at.desc,id.desc&offset={most}&limit=10")
    assert (page.status, len(page.json), page.headers["content-range"]) == (200, 1, f"{most}-{most}/*")
    counted = alice.request("HEAD", "/user_collections", Prefer="count=exact")
    assert (counted.body, counted.headers["content-range"]) == (b"", f"0-{most - 1}/{most + 1}")
    assert bob.get("/user_collections", Prefer="count=exact").headers["content-range"] == "*/0"
    chosen = alice.rows('/user_collections?name=in.(c1,"c2",none)&order=name.asc&select=label:name')
    assert chosen == [{"label": "c1"}, {"label": "c2"}]
    assert alice.rows("/user_collections?name=not.like.c*&select=name") == []


def test_each_role_has_its_limits(studio, door, sign_up):
    studio.database.run(
        "create function atelier.test_setting(name text) returns text stable language sql as"
        " 'select current_setting(name)'"
    )
    studio.database.run("notify pgrst, 'reload schema'")
    door.reload()
    alice, nobody = sign_up("alice"), Client(door)
    wait_until(lambda: nobody.get("/rpc/test_setting?name=role").status == 200)
    for client, role, timeout in [(nobody, "anon", "5s"), (alice, "authenticated", "15s")]:
        found = [
            client.get(f"/rpc/test_setting?name={name}").json
            for name in ("role", "statement_timeout", "lock_timeout", "transaction_read_only", "search_path")
        ]
        assert found == [role, timeout, "10s", "on", '"atelier"' if isinstance(door, Door) else found[4]]
    assert alice.call("test_setting", name="transaction_read_only").json == "on"  # STABLE, by POST too


def test_a_client_of_edge_functions(door, sign_up):
    alice, bob, nobody = sign_up("alice"), sign_up("bob"), Client(door)
    body = {"prompt": "a red circle", "job_type": "sdxl_image_fast", "num_images": 1, "metadata": {"destination": "workspace"}}
    queued = alice.call("studio_queue_job", **body)
    assert queued.status == 200 and queued.json["status"] == "queued", queued
    job_id = queued.json["jobId"]
    assert alice.finished(job_id)["status"] == "completed"
    assert_refused(nobody.call("studio_queue_job", **body), 401)
    refused = assert_refused(alice.call("studio_queue_job", prompt="a", job_type="oil"), 400, "22023")
    assert "sdxl_image_fast" in refused["hint"]
    stolen = f"https://studio.example/storage/v1/object/sign/user-library/{bob.id}/a.png?token=x"
    refused = alice.call("studio_queue_job", reference_image_url=stolen, **body)
    assert assert_refused(refused, 403, "PT403")["details"] == "CROSS_USER_REFERENCE"
    assert_refused(alice.call("studio_queue_job", prompt="x" * 200000, job_type="sdxl_image_fast"), 413, "PT413")
    assert_refused(alice.call("replicate_callback", id="x"), 410, "PT410")
    assert_refused(nobody.call("replicate_callback", id="x"), 410, "PT410")

    (item,) = alice.rows(f"/workspace_items?job_id=eq.{job_id}&select=id,status,prompt,url")
    assert (item["status"], item["prompt"]) == ("generated", "a red circle")
    saved = alice.request(
        "PATCH", f"/workspace_items?id=eq.{item['id']}&select=status,metadata", {"status": "saved"},
        Prefer="return=representation",
    )
    assert saved.status == 200 and saved.json[0]["status"] == "saved", saved
    inserted = alice.request(
        "POST", "/images?select=id,title,status", {"image_url": item["url"], "title": "Red"}, Prefer="return=representation"
    )
    picture = {"id": saved.json[0]["metadata"]["saved_to"], "title": "Red", "status": "completed"}
    assert (inserted.status, inserted.json) == (201, [picture])
    assert bob.rows("/images?select=id") == []
    assert_refused(bob.request("POST", "/images", {"image_url": item["url"]}), 404, "PT404")
    assert_refused(bob.call("studio_workspace_actions", action="clear_asset", assetId=item["id"]), 404, "PT404")
    assert_refused(bob.call("delete_workspace_item", item_id=item["id"], user_id=alice.id), 403, "42501")
    assert alice.call("studio_workspace_actions", action="discard_asset", assetId=item["id"]).json["discarded"] == 1
    assert alice.request("DELETE", f"/images?id=eq.{picture['id']}").status == 204
    assert alice.rows("/user_library?select=id") == []
    assert alice.rows("/usage_logs?select=action,credits_consumed") == [{"action": "sdxl_image_fast", "credits_consumed": 1}]


def test_an_administrator_has_avatars_made(studio, door, sign_up):
    carol, bob, nobody = sign_up("carol"), sign_up("bob"), Client(door)
    studio.database.run("insert into atelier.user_roles (user_id, role) values (%s, 'admin')", carol.id)
    name = f"Ada {carol.name}"
    assert_refused(bob.call("generate_avatars", names=[name]), 403, "42501")
    (avatar,) = carol.call("generate_avatars", names=[name]).json["results"]
    bucket, path = avatar["path"].split("/", 1)
    shown = wait_until(lambda: (answer := nobody.get(object_path(bucket, path))).status == 200 and answer, 90)
    assert shown.body.startswith(b"\x89PNG")
    assert carol.finished(avatar["jobId"])["status"] == "completed"
    assert_refused(bob.call("get_system_stats"), 403, "42501")
    stats = carol.call("get_system_stats", p_days=1).json
    assert stats["total_jobs"] >= 1 and stats["completed_jobs"] >= 1
    settings = carol.call("merge_system_config", changes={"ui": {"rows": 30}}).json
    assert carol.rows("/system_config?id=eq.1&select=version,config") == [
        {"version": settings["version"], "config": settings["config"]}
    ]
    stale = carol.call("merge_system_config", changes={"ui": None}, expected_version=settings["version"] - 1)
    assert_refused(stale, 409, "PT409")
    assert bob.rows("/system_config") == []
    assert_refused(bob.request("PATCH", "/system_config?id=eq.1", {"config": {}}), 403, "42501")


STATUSES = {
    "PT402": 402, "PT404": 404, "PT409": 409, "PT410": 410, "PT413": 413, "PT415": 415, "PT422": 422, "42501": 403, "22023": 400,
    "23514": 400, "23505": 409, "23503": 409, "0A000": 400, "XX001": 500, "P0002": 500, "55000": 500, "53100": 503,
}  # fmt: skip


def test_every_sqlstate_has_its_status(studio, door, sign_up):
    studio.database.run(
        "create function atelier.test_raise(state text) returns void language plpgsql as"
        " $$ begin raise exception using errcode = state, message = 'as asked', hint = 'Ask for another.'; end $$"
    )
    studio.database.run("notify pgrst, 'reload schema'")
    door.reload()
    alice = sign_up("alice")
    wait_until(lambda: alice.call("test_raise", state="PT402").status == 402)
    found = {state: alice.call("test_raise", state=state).status for state in STATUSES}
    assert found == STATUSES
    assert Client(door).call("test_raise", state="42501").status == 401


def test_a_webhook_gets_the_body_as_it_came(studio, door):
    studio.database.run(
        "create function atelier.test_webhook(json) returns json language sql as $$ select json_build_object("
        "'bytes', octet_length($1::text), 'md5', md5($1::text), 'signature', current_setting('request.headers')::json ->> 'x-signature') $$"
    )
    studio.database.run("grant execute on function atelier.test_webhook(json) to anon; notify pgrst, 'reload schema'")
    door.reload()
    body = '{ "order":  "matters",\n "a": 1, "a": 2, "dash": "\\u2014 —" }\n'.encode()
    provider = Client(door)
    answer = wait_until(
        lambda: (a := provider.request("POST", "/rpc/test_webhook", body, X_Signature="abc")).status == 200 and a
    )
    assert answer.json == {"bytes": len(body), "md5": hashlib.md5(body).hexdigest(), "signature": "abc"}
    assert_refused(provider.request("POST", "/rpc/test_webhook", b"a=1", X_Signature="abc"), 400, "PGRST102")


@pytest.mark.parametrize(
    "request_line, headers",
    [
        ("GET /jobs?or=(status.eq.queued,status.eq.failed)", {}),
        ("GET /jobs?metadata->>a=eq.1", {}),
        ("GET /jobs?select=metadata->a", {}),
        ("GET /jobs?status=fts.queued", {}),
        ("GET /jobs?api_models.model_key=eq.a", {}),
        ("GET /jobs", {"Accept": "text/csv"}),
        ("GET /jobs", {"Range": "0-9"}),
        ("GET /jobs", {"Prefer": "count=planned"}),
        ("GET /", {}),
        ("POST /user_collections", {"Prefer": "resolution=merge-duplicates"}),
        ("PUT /user_collections?id=eq.1", {}),
        ("OPTIONS /jobs", {}),
    ],
)
def test_the_protocol_refuses_what_it_has_not_learned(protocol, request_line, headers):
    method, path = request_line.split(" ")
    with pytest.raises(NotSpoken):
        protocol.request(method, path, body={"name": "a"} if method in ("POST", "PUT") else None, headers=headers)


def test_postgrest_hears_of_a_new_schema(shared_database):
    listener = shared_database.server.connect(shared_database.name)

    def heard():
        listener.poll()
        found = [(notice.channel, notice.payload) for notice in listener.notifies]
        listener.notifies.clear()
        return found

    listener.cursor().execute("listen pgrst")
    shared_database.run("drop extension atelier cascade")
    shared_database.run("create extension atelier")
    assert ("pgrst", "reload schema") in wait_until(heard)
    listener.close()


def test_the_role_of_the_door_has_no_rights_of_its_own(shared_database):
    Door(shared_database).stop()
    Door(shared_database).stop()  # running the script again changes nothing
    assert shared_database.run(
        "select rolcanlogin, rolinherit, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"
        " from pg_roles where rolname = 'authenticator'"
    ) == [(True, False, False, False, False, False, False)]
    assert shared_database.run(
        "select r.rolname from pg_auth_members m join pg_roles r on r.oid = m.roleid"
        " where m.member = 'authenticator'::regrole order by 1"
    ) == [("anon",), ("authenticated",), ("service_role",)]
    shared_database.run("alter role anon set statement_timeout = '1s'")
    shared_database.run("revoke service_role from authenticator")
    try:
        Door(shared_database).stop()  # nor what somebody else decided on
        assert not shared_database.value("select pg_has_role('authenticator', 'service_role', 'member')")
        assert shared_database.value("select rolconfig from pg_roles where rolname = 'anon'") == ["statement_timeout=1s"]
    finally:
        shared_database.run("alter role anon set statement_timeout = '5s'")
        shared_database.run("grant service_role to authenticator")
    assert shared_database.value(
        "select count(*) from pg_class c where c.relnamespace in ('atelier'::regnamespace, 'atelier_engine'::regnamespace,"
        " 'auth'::regnamespace, 'storage'::regnamespace) and c.relkind in ('r', 'v')"
        " and has_table_privilege('authenticator', c.oid, 'select')"
    ) == 0
