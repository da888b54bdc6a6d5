-- Two nodes that go on with one upload write states of their own: each writer's has a token in its name.
alter table uploads add column state_token bigint not null default 0; -- of the state at `offset_bytes`; 0: from before there were tokens
