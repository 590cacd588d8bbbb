//! The host that environments run on.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use super::ApiError;
use super::json::Json;
use crate::model::host::Host;

/// The host and whether its engine answers.
#[server(endpoint = "host", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn get_host() -> Result<Host, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.host(&actor).await)
}
