//! `/documents/{id}/similar`: what else is about the same?

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::{CurrentUser, policy::Caller},
    error::{Error, Result},
    http::{
        documents::DocumentView,
        extract::{Json, Path},
        search::{access, readable, search_error},
    },
    ids::DocumentId,
};

const LIMIT: usize = 10;

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_similar))
}

/// Documents that are about the same, the most alike first.
#[derive(Serialize, ToSchema)]
struct SimilarListView {
    items: Vec<SimilarView>,
}

/// A document that is like another one.
#[derive(Serialize, ToSchema)]
struct SimilarView {
    document: DocumentView,
    /// Words that both share and few others have, the most telling first.
    common: Vec<String>,
}

/// Lists documents that share rare words with this one, among those that the caller may see.
#[utoipa::path(get, path = "/documents/{id}/similar", tag = "search", params(("id" = DocumentId, Path)),
    responses((status = 200, body = SimilarListView)))]
async fn list_similar(
    State(app): State<App>,
    user: CurrentUser,
    Path(id): Path<DocumentId>,
) -> Result<Json<SimilarListView>> {
    let caller = Caller::from(&user);
    if readable(&app, &caller, std::slice::from_ref(&id)).await?.is_empty() {
        return Err(Error::not_found("document"));
    }
    let access = access(&app, &caller).await?;
    let index = app.search().index();
    let found = tokio::task::spawn_blocking(move || index.similar(id.as_str(), &access, LIMIT))
        .await
        .map_err(Error::internal)?
        .map_err(search_error)?;
    let ids: Vec<DocumentId> = found.iter().filter_map(|one| one.id.parse().ok()).collect();
    let mut views = readable(&app, &caller, &ids).await?;
    let items = ids
        .iter()
        .zip(found)
        .filter_map(|(id, similar)| Some(SimilarView { document: views.remove(id)?, common: similar.common }));
    Ok(Json(SimilarListView { items: items.collect() }))
}
