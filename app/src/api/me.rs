//! Who is looking, and how they can sign in.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};

use super::ApiError;
use crate::model::access::Actor;
use crate::model::team::Team;

/// The viewer with their teams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    pub actor: Actor,
    pub teams: Vec<Team>,
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
#[server(endpoint = "me", prefix = "/fn", input = GetUrl)]
pub async fn get_me() -> Result<Me, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    let teams = super::backend::answer(backend.teams(&actor).await)?;
    Ok(Me { actor, teams })
}

/// How to sign in here; asked by nobody in particular.
#[server(endpoint = "sign-in", prefix = "/fn", input = GetUrl)]
pub async fn get_sign_in() -> Result<SignIn, ApiError> {
    Ok(use_context::<SignIn>().unwrap_or(SignIn::Provider))
}
