//! The audit log, and what became of one environment.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use super::ApiError;
use super::json::Json;
use model::audit::{Excerpt, Search};
use model::history::History;

/// What the viewer may read of what a search finds, newest first.
#[server(endpoint = "audit/list", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn get_audit(search: Search) -> Result<Excerpt, ApiError> {
    /// As many entries are on one page.
    const PAGE: usize = 50;
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.audit(&actor, &search, PAGE).await)
}

/// What became of an environment, also after its removal. `id` as an address has it.
#[server(endpoint = "environments/history", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn get_history(id: String) -> Result<History, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(match model::name::EnvironmentId::parse(&id) {
        Ok(id) => backend.history(&actor, &id).await,
        Err(_) => Err(ApiError::not_found("environment")),
    })
}
