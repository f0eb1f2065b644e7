-- Engine: secrets that are handed out once and kept as hashes.

create or replace function atelier_engine.new_secret()
returns text
language sql volatile
begin atomic
  -- Two random UUIDs from the server's cryptographic generator.
  select encode(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), 'hex');
end;
comment on function atelier_engine.new_secret() is '64 hexadecimal digits with 244 random bits';

create or replace function atelier_engine.hash_secret(p_secret text)
returns bytea
language sql immutable
begin atomic
  -- Fast on purpose: nobody guesses what is random and long. Whoever times the look-up learns about the hash of a guess,
  -- of which no guess can be made that is closer.
  select sha256(convert_to(p_secret, 'UTF8'));
end;
comment on function atelier_engine.hash_secret(text) is 'The SHA-256 hash under which a secret is kept';
