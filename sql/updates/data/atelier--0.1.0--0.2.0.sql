-- What subscriptions are worth, until an operator decides otherwise.
insert into atelier.scheduling_tiers (tier, weight)
values ('inactive', 1), ('starter', 2), ('pro', 4), ('creator', 8);

-- Templates, negative prompts, presets and words for prompts.
select atelier_engine.add_reference_prompts();
select atelier_engine.add_reference_moderation();

-- The one row of settings.
insert into atelier.system_config (id) values (1);
