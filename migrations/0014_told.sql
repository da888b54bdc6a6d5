-- What clients said of uploads and annotations, and when that was heard.
alter table uploads add column metadata text not null default '';           -- Upload-Metadata as it was sent; '': from before it was kept
alter table annotations add column seen_at bigint not null default 0;         -- when the server saw it first; 0: from before that was noted
alter table annotation_messages add column seen_at bigint not null default 0; -- the same
