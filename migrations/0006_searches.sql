-- What people keep of their searches. Nobody else ever sees either table's rows.

create table saved_searches (
    id         text   not null primary key,
    user_id    text   not null references users (id) on delete cascade,
    name       text   not null,                             -- what its owner calls it
    name_key   text   not null,                             -- one owner's names differ by this
    query      text   not null,                             -- JSON: words, filters, order, and how a list shows the result
    created_at bigint not null,
    updated_at bigint not null
);
create unique index saved_searches_by_name on saved_searches (user_id, name_key);

create table earlier_searches (
    id      text   not null primary key,
    user_id text   not null references users (id) on delete cascade,
    q       text   not null,                                -- as typed, spaces tidied; short enough to be a key
    used_at bigint not null                                 -- the last time: newest first, the oldest make room
);
create unique index earlier_searches_by_q on earlier_searches (user_id, q);
create index earlier_searches_by_time on earlier_searches (user_id, used_at);
