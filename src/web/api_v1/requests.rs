//! Requests for more than a quota allows, for scripts.

use app::api::ApiError;
use app::api::backend::Requests;
use app::api::requests::{RequestAsk, SeenRequest};
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use model::name::{RequestId, TeamName};
use model::request::{Request, Standing, Step};
use serde::Deserialize;

use super::{Answer, Caller, List};
use crate::Web;
use crate::problem::{Problem, malformed};

#[derive(Debug, Deserialize)]
pub struct Wanted {
    team: Option<TeamName>,
    standing: Option<Standing>,
}

pub async fn list(
    State(web): State<Web>,
    Caller(actor): Caller,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Answer<List<SeenRequest>> {
    let Query(wanted) = query?;
    let seen = web.service.requests(&actor).await?.items.into_iter();
    let of_team = seen.filter(|it| wanted.team.as_ref().is_none_or(|team| it.request.team == *team));
    let standing = of_team.filter(|it| wanted.standing.is_none_or(|standing| it.standing == standing));
    Ok(List::whole(standing.collect()))
}

pub async fn ask(
    State(web): State<Web>,
    Caller(actor): Caller,
    body: Result<Json<RequestAsk>, JsonRejection>,
) -> Result<(StatusCode, Json<Request>), Problem> {
    let Json(ask) = body?;
    Ok((StatusCode::CREATED, Json(web.service.ask_for_more(&actor, ask).await?)))
}

pub async fn approve(state: State<Web>, caller: Caller, id: Path<String>, body: Bytes) -> Answer<Request> {
    take(state, caller, id, body, Step::Approve).await
}

pub async fn decline(state: State<Web>, caller: Caller, id: Path<String>, body: Bytes) -> Answer<Request> {
    take(state, caller, id, body, Step::Decline).await
}

pub async fn withdraw(state: State<Web>, caller: Caller, id: Path<String>, body: Bytes) -> Answer<Request> {
    take(state, caller, id, body, Step::Withdraw).await
}

pub async fn give_back(state: State<Web>, caller: Caller, id: Path<String>, body: Bytes) -> Answer<Request> {
    take(state, caller, id, body, Step::Return).await
}

/// What a decision may say of itself; a step without a word needs no body.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Said {
    word: String,
}

async fn take(
    State(web): State<Web>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    body: Bytes,
    step: Step,
) -> Answer<Request> {
    let id = RequestId::parse(&id).map_err(|_| Problem(ApiError::not_found("request")))?;
    let said = if body.is_empty() { Ok(Said::default()) } else { serde_json::from_slice(&body) };
    let Said { word } = said.map_err(|error| Problem(malformed(&error.to_string())))?;
    Ok(Json(web.service.decide_request(&actor, &id, step, &word).await?))
}
