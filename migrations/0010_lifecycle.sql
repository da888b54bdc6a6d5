-- From the trash to the end: what went together, what is held, how much may be kept, and which versions stay.

-- One entry for each thing that was thrown away; what it took along points to it.
create table trash (
    id              text   not null primary key,            -- the id of the folder or document that was thrown away
    kind            text   not null check (kind in ('folder', 'document')),
    trashed_by      text   references users (id),           -- null: thrown away before this was noted
    trashed_at      bigint not null,
    document_count  bigint not null,                        -- documents that went with it, without attachments
    size_bytes      bigint not null,                        -- of all their versions
    purging_at      bigint,                                 -- being deleted for good since: it does not come back any more
    purging_by      text,                                   -- who wanted that; null: its time was over
    purged_count    bigint not null default 0               -- how many documents of it are gone: how far it is
);
create index trash_by_time on trash (trashed_at, id);

alter table folders add column trash_id text;               -- in the trash: the entry that it went with
alter table documents add column trash_id text;             -- in the trash: the entry that it went with
create index folders_by_trash on folders (trash_id) where trash_id is not null;
create index documents_by_trash on documents (trash_id) where trash_id is not null;

-- What lies in the trash already went together when it went at the same moment.
insert into trash (id, kind, trashed_at, document_count, size_bytes)
    select f.id, 'folder', f.trashed_at, 0, 0
    from folders f left join folders above on above.id = f.parent_id
    where f.trashed_at is not null and (above.trashed_at is null or above.trashed_at <> f.trashed_at);
with recursive gone(id, entry, at) as (
    select f.id, f.id, f.trashed_at from trash t join folders f on f.id = t.id
    union select f.id, gone.entry, gone.at from gone join folders f on f.parent_id = gone.id and f.trashed_at = gone.at)
    update folders set trash_id = (select min(gone.entry) from gone where gone.id = folders.id) where trashed_at is not null;
update documents set trash_id = (
        select f.trash_id from folders f where f.id = documents.folder_id and f.trashed_at = documents.trashed_at)
    where trashed_at is not null and attached_to is null;
insert into trash (id, kind, trashed_at, document_count, size_bytes)
    select d.id, 'document', d.trashed_at, 0, 0 from documents d
    where d.trashed_at is not null and d.attached_to is null and d.trash_id is null;
update documents set trash_id = id where trashed_at is not null and attached_to is null and trash_id is null;
update documents set trash_id = (select page.trash_id from documents page where page.id = documents.attached_to)
    where attached_to is not null;
update trash set
    document_count = (select count(*) from documents d where d.trash_id = trash.id and d.attached_to is null),
    size_bytes = (select cast(coalesce(sum(v.size_bytes), 0) as bigint)
                  from documents d join versions v on v.document_id = d.id where d.trash_id = trash.id);

-- A hold keeps everything as it is: nothing is thrown away, deleted for good or thinned below it.
create table holds (
    target_id  text   not null primary key,                 -- folder or document
    kind       text   not null check (kind in ('folder', 'document')),
    note       text   not null,                             -- why
    created_by text   not null references users (id),
    created_at bigint not null
);

-- How much is kept, counted in the transactions that change it. A version counts in full, for its library and for its
-- author, whether or not other versions have the same bytes.
create table usage (
    owner_kind     text   not null check (owner_kind in ('library', 'user')),
    owner_id       text   not null,
    used_bytes     bigint not null default 0,               -- of all versions, those in the trash too
    reserved_bytes bigint not null default 0,               -- of uploads that are on their way
    quota_bytes    bigint,                                  -- null: what the settings say; -1: unlimited
    primary key (owner_kind, owner_id)
);
alter table versions add column unlocked_bytes bigint not null default 0; -- size of the content without its password: it counts, too
alter table uploads add column library_id text;             -- where its bytes are reserved
alter table uploads add column reserved_bytes bigint not null default 0;
create index versions_by_author on versions (author_id);

insert into usage (owner_kind, owner_id, used_bytes)
    select 'user', author_id, cast(sum(size_bytes) as bigint) from versions group by author_id;
with recursive tree(id, library_id) as (
    select f.id, f.id from folders f where f.parent_id is null
    union all select f.id, tree.library_id from tree join folders f on f.parent_id = tree.id)
    insert into usage (owner_kind, owner_id, used_bytes)
    select 'library', tree.library_id, cast(sum(v.size_bytes) as bigint)
    from tree join documents d on d.folder_id = tree.id join versions v on v.document_id = d.id
    group by tree.library_id;

-- Which versions a library keeps. A library without a row keeps all of them.
create table retention (
    library_id    text   not null primary key,
    keep_all_days bigint not null,                          -- as long every version stays
    daily_days    bigint not null,                          -- then, as long, the last one of each day; then the last one of each week
    max_versions  bigint,                                   -- of a document; null: any number
    updated_by    text   not null references users (id),
    updated_at    bigint not null
);
