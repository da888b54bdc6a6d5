-- Pages are shown before their text is recognised, and protected files are shown once somebody gave their password.

alter table previews add column recognise_total bigint;        -- pages whose text is seen, not read; null: none
alter table previews add column recognise_done bigint;         -- of these, pages that were recognised or given up
alter table versions add column unlocked_id text;              -- content id of the file without its password; null: none was given. The password itself is nowhere
create index versions_by_unlocked on versions (unlocked_id, media_type);
