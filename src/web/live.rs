//! `/live`: what changes, to a browser tab that is open. One stream a tab, cut within seconds of losing the right to it.

use std::convert::Infallible;
use std::time::Duration;

use app::api::ApiError;
use app::api::backend::Backend;
use app::api::live::Change;
use app::model::access::Actor;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use tokio_stream::wrappers::IntervalStream;
use tower_sessions::Session;

use super::Web;
use super::actor::CurrentActor;
use super::auth::Auth;
use super::problem::Problem;

/// How often a stream's right is read again.
const CHECK: Duration = Duration::from_secs(4);

/// What the request showed to say who it is from: asked again while the stream lasts.
#[derive(Debug, Clone)]
enum Shown {
    Session(String),
    Token(String),
}

impl Shown {
    fn by(request: &Request) -> Option<Self> {
        let bearer = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some((_, token)) = bearer.and_then(|value| value.split_once(' ')) {
            return Some(Self::Token(token.trim().to_owned()));
        }
        let session = request.extensions().get::<Session>().and_then(Session::id);
        session.map(|id| Self::Session(id.to_string()))
    }

    /// Who that is now; a database that fails is nobody, so that the stream ends and is asked for anew.
    async fn actor(&self, auth: &Auth) -> Option<Actor> {
        let actor = match self {
            Self::Session(id) => auth.actor_of_session(id, false).await,
            Self::Token(token) => auth.actor_of_token(token).await,
        };
        actor.unwrap_or_else(|error| {
            tracing::error!(%error, "who follows a live stream cannot be read");
            None
        })
    }
}

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
                    Input::Check => actor = shown.actor(&web.auth).await?,
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
