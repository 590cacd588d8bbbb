//! Pages and server functions: gives the app its backend, who asks, and the way to set a status or a redirect.

use std::sync::Arc;

use app::api::backend::{Backend, Reply};
use app::api::me::SignIn;
use app::model::access::Actor;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

use super::Web;
use super::actor::CurrentActor;

/// A page, whole and with its real content. Without anybody signed in there is only the sign-in page.
pub async fn page(State(web): State<Web>, request: Request<Body>) -> Response {
    let actor = asker(&request);
    let path = request.uri().path();
    if actor.is_none() && path != "/sign-in" {
        return to_sign_in(&request);
    }
    if actor.is_some() && path == "/sign-in" {
        return Redirect::to("/environments").into_response();
    }
    let options = web.options.clone();
    let context = context(&web, actor, false);
    let handler = leptos_axum::render_app_async_with_context(context, move || app::ui::shell(options.clone()));
    let mut response = handler(request).await;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A server function, called by the page or by a form without scripts.
pub async fn function(State(web): State<Web>, request: Request<Body>) -> Response {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let form = accept.is_some_and(|kinds| kinds.contains("text/html"));
    let context = context(&web, asker(&request), form);
    leptos_axum::handle_server_fns_with_context(context, request).await.into_response()
}

fn asker(request: &Request<Body>) -> Option<Actor> {
    request.extensions().get::<CurrentActor>().cloned().unwrap_or_default().0
}

fn to_sign_in(request: &Request<Body>) -> Response {
    let back = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let back: String = url_escape(back);
    Redirect::to(&format!("/sign-in?return_to={back}")).into_response()
}

/// Percent-encodes everything but what is plain in a query's value.
fn url_escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// What the app finds in its context.
fn context(web: &Web, actor: Option<Actor>, form: bool) -> impl Fn() + Clone + Send + 'static {
    let backend: Arc<dyn Backend> = Arc::new(web.service.clone());
    let (sign_in, headers): (SignIn, _) = (web.sign_in, web.headers.clone());
    move || {
        provide_context(Arc::clone(&backend));
        provide_context(actor.clone());
        provide_context(sign_in);
        let response = expect_context::<ResponseOptions>();
        if let Some(nonce) = use_nonce() {
            let policy = headers.content_security_policy(Some(&nonce));
            let policy = HeaderValue::from_str(&policy).expect("a policy is a header value");
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
        let status = move |code: u16| {
            response.set_status(StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
        };
        provide_context(Reply {
            plain_form: form,
            status: Arc::new(status),
            redirect: Arc::new(leptos_axum::redirect),
        });
    }
}
