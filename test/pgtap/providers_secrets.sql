-- Secrets of provider tokens: sealed, bound to their token, and given away by nothing that can be called.
begin;
\ir support/jobs.sql
select plan(36);
update atelier.api_providers set auth_scheme = 'bearer', auth_header_name = 'Authorization' where name = 'atelier-runner';
select atelier.set_provider_token('atelier-runner', 'sk-the-first-secret', 'one') as one \gset
select atelier.set_provider_token('atelier-runner', 'sk-the-second-secret', 'two') as two \gset

create function pg_temp.sealed(p_token uuid) returns bytea language sql as $$ select sealed from atelier_engine.provider_secrets where token_id = p_token $$;
create function pg_temp.with_bit(p_sealed bytea, p_byte integer) returns bytea language sql as
$$ select set_byte(p_sealed, p_byte, get_byte(p_sealed, p_byte) # 1) $$;

-- At rest.
select is((select count(*) from atelier_engine.provider_secrets where secret is null and length(sealed) > 40), 2::bigint, 'secrets are stored sealed');
select is((select count(*) from atelier_engine.provider_secrets k where position('sk-the'::bytea in k.sealed) > 0), 0::bigint, 'nothing of them can be read');
select is(atelier_engine.key_of_secret(pg_temp.sealed(:'one')), 'test-key', 'each names its key');
select is(atelier_engine.newest_secret_key(), 'test-key', 'which is the first of the file');
select is(atelier_engine.secret_problem(:'one', pg_temp.sealed(:'one')), null, 'and opens');
select isnt(atelier_engine.seal_secret(:'one', 'same'), atelier_engine.seal_secret(:'one', 'same'), 'the same secret looks different each time');
select is(length(atelier_engine.seal_secret(:'one', 'abc')) - length(atelier_engine.seal_secret(:'one', 'a')), 2, 'a sealed secret grows with the secret');

-- What was moved or changed does not open.
select ok(atelier_engine.secret_problem(:'two', pg_temp.sealed(:'one')) ~ 'belongs to another token', 'a secret opens for its own token only');
select ok(atelier_engine.secret_problem(:'one', pg_temp.with_bit(pg_temp.sealed(:'one'), length(pg_temp.sealed(:'one')) - n)) ~ 'was changed', 'not with another bit in ' || what)
  from (values (1, 'the tag'), (17, 'the ciphertext'), (length(pg_temp.sealed(:'one')) - 12, 'the nonce')) b (n, what);
select ok(atelier_engine.secret_problem(:'one', pg_temp.with_bit(pg_temp.sealed(:'one'), 3)) ~ '^the key .* is not in the key file$', 'nor with another name of the key');
select is(atelier_engine.secret_problem(:'one', b), 'what is stored is no sealed secret', 'no secret: ' || encode(b, 'hex'))
  from unnest(array['\x', '\x01', '\x0108746573', '\x02', '\x0100000000000000000000000000000000000000000000000000000000000000']::bytea[]) b;
select throws_ok(format('select atelier_engine.reseal_secret(%L, pg_temp.sealed(%L))', :'two', :'one'), '55000', null, 'what does not open is not sealed anew');
select is(atelier_engine.key_of_secret('\x00'), null, 'what is not sealed has no key');

-- Tokens whose key is missing are left alone, and jobs wait.
select pg_temp.queue(:alice, 'paid') as paid \gset
update atelier_engine.provider_secrets set sealed = pg_temp.with_bit(sealed, 3);
select is(pg_temp.claim(:'paid'), null, 'a token whose key is missing is not used');
select is((pg_temp.queued(:'paid')).state, 'ready', 'and the job waits');
select row_eq($$select status, detail ~ 'is not in the key file', hint ~ 'Put its key back' from atelier.doctor() where check_name = 'secret of token one of atelier-runner'$$,
  row('error'::text, true, true), 'doctor() says so');
update atelier_engine.provider_secrets set sealed = pg_temp.with_bit(sealed, 3);
select is_empty($$select from atelier.doctor() where check_name ~ '^secret of'$$, 'with its key all is well');
select isnt(pg_temp.claim(:'paid'), null, 'and the job goes on');

-- Secrets that 0.1.0 stored in the clear.
update atelier_engine.provider_secrets set secret = 'sk-from-before', sealed = null where token_id = :'two';
select row_eq($$select status, detail, hint ~ 'seal_provider_tokens' from atelier.doctor() where check_name = 'secret of token two of atelier-runner'$$,
  row('warning'::text, 'it is stored in the clear'::text, true), 'doctor() tells what lies open');
select is((select count(*) from atelier_engine.usable_tokens((select id from atelier.api_providers where name = 'atelier-runner'))), 2::bigint, 'it is used all the same');
select throws_ok($$insert into atelier_engine.provider_secrets (token_id, secret, sealed) select id, 'x', '\x00' from atelier.provider_tokens limit 1 on conflict (token_id) do update set secret = 'x', sealed = '\x00'$$,
  '23514', null, 'a secret is stored once');
select pg_temp.become('service_role');
select is(atelier.seal_provider_tokens(), 1, 'what lies open is sealed');
select is(atelier.seal_provider_tokens(), 0, 'once');
select pg_temp.sign_out();
select is((select count(*) from atelier_engine.provider_secrets where secret is null), 2::bigint, 'and nothing lies open');

-- Who may do what.
select pg_temp.become('service_role');
select throws_ok($$select atelier.set_provider_token_from_file('atelier-runner', '/etc/hostname')$$, '42501', 'you may not read files of the server', 'the service role reads no files of the server');
select throws_ok($$select atelier_engine.seal_secret(gen_random_uuid(), 'x')$$, '42501', null, 'nor seals anything by itself');
select pg_temp.become('atelier_worker');
select throws_ok(format('select atelier_engine.%s', call), '42501', null, 'workers do not call ' || call)
  from unnest(array[$$reseal_secret(gen_random_uuid(), '\x00')$$, $$secret_problem(gen_random_uuid(), '\x00')$$]) call;
select pg_temp.sign_in(:carol);
select throws_ok('select atelier.seal_provider_tokens()', '42501', null, 'admins seal nothing');
select pg_temp.sign_out();
select is_empty($$select p.oid::regprocedure from pg_proc p join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
                   where p.proname ~ 'unseal|open_secret|decrypt'$$, 'no function opens a secret');

select * from finish();
rollback;
