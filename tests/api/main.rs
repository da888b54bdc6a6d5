//! The HTTP API from outside: one binary, one module per resource, so that linking stays quick.

mod content;
mod documents;
mod folders;
mod grants;
mod session;
mod support;
mod uploads;
mod versions;
