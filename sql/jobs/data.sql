-- What subscriptions are worth, until an operator decides otherwise. A dump brings its own.
insert into atelier.scheduling_tiers (tier, weight)
select t.tier, t.weight
  from (values ('inactive', 1), ('starter', 2), ('pro', 4), ('creator', 8)) t (tier, weight)
 where not atelier_engine.restoring();
