//! Environments: list, look at, launch, operate.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};

use super::ApiError;
use crate::model::environment::{Environment, EnvironmentDetail, Operation};
use crate::model::name::{EnvironmentId, EnvironmentName, SizeName, TeamName, TemplateName};
use crate::model::team::Team;
use crate::model::template::Offer;
use crate::model::units::Span;

/// What a launch asks for. What is left out is chosen by the template, or by Berth (the name).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchAsk {
    pub team: TeamName,
    pub template: TemplateName,
    #[serde(default)]
    pub size: Option<SizeName>,
    #[serde(default)]
    pub name: Option<EnvironmentName>,
    #[serde(default)]
    pub lifetime: Option<Span>,
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// The same key from the same person is the same launch.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// What the launch page needs: what is offered, the room there is, and a key that makes a double click one launch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchOptions {
    pub team: Team,
    pub offers: Vec<Offer>,
    pub idempotency_key: String,
}

/// Environments that exist, newest first: of one team, or of all that the viewer sees.
#[server(endpoint = "environments/list", prefix = "/fn", input = GetUrl)]
pub async fn list_environments(team: Option<TeamName>) -> Result<Vec<Environment>, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.environments(&actor, team.as_ref()).await)
}

/// One environment, with its steps and what the viewer may do.
#[server(endpoint = "environments/get", prefix = "/fn", input = GetUrl)]
pub async fn get_environment(id: EnvironmentId) -> Result<EnvironmentDetail, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.environment(&actor, &id).await)
}

/// What a team may launch, and the room it has.
#[server(endpoint = "environments/launch-options", prefix = "/fn", input = GetUrl)]
pub async fn get_launch_options(team: TeamName) -> Result<LaunchOptions, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.launch_options(&actor, &team).await)
}

/// The launch form, field by field as a browser sends it; what is empty is left out. Goes on to the new environment's page.
#[server(endpoint = "environments/launch", prefix = "/fn")]
pub async fn launch(
    team: String,
    template: String,
    #[server(default)] size: String,
    #[server(default)] name: String,
    #[server(default)] lifetime: String,
    #[server(default)] variables: BTreeMap<String, String>,
    #[server(default)] key: String,
) -> Result<Environment, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    let form = LaunchForm { team, template, size, name, lifetime, variables, key };
    let launched = match form.ask() {
        Ok(ask) => backend.launch(&actor, ask).await,
        Err(error) => Err(error),
    };
    super::backend::go_to_environment(&launched);
    super::backend::answer(launched)
}

/// Begins an operation; the answer is the environment as it is then, with the operation under way.
#[server(endpoint = "environments/operate", prefix = "/fn")]
pub async fn operate(id: EnvironmentId, operation: Operation) -> Result<Environment, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.operate(&actor, &id, operation).await)
}

/// A launch as a form sends it: all text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LaunchForm {
    pub team: String,
    pub template: String,
    pub size: String,
    pub name: String,
    pub lifetime: String,
    pub variables: BTreeMap<String, String>,
    pub key: String,
}

impl LaunchForm {
    /// # Errors
    /// [`ApiError::Invalid`] with every field that cannot be read.
    pub fn ask(self) -> Result<LaunchAsk, ApiError> {
        use crate::model::template::FieldError;
        let mut errors = Vec::new();
        let team = parsed("team", &self.team, &mut errors);
        let template = parsed("template", &self.template, &mut errors);
        let size = optional("size", &self.size, &mut errors);
        let name = optional("name", self.name.trim(), &mut errors);
        let lifetime = optional("lifetime", &self.lifetime, &mut errors);
        let key_fits = self.key.len() <= KEY_MAX && self.key.chars().all(|c| c.is_ascii_graphic());
        if !key_fits {
            errors.push(FieldError::new("key", "must have at most 200 printable characters"));
        }
        let (Some(team), Some(template), true) = (team, template, errors.is_empty()) else {
            return Err(ApiError::Invalid { errors });
        };
        let idempotency_key = Some(self.key).filter(|key| !key.is_empty());
        Ok(LaunchAsk { team, template, size, name, lifetime, variables: self.variables, idempotency_key })
    }
}

/// Longest idempotency key, in characters.
pub const KEY_MAX: usize = 200;

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    field: &str,
    text: &str,
    errors: &mut Vec<crate::model::template::FieldError>,
) -> Option<T> {
    let result = text.parse().map_err(|error: T::Err| error.to_string());
    result
        .map_err(|message| {
            errors.push(crate::model::template::FieldError::new(field, format!("cannot be used: {message}")))
        })
        .ok()
}

fn optional<T: std::str::FromStr<Err: std::fmt::Display>>(
    field: &str,
    text: &str,
    errors: &mut Vec<crate::model::template::FieldError>,
) -> Option<T> {
    if text.is_empty() { None } else { parsed(field, text, errors) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(name: &str) -> LaunchForm {
        LaunchForm {
            team: "blue".to_owned(),
            template: "web".to_owned(),
            name: name.to_owned(),
            ..LaunchForm::default()
        }
    }

    #[test]
    fn an_empty_field_is_left_to_the_template() {
        let ask = form("").ask().expect("a form");
        assert_eq!((ask.size, ask.name, ask.lifetime, ask.idempotency_key), (None, None, None, None));
    }

    #[test]
    fn every_field_that_cannot_be_read_is_named() {
        let bad = LaunchForm {
            size: "S!".to_owned(),
            lifetime: "soon".to_owned(),
            key: "k\n".to_owned(),
            ..form("Bad\u{7}Name")
        };
        let Err(ApiError::Invalid { errors }) = bad.ask() else { panic!("accepted") };
        let fields: Vec<_> = errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(fields, ["size", "name", "lifetime", "key"]);
    }
}
