-- Weights of words: what is read, what is refused, and what configurations make of a prompt.
begin;
select plan(61);
\ir support/people.sql
select pg_temp.sign_in(pg_temp.ada()) \g /dev/null

create function pg_temp.parts(p_prompt text) returns text language sql as
$$ select string_agg(format('[%s]%s', phrase, case when weight <> 1 then weight end), '' order by place) from atelier.parse_prompt_weights(p_prompt) $$;
select is(pg_temp.parts(prompt), parts, prompt) from (values
  ('a red circle', '[a red circle]'),
  ('a (red circle:1.2) here', '[a ][red circle]1.2[ here]'),
  ('(red : .5 )', '[red ]0.5'),
  ('red++', '[red]1.21'), ('red+++, blue', '[red]1.331[, blue]'), ('a dull-- sky', '[a ][dull]0.81[ sky]'),
  ('(a red circle)++', '[a red circle]1.21'), ('(a:1.1)++', '[a]1.331'),
  ('(plain)', '[plain]'), ('(a (b:1.5) c:1.2)', '[a ]1.2[b]1.8[ c]1.2'), ('((a:0.5):0.5)', '[a]0.25'),
  ('well-known, mid-air - and -- so + on', '[well-known, mid-air - and -- so + on]'),
  ('red+ blue-', '[red+ blue-]'), ('a++b', '[a++b]'), ('++ a', '[++ a]'),
  ('C\+\+ \(sic\) \\', '[C++ (sic) \]'), ('(ratio 16\:9)', '[ratio 16:9]'), ('(at 16:9 exactly)', '[at 16:9 exactly]'),
  ('16:9', '[16:9]'), ('a\b', '[a\b]'), ('(a,b++)', '[a,][b]1.21'), ('(A:2)', '[A]2'), ('(A:0.1)', '[A]0.1'), (U&'(\00E9t\00E9:1.2)', U&'[\00E9t\00E9]1.2')) c (prompt, parts);
select is(pg_temp.parts(''), null, 'nothing has no parts');
select is(pg_temp.parts(null), null, 'nor has null');
select results_eq($$select place, phrase, weight from atelier.parse_prompt_weights('a (b:1.2)')$$, $$values (1, 'a ', 1::numeric), (2, 'b', 1.2)$$, 'the parts have their places');

create function pg_temp.refusal(p_prompt text) returns text language plpgsql as $$
declare
  message text;
  detail text;
  hint text;
begin
  perform atelier.parse_prompt_weights(p_prompt);
  return 'taken';
exception when others then
  get stacked diagnostics message = message_text, detail = pg_exception_detail, hint = pg_exception_hint;
  return concat_ws(' ', sqlstate, message || case when detail = '' or hint = '' then ' without detail or hint' else '' end);
end $$;
select is(pg_temp.refusal(prompt), '22023 ' || message, 'refused: ' || left(prompt, 40)) from (values
  ('(a', 'the parentheses are not balanced'), ('a)', 'the parentheses are not balanced'), (')(', 'the parentheses are not balanced'), ('((a:1.2)', 'the parentheses are not balanced'),
  ('a:1.2)', 'the parentheses are not balanced'), ('(a\)', 'the parentheses are not balanced'),
  ('()', 'there is nothing between two parentheses'), ('( :1.2)', 'there is nothing between two parentheses'), ('(a ())', 'there is nothing between two parentheses'),
  ('(a:b)', 'a weight is not a number'), ('(a:)', 'a weight is not a number'), ('(a:-1)', 'a weight is not a number'), ('(a:1e3)', 'a weight is not a number'), ('(a:NaN)', 'a weight is not a number'), ('(a:1,2)', 'a weight is not a number'),
  ('(a:2.1)', 'a weight is out of range'), ('(a:0)', 'a weight is out of range'), ('((a:1.5):1.5)', 'a weight is out of range'), ('a' || repeat('+', 8), 'a weight is out of range'),
  ('a' || repeat('-', 9000), 'a weight is out of range'),
  (repeat('(', 11) || 'a' || repeat(')', 11), 'parentheses are nested too deeply'), (repeat('x', 10001), 'the prompt is too long')) c (prompt, message);

-- Configurations.
select pg_temp.sign_in(pg_temp.root()) \g /dev/null
insert into atelier.compel_configs (config_name, weights, is_active) values
  ('shapes', '{"red": 1.2, "red circle": 1.4, "C++": 0.5, "plain": 1, "sharp": 1.1}', true), ('nothing', '{}', true), ('old', '{"a": 1.3}', false);
select pg_temp.sign_in(pg_temp.ada()) \g /dev/null
select is(atelier.apply_compel_config('a Red  circle, red, redder (red:0.8) plain', 'shapes'), 'a (Red  circle:1.4), (red:1.2), redder (red:0.8) plain', 'phrases are weighted, the longest first, but those that have a weight');
select is(atelier.apply_compel_config('C\+\+ (sic\))', 'shapes'), '(C\+\+:0.5) sic\)', 'what was escaped stays so');
select is(atelier.apply_compel_config('sharp-sharp red++', 'shapes'), '(sharp:1.1)\-(sharp:1.1) (red:1.21)', 'signs become numbers');
select is(atelier.apply_compel_config('as it is', 'nothing'), 'as it is', 'no weights change nothing');
select is(atelier.apply_compel_config(null, 'nothing'), null, 'null stays null');
select is_empty($$select prompt from (values ('a \(b\) -- c\-\- \\ d+ --e'), ('(a- (b:1.3):1.2)--'), ('x++ - (y z)---')) p (prompt)
   where pg_temp.parts(atelier.apply_compel_config(prompt, 'nothing')) is distinct from pg_temp.parts(prompt)$$, 'what comes out is read as what went in');
select throws_ok($$select atelier.apply_compel_config('a', 'old')$$, 'PT404', 'there is no such configuration of weights', 'one that is not active is not known');
select throws_ok($$select atelier.apply_compel_config('(a', 'nothing')$$, '22023', 'the parentheses are not balanced', 'a prompt that is wrong is refused');
set local statement_timeout = '5s';
select is(length(atelier.apply_compel_config(repeat('red ', 2500), 'shapes')), 2500 * 10, 'long prompts take no long time');
reset statement_timeout;
select pg_temp.become('authenticated') \g /dev/null
select throws_ok($$select atelier.apply_compel_config('a', 'nothing')$$, 'PT401', 'sign in first', 'a token without a user gets nothing');
select pg_temp.become('anon') \g /dev/null
select throws_ok($$select atelier.apply_compel_config('a', 'nothing')$$, '42501', null, 'nor does anon');
select throws_ok($$select atelier.parse_prompt_weights('a')$$, '42501', null, 'who reads no prompts either');

select * from finish();
rollback;
