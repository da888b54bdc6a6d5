-- Folders, documents and their access scopes are changed under one row lock, so that a folder made below another
-- while that one is moved or shared cannot keep a scope of yesterday.
insert into counters (name, value) values ('tree', 0);

-- The scopes themselves are few; resolving who reads what walks only them.
create index folders_that_are_scopes on folders (id) where scope_id = id;
create index documents_that_are_scopes on documents (id) where scope_id = id;

-- The trash is small beside the documents.
create index documents_in_trash on documents (trashed_at) where trashed_at is not null;
