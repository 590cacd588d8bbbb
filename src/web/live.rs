//! `/live`: what changes, to a browser tab that is open. One stream a tab, cut within seconds of losing the right to it.

use std::convert::Infallible;
use std::time::Duration;

use app::api::ApiError;
use app::api::backend::Live;
use app::api::live::Change;
use axum::extract::{Request, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use identity::Credential;
use identity::rates::{Counted, Place};
use model::access::Actor;
use tokio_stream::wrappers::IntervalStream;

use super::Web;
use super::actor::CurrentActor;
use super::problem::Problem;

/// How often a stream's right is read again.
pub const CHECK: Duration = Duration::from_secs(4);

pub async fn live(State(web): State<Web>, request: Request) -> Response {
    let CurrentActor(actor) = request.extensions().get().cloned().unwrap_or_default();
    let (Some(actor), Some(credential)) = (actor, request.extensions().get().cloned()) else {
        return Problem(ApiError::SignedOut).into_response();
    };
    if !web.guard.admits_stream(request.headers()) {
        return Problem(ApiError::Forbidden { rule: "only Berth's own pages open this".to_owned() }).into_response();
    }
    let place = match web.streams.take(Counted::from(&actor)) {
        Ok(place) => place,
        Err(error) => return Problem(error.into()).into_response(),
    };
    let keep = KeepAlive::new().interval(Duration::from_secs(20));
    // nginx passes on what it is given only then.
    ([("x-accel-buffering", "no")], Sse::new(stream(web, actor, credential, place)).keep_alive(keep)).into_response()
}

enum Input {
    Change(Change),
    Check,
}

/// The changes that this person may see. Who they are is read again every few seconds; the stream ends when they are
/// nobody any more, and goes by the new rights when those have changed.
fn stream(
    web: Web,
    actor: Actor,
    credential: Credential,
    place: Place<Counted>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let changes = web.service.changes().map(Input::Change);
    let checks = IntervalStream::new(tokio::time::interval(CHECK)).skip(1).map(|_| Input::Check);
    // The checks never end, so the stream ends by itself only with the server.
    let inputs = futures::stream::select(changes, checks).take_until(web.service.closing().cancelled_owned());
    // Whose pages are of another bundle know that the server was updated.
    let bundle = Event::default().event("bundle").data(&*web.options.site_pkg_dir);
    let hosts = web.service.known_hosts().into_iter().map(|host| Ok(event(&Change::Host(Box::new(host)))));
    let first = futures::stream::iter([Ok(bundle)].into_iter().chain(hosts).collect::<Vec<_>>());
    let rest = futures::stream::unfold(
        (inputs.boxed(), web, actor, (credential, place)),
        |(mut inputs, web, mut actor, held)| async {
            loop {
                match inputs.next().await? {
                    Input::Check => actor = who_now(&held.0, &web).await?,
                    Input::Change(change) if web.service.may_see(&actor, &change) => {
                        return Some((Ok(event(&change)), (inputs, web, actor, held)));
                    }
                    Input::Change(_) => {}
                }
            }
        },
    );
    first.chain(rest)
}

fn event(change: &Change) -> Event {
    Event::default().data(serde_json::to_string(change).expect("a change is JSON"))
}

/// A database that fails is nobody, so that the stream ends and is asked for anew.
async fn who_now(credential: &Credential, web: &Web) -> Option<Actor> {
    credential.actor(&web.auth, false).await.unwrap_or_else(|error| {
        tracing::error!(%error, "who follows a live stream cannot be read");
        None
    })
}
