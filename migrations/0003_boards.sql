-- Whiteboards are live documents with another editor; pictures belong to the page or board that shows them.

alter table documents add column editor text not null default 'text' check (editor in ('text', 'board')); -- of a page: what people edit it with; board: a whiteboard, told as a kind of its own

alter table documents add column attached_to text references documents (id) on delete cascade; -- the page or board that it belongs to: that one's folder, scope, inheritance, level and trash are its own; it is listed nowhere
create index documents_by_page on documents (attached_to) where attached_to is not null;

-- What is attached takes no name from the folder: pasted pictures are all called alike.
drop index documents_by_name;
create unique index documents_by_name on documents (folder_id, name_key) where trashed_at is null and attached_to is null;

alter table uploads add column attached_to text; -- … or a new document is attached to that page
