//! `/tokens`: the caller's own API tokens. A token cannot make or revoke tokens: a leaked one could outlive itself.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::add_token::add_token,
    app::App,
    audit,
    auth::CurrentUser,
    clock::Millis,
    db::{self, tokens::Token},
    error::{Error, Result},
    http::{
        extract::{Json, Path},
        page::Items,
    },
    ids::TokenId,
};

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_tokens, create_token)).routes(routes!(delete_token))
}

/// A token; its secret is in the answer to its creation only.
#[derive(Serialize, ToSchema)]
struct TokenView {
    id: TokenId,
    name: String,
    created_at: Millis,
    /// Without one it is good until it is revoked.
    expires_at: Option<Millis>,
    last_used_at: Option<Millis>,
    /// The secret: `Authorization: Bearer wst_…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl TokenView {
    fn new(token: Token, secret: Option<String>) -> Self {
        let Token { id, name, created_at, expires_at, last_used_at } = token;
        Self { id, name, created_at, expires_at, last_used_at, token: secret }
    }
}

/// A new token.
#[derive(Deserialize, ToSchema)]
struct TokenInput {
    name: String,
    expires_at: Option<Millis>,
}

/// Lists the caller's tokens.
#[utoipa::path(get, path = "/tokens", tag = "tokens", responses((status = 200, body = Items<TokenView>)))]
async fn list_tokens(State(app): State<App>, user: CurrentUser) -> Result<Json<Items<TokenView>>> {
    let tokens = db::tokens::list(app.db.read(), &user.id).await?;
    Ok(Json(Items::all(tokens.into_iter().map(|token| TokenView::new(token, None)).collect())))
}

/// Makes a token; the answer is the only place where its secret is shown.
#[utoipa::path(post, path = "/tokens", tag = "tokens", responses((status = 201, body = TokenView)))]
async fn create_token(
    State(app): State<App>,
    user: CurrentUser,
    Json(input): Json<TokenInput>,
) -> Result<(StatusCode, Json<TokenView>)> {
    user.require_session()?;
    let (token, secret) = add_token(&app, &user.id, Some(&user.id), &input.name, input.expires_at).await?;
    Ok((StatusCode::CREATED, Json(TokenView::new(token, Some(secret)))))
}

/// Revokes a token.
#[utoipa::path(delete, path = "/tokens/{id}", tag = "tokens", params(("id" = TokenId, Path)), responses((status = 204)))]
async fn delete_token(State(app): State<App>, user: CurrentUser, Path(id): Path<TokenId>) -> Result<StatusCode> {
    user.require_session()?;
    let mut tx = app.db.begin().await?;
    if !db::tokens::delete(&mut tx, &user.id, &id).await? {
        return Err(Error::not_found("token"));
    }
    let event = audit::Event::new("token_revoked").details(json!({ "token_id": id }));
    audit::record(&mut tx, Some(&user.id), app.clock.now(), event);
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
