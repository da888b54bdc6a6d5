//! The HTTP API from outside: one binary, one module per resource, so that linking stays quick.

mod audit;
mod cross_site;
mod groups;
mod jobs;
mod rooms;
mod service;
mod session;
mod support;
mod tokens;
mod users;
