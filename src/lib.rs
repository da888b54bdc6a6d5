//! Wenshu, a self-hosted document service.

pub mod worker;
