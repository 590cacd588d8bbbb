//! Requests for more than a quota allows: ask, list, decide.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::json::Json;
use model::address::Address;
use model::name::TeamName;
use model::quota::Holding;
use model::request::{Raised, Request, Standing, Step, Until};
use model::template::FieldError;
use model::time::Timestamp;

/// What somebody asks for: `more` on top of what `scope` may hold, until a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestAsk {
    pub team: TeamName,
    #[serde(default, rename = "scope")]
    pub raises: Raised,
    pub more: Holding,
    pub reason: String,
    pub until: Until,
}

/// A request as the viewer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenRequest {
    #[serde(flatten)]
    pub request: Request,
    /// At the moment of the answer.
    pub standing: Standing,
    /// What the viewer can do with it now.
    pub steps: Vec<Step>,
}

/// Those that wait for a decision first, then the newest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenRequests {
    /// The moment of the answer.
    pub at: Timestamp,
    pub items: Vec<SeenRequest>,
}

/// All requests that are the viewer's to see: their own, their team's as a lead, everybody's as auditor or admin.
#[server(endpoint = "requests/list", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn list_requests() -> Result<SeenRequests, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.requests(&actor).await)
}

/// How many wait for the viewer's decision; none where they decide on nothing.
#[server(endpoint = "requests/waiting", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn count_waiting_requests() -> Result<u64, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.waiting_requests(&actor).await)
}

/// The form, field by field as a browser sends it. Leads back to the list.
#[server(endpoint = "requests/ask", prefix = "/fn", output = Json)]
pub async fn ask_for_more(form: RequestForm) -> Result<Request, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    let address = form.address();
    let asked = match form.ask() {
        Ok(ask) => backend.ask_for_more(&actor, ask).await,
        Err(error) => Err(error),
    };
    super::backend::after_request::<AskForMore>(&asked, &address);
    super::backend::answer(asked)
}

/// Approves, declines, withdraws or returns, with a word of why. `id` as an address has it.
#[server(endpoint = "requests/decide", prefix = "/fn", output = Json)]
pub async fn decide_request(id: String, step: Step, #[server(default)] word: String) -> Result<Request, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    let decided = match model::name::RequestId::parse(&id) {
        Ok(id) => backend.decide_request(&actor, &id, step, &word).await,
        Err(_) => Err(ApiError::not_found("request")),
    };
    super::backend::after_request::<DecideRequest>(&decided, &Address::of("/requests"));
    super::backend::answer(decided)
}

/// A request as a form sends it: all text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestForm {
    pub team: String,
    pub scope: String,
    pub environments: String,
    pub running: String,
    pub cpus: String,
    pub memory: String,
    pub reason: String,
    pub until: String,
}

impl RequestForm {
    /// What an address carries of it: the reverse of [`RequestForm::address`].
    pub fn from_query(query: impl IntoIterator<Item = (impl AsRef<str>, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in query {
            match name.as_ref() {
                "team" => form.team = value,
                "scope" => form.scope = value,
                "environments" => form.environments = value,
                "running" => form.running = value,
                "cpus" => form.cpus = value,
                "memory" => form.memory = value,
                "reason" => form.reason = value,
                "until" => form.until = value,
                _ => {}
            }
        }
        form
    }

    /// The page with this filled in.
    #[must_use]
    pub fn address(&self) -> Address {
        let reason: String = self.reason.chars().take(model::request::WORDS_MAX).collect();
        Address::of("/requests")
            .with("team", &self.team)
            .with("scope", &self.scope)
            .with("environments", &self.environments)
            .with("running", &self.running)
            .with("cpus", &self.cpus)
            .with("memory", &self.memory)
            .with("reason", &reason)
            .with("until", &self.until)
    }

    /// Whether anything is filled in beside the team.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        let Self { team: _, scope, environments, running, cpus, memory, reason, until } = self;
        [scope, environments, running, cpus, memory, reason, until].into_iter().any(|field| !field.is_empty())
    }

    /// # Errors
    /// [`ApiError::Invalid`] with every field that cannot be read.
    pub fn ask(self) -> Result<RequestAsk, ApiError> {
        let mut errors = Vec::new();
        let team = parsed("team", self.team.trim(), &mut errors);
        let raises = Raised::parse(&self.scope);
        if raises.is_none() {
            errors.push(FieldError::new("scope", "must be the team's quota or your own cap"));
        }
        let more = Holding {
            environments: amount("environments", &self.environments, &mut errors),
            running: amount("running", &self.running, &mut errors),
            cpus: amount("cpus", &self.cpus, &mut errors),
            memory: amount("memory", &self.memory, &mut errors),
        };
        let until = parsed("until", self.until.trim(), &mut errors);
        match (team, raises, until, errors.is_empty()) {
            (Some(team), Some(raises), Some(until), true) => {
                Ok(RequestAsk { team, raises, more, reason: self.reason, until })
            }
            _ => Err(ApiError::Invalid { errors }),
        }
    }
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    field: &str,
    text: &str,
    errors: &mut Vec<FieldError>,
) -> Option<T> {
    let refused = |error: T::Err| errors.push(FieldError::new(field, format!("cannot be used: {error}")));
    text.parse().map_err(refused).ok()
}

/// Nothing where nothing is asked for.
fn amount<T: std::str::FromStr<Err: std::fmt::Display> + Default>(
    field: &str,
    text: &str,
    errors: &mut Vec<FieldError>,
) -> T {
    let text = text.trim();
    if text.is_empty() { T::default() } else { parsed(field, text, errors).unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::units::{Memory, MilliCpu, Span};

    fn filled() -> RequestForm {
        RequestForm {
            team: "blue".to_owned(),
            scope: "team".to_owned(),
            running: "2".to_owned(),
            cpus: "0.5".to_owned(),
            memory: "128MiB".to_owned(),
            reason: "a demo & more".to_owned(),
            until: "8h".to_owned(),
            ..RequestForm::default()
        }
    }

    #[test]
    fn a_form_is_read_and_what_is_wrong_is_named_by_field() {
        let ask = filled().ask().expect("a good form");
        let more = Holding { environments: 0, running: 2, cpus: MilliCpu::new(500), memory: Memory::mib(128) };
        assert_eq!((ask.more, ask.until), (more, Until::For(Span::hours(8))));
        let wrong =
            RequestForm { scope: "host".to_owned(), running: "-1".to_owned(), until: String::new(), ..filled() };
        let error = wrong.ask().expect_err("a bad form");
        for field in ["scope", "running", "until"] {
            assert!(error.about(field).is_some(), "{field} in {error}");
        }
        assert_eq!(error.about("cpus"), None);
    }

    #[test]
    fn an_address_keeps_what_was_typed() {
        let address = filled().address().to_string();
        assert_eq!(
            address,
            "/requests?team=blue&scope=team&running=2&cpus=0.5&memory=128MiB&reason=a%20demo%20%26%20more&until=8h"
        );
        assert!(filled().is_begun() && !RequestForm { team: "blue".to_owned(), ..RequestForm::default() }.is_begun());
    }
}
