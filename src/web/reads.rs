//! How much one person or token may read at once.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use identity::Auth;
use identity::rates::{AtOnce, Counted};

use super::actor::CurrentActor;
use super::refusal;

/// The middleware. What nobody asks is cheap: it ends at the sign-in.
pub async fn limited(
    State((auth, reads)): State<(Arc<Auth>, AtOnce<Counted>)>,
    request: Request,
    next: Next,
) -> Response {
    let actor = request.extensions().get().cloned().and_then(|CurrentActor(actor)| actor);
    let (Some(actor), &Method::GET | &Method::HEAD) = (actor, request.method()) else { return next.run(request).await };
    match reads.take(Counted::from(&actor)) {
        Ok(_place) => next.run(request).await,
        Err(error) => refusal::too_many(refusal::wants_page(request.headers()), auth.clock(), error.into()),
    }
}
