//! The host that environments run on.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use super::ApiError;
use super::json::Json;
use model::host::{Host, IsolationCheck};
use model::quarantine::Stray;

/// The host and whether its engine answers.
#[server(endpoint = "host", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn get_host() -> Result<Host, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.host(&actor).await)
}

/// What carries this installation's label and is of no environment.
#[server(endpoint = "quarantine", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn get_quarantine() -> Result<Vec<Stray>, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.quarantine(&actor).await)
}

/// What the last isolation check found.
#[server(endpoint = "isolation", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn get_isolation_check() -> Result<Option<IsolationCheck>, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.isolation_check(&actor).await)
}
