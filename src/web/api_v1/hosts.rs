//! `/api/v1/hosts`, and `/api/v1/host`, as it was when there was one.

use app::api::ApiError;
use app::api::backend::Hosts;
use app::api::hosts::{Edit, HostDetail, HostStep};
use axum::Json;
use axum::extract::{Path, State};
use model::access::Actor;
use model::host::{Host, IsolationCheck};
use model::name::HostName;
use model::quarantine::Stray;

use super::super::Web;
use super::{Answer, Caller, List};

/// Of one host what everybody may read: of `default` where there is one, else of the first by name.
pub async fn first(State(web): State<Web>, Caller(actor): Caller) -> Answer<Host> {
    let hosts = web.service.hosts(&actor).await?;
    Ok(Json(or_first(hosts, |host| &host.name)?))
}

pub async fn quarantine(State(web): State<Web>, Caller(actor): Caller) -> Answer<List<Stray>> {
    let details = web.service.host_details(&actor).await?;
    Ok(List::whole(details.into_iter().flat_map(|detail| detail.quarantine).collect()))
}

/// What the last isolation check of that host found; null before the first.
pub async fn isolation(State(web): State<Web>, Caller(actor): Caller) -> Answer<Option<IsolationCheck>> {
    Ok(Json(first_detail(&web, &actor).await?.isolation_check))
}

pub async fn check_isolation(State(web): State<Web>, Caller(actor): Caller) -> Answer<Option<IsolationCheck>> {
    let host = first_detail(&web, &actor).await?.host.name;
    web.service.edit_host(&actor, Edit { host, step: HostStep::CheckIsolation }).await?;
    Ok(Json(first_detail(&web, &actor).await?.isolation_check))
}

pub async fn list(State(web): State<Web>, Caller(actor): Caller) -> Answer<List<Host>> {
    Ok(List::whole(web.service.hosts(&actor).await?))
}

pub async fn one(State(web): State<Web>, Caller(actor): Caller, Path(name): Path<String>) -> Answer<HostDetail> {
    Ok(Json(web.service.host(&actor, &named(&name)?).await?))
}

/// Does it, and gives the host as it is then.
pub async fn step(
    State(web): State<Web>,
    Caller(actor): Caller,
    Path((name, step)): Path<(String, String)>,
) -> Answer<HostDetail> {
    let host = named(&name)?;
    let step = HostStep::parse(&step).ok_or_else(|| ApiError::not_found("step"))?;
    web.service.edit_host(&actor, Edit { host: host.clone(), step }).await?;
    Ok(Json(web.service.host(&actor, &host).await?))
}

async fn first_detail(web: &Web, actor: &Actor) -> Result<HostDetail, ApiError> {
    or_first(web.service.host_details(actor).await?, |detail| &detail.host.name)
}

fn or_first<T>(mut all: Vec<T>, name: impl Fn(&T) -> &HostName) -> Result<T, ApiError> {
    let at = all.iter().position(|one| *name(one) == HostName::default_host()).unwrap_or_default();
    if all.is_empty() { Err(ApiError::not_found("host")) } else { Ok(all.swap_remove(at)) }
}

fn named(text: &str) -> Result<HostName, ApiError> {
    HostName::parse(text).map_err(|_| ApiError::not_found("host"))
}
