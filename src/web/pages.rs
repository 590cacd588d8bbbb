//! Pages and server functions: gives the app its backend, who asks, and the way to set a status or a redirect.

use std::sync::Arc;

use app::api::ApiError;
use app::api::backend::{Backend, Known, Reply};
use app::api::form::Sent;
use app::api::me::{SignIn, Visit};
use app::ui::Scripts;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use identity::sign_in::STRANGER;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use model::access::Actor;
use model::sign_in::{Problem, Stranger};
use tower_sessions::Session;

use super::Web;
use super::actor::CurrentActor;

/// A page, whole and with its real content. Without anybody signed in there is only the sign-in page.
pub async fn page(State(web): State<Web>, request: Request<Body>) -> Response {
    show(&web, request, None).await
}

/// A page, with the form that was `sent` from it and refused.
pub(super) async fn show(web: &Web, request: Request<Body>, sent: Option<Sent>) -> Response {
    let actor = asker(&request);
    let path = request.uri().path();
    if actor.is_none() && path != "/sign-in" {
        let back = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let session = request.extensions().get::<Session>().and_then(Session::id);
        return to_sign_in(web, &back, session.map(|id| id.to_string())).await;
    }
    if actor.is_some() && path == "/sign-in" {
        return Redirect::to("/environments").into_response();
    }
    // Who was refused is told as whom they came; the session knows, and no address does.
    let stranger = match request.extensions().get::<Session>().filter(|_| path == "/sign-in") {
        Some(session) => session.get::<Stranger>(STRANGER).await.unwrap_or_default(),
        None => None,
    };
    let options = web.options.clone();
    let scripts = if actor.is_some() { Scripts::of(path) } else { Scripts::None };
    let context = context(web, actor, For::Page);
    let context = move || {
        context();
        provide_context(sent.clone());
        provide_context(stranger.clone());
    };
    let handler = leptos_axum::render_app_async_with_context(context, move || app::ui::shell(options.clone(), scripts));
    let mut response = handler(request).await;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A server function, called by the page or by a form without scripts.
pub async fn function(State(web): State<Web>, request: Request<Body>) -> Response {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let form = accept.is_some_and(|kinds| kinds.contains("text/html"));
    let context = context(&web, asker(&request), if form { For::Form } else { For::Script });
    let answer = leptos_axum::handle_server_fns_with_context(context, request).await.into_response();
    if answer.status() == StatusCode::INTERNAL_SERVER_ERROR { with_its_status(answer).await } else { answer }
}

/// What could not even be read never came to where a server function's status is set: the error itself says which it is.
async fn with_its_status(answer: Response) -> Response {
    const LONGEST: usize = 1 << 20;
    let (mut head, body) = answer.into_parts();
    let Ok(body) = axum::body::to_bytes(Body::new(body), LONGEST).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if let Ok(error) = serde_json::from_slice::<ApiError>(&body) {
        head.status = StatusCode::from_u16(error.status()).unwrap_or(head.status);
    }
    Response::from_parts(head, Body::from(body))
}

pub(super) fn asker(request: &Request<Body>) -> Option<Actor> {
    request.extensions().get::<CurrentActor>().cloned().unwrap_or_default().0
}

/// To the sign-in page, which leads back here; whose session has ended is told so.
async fn to_sign_in(web: &Web, back: &str, session: Option<String>) -> Response {
    let back = url_escape(back);
    let ended = match session {
        Some(id) => web.auth.had_somebody(&id).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "whether a session has ended cannot be read");
            false
        }),
        None => false,
    };
    let problem = if ended { format!("&problem={}", Problem::Expired.code()) } else { String::new() };
    Redirect::to(&format!("/sign-in?return_to={back}{problem}")).into_response()
}

/// Percent-encodes everything but what is plain in a query's value.
fn url_escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Whom an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Page,
    /// A form that a browser sent by itself, to a server function.
    Form,
    Script,
}

/// What the app finds in its context.
fn context(web: &Web, actor: Option<Actor>, answer: For) -> impl Fn() + Clone + Send + 'static {
    let backend: Arc<dyn Backend> = Arc::new(web.service.clone());
    let (sign_in, headers): (SignIn, _) = (web.sign_in, web.headers.clone());
    let visit = Visit { at: web.auth.clock().now(), host: web.auth.public_url().host().to_owned() };
    move || {
        provide_context(Arc::clone(&backend));
        provide_context(actor.clone());
        provide_context(Known::default());
        provide_context(sign_in);
        provide_context(visit.clone());
        let response = expect_context::<ResponseOptions>();
        if let Some(nonce) = use_nonce() {
            let policy = headers.content_security_policy(Some(&nonce));
            let policy = HeaderValue::from_str(&policy).expect("a policy is a header value");
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
        let status = move |code: u16| {
            // The sign-in page is there for people who are not signed in.
            if answer == For::Page && code == StatusCode::UNAUTHORIZED.as_u16() {
                return;
            }
            response.set_status(StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
        };
        provide_context(Reply {
            plain_form: answer == For::Form,
            status: Arc::new(status),
            redirect: Arc::new(leptos_axum::redirect),
        });
    }
}
