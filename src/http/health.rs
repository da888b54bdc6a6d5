//! `/healthz`, `/readyz`, `/metrics`: is the process alive, can it do its work, and how much does it do?

use std::time::{Duration, Instant};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use serde::Serialize;
use tokio::{sync::Mutex, time::timeout};

use crate::{
    actions::disk_room::has_room,
    app::App,
    db,
    error::{Error, Result},
    http::extract::Json,
};

/// How long a part may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an answer is good: whoever asks all the time does not make work each time.
const FRESH: Duration = Duration::from_secs(1);

/// Routes beside the API.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(read_readiness))
        .route("/metrics", get(read_metrics))
}

/// The last readiness report.
#[derive(Default)]
pub struct Readiness(Mutex<Option<(Instant, Report)>>);

/// What each part says: `ok` or what is wrong.
#[derive(Clone, Serialize)]
struct Report {
    ready: bool,
    database: &'static str,
    storage: &'static str,
    disk: &'static str,
}

async fn read_readiness(State(app): State<App>) -> impl IntoResponse {
    let mut last = app.readiness.0.lock().await;
    let report = match &*last {
        Some((at, report)) if at.elapsed() < FRESH => report.clone(),
        _ => {
            let report = ask(&app).await;
            *last = Some((Instant::now(), report.clone()));
            report
        }
    };
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report))
}

async fn ask(app: &App) -> Report {
    let (database, storage) = tokio::join!(timeout(PATIENCE, db::ping(&app.db)), timeout(PATIENCE, app.store.check()));
    let database = if matches!(database, Ok(Ok(()))) { "ok" } else { "unavailable" };
    let storage = match storage {
        Ok(Ok(())) => "ok",
        Ok(Err(storage::Error::Full { .. })) => "full",
        _ => "unavailable",
    };
    let disk = match has_room(&app.config) {
        Ok(true) => "ok",
        Ok(false) => "full",
        Err(_) => "unavailable",
    };
    let stopping = app.shutdown.is_cancelled();
    Report { ready: !stopping && [database, storage, disk] == ["ok"; 3], database, storage, disk }
}

async fn read_metrics(State(app): State<App>) -> Result<impl IntoResponse> {
    let jobs = db::jobs::count(app.db.read()).await?;
    app.rooms.count_for_metrics();
    let text = app.metrics.text(&jobs).map_err(Error::internal)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text))
}
