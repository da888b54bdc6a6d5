-- Hardly any version was unlocked: only those are listed.
drop index versions_by_unlocked;
create index versions_by_unlocked on versions (unlocked_id, media_type) where unlocked_id is not null;
