//! What the server answers: the product's table of contents. The service implements it; nothing here knows how.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::lock::Mutex;
use futures::stream::BoxStream;
use leptos::prelude::use_context;
use leptos::server_fn::ServerFn;
use leptos::server_fn::error::ServerFnUrlError;

use super::ApiError;
use super::edit::{Edit, Edited};
use super::environments::{Launch, LaunchAsk, LaunchOptions, Listing};
use super::live::Change;
use super::manage::{People, PersonView, Setting, SizeUse, TeamDetail, TeamSummary, TemplateDetail, TemplateSummary};
use super::me::{Me, Visit};
use super::requests::{RequestAsk, SeenRequests};
use model::access::Actor;
use model::address::Address;
use model::audit::{Excerpt, Search};
use model::environment::{Environment, EnvironmentDetail, Operation};
use model::filter::Filter;
use model::history::History;
use model::host::{Host, IsolationCheck};
use model::name::{EnvironmentId, RequestId, TeamName, TemplateName, UserId};
use model::quarantine::Stray;
use model::request::{Request, Step};
use model::team::{Team, TeamLabel};
use model::template::{Offer, Size};

/// Whoever acts is the first argument of everything; the check whether they may is behind this trait, never before it.
#[async_trait]
pub trait Backend: Send + Sync {
    /// The teams that the actor belongs to; for an admin all.
    async fn teams(&self, actor: &Actor) -> Result<Vec<Team>, ApiError>;

    /// The same teams by their names alone.
    async fn team_labels(&self, actor: &Actor) -> Result<Vec<TeamLabel>, ApiError>;

    /// One of these teams.
    async fn team_room(&self, actor: &Actor, name: &TeamName) -> Result<Team, ApiError>;

    /// What a team may launch.
    async fn offers(&self, actor: &Actor, team: &TeamName) -> Result<Vec<Offer>, ApiError>;

    async fn launch_options(&self, actor: &Actor, team: &TeamName) -> Result<LaunchOptions, ApiError>;

    /// Reserves, and launches in the background: what is returned may still be on its way ([`Backend::settled_within`] waits).
    /// The same idempotency key from the same person returns the same environment.
    async fn launch(&self, actor: &Actor, ask: LaunchAsk) -> Result<Environment, ApiError>;

    /// Environments that exist, newest first: of one team, or of all that the actor sees.
    async fn environments(
        &self,
        actor: &Actor,
        filter: &Filter,
        after: Option<&EnvironmentId>,
    ) -> Result<Listing, ApiError>;

    async fn environment(&self, actor: &Actor, id: &EnvironmentId) -> Result<EnvironmentDetail, ApiError>;

    /// Begins an operation; it goes on in the background.
    async fn operate(&self, actor: &Actor, id: &EnvironmentId, operation: Operation) -> Result<Environment, ApiError>;

    /// The environment once it is in no transitional state any more; after `within` as it is then.
    async fn settled_within(
        &self,
        actor: &Actor,
        id: &EnvironmentId,
        within: Duration,
    ) -> Result<Environment, ApiError>;

    async fn host(&self, actor: &Actor) -> Result<Host, ApiError>;

    // Audit: who did what, and what became of an environment.

    /// What a search finds of what the actor may read, newest first, at most `limit` entries.
    async fn audit(&self, actor: &Actor, search: &Search, limit: usize) -> Result<Excerpt, ApiError>;

    /// How many entries that would be in all, counted up to `most`.
    async fn count_audit(&self, actor: &Actor, search: &Search, most: i64) -> Result<i64, ApiError>;

    /// Also of an environment that has been removed.
    async fn history(&self, actor: &Actor, id: &EnvironmentId) -> Result<History, ApiError>;

    // Requests for more.

    /// Those that are the actor's to see, with what they can do with each.
    async fn requests(&self, actor: &Actor) -> Result<SeenRequests, ApiError>;

    /// How many wait for the actor's decision.
    async fn waiting_requests(&self, actor: &Actor) -> Result<u64, ApiError>;

    async fn ask_for_more(&self, actor: &Actor, ask: RequestAsk) -> Result<Request, ApiError>;

    /// Approves, declines, withdraws or returns, with a word of why.
    async fn decide_request(&self, actor: &Actor, id: &RequestId, step: Step, word: &str) -> Result<Request, ApiError>;

    // Quarantine.

    /// Containers with this installation's label that no environment knows, as of the last look at the engine.
    /// What the last isolation check found; `None` before the first.
    async fn isolation_check(&self, actor: &Actor) -> Result<Option<IsolationCheck>, ApiError>;

    /// Measures what one container reaches of another.
    async fn check_isolation(&self, actor: &Actor) -> Result<IsolationCheck, ApiError>;

    async fn quarantine(&self, actor: &Actor) -> Result<Vec<Stray>, ApiError>;

    /// All changes from now on, of everybody: whoever passes one on asks [`Backend::may_see`] first.
    fn changes(&self) -> BoxStream<'static, Change>;

    /// Whether a change is the actor's to see.
    fn may_see(&self, actor: &Actor, change: &Change) -> bool;

    // Teams, templates, sizes, people and settings.

    /// The teams that the actor looks after: a lead's own, for an auditor or admin all.
    async fn team_summaries(&self, actor: &Actor) -> Result<Vec<TeamSummary>, ApiError>;

    async fn team(&self, actor: &Actor, name: &TeamName) -> Result<TeamDetail, ApiError>;

    async fn templates(&self, actor: &Actor) -> Result<Vec<TemplateSummary>, ApiError>;

    async fn template(&self, actor: &Actor, slug: &TemplateName) -> Result<TemplateDetail, ApiError>;

    async fn sizes(&self, actor: &Actor) -> Result<Vec<Size>, ApiError>;

    async fn sizes_in_use(&self, actor: &Actor) -> Result<Vec<SizeUse>, ApiError>;

    /// People whose name, address, team or role has all of these words, by name; those who follow `after` where it is given.
    async fn people(&self, actor: &Actor, words: &str, after: Option<&UserId>) -> Result<People, ApiError>;

    async fn person(&self, actor: &Actor, id: &UserId) -> Result<PersonView, ApiError>;

    async fn settings(&self, actor: &Actor) -> Result<Vec<Setting>, ApiError>;

    /// The catalogue as TOML: applied again it changes nothing.
    async fn export(&self, actor: &Actor) -> Result<String, ApiError>;

    /// The one way in which people change teams, templates, sizes and each other's rights.
    async fn edit(&self, actor: &Actor, edit: Edit) -> Result<Edited, ApiError>;
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
