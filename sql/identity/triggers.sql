-- Identity: what follows from a sign-up and from a changed profile.

create or replace trigger atelier_user_created
after insert on auth.users
for each row execute function atelier.handle_new_user();

do $trigger$
begin
  -- On a table of somebody else the trigger would otherwise keep the extension from being dropped.
  if not atelier_engine.is_made_here('auth.users') then
    alter trigger atelier_user_created on auth.users depends on extension atelier;
  end if;
end
$trigger$;

create or replace trigger touch_updated_at
before update on atelier.profiles
for each row execute function atelier_engine.touch_updated_at();

create or replace trigger update_age_verification_trigger
before update on atelier.profiles
for each row when (old.birth_date is distinct from new.birth_date)
execute function atelier.update_age_verification();
