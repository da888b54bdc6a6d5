-- The libraries as a network drive (WebDAV): locks, properties of other programs, and what is not to become a document.

create table dav_locks (
    token      text   not null primary key,                 -- urn:uuid:…, as clients show it
    user_id    text   not null references users (id) on delete cascade, -- a token is good in the hands of its owner only
    folder_id  text   not null,                             -- the folder of the name that was locked; empty: a library
    name_key   text   not null,
    node_id    text   not null,                             -- the document, folder or temporary file found there
    path       text   not null,                             -- as shown to other clients (lockroot)
    exclusive  bigint not null check (exclusive in (0, 1)),
    deep       bigint not null check (deep in (0, 1)),      -- 1: everything below is locked too
    owner      text   not null,                             -- XML that the client wants shown
    timeout_ms bigint not null,                             -- what a refresh adds again
    created_at bigint not null,
    expires_at bigint not null
);
create index dav_locks_by_node on dav_locks (node_id);
create index dav_locks_by_place on dav_locks (folder_id, name_key);
create index dav_locks_by_expiry on dav_locks (expires_at);

create table dav_properties (
    node_id   text not null,                                -- document, folder or temporary file
    namespace text not null,
    name      text not null,
    value     text not null,                                -- the element as XML, with its namespaces declared
    primary key (node_id, namespace, name)
);

-- What one person sees otherwise than everybody: programs save in several steps (write beside, rename, rename, delete)
-- and leave small files of their own behind, and none of that is a document of the archive.
create table dav_overlay (
    id          text   not null primary key,
    user_id     text   not null references users (id) on delete cascade,
    folder_id   text   not null references folders (id) on delete cascade,
    name        text   not null,
    name_key    text   not null,
    kind        text   not null check (kind in ('junk', 'scratch', 'away', 'left')), -- junk: a file that is dropped in the end; scratch: a file that becomes a document in the end; away: a document that seems renamed, for now; left: a document was here a moment ago
    document_id text   references documents (id) on delete cascade, -- away, left: that document; scratch: the document it seems to be
    content_id  text,                                       -- junk, scratch: what the store knows the bytes by
    size_bytes  bigint not null default 0,
    level       bigint not null default 0,                  -- of the document that it was copied from: a copy is not less secret
    sha256      text   not null default '',
    media_type  text   not null default '',
    created_at  bigint not null,
    updated_at  bigint not null,
    expires_at  bigint not null
);
create unique index dav_overlay_by_name on dav_overlay (user_id, folder_id, name_key);
create index dav_overlay_by_folder on dav_overlay (folder_id);
create index dav_overlay_by_document on dav_overlay (document_id) where document_id is not null;
create index dav_overlay_by_expiry on dav_overlay (expires_at);
