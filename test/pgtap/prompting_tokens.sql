-- Tokens are counted by the tokenizer that a model names, where it is installed, and estimated where not.
begin;
\ir support/people.sql
select plan(81);

select setting || '/atelier/models/tiny-sdxl' as models from pg_config() where name = 'SHAREDIR' \gset
select current_setting('data_directory') || '/tokenizers-of-a-test' as folder \gset
\set golden `cat test/golden/goldens.json`

create function pg_temp.run(p_command text) returns void language plpgsql as
$$ begin execute format('copy (select 1 where false) to program %L', p_command); end $$;
create function pg_temp.counted(p_text text, p_tokenizer text default 'mine') returns integer language sql volatile as
$$ select atelier_engine.tokenizer_count(p_text, p_tokenizer) $$;
-- A copy of the tokenizer, of which one file becomes something else. Which is told by size and times, so another
-- copy is another file.
create function pg_temp.with_file(p_name text, p_command text) returns integer language plpgsql as $$
declare
  folder constant text := current_setting('atelier.tokenizer_directory');
begin
  perform pg_temp.run(format('rm -rf %1$s/mine; mkdir -p %1$s; cp -r %2$s/tokenizer %1$s/mine; cd %1$s/mine; f=%3$s; %4$s', folder, current_setting('test.models'), p_name, p_command));
  return pg_temp.counted('a red circle');
end $$;
select set_config('test.models', :'models', true) \g /dev/null

-- Off by default.
select is(current_setting('atelier.tokenizer_directory'), '', 'no tokenizer is installed by default');
select is(pg_temp.counted('a red circle', 'tokenizer'), null, 'so nothing is counted');
select row_eq($$select * from atelier_engine.count_prompt_tokens('a red circle', 'tokenizer')$$, row(3, false), 'but estimated');
select row_eq($$select * from atelier_engine.count_prompt_tokens('a red circle', null)$$, row(3, false), 'as where no tokenizer is named');

-- The golden ids, made by the reference implementation. The second tokenizer pads with 0, so what is before the last 812 are words.
set local atelier.tokenizer_directory = :'models';
create temp table golden as
  select t.n::integer, t.g ->> 'text' as text,
         (select max(i.n) - 2 from jsonb_array_elements_text(t.g -> 'ids_2') with ordinality i (id, n) where i.id = '812')::integer as second,
         (select max(i.n) - 1 from jsonb_array_elements_text(t.g -> 'ids_1') with ordinality i (id, n) where i.id <> '812')::integer as first
    from jsonb_array_elements(:'golden'::jsonb -> 'tokenization') with ordinality t (g, n);
select cmp_ok(count(*)::integer, '>=', 20, 'golden texts') from golden;
select set_eq('select n, least(pg_temp.counted(text, ''tokenizer_2''), 75) from golden', 'select n, second from golden', 'every text has as many tokens as the reference says, with the second tokenizer');
select set_eq($$select n, least(pg_temp.counted(text, 'tokenizer'), 75) from golden where text !~ '<\|endoftext\|>\s*$'$$,
  $$select n, first from golden where text !~ '<\|endoftext\|>\s*$'$$, 'and with the first');
select is(pg_temp.counted(repeat('red ', 1000), 'tokenizer'), 1000, 'all of a text is counted, not what the encoder has room for');
select is(pg_temp.counted('', 'tokenizer'), 0, 'nothing has no tokens');
select row_eq($$select * from atelier_engine.count_prompt_tokens('a red circle', 'tokenizer')$$, row(3, true), 'what was counted is said to be exact');
select isnt(pg_temp.counted('incomprehensibilities', 'tokenizer'), atelier_engine.estimate_prompt_tokens('incomprehensibilities'), 'which the estimate is not');
select is(pg_temp.counted(E'E\u0301 \u01c4 \u0130 \u03a3\u0391\u03a3', 'tokenizer'), pg_temp.counted(E'\u00e9 \u01c6 i\u0307 \u03c3\u03b1\u03c2', 'tokenizer'), 'spellings of the same letters are the same');

-- What would take long is estimated.
set local statement_timeout = '10s';
select is(pg_temp.counted(repeat('r', 131072), 'tokenizer') > 1000, true, 'one word of 128 KiB');
select is(pg_temp.counted(repeat('r', 131073), 'tokenizer'), null, 'more is not counted');
select is(pg_temp.counted(repeat('!<', 60000), 'tokenizer_2'), 120000, 'as many special tokens as fit');
select is(pg_temp.counted('e' || repeat(E'\u0301\u0323', 32), 'tokenizer') > 0, true, '64 marks on a letter');
select is(pg_temp.counted('e' || repeat(E'\u0301\u0323', 33), 'tokenizer'), null, 'more are not counted');
select is((select exact from atelier_engine.count_prompt_tokens(repeat(E'\u0301\u0323', 30000), 'tokenizer')), false, 'nor 60000');
set local statement_timeout = 0;

-- Names that lead elsewhere.
select is(pg_temp.counted('a', name), null, 'no name of a tokenizer: ' || name)
  from unnest(array['', '.', '..', '../tiny-sdxl/tokenizer', 'tokenizer/', '/tokenizer', './tokenizer', 'tokenizer/../tokenizer', '.tokenizer', E'tokenizer\n', 'tokénizer', repeat('t', 64)]) name;
insert into atelier.api_models (provider_id, model_key, display_name, modality, aliases, capabilities)
values ('00000000-0000-7000-8000-000000000001', 'counts', 'Counts', 'image', '{also-counts}', '{"tokenizer": "tokenizer"}'),
       ('00000000-0000-7000-8000-000000000001', 'says-nothing', 'Says nothing', 'image', '{}', '{}'),
       ('00000000-0000-7000-8000-000000000001', 'elsewhere', 'Elsewhere', 'image', '{}', '{"tokenizer": "not-installed"}');
select throws_ok(format($$update atelier.api_models set capabilities = jsonb_build_object('tokenizer', %s) where model_key = 'counts'$$, name),
  '23514', null, 'no model names ' || name)
  from unnest(array['''''', '''../secret''', '''/etc''', '''a/b''', '''.hidden''', 'repeat(''t'', 64)', '1', 'null::text', 'array[''tokenizer'']', 'E''a\n''']) name;
select lives_ok($$update atelier.api_models set capabilities = '{"tokenizer": "CLIP-vit_L.14"}' where model_key = 'elsewhere'$$, 'this is a name');
select throws_ok(format('set local atelier.tokenizer_directory = %L', folder), '42501', null, 'others do not choose the directory: ' || folder)
  from (select pg_temp.sign_in(pg_temp.ada())) s, unnest(array['/etc', '']) folder;
select throws_ok('show atelier.tokenizer_directory', '42501', null, 'nor see it');
select throws_ok($$select atelier_engine.tokenizer_count('a', 'tokenizer')$$, '42501', null, 'nor choose a folder');

-- token_count().
select row_eq($$select * from atelier.token_count('a red circle', 'counts')$$, row(3, true), 'by the tokenizer of a model');
select row_eq($$select * from atelier.token_count('a red circle', 'also-counts')$$, row(3, true), 'by another name of it');
select row_eq($$select * from atelier.token_count('incomprehensibilities', 'says-nothing')$$, row(3, false), 'of a model that names none');
select row_eq($$select * from atelier.token_count('incomprehensibilities', 'elsewhere')$$, row(3, false), 'of one whose tokenizer is not installed');
select row_eq($$select * from atelier.token_count('incomprehensibilities')$$, row(3, false), 'of the usual model');
select throws_ok($$select atelier.token_count('a', 'unknown')$$, 'PT404', 'unknown model', 'of none');
select throws_ok($$select atelier.token_count(null, 'counts')$$, '22023', 'there is no prompt', 'of no text');
select throws_ok($$select atelier.token_count(repeat('a', 100001), 'counts')$$, '22023', 'prompt is too long', 'of a book');
select pg_temp.become('authenticated') \g /dev/null
select throws_ok($$select atelier.token_count('a', 'counts')$$, 'PT401', 'sign in first', 'for nobody in particular');
select pg_temp.sign_in_as_service() \g /dev/null
select row_eq($$select * from atelier.token_count('a red circle', 'counts')$$, row(3, true), 'for the back end');
select pg_temp.step_aside() \g /dev/null

-- Files of any kind. Where they are of no use the session is warned once, and the count is estimated.
set local client_min_messages = error;
set local atelier.tokenizer_directory = :'folder';
select is(pg_temp.counted('a', 'mine'), null, 'no such directory');
select is(pg_temp.with_file('none', 'true'), 3, 'a copy counts');
select is(pg_temp.with_file('vocab.json', 'rm $f'), null, 'no vocabulary');
select is(pg_temp.with_file('none', 'true'), 3, 'mended while the session goes on');
select is(pg_temp.with_file('merges.txt', 'rm $f'), null, 'no merges');
select is(pg_temp.with_file('tokenizer_config.json', 'rm $f'), 3, 'without a configuration it is CLIP as published');
select is(pg_temp.with_file(file, command), null, file || ': ' || command)
  from (values ('vocab.json', ': > $f'), ('vocab.json', 'head -c 5000 $f > t; mv t $f'), ('vocab.json', 'echo "[]" > $f'), ('vocab.json', 'echo "{}" > $f'),
    ('vocab.json', 'yes "[" | head -c 3000000 | tr -d "\n" > $f'), ('vocab.json', 'head -c 5000000 /dev/zero > $f'), ('vocab.json', 'truncate -s 1T $f'),
    ('vocab.json', 'rm $f; mkdir $f'), ('vocab.json', 'rm $f; mkfifo $f'), ('vocab.json', 'rm $f; ln -s /dev/zero $f'), ('vocab.json', 'rm $f; ln -s $f $f'),
    ('vocab.json', 'sed -i "s/:[^,]*,/: -1,/" $f'), ('merges.txt', 'echo "qx zz" >> $f'), ('merges.txt', 'head -c 1000 /dev/urandom > $f'),
    ('merges.txt', 'truncate -s 5M $f'), ('tokenizer_config.json', 'echo "{" > $f'), ('tokenizer_config.json', 'sed -i s/CLIPTokenizer/T5Tokenizer/ $f'),
    ('tokenizer_config.json', 'truncate -s 1M $f')) c (file, command);
select is(pg_temp.with_file('merges.txt', 'sed -i 2,\$d $f'), 10, 'what changes is read anew: without merges every letter is a token');
select is(pg_temp.with_file('none', 'rm -r ../mine'), null, 'and gone is gone');
select pg_temp.run('rm -rf ' || :'folder') \g /dev/null
select * from finish();
rollback;
