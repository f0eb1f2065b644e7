-- What subscriptions are worth, until an operator decides otherwise.
insert into atelier.scheduling_tiers (tier, weight)
values ('inactive', 1), ('starter', 2), ('pro', 4), ('creator', 8);
