//! Do the main flows hold in the real program? It runs as a child process on a folder of its own, and is reached over HTTP.

mod backends;
mod corpus;
mod crashes;
mod disk;
mod files_named_oddly;
mod limits;
mod maintenance;
mod nodes;
mod outage;
mod push;
mod support;
