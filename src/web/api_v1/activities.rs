//! `/api/v1/activities`: what is under way, and what was.

use app::api::ApiError;
use app::api::activities::ActivityFilter;
use app::api::backend::Activities;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use model::activity::Activity;
use model::name::{ActivityId, TeamName};
use serde::Deserialize;

use super::super::Web;
use super::{Answer, Caller, List, PAGE, PAGE_MAX};

#[derive(Debug, Deserialize)]
pub struct Wanted {
    team: Option<TeamName>,
    /// `under_way` or `ended`; both where it is left out.
    state: Option<String>,
    cursor: Option<ActivityId>,
    limit: Option<usize>,
}

pub async fn list(
    State(web): State<Web>,
    Caller(actor): Caller,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Answer<List<Activity>> {
    let Query(Wanted { team, state, cursor, limit }) = query?;
    let under_way = match state.as_deref() {
        None | Some("") => None,
        Some("under_way") => Some(true),
        Some("ended") => Some(false),
        Some(_) => return Err(ApiError::invalid("state", "must be under_way or ended").into()),
    };
    let filter = ActivityFilter { team, under_way, after: cursor };
    let found = web.service.activities(&actor, &filter, limit.unwrap_or(PAGE).clamp(1, PAGE_MAX)).await?;
    Ok(Json(List { items: found.items, next: found.next.map(|id| id.to_string()) }))
}
