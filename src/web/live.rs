//! `/live`: what changes, to a browser tab that is open. One stream a tab, cut within seconds of losing the right to it.

use std::convert::Infallible;
use std::time::Duration;

use app::api::ApiError;
use app::api::backend::Backend;
use app::api::live::Change;
use app::model::access::Actor;
use axum::extract::{Request, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use tokio_stream::wrappers::IntervalStream;

use super::Web;
use super::actor::{CurrentActor, Shown};
use super::problem::Problem;

/// How often a stream's right is read again.
pub const CHECK: Duration = Duration::from_secs(4);

pub async fn live(State(web): State<Web>, request: Request) -> Response {
    let CurrentActor(actor) = request.extensions().get().cloned().unwrap_or_default();
    let (Some(actor), Some(shown)) = (actor, Shown::by(&request)) else {
        return Problem(ApiError::SignedOut).into_response();
    };
    if !web.guard.admits_stream(request.headers()) {
        return Problem(ApiError::Forbidden { rule: "only Berth's own pages open this".to_owned() }).into_response();
    }
    let keep = KeepAlive::new().interval(Duration::from_secs(20));
    Sse::new(stream(web, actor, shown)).keep_alive(keep).into_response()
}

enum Input {
    Change(Change),
    Check,
}

/// The changes that this person may see. Who they are is read again every few seconds; the stream ends when they are
/// nobody any more, and goes by the new rights when those have changed.
fn stream(web: Web, actor: Actor, shown: Shown) -> impl Stream<Item = Result<Event, Infallible>> {
    let changes = web.service.changes().map(Input::Change);
    let checks = IntervalStream::new(tokio::time::interval(CHECK)).skip(1).map(|_| Input::Check);
    // The checks never end, so the stream ends by itself only with the server.
    let inputs = futures::stream::select(changes, checks).take_until(web.service.closing().cancelled_owned());
    let first = futures::stream::once(async { Ok(Event::default().comment("live")) });
    let rest =
        futures::stream::unfold((inputs.boxed(), web, actor, shown), |(mut inputs, web, mut actor, shown)| async {
            loop {
                match inputs.next().await? {
                    Input::Check => actor = who_now(&shown, &web).await?,
                    Input::Change(change) if web.service.may_see(&actor, &change) => {
                        let text = serde_json::to_string(&change).expect("a change is JSON");
                        return Some((Ok(Event::default().data(text)), (inputs, web, actor, shown)));
                    }
                    Input::Change(_) => {}
                }
            }
        });
    first.chain(rest)
}

/// A database that fails is nobody, so that the stream ends and is asked for anew.
async fn who_now(shown: &Shown, web: &Web) -> Option<Actor> {
    shown.actor(&web.auth, false).await.unwrap_or_else(|error| {
        tracing::error!(%error, "who follows a live stream cannot be read");
        None
    })
}
