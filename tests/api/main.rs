//! The HTTP API from outside: one binary, one module per resource, so that linking stays quick.

mod rooms;
mod session;
mod support;
