-- Archive fields: what a library wants to know of its documents beside their names, and tags.

create table properties (
    id          text   not null primary key,
    library_id  text   not null references folders (id) on delete cascade, -- a folder without parent; all documents below have the property
    name        text   not null,                            -- 档号, 保管期限 …
    name_key    text   not null,                            -- one name is used once, and found as the head of a column, however it is typed
    kind        text   not null check (kind in ('text', 'number', 'date', 'choice', 'choices')),
    options     text   not null default '[]',               -- JSON list of what can be chosen, in order
    is_required bigint not null default 0 check (is_required in (0, 1)), -- what has been filled in cannot be emptied again; what is missing is shown
    is_facet    bigint not null default 0 check (is_facet in (0, 1)),    -- its values are counted beside search results
    is_unique   bigint not null default 0 check (is_unique in (0, 1)),   -- no two documents of the library have the same value
    position    bigint not null,                            -- order in forms and columns
    created_by  text   not null references users (id),
    created_at  bigint not null,
    updated_at  bigint not null
);
create unique index properties_by_name on properties (library_id, name_key);

-- Values stay when their document moves to another library: dormant there, shown again when it comes back.
create table document_properties (
    document_id text   not null references documents (id) on delete cascade,
    property_id text   not null references properties (id) on delete cascade,
    position    bigint not null,                            -- order of several choices; 0 for a single value
    value       text   not null,                            -- canonical: decimal numbers, dates as YYYY-MM-DD
    value_key   text   not null,                            -- short text by which equal values are found
    number      double precision,                           -- of numbers, and of dates as epoch milliseconds: for ranges and sorting
    unique_key  text,                                       -- the value_key while it has to be unique: not while the document is in the trash or in another library
    primary key (document_id, property_id, position)
);
create index document_properties_by_value on document_properties (property_id, value_key);
create unique index document_properties_unique on document_properties (property_id, unique_key) where unique_key is not null;

-- Rows of a table name documents by their names, wherever these lie.
create index documents_by_name_key on documents (name_key);

create table document_tags (
    document_id text   not null references documents (id) on delete cascade,
    tag_key     text   not null,                            -- a document has a tag once, however it is typed
    tag         text   not null,                            -- as people read it
    position    bigint not null,                            -- order on the document
    primary key (document_id, tag_key)
);
