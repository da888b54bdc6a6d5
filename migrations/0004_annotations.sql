-- What the notes rooms say, for asking across documents: filled from their journals, never written by clients.
create table annotations (
    document_id   text   not null references documents (id) on delete cascade,
    id            text   not null,                          -- the thread's key in the room; chosen by a client, unique in its document only
    quote         text   not null,                          -- the text that was commented, as it was then
    author_id     text,                                     -- who began the thread, by the journal; null: the journal does not tell
    assignee_id   text,                                     -- whom it waits for
    resolved_by   text,
    resolved_at   bigint,                                   -- null: open
    created_at    bigint not null,                          -- by the writer's clock, never in the future
    message_count bigint not null,
    primary key (document_id, id)
);
create index annotations_by_assignee on annotations (assignee_id, created_at, document_id, id) where assignee_id is not null;

create table annotation_messages (
    document_id text   not null references documents (id) on delete cascade,
    thread_id   text   not null,
    position    bigint not null,                            -- order in the thread
    id          text   not null,
    author_id   text,                                       -- who wrote it, by the journal; null: the journal does not tell
    claimed_id  text,                                       -- who the message itself says wrote it
    is_forged   bigint not null check (is_forged in (0, 1)), -- the two differ
    text        text   not null,
    at          bigint not null,
    edited_at   bigint,
    primary key (document_id, thread_id, position)
);
