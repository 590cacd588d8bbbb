//! The API for scripts: the same questions as the pages ask, in plain JSON.

mod activities;
mod audit;
mod hosts;
mod requests;

use app::api::ApiError;
use app::api::backend::{Environments, People, Settings, Sizes, Teams, Templates};
use app::api::environments::{KEY_MAX, LaunchAsk};
use app::api::people::Person;
use app::api::templates::TemplateDetail;
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::access::Actor;
use model::environment::{Environment, Operation, Port};
use model::filter::Filter;
use model::name::{EnvironmentId, TeamName, TemplateName, UserId};
use serde::{Deserialize, Serialize};
use service::list::Wanted;

use super::Web;
use super::actor::CurrentActor;
use super::prefer::patience;
use super::problem::{Problem, malformed};
use super::table::{Table, get, post};
use super::terminal;

/// Most items of one answer.
const PAGE_MAX: usize = 500;
const PAGE: usize = 100;

pub fn routes() -> Table<Web> {
    Table::new()
        .route("/me", get(me))
        .route("/teams", get(teams))
        .route("/templates", get(templates))
        .route("/host", get(hosts::first))
        .route("/host/quarantine", get(hosts::quarantine))
        .route("/host/isolation", get(hosts::isolation).post(hosts::check_isolation))
        .route("/hosts", get(hosts::list))
        .route("/hosts/{host}", get(hosts::one))
        .route("/hosts/{host}/{step}", post(hosts::step))
        .route("/teams/{name}", get(team))
        .route("/templates/{slug}", get(template))
        .route("/sizes", get(sizes))
        .route("/people", get(people))
        .route("/catalogue", get(catalogue))
        .route("/environments", get(list).post(launch))
        .route("/environments/{id}", get(one).delete(remove))
        .route("/environments/{id}/start", post(start))
        .route("/environments/{id}/stop", post(stop))
        .route("/environments/{id}/restart", post(restart))
        .route("/environments/{id}/extend", post(extend))
        .route("/environments/{id}/ports", get(ports))
        .route("/environments/{id}/activity", get(audit::activity))
        .route("/environments/{id}/terminal", get(terminal::terminal))
        .route("/activities", get(activities::list))
        .route("/audit", get(audit::audit))
        // Requests for more.
        .route("/requests", get(requests::list).post(requests::ask))
        .route("/requests/{id}/approve", post(requests::approve))
        .route("/requests/{id}/decline", post(requests::decline))
        .route("/requests/{id}/withdraw", post(requests::withdraw))
        .route("/requests/{id}/return", post(requests::give_back))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
}

type Answer<T> = Result<Json<T>, Problem>;

/// A list: `next` is the cursor of the next page, or null.
#[derive(Debug, Serialize)]
struct List<T> {
    items: Vec<T>,
    next: Option<String>,
}

impl<T> List<T> {
    fn whole(items: Vec<T>) -> Json<Self> {
        Json(Self { items, next: None })
    }
}

/// Whoever asks; 401 for nobody.
#[derive(Debug)]
pub struct Caller(pub Actor);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let CurrentActor(actor) = parts.extensions.get().cloned().unwrap_or_default();
        actor.map(Self).ok_or(Problem(ApiError::SignedOut))
    }
}

async fn unknown() -> Problem {
    Problem(ApiError::not_found("route"))
}

async fn wrong_method() -> Problem {
    Problem(ApiError::WrongMethod)
}

async fn me(Caller(actor): Caller) -> Json<Actor> {
    Json(actor)
}

async fn teams(State(web): State<Web>, Caller(actor): Caller) -> Answer<List<model::team::Team>> {
    Ok(List::whole(web.service.teams(&actor).await?))
}

#[derive(Debug, Deserialize)]
struct OfTeam {
    team: Option<TeamName>,
}

/// What a team is offered; without a team all templates, for auditors and admins.
async fn templates(
    State(web): State<Web>,
    Caller(actor): Caller,
    query: Result<Query<OfTeam>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(OfTeam { team }) = query?;
    Ok(match team {
        Some(team) => List::whole(web.service.offers(&actor, &team).await?).into_response(),
        None => match web.service.templates(&actor).await {
            Err(ApiError::Forbidden { .. }) => return Err(Problem(malformed("say for which team: ?team=NAME"))),
            templates => List::whole(templates?).into_response(),
        },
    })
}

async fn template(State(web): State<Web>, Caller(actor): Caller, Path(slug): Path<String>) -> Answer<TemplateDetail> {
    let slug = TemplateName::parse(&slug).map_err(|_| ApiError::not_found("template"))?;
    Ok(Json(web.service.template(&actor, &slug).await?))
}

/// A team with its room; for its leads, auditors and admins with its members, groups and environments.
async fn team(State(web): State<Web>, Caller(actor): Caller, Path(name): Path<String>) -> Result<Response, Problem> {
    let name = TeamName::parse(&name).map_err(|_| ApiError::not_found("team"))?;
    match web.service.team(&actor, &name).await {
        Ok(detail) => Ok(Json(detail).into_response()),
        Err(ApiError::Forbidden { .. }) => Ok(Json(web.service.team_room(&actor, &name).await?).into_response()),
        Err(error) => Err(error.into()),
    }
}

async fn sizes(State(web): State<Web>, Caller(actor): Caller) -> Answer<List<model::template::Size>> {
    Ok(List::whole(web.service.sizes(&actor).await?))
}

#[derive(Debug, Deserialize)]
struct Words {
    #[serde(default)]
    q: String,
    /// The id after which to go on.
    cursor: Option<UserId>,
}

async fn people(
    State(web): State<Web>,
    Caller(actor): Caller,
    query: Result<Query<Words>, QueryRejection>,
) -> Answer<List<Person>> {
    let Query(Words { q, cursor }) = query?;
    let found = web.service.people(&actor, &q, cursor.as_ref()).await?;
    let next = found.people.last().filter(|_| found.more > 0).map(|person| person.id.to_string());
    Ok(Json(List { items: found.people, next }))
}

/// All that is declared, as `berth apply` reads it.
async fn catalogue(State(web): State<Web>, Caller(actor): Caller) -> Result<Response, Problem> {
    let text = web.service.export(&actor).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/toml; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"catalogue.toml\""),
    ];
    Ok((headers, text).into_response())
}

#[derive(Debug, Deserialize)]
struct ListQuery {
    team: Option<TeamName>,
    state: Option<model::environment::State>,
    /// Words that all must be found, in any letter case.
    #[serde(default)]
    q: String,
    /// The id after which to go on.
    cursor: Option<EnvironmentId>,
    limit: Option<usize>,
}

async fn list(
    State(web): State<Web>,
    Caller(actor): Caller,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Answer<List<Environment>> {
    let Query(query) = query?;
    if query.state == Some(model::environment::State::Removed) {
        let message = "removed environments are in no list; the audit log has them: GET audit?action=remove";
        return Err(Problem(malformed(message)));
    }
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let filter = Filter { team: query.team, words: query.q, group: None };
    let wanted = Wanted { filter, state: query.state, after: query.cursor, limit };
    let listed = web.service.listed(&actor, &wanted).await?;
    Ok(Json(List { items: listed.items, next: listed.next.map(|id| id.to_string()) }))
}

/// Launches, and answers when the environment runs (201) or could not be brought up (its state says why). What takes
/// longer than the client prefers to wait is answered before that (202), with the place where to ask.
async fn launch(
    State(web): State<Web>,
    Caller(actor): Caller,
    headers: HeaderMap,
    body: Result<Json<LaunchAsk>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(mut ask) = body?;
    if let Some(key) = idempotency_key(&headers)? {
        ask.idempotency_key = Some(key);
    }
    let begun = web.service.launch(&actor, ask).await?;
    answered(&web, &actor, begun, &headers, StatusCode::CREATED).await
}

/// Waits for the end of what was begun as long as the client prefers to: `done` where it is done, and 202 where it goes on.
async fn answered(
    web: &Web,
    actor: &Actor,
    begun: Environment,
    headers: &HeaderMap,
    done: StatusCode,
) -> Result<Response, Problem> {
    let patience = patience(headers);
    // Who does not wait gets what was begun, however soon it is done.
    let environment = match patience.is_zero() {
        true => begun,
        false => web.service.settled_within(actor, &begun.id, patience).await?,
    };
    let status = if environment.state.is_transitional() { StatusCode::ACCEPTED } else { done };
    let location = HeaderValue::from_str(&format!("/api/v1/environments/{}", environment.id)).expect("an id is plain");
    Ok((status, [(header::LOCATION, location)], Json(environment)).into_response())
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| !key.is_empty() && key.len() <= KEY_MAX);
    let key = key.ok_or_else(|| Problem(malformed("Idempotency-Key must have 1 to 200 printable characters")))?;
    Ok(Some(key.to_owned()))
}

async fn one(State(web): State<Web>, Caller(actor): Caller, Path(id): Path<String>) -> Answer<Environment> {
    Ok(Json(web.service.environment(&actor, &known(&id)?).await?.environment))
}

async fn ports(State(web): State<Web>, Caller(actor): Caller, Path(id): Path<String>) -> Answer<List<Port>> {
    Ok(List::whole(web.service.environment(&actor, &known(&id)?).await?.environment.ports))
}

async fn remove(
    State(web): State<Web>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    operate(&web, &actor, &id, &headers, Operation::Remove).await
}

async fn start(
    State(web): State<Web>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    operate(&web, &actor, &id, &headers, Operation::Start).await
}

async fn stop(
    State(web): State<Web>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    operate(&web, &actor, &id, &headers, Operation::Stop).await
}

async fn restart(
    State(web): State<Web>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    operate(&web, &actor, &id, &headers, Operation::Restart).await
}

async fn extend(
    State(web): State<Web>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    operate(&web, &actor, &id, &headers, Operation::Extend).await
}

/// Does it and waits for its end (200), as long as the client prefers to (202).
async fn operate(
    web: &Web,
    actor: &Actor,
    id: &str,
    headers: &HeaderMap,
    operation: Operation,
) -> Result<Response, Problem> {
    let begun = web.service.operate(actor, &known(id)?, operation).await?;
    answered(web, actor, begun, headers, StatusCode::OK).await
}

/// What cannot be an id is no environment.
fn known(id: &str) -> Result<EnvironmentId, Problem> {
    EnvironmentId::parse(id).map_err(|_| Problem(ApiError::not_found("environment")))
}
