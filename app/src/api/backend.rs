//! What the server answers: the product's table of contents, a trait for each noun. The service implements them; nothing here knows
//! how. Whoever acts is the first argument of everything; the check whether they may is behind these traits, never before them.

mod activities;
mod audit;
mod environments;
mod hosts;
mod live;
mod people;
mod requests;
mod settings;
mod sizes;
mod teams;
mod templates;

use std::fmt;
use std::sync::Arc;

use futures::lock::Mutex;
use leptos::prelude::use_context;
use leptos::server_fn::ServerFn;
use leptos::server_fn::error::ServerFnUrlError;

pub use activities::Activities;
pub use audit::Audit;
pub use environments::Environments;
pub use hosts::Hosts;
pub use live::Live;
pub use people::People;
pub use requests::Requests;
pub use settings::Settings;
pub use sizes::Sizes;
pub use teams::Teams;
pub use templates::Templates;

use super::ApiError;
use super::environments::{Launch, LaunchOptions};
use super::me::{Me, Visit};
use model::access::Actor;
use model::address::Address;
use model::environment::{Environment, Operation};
use model::name::TeamName;
use model::request::Request;

/// All that is answered.
pub trait Backend:
    Activities + Audit + Environments + Hosts + Live + People + Requests + Settings + Sizes + Teams + Templates
{
}

impl<T> Backend for T where
    T: Activities + Audit + Environments + Hosts + Live + People + Requests + Settings + Sizes + Teams + Templates
{
}

/// How a page or server function sets what only the web layer can: the answer's status and a redirect.
#[derive(Clone)]
pub struct Reply {
    pub status: Arc<dyn Fn(u16) + Send + Sync>,
    pub redirect: Arc<dyn Fn(&str) + Send + Sync>,
    /// Whether a browser posted a form to a server function by itself, without our script: then the answer is always a
    /// redirect, which carries an error in the address.
    pub plain_form: bool,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

/// Who asks, and who answers.
///
/// # Errors
/// [`ApiError::SignedOut`] when nobody is signed in.
pub fn asked() -> Result<(Arc<dyn Backend>, Actor), ApiError> {
    let actor = answer(whoever_asks().ok_or(ApiError::SignedOut))?;
    let backend = use_context::<Arc<dyn Backend>>().expect("the router provides the backend to every server function");
    Ok((backend, actor))
}

/// Who the viewer is, asked once by all parts of one page.
#[derive(Debug, Clone, Default)]
pub struct Known(Arc<Mutex<Option<Me>>>);

/// The viewer with the names of their teams.
///
/// # Errors
/// Those of the backend.
pub async fn viewer(backend: &dyn Backend, actor: Actor) -> Result<Me, ApiError> {
    let Known(known) = use_context::<Known>().unwrap_or_default();
    let mut known = known.lock().await;
    if let Some(me) = known.as_ref() {
        return Ok(me.clone());
    }
    let visit = use_context::<Visit>();
    let me = Me { teams: backend.team_labels(&actor).await?, actor, visit };
    *known = Some(me.clone());
    Ok(me)
}

/// Who asks, where somebody is signed in.
#[must_use]
pub fn whoever_asks() -> Option<Actor> {
    use_context::<Option<Actor>>().flatten()
}

/// What a team may launch; without a team, what the only one may that the actor sees.
///
/// # Errors
/// Those of the backend.
pub async fn launch_options(
    backend: &dyn Backend,
    actor: &Actor,
    team: Option<TeamName>,
) -> Result<Option<LaunchOptions>, ApiError> {
    let team = match team {
        Some(team) => team,
        None => match backend.team_labels(actor).await?.as_slice() {
            [only] => only.name.clone(),
            _ => return Ok(None),
        },
    };
    backend.launch_options(actor, &team).await.map(Some)
}

/// For a page that is not there.
pub fn no_such_page() {
    if let Some(reply) = use_context::<Reply>() {
        (reply.status)(ApiError::not_found("page").status());
    }
}

/// Passes an answer on, with the status that belongs to it: the one place where a server function's status is set.
pub fn answer<T>(result: Result<T, ApiError>) -> Result<T, ApiError> {
    if let (Err(error), Some(reply)) = (&result, use_context::<Reply>())
        && !reply.plain_form
    {
        (reply.status)(error.status());
    }
    result
}

/// After a launch, on to the environment's own page; after a refusal back to `form`, for a browser without our script.
pub fn after_launch(launched: &Result<Environment, ApiError>, form: &Address) {
    let Some(reply) = use_context::<Reply>() else { return };
    match launched {
        Ok(environment) => (reply.redirect)(&environment.address().to_string()),
        Err(error) if reply.plain_form => (reply.redirect)(&with_error(form, Launch::PATH, error.clone())),
        Err(_) => {}
    }
}

/// After a removal has begun there is no page to return to but the list.
pub fn after_operation(operation: Operation, begun: &Result<Environment, ApiError>) {
    if let (Operation::Remove, Ok(_), Some(reply)) = (operation, begun, use_context::<Reply>())
        && reply.plain_form
    {
        (reply.redirect)("/environments");
    }
}

/// Back to the list of requests, or after a refusal to `form`, with what was typed and why it was refused.
pub fn after_request<F: ServerFn<Error = ApiError>>(done: &Result<Request, ApiError>, form: &Address) {
    let Some(reply) = use_context::<Reply>().filter(|reply| reply.plain_form) else { return };
    match done {
        Ok(request) => (reply.redirect)(&format!("/requests#{}", request.id)),
        Err(error) => (reply.redirect)(&with_error(form, F::PATH, error.clone())),
    }
}

/// An address that carries a server function's error as Leptos reads it.
fn with_error(address: &Address, function: &str, error: ApiError) -> String {
    const ORIGIN: &str = "http://berth";
    let url = ServerFnUrlError::new(function, error).to_url(&format!("{ORIGIN}{address}"));
    let url = url.expect("an address of ours is a URL").to_string();
    url.strip_prefix(ORIGIN).expect("it begins with the origin put before it").to_owned()
}
