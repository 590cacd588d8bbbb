//! `/api/v1/environments/{id}/terminal`: a WebSocket to a shell in an environment. Binary messages are the terminal's bytes,
//! in both directions; text messages are [`Ask`] and [`Told`].

use std::mem::replace;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use app::api::ApiError;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::response::{IntoResponse, Response};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use hyper::body::Bytes;
use identity::Credential;
use identity::rates::{Counted, Place};
use model::access::Actor;
use model::name::EnvironmentId;
use model::terminal::{Ask, Told};
use service::terminal::{Ending, Happening, Terminal};
use tokio::sync::oneshot;
use tokio::time::{interval, timeout};

use super::Web;
use super::actor::CurrentActor;
use super::live::CHECK;
use super::problem::Problem;

/// Longest message that is read, in bytes: a large paste comes in several.
pub const MESSAGE_MAX: usize = 128 << 10;
/// How long is waited for the first message, and for the last one to be taken.
const FIRST: Duration = Duration::from_secs(10);
const LAST: Duration = Duration::from_secs(1);
/// How often the other end is asked whether it is there; who said nothing in between is gone.
const PING: Duration = Duration::from_secs(20);
/// Who takes nothing for so long is gone as well.
const TAKEN: Duration = Duration::from_secs(10);

const TOO_MANY: &str = "You have too many terminals and live pages open. Close one, then open this terminal again.";

/// Why a connection is closed, beside the codes of RFC 6455.
mod code {
    pub use axum::extract::ws::close_code::{NORMAL, POLICY, RESTART};
    /// The same person has connected to the same terminal anew.
    pub const CLAIMED: u16 = 4000;
}

/// Somebody at a terminal.
struct Visit {
    web: Web,
    environment: EnvironmentId,
    actor: Actor,
    credential: Credential,
    /// Its place among the streams of this person, or why there is none.
    place: Result<Place<Counted>, String>,
}

type Sink = SplitSink<WebSocket, Message>;
type Source = SplitStream<WebSocket>;

pub async fn terminal(State(web): State<Web>, Path(id): Path<String>, request: Request) -> Result<Response, Problem> {
    let CurrentActor(actor) = request.extensions().get().cloned().unwrap_or_default();
    let (Some(actor), Some(credential)) = (actor, request.extensions().get().cloned()) else {
        return Err(Problem(ApiError::SignedOut));
    };
    if !web.guard.admits_stream(request.headers()) {
        return Err(Problem(ApiError::Forbidden { rule: "only Berth's own pages open this".to_owned() }));
    }
    let environment = EnvironmentId::parse(&id).map_err(|_| ApiError::not_found("environment"))?;
    web.service.enter(&actor, &environment).await?;
    let mut parts = request.into_parts().0;
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
    let upgrade = upgrade.map_err(|_| ApiError::Malformed { message: "this is a WebSocket".to_owned() })?;
    let place = web.streams.take(Counted::from(&actor)).map_err(|_| TOO_MANY.to_owned());
    let visit = Visit { web, environment, actor, credential, place };
    let upgrade = upgrade.max_message_size(MESSAGE_MAX).max_frame_size(MESSAGE_MAX);
    // The service waits for it when the server ends.
    let answer = upgrade.on_upgrade(|socket| async move { visit.web.service.clone().spawn(visit.take_place(socket)) });
    Ok(answer.into_response())
}

/// What ends a connection.
enum End {
    /// The other end is gone, and may come back.
    Gone,
    Ended,
    Claimed(oneshot::Sender<Terminal>),
    /// The right to it was lost.
    Refused(String),
    Closing,
}

impl Visit {
    async fn take_place(self, socket: WebSocket) {
        let (mut sink, mut source) = socket.split();
        let closing = self.web.service.closing();
        let first = closing.run_until_cancelled(timeout(FIRST, first_word(&mut source))).await;
        let (terminal, received) = match self.begin(first.and_then(Result::ok).flatten()).await {
            Ok(begun) => begun,
            Err(why) => return farewell(&mut sink, Some(Ending::because(why)), code::NORMAL).await,
        };
        let (from, shown) = terminal.shown_after(received);
        // What was shown before comes in one message: so the page knows where it ends, and answers none of it again.
        let opened = Told::Opened { terminal: terminal.id.clone(), from };
        let greeted = [Some(told(&opened)), (!shown.is_empty()).then(|| Message::Binary(shown))];
        for message in greeted.into_iter().flatten() {
            // Whether somebody is there shows again as soon as there is something to carry.
            is_taken(&mut sink, message).await;
        }
        self.stay(terminal, &mut sink, &mut source).await;
    }

    /// A new terminal or an earlier one, and how much of its output is there already. An error is for people.
    async fn begin(&self, ask: Option<Ask>) -> Result<(Terminal, u64), String> {
        self.place.as_ref().map_err(Clone::clone)?;
        let service = &self.web.service;
        match ask {
            Some(Ask::Open(size)) => {
                let opened = service.open_terminal(&self.actor, &self.environment, size).await;
                opened.map(|terminal| (terminal, 0)).map_err(|error| error.to_string())
            }
            Some(Ask::Resume { terminal, received, size }) => {
                let resumed = service.resume_terminal(&self.actor, &self.environment, &terminal).await;
                let terminal = resumed.map_err(|error| error.to_string())?;
                let mut terminal = terminal.ok_or(
                    "This terminal has ended: nobody was connected to it for too long, or Berth was restarted.",
                )?;
                terminal.resize(size).await;
                Ok((terminal, received))
            }
            Some(Ask::Resize(_)) | None => Err("The first message says `open` or `resume`.".to_owned()),
        }
    }

    /// Carries bytes until something ends it, and leaves the terminal to whom it belongs then.
    async fn stay(self, mut terminal: Terminal, sink: &mut Sink, source: &mut Source) {
        let service = self.web.service.clone();
        let (closing, typed) = (service.closing(), AtomicBool::new(false));
        loop {
            let end = tokio::select! {
                end = carry(&mut terminal, sink, source, &typed) => end,
                end = self.lose_the_right(&typed) => end,
                () = closing.cancelled() => End::Closing,
            };
            return match end {
                End::Claimed(heir) => match terminal.hand_to(heir) {
                    None => farewell(sink, None, code::CLAIMED).await,
                    Some(back) => {
                        terminal = back;
                        continue;
                    }
                },
                End::Gone => service.keep_terminal(terminal),
                End::Ended => farewell(sink, Some(service.terminal_ended(terminal).await), code::NORMAL).await,
                End::Refused(why) => {
                    farewell(sink, Some(Ending::because(&*why)), code::POLICY).await;
                    service.hang_up(terminal, &why).await;
                }
                End::Closing => {
                    farewell(sink, None, code::RESTART).await;
                    service.hang_up(terminal, "Berth was stopped.").await;
                }
            };
        }
    }

    /// Reads every few seconds who that is now and what they may. Who types is there: that keeps their session.
    async fn lose_the_right(&self, typed: &AtomicBool) -> End {
        let mut checks = interval(CHECK);
        checks.tick().await;
        loop {
            checks.tick().await;
            let actor = match self.credential.actor(&self.web.auth, typed.swap(false, Ordering::Relaxed)).await {
                Ok(Some(actor)) => actor,
                Ok(None) => return End::Refused("You are signed out.".to_owned()),
                Err(error) => {
                    tracing::error!(%error, "who is at a terminal cannot be read");
                    return End::Gone;
                }
            };
            match self.web.service.may_enter(&actor, &self.environment).await {
                Ok(()) => {}
                Err(ApiError::Forbidden { rule }) => {
                    return End::Refused(format!("You may not do this any more: {rule}."));
                }
                Err(ApiError::NotFound { .. }) => {
                    return End::Refused("You may not see this environment any more.".to_owned());
                }
                Err(_) => return End::Gone,
            }
        }
    }
}

async fn carry(terminal: &mut Terminal, sink: &mut Sink, source: &mut Source, typed: &AtomicBool) -> End {
    let input = terminal.input();
    let mut ahead: Option<Bytes> = None;
    let mut pings = interval(PING);
    let mut heard = true;
    loop {
        tokio::select! {
            happening = terminal.next() => match happening {
                Happening::Output(bytes) => {
                    if !is_taken(sink, Message::Binary(bytes)).await {
                        return End::Gone;
                    }
                }
                Happening::Ended => return End::Ended,
                Happening::Claimed(heir) => return End::Claimed(heir),
            },
            // While the shell reads nothing, no more is read from who types.
            place = input.reserve(), if ahead.is_some() => {
                // A shell that takes no more has ended, as its output says.
                if let (Ok(place), Some(bytes)) = (place, ahead.take()) {
                    place.send(bytes);
                }
            }
            message = source.next(), if ahead.is_none() => {
                heard = true;
                match message {
                    Some(Ok(Message::Binary(bytes))) => {
                        typed.store(true, Ordering::Relaxed);
                        ahead = Some(bytes);
                    }
                    Some(Ok(Message::Text(text))) => {
                        // What else it may say belongs at the beginning.
                        if let Ok(Ask::Resize(size)) = serde_json::from_str(&text) {
                            terminal.resize(size).await;
                        }
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Gone,
                }
            }
            _ = pings.tick() => {
                let is_there = replace(&mut heard, false) || ahead.is_some();
                if !is_there || !is_taken(sink, Message::Ping(Bytes::new())).await {
                    return End::Gone;
                }
            }
        }
    }
}

async fn is_taken(sink: &mut Sink, message: Message) -> bool {
    matches!(timeout(TAKEN, sink.send(message)).await, Ok(Ok(())))
}

async fn first_word(source: &mut Source) -> Option<Ask> {
    match source.next().await? {
        Ok(Message::Text(text)) => serde_json::from_str(&text).ok(),
        _ => None,
    }
}

fn told(told: &Told) -> Message {
    Message::Text(serde_json::to_string(told).expect("words are JSON").into())
}

/// The last words, to whoever still listens.
async fn farewell(sink: &mut Sink, ending: Option<Ending>, code: u16) {
    let last = async {
        if let Some(Ending { reason, exit_code }) = ending {
            sink.send(told(&Told::Ended { reason, exit_code })).await?;
        }
        sink.send(Message::Close(Some(CloseFrame { code, reason: "".into() }))).await
    };
    drop(timeout(LAST, last).await);
}
