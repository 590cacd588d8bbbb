//! Who is looking, and how they can sign in.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::json::Json;
use model::access::Actor;
use model::name::TeamName;
use model::team::{Team, TeamLabel};
use model::time::Timestamp;

/// The viewer with the names of their teams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    pub actor: Actor,
    pub teams: Vec<TeamLabel>,
    /// `None` where the web layer does not tell.
    pub visit: Option<Visit>,
}

/// When a page was asked for, and by which host name: the web layer gives it to every page and server function, so that
/// what the server renders has the relative times and the links to ports that the browser will show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    pub at: Timestamp,
    /// Of the address that the viewer's browser shows, without the port; IPv6 in brackets.
    pub host: String,
}

impl Me {
    /// The team that an address names, or else the only one there is.
    #[must_use]
    pub fn team(&self, named: Option<&TeamName>) -> Option<&TeamLabel> {
        match named {
            Some(name) => self.teams.iter().find(|team| team.name == *name),
            None if self.teams.len() == 1 => self.teams.first(),
            None => None,
        }
    }
}

/// How this installation signs people in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignIn {
    /// Through the identity provider.
    Provider,
    /// By the one-time link that the server prints at its start.
    OperatorLink,
}

/// The viewer.
#[server(endpoint = "me", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn get_me() -> Result<Me, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(super::backend::viewer(&*backend, actor).await)
}

/// The viewer's teams, with what is held of each and what may be.
#[server(endpoint = "me/teams", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn get_my_teams() -> Result<Vec<Team>, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.teams(&actor).await)
}

/// How to sign in here; asked by nobody in particular.
#[server(endpoint = "sign-in", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn get_sign_in() -> Result<SignIn, ApiError> {
    Ok(use_context::<SignIn>().unwrap_or(SignIn::Provider))
}
