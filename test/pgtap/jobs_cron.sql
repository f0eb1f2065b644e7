-- Cron expressions: what they name, on which clocks, and what is none.
begin;
select plan(54);
create function pg_temp.next(p_cron text, p_after text, p_zone text default 'UTC') returns text language sql as $$
  select to_char(atelier_engine.next_cron_time(p_cron, p_after::timestamptz, p_zone) at time zone 'UTC', 'YYYY-MM-DD HH24:MI') $$;
create function pg_temp.following(p_cron text, p_after text, p_zone text, p_count integer) returns text language plpgsql as $$
declare
  moment timestamptz := p_after;
  result text[];
begin
  for n in 1 .. p_count loop
    moment := atelier_engine.next_cron_time(p_cron, moment, p_zone);
    result := result || to_char(moment at time zone 'UTC', 'DD HH24:MI');
  end loop;
  return array_to_string(result, ', ');
end $$;

select is(pg_temp.next('* * * * *', '2026-03-05 10:20:30Z'), '2026-03-05 10:21', 'every minute');
select is(pg_temp.next('* * * * *', '2026-03-05 10:20:00Z'), '2026-03-05 10:21', 'after a time is not at it');
select is(pg_temp.next('*/15 * * * *', '2026-03-05 10:20Z'), '2026-03-05 10:30', 'steps');
select is(pg_temp.next('5/20 * * * *', '2026-03-05 10:26Z'), '2026-03-05 10:45', 'steps from a number on');
select is(pg_temp.next('10-12 * * * *', '2026-03-05 10:12Z'), '2026-03-05 11:10', 'a range');
select is(pg_temp.next('10-20/5 * * * *', '2026-03-05 10:12Z'), '2026-03-05 10:15', 'a range with steps');
select is(pg_temp.next('7,3,11 * * * *', '2026-03-05 10:04Z'), '2026-03-05 10:07', 'a list in any order');
select is(pg_temp.next('30 9 * * *', '2026-03-05 10:04Z'), '2026-03-06 09:30', 'a time of the day');
select is(pg_temp.next('0 0 1 * *', '2026-03-05Z'), '2026-04-01 00:00', 'a day of the month');
select is(pg_temp.next('0 0 31 * *', '2026-03-31Z'), '2026-05-31 00:00', 'months without the day are left out');
select is(pg_temp.next('0 0 29 2 *', '2026-03-05Z'), '2028-02-29 00:00', '29 February');
select is(pg_temp.next('0 0 29 2 *', '2096-03-01Z'), '2104-02-29 00:00', 'also over the end of a century');
select is(pg_temp.next('0 12 * jul *', '2026-03-05Z'), '2026-07-01 12:00', 'a month by name');
select is(pg_temp.next('0 12 * * MON-fri', '2026-03-06 12:00Z'), '2026-03-09 12:00', 'working days');
select is(pg_temp.next('0 12 * * 0', '2026-03-05Z'), '2026-03-08 12:00', 'Sunday is 0');
select is(pg_temp.next('0 12 * * 7', '2026-03-05Z'), '2026-03-08 12:00', 'and 7');
select is(pg_temp.next('0 12 * * 5-7', '2026-03-07 12:00Z'), '2026-03-08 12:00', 'also at the end of a range');
select is(pg_temp.next('0 0 13 * fri', '2026-03-05Z'), '2026-03-06 00:00', 'with both days given one is enough: a Friday');
select is(pg_temp.next('0 0 13 * mon', '2026-03-10Z'), '2026-03-13 00:00', 'or the day of the month');
select is(pg_temp.next('0 0 */10 * fri', '2026-03-05Z'), '2026-05-01 00:00', 'a field that begins with * does not count as given');
select is(pg_temp.next('@hourly', '2026-03-05 10:20Z'), '2026-03-05 11:00', '@hourly');
select is(pg_temp.next('@daily', '2026-03-05 10:20Z'), '2026-03-06 00:00', '@daily');
select is(pg_temp.next('@weekly', '2026-03-05 10:20Z'), '2026-03-08 00:00', '@weekly');
select is(pg_temp.next('@monthly', '2026-03-05 10:20Z'), '2026-04-01 00:00', '@monthly');
select is(pg_temp.next(' @Yearly ', '2026-03-05 10:20Z'), '2027-01-01 00:00', '@yearly');
select is(pg_temp.next(E' 30\t9  * * * ', '2026-03-05 10:04Z'), '2026-03-06 09:30', 'white space does not matter');
select is(pg_temp.next('0 0 30 2 *', '2026-03-05Z'), null, 'a date that does not exist never comes');

-- Clocks that are changed: 2026 on 8 March (02:00 to 03:00) and 1 November (02:00 to 01:00) in New York.
select is(pg_temp.next('30 9 * * *', '2026-03-05 10:04Z', 'America/New_York'), '2026-03-05 14:30', 'on the clocks of a time zone');
select is(pg_temp.next('30 9 * * *', '2026-03-08 00:00Z', 'America/New_York'), '2026-03-08 13:30', 'in summer, too');
select is(pg_temp.following('30 2 * * *', '2026-03-07 00:00Z', 'America/New_York', 3), '07 07:30, 08 07:30, 09 06:30', 'a time that is skipped comes as much later');
select is(pg_temp.following('0 2,3 * * *', '2026-03-08 00:00Z', 'America/New_York', 2), '08 07:00, 09 06:00', 'and falls together with one that is there');
select is(pg_temp.following('30 1 * * *', '2026-10-31 12:00Z', 'America/New_York', 3), '01 05:30, 02 06:30, 03 06:30', 'a time that comes twice counts once');
select is(pg_temp.following('30 * * * *', '2026-11-01 04:00Z', 'America/New_York', 4), '01 04:30, 01 05:30, 01 06:30, 01 07:30', 'every hour is every hour when the clock is put back');
select is(pg_temp.following('30 * * * *', '2026-03-08 05:00Z', 'America/New_York', 4), '08 05:30, 08 06:30, 08 07:30, 08 08:30', 'and forward');
select is(pg_temp.following('*/30 * * * *', '2026-11-01 05:00Z', 'America/New_York', 5), '01 05:30, 01 06:00, 01 06:30, 01 07:00, 01 07:30', 'so is every half hour');
select is(pg_temp.following('*/20 * * * *', '2026-04-04 14:00Z', 'Australia/Lord_Howe', 6), '04 14:20, 04 14:40, 04 15:10, 04 15:30, 04 15:50, 04 16:10', 'also where it is half an hour');
select is(pg_temp.following('45 1 * * *', '2026-04-03 20:00Z', 'Australia/Lord_Howe', 2), '04 14:45, 05 15:15', 'where a time comes twice, too');
select is(pg_temp.following('0 0 * * *', '2026-03-28 00:00Z', 'Asia/Beirut', 3), '28 22:00, 29 21:00, 30 21:00', 'midnight may be skipped');
select is(pg_temp.next('0 12 * * *', '2026-03-05Z', 'Asia/Kathmandu'), '2026-03-05 06:15', 'offsets need not be whole hours');

-- Every moment that is given matches, and none between two is left out, over a whole year with both changes.
select is_empty($$
  select m from generate_series('2026-01-01Z'::timestamptz, '2026-12-31Z', '6 hours') t,
         atelier_engine.next_cron_time('15,45 */5 * * *', t, 'Europe/Berlin') m
   where m <= t or (extract(minute from m at time zone 'Europe/Berlin') not in (15, 45)
                    or extract(hour from m at time zone 'Europe/Berlin')::integer % 5 <> 0)$$, 'what comes next is later, and matches');
select is((select count(*)::integer from generate_series('2026-10-24 22:00Z'::timestamptz, '2026-10-25 22:59Z', '1 minute') t
            where atelier_engine.next_cron_time('* * * * *', t - interval '1 minute', 'Europe/Berlin') = t), 1500, 'a day of 25 hours has 1500 minutes');

-- No cron expressions.
select throws_ok(format('select atelier_engine.next_cron_time(%L, now(), ''UTC'')', e), '22023', 'not a cron expression', coalesce(e, 'null'))
  from unnest(array['', '* * * *', '* * * * * *', '60 * * * *', '* 24 * * *', '* * 0 * *', '* * * 13 *', '* * * * 8', '*/0 * * * *', '5-1 * * * *', '1,, * * * *',
                    'a b c d e']) e;
select throws_ok($$select atelier_engine.next_cron_time('* * * * *', now(), 'Mars/Base')$$, '22023', null, 'an unknown time zone');

select * from finish();
rollback;
