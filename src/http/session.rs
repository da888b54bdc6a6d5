//! `/session`: signing in and out, and who is signed in.

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actions::change_user::change_own_password,
    app::App,
    audit,
    auth::{CurrentUser, SignedIn, session},
    db,
    error::{Error, Result},
    http::{extract::Json, surround::ClientAddress, users::UserView},
};

/// Routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create_session, read_session, delete_session)).routes(routes!(update_password))
}

/// Name and password.
#[derive(Deserialize, ToSchema)]
struct SessionInput {
    name: String,
    password: String,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
struct SessionView {
    user: UserView,
}

/// Signs in with name and password; the answer sets the session cookie.
#[utoipa::path(post, path = "/session", tag = "session", responses((status = 200, body = SessionView)))]
async fn create_session(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    Json(input): Json<SessionInput>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<SessionView>)> {
    let (user, secret) = session::sign_in(&app, &input.name, &input.password, address).await?;
    let cookie = session::set_cookie(&secret, app.config.cookie_secure);
    Ok(([(header::SET_COOKIE, cookie)], Json(SessionView { user: user.into() })))
}

/// Tells who is signed in.
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = SessionView)))]
async fn read_session(State(app): State<App>, user: CurrentUser) -> Result<Json<SessionView>> {
    let user = db::users::find(app.db.read(), &user.id).await?.ok_or_else(|| Error::not_found("user"))?;
    Ok(Json(SessionView { user: user.into() }))
}

/// Signs out.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204)))]
async fn delete_session(
    State(app): State<App>,
    user: CurrentUser,
) -> Result<(StatusCode, [(HeaderName, HeaderValue); 1])> {
    if let SignedIn::Session { token_hash } = &user.signed_in {
        let mut tx = app.db.begin().await?;
        db::sessions::delete(&mut tx, token_hash).await?;
        audit::record(&mut tx, Some(&user.id), app.clock.now(), audit::Event::new("signed_out"));
        tx.commit().await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, session::set_cookie("", app.config.cookie_secure))]))
}

/// The old and the new password.
#[derive(Deserialize, ToSchema)]
struct PasswordInput {
    old_password: String,
    new_password: String,
}

/// Replaces the caller's password; their other sessions end.
#[utoipa::path(put, path = "/session/password", tag = "session", responses((status = 204)))]
async fn update_password(
    State(app): State<App>,
    user: CurrentUser,
    ClientAddress(address): ClientAddress,
    Json(input): Json<PasswordInput>,
) -> Result<StatusCode> {
    change_own_password(&app, &user, address, &input.old_password, &input.new_password).await?;
    Ok(StatusCode::NO_CONTENT)
}
