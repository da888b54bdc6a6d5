//! `/info`: what a client has to know before anybody signs in.

use axum::extract::State;
use serde::Serialize;
use storage::Sizes;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, http::extract::Json};

/// The way of cutting that `ChunkingView` describes.
pub const CHUNKING: &str = "fastcdc-2020-0";
/// Levels of documents and clearances, by number.
const LEVELS: [&str; 4] = ["公开", "内部", "秘密", "机密"];

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read_info))
}

/// This installation.
#[derive(Serialize, ToSchema)]
struct InfoView {
    version: &'static str,
    name: String,
    upload_max_bytes: u64,
    levels: Vec<LevelView>,
    chunks: ChunkingView,
}

/// How files are cut: a client that cuts in the same way sends only what is new.
#[derive(Serialize, ToSchema)]
struct ChunkingView {
    /// `fastcdc-2020-0`: FastCDC of 2020 without normalisation, with the usual gear table and its mask for `average - min`; chunks are named by BLAKE3.
    algorithm: &'static str,
    min_bytes: usize,
    average_bytes: usize,
    max_bytes: usize,
}

impl ChunkingView {
    const HERE: Self = Self {
        algorithm: CHUNKING,
        min_bytes: Sizes::STORE.min,
        average_bytes: Sizes::STORE.average,
        max_bytes: Sizes::STORE.max,
    };
}

/// A level of documents.
#[derive(Serialize, ToSchema)]
struct LevelView {
    level: usize,
    name: &'static str,
}

/// Tells version, name, limits and levels.
#[utoipa::path(get, path = "/info", tag = "info", security(()), responses((status = 200, body = InfoView)))]
async fn read_info(State(app): State<App>) -> Json<InfoView> {
    Json(InfoView {
        version: env!("CARGO_PKG_VERSION"),
        name: app.config.name.clone(),
        upload_max_bytes: app.config.upload_max_bytes,
        levels: LEVELS.iter().enumerate().map(|(level, name)| LevelView { level, name }).collect(),
        chunks: ChunkingView::HERE,
    })
}
