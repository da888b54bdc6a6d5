-- Uploads of which only the new chunks are sent.

-- Which contents have a chunk: a client may build on the chunks of what its user may read. Written with the version, in the
-- same transaction; contents of earlier versions are added by a job. One row per content and chunk.
create table content_chunks (
    chunk_id   bytea  not null,                             -- 32 bytes: the chunk's name in the store
    content_id text   not null,                             -- as in `versions`
    size_bytes bigint not null                              -- plain bytes; what a client says of the size is checked against it
);
create unique index content_chunks_by_chunk on content_chunks (chunk_id, content_id);
create index content_chunks_by_content on content_chunks (content_id);

-- Chunks that came with an upload and that no version holds yet: they are kept as long as the upload is.
create table upload_chunks (
    upload_id   text   not null references uploads (id) on delete cascade,
    chunk_id    bytea  not null,                            -- as in `content_chunks`
    size_bytes  bigint not null,
    received_at bigint not null,
    primary key (upload_id, chunk_id)
);
create index upload_chunks_by_chunk on upload_chunks (chunk_id);

-- Bytes of the chunks of an upload: bounds what it may bring, and counts for quotas.
alter table uploads add column received_bytes bigint not null default 0;

-- The hash of a large content that was assembled from known chunks is computed later: '' until then.
create index versions_without_sha256 on versions (content_id) where sha256 = '';
