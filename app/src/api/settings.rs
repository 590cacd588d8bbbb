//! What the operator has configured, as auditors and admins read it.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::json::Json;

/// A value of the configuration, and where it was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// As in `berth.toml`: `server.addr`.
    pub key: String,
    pub value: String,
    /// Where it was set: `default`, `berth.toml, line 3`, `the environment variable BERTH_SERVER__ADDR`.
    pub origin: String,
    /// What it does, in a line.
    pub about: String,
}

/// What is configured.
#[server(endpoint = "settings", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn get_settings() -> Result<Vec<Setting>, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.settings(&actor).await)
}
