-- What is about to be removed from the store, what was found damaged in it, and what the last looks at it found.

create table condemned_objects (
    key        text   not null primary key,                 -- of an object to which nothing referred when it was looked for
    state      text   not null check (state in ('condemned', 'dying')), -- dying: its removal has begun; whoever wants it waits until the row is gone
    at         bigint not null,                             -- since when it is in this state
    size_bytes bigint not null,                             -- as stored
    run        text                                         -- dying: the sweep that removes it
);

create table damaged_objects (
    key      text   not null primary key,                   -- of a chunk or list that is missing or is not what its name says; the next writer puts it anew
    found_at bigint not null,
    reason   text   not null                                -- damaged, missing
);

create table storage_reports (
    kind   text   not null primary key,                     -- garbage, verify
    at     bigint not null,                                 -- when it was finished
    report text   not null                                  -- JSON
);

-- What pages are drawn from keeps its content.
create index previews_by_rendition on previews (rendition) where rendition is not null;
