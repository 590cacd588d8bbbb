//! `/live`: what changes, to a browser tab that is open. One stream a tab, cut within seconds of losing the right to it.

use std::convert::Infallible;
use std::time::Duration;

use app::api::ApiError;
use app::api::live::Change;
use app::model::access::Actor;
use axum::extract::{Request, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};

use super::Web;
use super::problem::Problem;

/// How often a stream's right is read again.
const CHECK: Duration = Duration::from_secs(4);

pub async fn live(State(web): State<Web>, request: Request) -> Response {
    let Some(actor) = request.extensions().get::<Option<Actor>>().cloned().flatten() else {
        return Problem(ApiError::SignedOut).into_response();
    };
    let stream = stream(web, actor, request.headers().clone());
    let keep = KeepAlive::new().interval(Duration::from_secs(20));
    Sse::new(stream).keep_alive(keep).into_response()
}

enum Input {
    Change(Change),
    Check,
}

/// The changes that this person may see. Who they are is read again every few seconds; the stream ends when they are
/// nobody any more, and goes by the new rights when those have changed.
fn stream(web: Web, actor: Actor, headers: axum::http::HeaderMap) -> impl Stream<Item = Result<Event, Infallible>> {
    let changes = web.backend.changes().map(Input::Change);
    let checks = tokio_stream::wrappers::IntervalStream::new(tokio::time::interval(CHECK)).skip(1).map(|_| Input::Check);
    // `changes` ends when the server closes, and the stream with it.
    let ending = web.closing.clone().cancelled_owned();
    let inputs = futures::stream::select(changes, checks).take_until(ending);
    let first = futures::stream::once(async { Ok(Event::default().comment("live")) });
    let rest = futures::stream::unfold((inputs.boxed(), web, actor, headers), |(mut inputs, web, mut actor, headers)| async {
        loop {
            match inputs.next().await? {
                Input::Check => actor = web.who(&headers).await?,
                Input::Change(change) if web.backend.may_see(&actor, &change) => {
                    let text = serde_json::to_string(&change).expect("a change is JSON");
                    return Some((Ok(Event::default().data(text)), (inputs, web, actor, headers)));
                }
                Input::Change(_) => {}
            }
        }
    });
    first.chain(rest)
}
