-- Pictures of characters: base prompt, seed and reference picture go into the job, for those who may see the character.
begin;
\ir support/jobs.sql
select plan(34);

insert into atelier.api_models (provider_id, model_key, display_name, modality, parameter_schema) select p.id, v.model_key, v.model_key, 'image', v.schema::jsonb
  from atelier.api_providers p, (values
    ('follows', '{"type": "object", "additionalProperties": false, "properties": {"seed": {"type": "integer"}, "mask": {"type": "string", "format": "picture"}, "image": {"type": "string", "format": "picture"}}}'),
    ('follows-many', '{"type": "object", "properties": {"images": {"type": "array", "items": {"type": "string", "format": "picture"}}}}'),
    ('masks', '{"type": "object", "additionalProperties": false, "properties": {"mask": {"type": "string", "format": "picture"}}}')) v (model_key, schema)
 where p.name = 'atelier-runner';
select pg_temp.sign_in(:alice);
insert into atelier.characters (name, description, base_prompt, appearance_tags, seed_locked, reference_image_url)
values ('Eve', 'x', 'a red circle', '{round,red}', 42, 'https://example.org/eve.png') returning id as eve \gset
insert into atelier.characters (name, description, appearance_tags, is_public) values ('Ada', 'x', '{square,blue}', false) returning id as ada \gset
select function_privs_are('atelier', 'generate_character_image', array['uuid', 'text', 'text', 'jsonb', 'text', 'text', 'text', 'uuid', 'jsonb', 'uuid', 'text'], 'anon', array[]::text[], 'not for anon');

create function pg_temp.asked(p_character uuid, p_options text default '') returns jsonb language plpgsql as $$
declare
  asked jsonb;
begin
  execute format('select jsonb_build_object(''user_id'', user_id, ''prompt'', original_prompt, ''parameters'', parameters, ''metadata'', metadata, ''destination'', destination)
                    from atelier.generate_character_image(%L, ''in the rain'' %s)', p_character, p_options) into asked;
  return asked;
end $$;
select pg_temp.asked(:'eve', ', model => ''follows''') as job \gset
select is(:'job'::jsonb ->> 'prompt', 'a red circle, in the rain', 'the base prompt comes first');
select is(:'job'::jsonb -> 'parameters', '{"seed": 42, "image": "https://example.org/eve.png"}', 'seed and reference picture are what the model gets');
select is(:'job'::jsonb -> 'metadata', jsonb_build_object('character_id', :'eve'), 'the job names the character');
select is((:'job'::jsonb ->> 'user_id')::uuid, :alice, 'the job is the caller''s');
select is(:'job'::jsonb ->> 'destination', 'workspace', 'and goes where jobs go');
select is(pg_temp.asked(:'eve', ', model => ''follows'', parameters => ''{"seed": 7}''') -> 'parameters' ->> 'seed', '7', 'a seed of the request stays');
select is(pg_temp.asked(:'eve', ', model => ''follows'', parameters => ''{"image": "https://example.org/own.png"}''') -> 'parameters' ->> 'image', 'https://example.org/own.png', 'so does a picture of the request');
select is(pg_temp.asked(:'eve', ', model => ''follows-many''') -> 'parameters' -> 'images', '["https://example.org/eve.png"]', 'a model that takes many gets a list');
select is(pg_temp.asked(:'eve', ', model => ''masks''') -> 'parameters', '{}', 'what a model does not take is left out, and a mask is nothing to follow');
select is(pg_temp.asked(:'eve') -> 'parameters' ->> 'seed', '42', 'the default model');
select is(pg_temp.asked(:'eve', ', metadata => ''{"a": 1, "character_id": "forged"}''') -> 'metadata', jsonb_build_object('a', 1, 'character_id', :'eve'), 'metadata of one''s own, but no other character');
update atelier.characters set consistency_method = 'seed_locked' where id = :'eve';
select is(pg_temp.asked(:'eve', ', model => ''follows''') -> 'parameters', '{"seed": 42}', 'seed_locked: the seed alone');
update atelier.characters set consistency_method = 'none' where id = :'eve';
select isnt(pg_temp.asked(:'eve', ', model => ''follows''') -> 'parameters' ->> 'seed', '42', 'none: no seed');
select is(pg_temp.asked(:'eve', ', model => ''follows''') ->> 'prompt', 'a red circle, in the rain', 'but the base prompt');
update atelier.characters set consistency_method = 'hybrid', base_prompt = '  ' where id = :'eve';
select is(pg_temp.asked(:'eve', ', model => ''follows''') -> 'parameters', '{"seed": 42, "image": "https://example.org/eve.png"}', 'hybrid: both');
select is(pg_temp.asked(:'eve') ->> 'prompt', 'round, red, in the rain', 'without a base prompt the appearance tags');
select is((atelier.generate_character_image(:'ada')).original_prompt, 'square, blue', 'and without a prompt only those');
select is((atelier.generate_character_image(:'ada', 'x', idempotency_key => 'key')).id, (atelier.generate_character_image(:'ada', 'x', idempotency_key => 'key')).id, 'a key makes one job');

-- Refused.
select throws_ok(format($$ select atelier.generate_character_image(%L, %s) $$, :'eve', arguments), state, null, 'refused: ' || arguments) from (values
  ('''x'', model => ''unknown''', 'PT404'), ('''x'', parameters => ''[]''', '22023'), ('''x'', parameters => null', '22023'), ('''x'', metadata => ''1''', '22023'), ('''x'', destination => ''moon''', '22023'),
  ('''x'', model => ''follows'', parameters => ''{"unknown": 1}''', '22023'), ('repeat(''x'', 10001)', '22023'), ('''x'', workspace_session_id => gen_random_uuid()', 'PT404')) r (arguments, state);
update atelier.characters set appearance_tags = '{}' where id = :'ada';
select throws_ok(format($$ select atelier.generate_character_image(%L, ' ') $$, :'ada'), '22023', 'prompt is empty', 'somebody has to say something');
select pg_temp.sign_in(:bob);
select throws_ok(format($$ select atelier.generate_character_image(%L, 'x') $$, :'ada'), 'PT404', 'no such character', 'not with a character that is not visible');
select throws_ok($$ select atelier.generate_character_image(gen_random_uuid(), 'x') $$, 'PT404', 'no such character', 'as if it did not exist');
select is((pg_temp.asked(:'eve', ', model => ''follows''') ->> 'user_id')::uuid, :bob, 'with a public one the job is the caller''s');
-- A picture that only the owner may read.
select pg_temp.sign_out();
select atelier_engine.create_object('workspace-temp', :alice || '/eve.png', :alice, 'image/png', 0, sha256('')) \g /dev/null
update atelier.characters set reference_image_url = 'workspace-temp/' || :alice || '/eve.png' where id = :'eve';
select pg_temp.sign_in(:bob);
select throws_ok(format($$ select atelier.generate_character_image(%L, 'x', model => 'follows') $$, :'eve'), 'PT404', 'no such picture', 'the reference picture must be one that the caller may read');
select pg_temp.sign_in(:alice);
select is(pg_temp.asked(:'eve', ', model => ''follows''') -> 'parameters' ->> 'image', 'workspace-temp/' || :alice || '/eve.png', 'its owner may');
select pg_temp.become('service_role');
select throws_ok(format($$ select atelier.generate_character_image(%L, 'x') $$, :'eve'), 'PT401', null, 'the back end has to say for whom');

select * from finish();
rollback;
