-- The first schema, one text for SQLite and PostgreSQL. Ids are UUIDv7 text, times epoch milliseconds, flags 0/1.
-- `*_key` columns hold a name normalised for comparison (NFC, case folded): uniqueness and sorting use them.

create table users (
    id            text   not null primary key,
    name          text   not null,                          -- sign-in name as typed at creation
    name_key      text   not null unique,                   -- sign-in compares this, so that Ada and ada are one account
    display_name  text   not null,                          -- shown to colleagues
    password_hash text,                                     -- Argon2id PHC string; null: cannot sign in with a password
    is_admin      bigint not null default 0 check (is_admin in (0, 1)),
    clearance     bigint not null default 1 check (clearance between 0 and 3), -- highest document level this person may see
    created_at    bigint not null,
    disabled_at   bigint                                    -- set: every session, token and room of the account ends
);

create table groups (
    id         text   not null primary key,
    parent_id  text   references groups (id),               -- departments form a tree; a grant to a parent holds for its children
    name       text   not null,
    name_key   text   not null,
    created_at bigint not null
);
create unique index groups_by_name on groups (coalesce(parent_id, ''), name_key);

create table group_members (
    group_id text not null references groups (id) on delete cascade,
    user_id  text not null references users (id) on delete cascade,
    primary key (group_id, user_id)
);
create index group_members_by_user on group_members (user_id);

create table sessions (
    token_hash   text   not null primary key,               -- SHA-256 of the cookie; a copy of the table signs nobody in
    user_id      text   not null references users (id) on delete cascade,
    created_at   bigint not null,
    last_seen_at bigint not null,                           -- moves the idle limit; written at most once a minute
    expires_at   bigint not null
);
create index sessions_by_user on sessions (user_id);

create table tokens (
    id           text   not null primary key,
    user_id      text   not null references users (id) on delete cascade,
    name         text   not null,                           -- what its owner calls it
    token_hash   text   not null unique,                    -- SHA-256 of the bearer token
    created_at   bigint not null,
    expires_at   bigint,                                    -- null: until revoked
    last_used_at bigint                                     -- so that an owner finds tokens nobody uses
);
create index tokens_by_user on tokens (user_id);

create table sign_in_failures (
    key        text   not null primary key,                 -- `account:<name_key>` or `address:<ip>`
    failures   bigint not null,                             -- since the last success; decides the back-off
    retry_at   bigint not null                              -- no attempt is looked at before this time
);

create table folders (
    id         text   not null primary key,
    parent_id  text   references folders (id),              -- null: a library
    name       text   not null,
    name_key   text   not null,
    scope_id   text   not null,                             -- nearest folder (or itself) with grants of its own or without inheritance
    inherits   bigint not null default 1 check (inherits in (0, 1)), -- 0: grants from above do not reach here
    created_by text   not null references users (id),
    created_at bigint not null,
    updated_at bigint not null,
    trashed_at bigint                                       -- in the trash since; a folder takes its content with it
);
create unique index folders_by_name on folders (parent_id, name_key) where trashed_at is null and parent_id is not null;
create index folders_by_parent on folders (parent_id, name_key, id);
create index folders_by_scope on folders (scope_id);

create table documents (
    id           text   not null primary key,
    folder_id    text   not null references folders (id),
    kind         text   not null check (kind in ('file', 'page')), -- page: a live document edited in a room
    name         text   not null,
    name_key     text   not null,
    head         bigint not null default 0,                 -- number of the newest version; 0 only while the first is being added
    level        bigint not null default 1 check (level between 0 and 3), -- 公开 内部 秘密 机密
    scope_id     text   not null,                           -- own id when the document has grants of its own, else the folder's scope
    inherits     bigint not null default 1 check (inherits in (0, 1)),
    created_by   text   not null references users (id),
    created_at   bigint not null,
    updated_by   text   not null references users (id),
    updated_at   bigint not null,
    trashed_at   bigint
);
create unique index documents_by_name on documents (folder_id, name_key) where trashed_at is null;
create index documents_by_folder on documents (folder_id, name_key, id);
create index documents_by_scope on documents (scope_id);

create table versions (
    document_id text   not null references documents (id) on delete cascade,
    number      bigint not null,                            -- 1, 2, 3 … without holes
    content_id  text   not null,                            -- what the store knows it by (hex)
    size_bytes  bigint not null,
    sha256      text   not null,                            -- hex, for people and other programs
    media_type  text   not null,                            -- decided from the content, never from what the client said
    author_id   text   not null references users (id),
    note        text   not null default '',
    created_at  bigint not null,
    room_seq    bigint,                                     -- kind page: last journal entry that the version contains
    primary key (document_id, number)
);
create index versions_by_content on versions (content_id);

create table grants (
    scope_kind   text   not null check (scope_kind in ('folder', 'document')),
    scope_id     text   not null,                           -- folder or document id
    subject_kind text   not null check (subject_kind in ('user', 'group')),
    subject_id   text   not null,
    role         bigint not null check (role between 1 and 5), -- previewer reader commenter editor manager, in rising order
    created_by   text   not null references users (id),
    created_at   bigint not null,
    primary key (scope_id, subject_kind, subject_id)
);
create index grants_by_subject on grants (subject_kind, subject_id);

create table uploads (
    id          text   not null primary key,                -- unguessable; also the key of the suspended state in the store
    user_id     text   not null references users (id) on delete cascade,
    folder_id   text,                                       -- a new document goes here …
    document_id text,                                       -- … or a new version there
    name        text   not null,
    note        text   not null default '',
    size_bytes  bigint,                                     -- null: deferred length
    offset_bytes bigint not null default 0,                 -- durable bytes; what HEAD answers
    created_at  bigint not null,
    expires_at  bigint not null,
    finished_document_id text,                              -- set when it became a version: a repeated last PATCH gets the same answer
    finished_version     bigint
);
create index uploads_by_expiry on uploads (expires_at);

create table previews (
    content_id   text   not null,
    media_type   text   not null,                           -- the same bytes may be prepared as two types (name.csv, name.txt)
    state        text   not null check (state in ('waiting', 'ready', 'failed')),
    code         text,                                      -- failed: stable code of the reason
    message      text,                                      -- failed: one sentence for people
    page_count   bigint,
    rendition    text,                                      -- content id of what pages are rendered from (the PDF, or the content itself); null: no pages
    rendition_type text,                                    -- media type of that
    text_key     text,                                      -- derived object with the extracted text and page sizes
    updated_at   bigint not null,
    primary key (content_id, media_type)
);

create table room_updates (
    room      text   not null,                              -- document id
    seq       bigint not null,                              -- 1, 2, 3 … per room
    author_id text   not null,
    at        bigint not null,
    payload   bytea  not null,                              -- one Yjs update (v1), as received
    primary key (room, seq)
);

create table room_snapshots (
    room       text   not null primary key,
    seq        bigint not null,                             -- the snapshot contains the updates up to here
    state      bytea  not null,                             -- whole document as one Yjs update (v1), zstd
    created_at bigint not null
);

create table room_segments (
    room     text   not null,
    from_seq bigint not null,                               -- raw history that a snapshot covers: kept, compressed
    to_seq   bigint not null,
    payload  bytea  not null,                               -- zstd of (seq, author, time, update) records
    primary key (room, from_seq)
);

create table rooms (
    room        text   not null primary key,
    last_seq    bigint not null default 0,                  -- newest journal entry; raised first in the writing transaction, its row lock orders the nodes
    indexed_seq bigint not null default 0,                  -- last journal entry whose text was extracted for search
    quarantined text                                        -- why the room's updates cannot be applied; null: healthy
);

create table jobs (
    id         text   not null primary key,
    kind       text   not null,
    key        text   not null,                             -- what it is about; one waiting job per (kind, key)
    payload    text   not null,                             -- JSON of the job
    state      text   not null check (state in ('waiting', 'running', 'failed')),
    attempts   bigint not null default 0,
    run_at     bigint not null,                             -- not before
    lease_until bigint,                                     -- running: another node may take it after this
    last_error text,
    created_at bigint not null
);
create unique index jobs_waiting_by_key on jobs (kind, key) where state = 'waiting';
create index jobs_by_run_at on jobs (state, run_at);

-- One row each: the last sequence number given. Taken under its row lock inside the writing transaction, so
-- numbers become visible in order and a follower that has seen n has seen everything before n.
create table counters (
    name  text   not null primary key,
    value bigint not null,
    hash  text   not null default ''                        -- audit: hash of the last event, the next one chains to it
);
insert into counters (name, value) values ('audit', 0), ('changes', 0);

create table audit (
    seq         bigint not null primary key,
    at          bigint not null,
    actor_id    text,                                       -- null: the server itself
    action      text   not null,                            -- past tense: version_added
    document_id text,
    folder_id   text,
    details     text   not null default '{}',               -- JSON
    hash        text   not null                             -- SHA-256 over the previous hash and this row
);
create index audit_by_document on audit (document_id, seq);

create table changes (
    seq         bigint not null primary key,
    document_id text   not null,                            -- something that search or a client shows of it has changed
    at          bigint not null
);
