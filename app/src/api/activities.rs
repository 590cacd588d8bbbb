//! Activities: what is under way, and what was.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::json::Json;
use model::activity::Activity;
use model::address::Address;
use model::name::{ActivityId, TeamName};

/// Which activities are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivityFilter {
    pub team: Option<TeamName>,
    /// Those under way alone, or those that have ended alone.
    pub under_way: Option<bool>,
    /// Those that began before this one.
    pub after: Option<ActivityId>,
}

/// The newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityList {
    pub items: Vec<Activity>,
    /// After which the next page begins, if there is one.
    pub next: Option<ActivityId>,
}

/// What the page of activities shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityPage {
    pub under_way: Vec<Activity>,
    pub ended: ActivityList,
}

/// The address of a page of those that have ended.
#[must_use]
pub fn address(team: &str, after: Option<&ActivityId>) -> Address {
    Address::of("/activities").with("team", team).with("after", after.map_or("", ActivityId::as_str))
}

/// What is under way, and a page of what has ended. `team` and `after` as an address has them.
#[server(endpoint = "activities/list", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn list_activities(team: String, after: String) -> Result<ActivityPage, ApiError> {
    /// As many are on one page; what is under way is all there.
    const PAGE: usize = 50;
    const UNDER_WAY: usize = 500;
    let (backend, actor) = super::backend::asked()?;
    let of = |under_way, after| ActivityFilter { team: TeamName::parse(&team).ok(), under_way: Some(under_way), after };
    let after = ActivityId::parse(&after).ok();
    let under_way = match after {
        None => super::backend::answer(backend.activities(&actor, &of(true, None), UNDER_WAY).await)?.items,
        Some(_) => Vec::new(),
    };
    let ended = super::backend::answer(backend.activities(&actor, &of(false, after), PAGE).await)?;
    Ok(ActivityPage { under_way, ended })
}
