//! Containers that carry this installation's label and belong to no environment of it: shown, and never touched.

use serde::{Deserialize, Serialize};

use super::name::HostName;
use super::time::Timestamp;

/// One such container. Its labels may have been written by anybody: they are shown, and grant nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stray {
    /// Where it is.
    pub host: HostName,
    pub container: String,
    pub name: String,
    /// The engine's word for its state.
    pub state: String,
    /// What its labels say it is of.
    pub environment: Option<String>,
    pub team: Option<String>,
    pub owner: Option<String>,
    pub template: Option<String>,
    /// When this server saw it first.
    pub seen_at: Timestamp,
}

impl Stray {
    /// The first digits of its id, as the docker client takes them.
    #[must_use]
    pub fn short_id(&self) -> &str {
        self.container.get(..12).unwrap_or(&self.container)
    }
}
