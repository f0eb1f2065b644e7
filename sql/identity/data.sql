-- Identity: people who signed up before the extension came.

select atelier_engine.enroll_user(u.id, u.email, u.raw_user_meta_data)
  from auth.users u
 where not atelier_engine.restoring();
