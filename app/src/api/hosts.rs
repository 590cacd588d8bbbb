//! The hosts that environments run on, and what admins do to them.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::form::{Fields, known};
use super::json::Json;
use model::audit::Action;
use model::host::{Host, IsolationCheck};
use model::name::HostName;
use model::quarantine::Stray;
use model::quota::Pool;

/// A host, with what is for those who see to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostDetail {
    #[serde(flatten)]
    pub host: Host,
    /// Whether the configuration has it. Where not, environments are on it, and nothing is done there.
    pub configured: bool,
    /// Where a certificate of the way to it ends soon: in how many whole days, 0 on the last day and after.
    pub certificate_days_left: Option<u64>,
    /// What all teams together hold of it, and may.
    pub room: Pool,
    /// What the last isolation check found; `None` before the first.
    pub isolation_check: Option<IsolationCheck>,
    /// Containers with this installation's label that no environment knows, as of the last look at the engine.
    pub quarantine: Vec<Stray>,
}

/// One thing that an admin does to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub host: HostName,
    pub step: HostStep,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostStep {
    /// Measures what one container reaches of another.
    CheckIsolation,
    /// Nothing new is placed on it from now on.
    Drain,
    /// It takes new environments again.
    Reopen,
    /// The engine that answers there now is its own from now on.
    AcceptEngine,
}

impl HostStep {
    pub const ALL: [Self; 4] = [Self::CheckIsolation, Self::Drain, Self::Reopen, Self::AcceptEngine];

    /// As forms and addresses name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CheckIsolation => "isolation",
            Self::Drain => "drain",
            Self::Reopen => "reopen",
            Self::AcceptEngine => "accept-engine",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == text)
    }
}

impl From<HostStep> for Action {
    fn from(step: HostStep) -> Self {
        match step {
            HostStep::CheckIsolation => Self::CheckIsolation,
            HostStep::Drain => Self::DrainHost,
            HostStep::Reopen => Self::ReopenHost,
            HostStep::AcceptEngine => Self::AcceptEngine,
        }
    }
}

impl Edit {
    /// What a form of the page of the hosts asks for.
    ///
    /// # Errors
    /// Not found where there is no such form.
    pub(super) fn read(fields: &Fields) -> Result<Self, ApiError> {
        let step = HostStep::parse(fields.form()).ok_or_else(|| ApiError::not_found("form"))?;
        Ok(Self { host: known("host", fields.get("host"), HostName::parse)?, step })
    }
}

/// Every host of the configuration, and whether its engine answers.
#[server(endpoint = "hosts", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn get_hosts() -> Result<Vec<Host>, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.hosts(&actor).await)
}

/// The hosts with what is for those who see to them; also those that the configuration has no more and that environments are on.
#[server(endpoint = "hosts/details", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn list_host_details() -> Result<Vec<HostDetail>, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.host_details(&actor).await)
}
