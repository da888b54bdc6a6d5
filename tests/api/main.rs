//! The HTTP API from outside: one binary, one module per resource, so that linking stays quick.

mod annotations;
mod attachments;
mod audit;
mod boards;
mod canary;
mod colleagues;
mod content;
mod cross_site;
mod documents;
mod exchange;
mod folders;
mod grants;
mod groups;
mod history;
mod jobs;
mod properties;
mod records;
mod rooms;
mod search;
mod service;
mod session;
mod support;
mod tokens;
mod uploads;
mod users;
mod versions;
