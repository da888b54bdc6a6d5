//! Wenshu 文枢: a self-hosted document service. The README's code tour says where to begin.

pub mod actions;
pub mod app;
pub mod audit;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod error;
pub mod http;
pub mod ids;
pub mod jobs;
pub mod names;
pub mod rooms;
pub mod server;
pub mod worker;
