//! Wenshu 文枢: a self-hosted document service. The README's code tour says where to begin.

pub mod actions;
pub mod app;
pub mod archive;
pub mod audit;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dav;
pub mod db;
pub mod error;
pub mod exchange;
pub mod http;
pub mod ids;
pub mod jobs;
pub mod memory;
pub mod names;
pub mod preview;
pub mod push;
pub mod records;
pub mod rooms;
pub mod search;
mod see_through;
pub mod server;
pub mod telemetry;
pub mod worker;
