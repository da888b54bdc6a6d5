-- Random keys of this installation, each made when it is needed first.
create table secrets (
    name  text not null primary key,
    value text not null              -- 32 bytes, hexadecimal
);
