//! Environments: list, look at, launch, operate.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::json::Json;
use model::address::Address;
use model::environment::{Environment, EnvironmentDetail, Operation};
use model::filter::Counts;
use model::name::{EnvironmentId, EnvironmentName, SizeName, TeamName, TemplateName};
use model::team::Team;
use model::template::Offer;
use model::units::Span;

/// What a launch asks for. What is left out is chosen by the template, or by Berth (the name).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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

impl LaunchOptions {
    #[must_use]
    pub fn offer(&self, template: &str) -> Option<&Offer> {
        self.offers.iter().find(|offer| offer.slug.as_str() == template)
    }

    /// The offer of that name, or else the first: what the page shows before anything is chosen.
    #[must_use]
    pub fn proposed(&self, template: &str) -> Option<&Offer> {
        self.offer(template).or_else(|| self.offers.first())
    }

    /// What has become of the chosen offer since `before`, in words for who is filling in its form; `None`: nothing.
    #[must_use]
    pub fn changed_since(&self, before: &Self, chosen: &str) -> Option<String> {
        let was = before.offer(chosen)?;
        let label = &was.label;
        match self.offer(chosen) {
            None => Some(format!("{label} is no longer offered to this team. Choose another template.")),
            Some(now) if now.version != was.version => Some(format!(
                "{label} is now version {}. What you typed is kept; check it before you launch.",
                now.version
            )),
            Some(_) => None,
        }
    }
}

/// A page of the environments that exist, the newest first, and what there is beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// At most [`LISTED`].
    pub items: Vec<Environment>,
    /// After which the next page begins, if there is one.
    pub next: Option<EnvironmentId>,
    /// Of all that the filter keeps but for its group of states.
    pub counts: Counts,
    /// Whether the viewer sees any at all of the team, whatever the filter.
    pub exist: bool,
    /// The team that the filter names, or the only one that the viewer sees.
    pub team: Option<Team>,
    /// Those that end soonest of what the viewer is warned of then: while the page is open, time goes on.
    pub ending: Vec<Environment>,
    /// Of how many more the viewer is warned already.
    pub ending_more: u32,
}

/// How many environments a page of the list has.
pub const LISTED: usize = 100;
/// How many of those that end soon are named.
pub const ENDING: usize = 5;

/// Environments that exist, as a filter has them, from the newest on or after one of them. All text, as an address has it: what
/// writes a structure takes more of the browser's bundle.
#[server(endpoint = "environments/list", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn list_environments(
    #[server(default)] team: String,
    #[server(default)] state: String,
    #[server(default)] q: String,
    #[server(default)] after: String,
) -> Result<Listing, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    let filter = model::filter::Filter::of(&team, &state, q);
    super::backend::answer(backend.environments(&actor, &filter, EnvironmentId::parse(&after).ok().as_ref()).await)
}

/// One environment, with its steps and what the viewer may do. `id` as an address has it.
#[server(endpoint = "environments/get", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn get_environment(id: String) -> Result<EnvironmentDetail, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(match EnvironmentId::parse(&id) {
        Ok(id) => backend.environment(&actor, &id).await,
        Err(_) => Err(ApiError::not_found("environment")),
    })
}

/// What a team may launch, and the room it has. Without a team: of the only one that the viewer sees, or nothing.
#[server(endpoint = "environments/launch-options", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn get_launch_options(team: Option<TeamName>) -> Result<Option<LaunchOptions>, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(super::backend::launch_options(&*backend, &actor, team).await)
}

/// The launch form, field by field as a browser sends it; what is empty is left out. Goes on to the new environment's page.
#[server(endpoint = "environments/launch", prefix = "/fn", output = Json)]
pub async fn launch(form: LaunchForm) -> Result<Environment, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    let address = form.address();
    let launched = match form.ask() {
        Ok(ask) => backend.launch(&actor, ask).await,
        Err(error) => Err(error),
    };
    super::backend::after_launch(&launched, &address);
    super::backend::answer(launched)
}

/// Begins an operation; the answer is the environment as it is then, with the operation under way.
#[server(endpoint = "environments/operate", prefix = "/fn", output = Json)]
pub async fn operate(id: EnvironmentId, operation: Operation) -> Result<Environment, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    let begun = backend.operate(&actor, &id, operation).await;
    super::backend::after_operation(operation, &begun);
    super::backend::answer(begun)
}

/// A launch as a form sends it: all text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LaunchForm {
    pub team: String,
    pub template: String,
    /// The template whose sizes and variables the form showed: without scripts another can be chosen beside them.
    pub shown: String,
    pub size: String,
    pub name: String,
    pub lifetime: String,
    pub variables: BTreeMap<String, String>,
    /// Variables that are secret. They go into no address.
    pub secrets: BTreeMap<String, String>,
    pub key: String,
}

/// What is carried in an address of what was typed, in bytes.
const CARRIED_MAX: usize = 4096;

impl LaunchForm {
    /// What an address carries of it: the reverse of [`LaunchForm::address`].
    pub fn from_query(query: impl IntoIterator<Item = (impl AsRef<str>, String)>) -> Self {
        Self::filled(query, |form, name| match name.strip_prefix("v.") {
            Some(variable) => form.variables.entry(variable.to_owned()).or_default().into(),
            None => form.field(name),
        })
    }

    /// What the form on the page holds, by the names of its fields: `form[size]`, `form[variables][NAME]`.
    pub fn from_fields(fields: impl IntoIterator<Item = (impl AsRef<str>, String)>) -> Self {
        Self::filled(fields, |form, name| {
            let name = name.strip_prefix("form[")?.strip_suffix(']')?;
            match name.split_once("][") {
                Some(("variables", variable)) => form.variables.entry(variable.to_owned()).or_default().into(),
                Some(("secrets", variable)) => form.secrets.entry(variable.to_owned()).or_default().into(),
                Some(_) => None,
                None if name == "shown" => Some(&mut form.shown),
                None if name == "key" => Some(&mut form.key),
                None => form.field(name),
            }
        })
    }

    /// With every value in its place; what has none is left out.
    fn filled(
        values: impl IntoIterator<Item = (impl AsRef<str>, String)>,
        place: impl for<'a> Fn(&'a mut Self, &str) -> Option<&'a mut String>,
    ) -> Self {
        let mut form = Self::default();
        for (name, value) in values {
            if let Some(place) = place(&mut form, name.as_ref()) {
                *place = value;
            }
        }
        form
    }

    fn field(&mut self, name: &str) -> Option<&mut String> {
        Some(match name {
            "team" => &mut self.team,
            "template" => &mut self.template,
            "size" => &mut self.size,
            "name" => &mut self.name,
            "lifetime" => &mut self.lifetime,
            _ => return None,
        })
    }

    /// The launch page with this typed in, without secrets and what is too long for an address.
    #[must_use]
    pub fn address(&self) -> Address {
        let Self { team, template, size, name, lifetime, .. } = self;
        let fields = [("team", team), ("template", template), ("size", size), ("name", name), ("lifetime", lifetime)];
        let fields = fields.map(|(field, value)| (field.to_owned(), value));
        let variables = self.own_variables().map(|(variable, value)| (format!("v.{variable}"), value));
        fields.into_iter().chain(variables).fold(Address::of("/launch"), |address, (field, value)| {
            let longer = address.clone().with(&field, value);
            if longer.len() > CARRIED_MAX { address } else { longer }
        })
    }

    /// The variables of the template that is asked for, not those of one that was shown before.
    fn own_variables(&self) -> impl Iterator<Item = (&String, &String)> {
        let own = self.shown.is_empty() || self.shown == self.template;
        self.variables.iter().filter(move |_| own)
    }

    /// # Errors
    /// [`ApiError::Invalid`] with every field that cannot be read.
    pub fn ask(self) -> Result<LaunchAsk, ApiError> {
        use model::template::FieldError;
        let mut errors = Vec::new();
        let own = self.shown.is_empty() || self.shown == self.template;
        let team = parsed("team", &self.team, &mut errors);
        let template = parsed("template", &self.template, &mut errors);
        let size = if own { optional("size", &self.size, &mut errors) } else { None };
        let name = optional("name", self.name.trim(), &mut errors);
        let lifetime = if own { optional("lifetime", self.lifetime.trim(), &mut errors) } else { None };
        let key_fits = self.key.len() <= KEY_MAX && self.key.chars().all(|c| c.is_ascii_graphic());
        if !key_fits {
            errors.push(FieldError::new("key", "must have at most 200 printable characters"));
        }
        let (Some(team), Some(template), true) = (team, template, errors.is_empty()) else {
            return Err(ApiError::Invalid { errors });
        };
        // A browser sends the lines of a text area with CR LF.
        let lines = |(name, value): (String, String)| (name, value.replace("\r\n", "\n"));
        let variables = self.variables.into_iter().chain(self.secrets).filter(|_| own).map(lines).collect();
        let idempotency_key = Some(self.key).filter(|key| !key.is_empty());
        Ok(LaunchAsk { team, template, size, name, lifetime, variables, idempotency_key })
    }
}

/// What was typed into the form of each template, while others are looked at.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    beginning: LaunchForm,
    by_template: BTreeMap<String, LaunchForm>,
}

impl Typed {
    #[must_use]
    pub fn beginning(beginning: LaunchForm) -> Self {
        Self { beginning, by_template: BTreeMap::new() }
    }

    /// Keeps the form as it stands.
    pub fn keep(&mut self, now: LaunchForm) {
        self.by_template.insert(now.shown.clone(), now);
    }

    #[must_use]
    pub fn of(&self, template: &str) -> &LaunchForm {
        self.by_template.get(template).unwrap_or(&self.beginning)
    }
}

/// Longest idempotency key, in characters.
pub const KEY_MAX: usize = 200;

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    field: &str,
    text: &str,
    errors: &mut Vec<model::template::FieldError>,
) -> Option<T> {
    let result = text.parse().map_err(|error: T::Err| error.to_string());
    result
        .map_err(|message| errors.push(model::template::FieldError::new(field, format!("cannot be used: {message}"))))
        .ok()
}

fn optional<T: std::str::FromStr<Err: std::fmt::Display>>(
    field: &str,
    text: &str,
    errors: &mut Vec<model::template::FieldError>,
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
    fn the_lines_of_a_value_are_those_that_were_typed() {
        let fields = [("form[team]", "blue"), ("form[template]", "web"), ("form[secrets][KEY]", "BEGIN\r\nEND\r\n")];
        let form = LaunchForm::from_fields(fields.map(|(name, value)| (name, value.to_owned())));
        assert_eq!(form.ask().expect("a form").variables["KEY"], "BEGIN\nEND\n");
    }

    #[test]
    fn what_was_typed_for_a_template_is_there_when_it_is_chosen_again() {
        let of = |shown: &str, greeting: &str| LaunchForm {
            shown: shown.to_owned(),
            variables: [("GREETING".to_owned(), greeting.to_owned())].into(),
            ..LaunchForm::default()
        };
        let mut typed = Typed::beginning(of("", "from the address"));
        assert_eq!(typed.of("web").variables["GREETING"], "from the address");
        typed.keep(of("web", "Hello"));
        typed.keep(of("box", "Good day"));
        assert_eq!(typed.of("web").variables["GREETING"], "Hello");
        assert_eq!(typed.of("box").variables["GREETING"], "Good day");
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

    #[test]
    fn what_was_typed_is_carried_back_in_an_address_without_secrets_and_what_is_too_long() {
        let mut typed = form("my env");
        typed.variables = [("BRANCH", "main & more".to_owned()), ("LONG", "x".repeat(CARRIED_MAX))]
            .map(|(name, value)| (name.to_owned(), value))
            .into();
        typed.secrets = [("API_KEY".to_owned(), "hunter2".to_owned())].into();
        let address = typed.address().to_string();
        assert_eq!(address, "/launch?team=blue&template=web&name=my%20env&v.BRANCH=main%20%26%20more");

        let carried =
            [("team", "blue"), ("template", "web"), ("name", "my env"), ("v.BRANCH", "main & more"), ("__err", "x")];
        let back = LaunchForm::from_query(carried.map(|(name, value)| (name, value.to_owned())));
        assert_eq!((back.name.as_str(), back.variables["BRANCH"].as_str()), ("my env", "main & more"));
        assert_eq!(back.address().to_string(), address);
    }

    #[test]
    fn a_form_is_read_by_its_fields_names_and_what_it_does_not_know_is_left_out() {
        let fields = [
            ("form[team]", "blue"),
            ("form[template]", "web"),
            ("form[shown]", "web"),
            ("form[size]", "s"),
            ("form[name]", "my-env"),
            ("form[lifetime]", "8h"),
            ("form[key]", "k"),
            ("form[variables][BRANCH]", "main"),
            ("form[secrets][API_KEY]", "hunter2"),
            ("form[else][X]", "x"),
            ("form[owner]", "x"),
            ("team", "green"),
        ];
        let one = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into();
        let expected = LaunchForm {
            shown: "web".to_owned(),
            size: "s".to_owned(),
            lifetime: "8h".to_owned(),
            variables: one("BRANCH", "main"),
            secrets: one("API_KEY", "hunter2"),
            key: "k".to_owned(),
            ..form("my-env")
        };
        assert_eq!(LaunchForm::from_fields(fields.map(|(name, value)| (name, value.to_owned()))), expected);
    }

    #[test]
    fn fields_of_a_template_that_was_shown_before_do_not_go_to_another() {
        let mut typed = form("");
        typed.shown = "postgres".to_owned();
        typed.size = "xl".to_owned();
        typed.variables = [("VERSION".to_owned(), "16".to_owned())].into();
        let ask = typed.ask().expect("a form");
        assert_eq!((ask.template.as_str(), ask.size, ask.variables.len()), ("web", None, 0));
    }
}
