//! Wenshu 文枢: a self-hosted document service. The README's code tour says where to begin.

pub mod app;
pub mod audit;
pub mod clock;
pub mod config;
pub mod db;
pub mod error;
pub mod ids;
pub mod jobs;
pub mod rooms;
