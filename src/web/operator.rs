//! The way in where there is no identity provider: a link that is printed at start, for one operator on this machine.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use identity::Auth;
use model::audit::Action;
use model::sign_in::Problem;
use tower_sessions::Session;

use super::proxies::ClientAddress;
use super::refusal;

/// `GET /auth/operator/{secret}`: signs the operator in, once.
pub async fn enter(
    State(auth): State<Arc<Auth>>,
    Path(secret): Path<String>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    client: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    session: Session,
) -> Response {
    let client = client.map(|Extension(client)| client);
    let Some(link) = auth.operator() else { return refusal::problem(Problem::NoLink) };
    let refusal = if !peer.ip().to_canonical().is_loopback() {
        tracing::warn!(%peer, "the operator's link was opened from another machine, and refused");
        Some("the operator's link was opened from another machine")
    } else if !link.take(&secret) {
        Some("this is not the operator's link, or it was used")
    } else {
        None
    };
    if let Some(why) = refusal {
        return match auth.note_refused(Action::SignIn, client.map(|ClientAddress(address)| address), why).await {
            Ok(()) => refusal::problem(Problem::LinkUsed),
            Err(error) => refusal::too_many(refusal::wants_page(&headers), auth.clock(), error.into()),
        };
    }
    match auth.sign_in_operator(&session).await {
        Ok(()) => (refusal::PRIVATE, Redirect::to("/")).into_response(),
        Err(error) => {
            tracing::error!(%error, "the operator could not be signed in");
            link.give_back();
            refusal::problem(Problem::Internal)
        }
    }
}
