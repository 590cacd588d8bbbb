//! An admin's recipe for an environment, what it accepts, and what of it a member may see.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::day::Day;
use super::idle::IdleRule;
use super::image;
use super::lifetime::{Allowance, LONGEST, Lifetime, TeamLifetime};
use super::name::{PortName, SizeName, TemplateName};
use super::units::{Memory, MilliCpu, Span, shorten};

/// Longest value of one variable, in bytes.
pub const VALUE_MAX: usize = 8 * 1024;

/// Most arguments of a command, and most bytes of one.
pub const ARGUMENTS_MAX: usize = 256;
pub const ARGUMENT_MAX: usize = 32 * 1024;

/// The recipe, as the catalogue declares it. One immutable version of it stands behind each environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// What people call it, such as `PostgreSQL 16`.
    pub label: String,
    /// What one gets, in a line.
    #[serde(default)]
    pub summary: String,
    /// An image reference of the engine; with `@sha256:…` it is pinned by digest.
    pub image: String,
    /// Replaces the image's command; an argument list, never a shell line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// The sizes on offer; the first is the one proposed.
    pub sizes: Vec<SizeName>,
    pub lifetime: Lifetime,
    /// When it stops before its time because nobody uses it; `None`: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<IdleRule>,
    #[serde(default, skip_serializing_if = "AfterHostRestart::is_default")]
    pub after_host_restart: AfterHostRestart,
    #[serde(default, skip_serializing_if = "Vec::is_empty", rename = "port", alias = "ports")]
    pub ports: Vec<PortSpec>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", rename = "variable", alias = "variables")]
    pub variables: Vec<Variable>,
    #[serde(default)]
    pub ready: Readiness,
}

/// What becomes of what was running when the Docker Engine or its host restarted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AfterHostRestart {
    /// It starts again, as long as its time is not over.
    #[default]
    Start,
    /// It stays stopped until somebody starts it.
    Stop,
}

impl AfterHostRestart {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    #[default]
    Tcp,
    Udp,
}

impl Protocol {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a port is opened: a browser link for the first two, an address to copy for `Raw`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    Http,
    Https,
    #[default]
    Raw,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortSpec {
    pub name: PortName,
    /// The port inside the container.
    pub number: u16,
    #[serde(default)]
    pub protocol: Protocol,
    #[serde(default)]
    pub scheme: Scheme,
    /// Whether it is published on the host's loopback only: for people and programs on the host itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub loopback: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// The environment variable's name in the container.
    pub name: String,
    #[serde(default)]
    pub label: String,
    #[serde(default)]
    pub help: String,
    #[serde(default)]
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    #[serde(default)]
    pub required: bool,
    /// Written once, shown never again.
    #[serde(default)]
    pub secret: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    #[default]
    Text,
    Integer,
    Boolean,
    Choice,
}

/// What shows that an environment is ready to be used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Readiness {
    /// The container runs; nothing is asked.
    #[default]
    Started,
    /// The port accepts a connection and keeps it open.
    Tcp { port: PortName, within: Span },
    /// `GET path` on the port answers with a status below 400.
    Http { port: PortName, path: String, within: Span },
    /// The image's own health check says healthy.
    Health { within: Span },
}

/// The longest that a container may take to get ready.
const READY_MAX: Span = Span::hours(1);

impl Readiness {
    /// How long a container may take, once started. A version from before there was a maximum may declare more.
    #[must_use]
    pub fn within(&self) -> Span {
        self.declared().map_or(Span::seconds(10), |within| within.min(READY_MAX))
    }

    fn declared(&self) -> Option<Span> {
        match self {
            Self::Started => None,
            Self::Tcp { within, .. } | Self::Http { within, .. } | Self::Health { within } => Some(*within),
        }
    }

    fn port(&self) -> Option<&PortName> {
        match self {
            Self::Tcp { port, .. } | Self::Http { port, .. } => Some(port),
            Self::Started | Self::Health { .. } => None,
        }
    }
}

/// A named bundle of limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    pub name: SizeName,
    pub cpus: MilliCpu,
    pub memory: Memory,
    #[serde(default = "default_pids")]
    pub pids: u32,
    /// What a container may write into its own layer; `None`: as much as there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<Memory>,
}

/// The least that a size may leave of disk: less is no room for what any program writes at its start.
const DISK_MIN: Memory = Memory::mib(10);

const fn default_pids() -> u32 {
    256
}

impl Size {
    /// What is wrong with the size itself, each in words.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.cpus < MilliCpu::new(10) || self.cpus > MilliCpu::cores(1024) {
            found.push("`cpus` must be 0.01 to 1024".to_owned());
        }
        if self.memory < Memory::mib(6) || self.memory > Memory::gib(1 << 20) {
            found.push("`memory` must be at least 6MiB, the least that a Docker Engine takes".to_owned());
        }
        if !(1..=1_000_000).contains(&self.pids) {
            found.push("`pids` must be 1 to 1000000".to_owned());
        }
        if self.disk.is_some_and(|disk| disk < DISK_MIN || disk > Memory::gib(1 << 20)) {
            found.push("`disk` must be at least 10MiB".to_owned());
        }
        found
    }
}

/// One wrong field of a form or request, in words for the person who sent it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    pub field: String,
    pub message: String,
}

impl FieldError {
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl Variable {
    /// # Errors
    /// In words, when `value` is not of this variable's kind.
    pub fn accept(&self, value: &str) -> Result<(), String> {
        if value.len() > VALUE_MAX {
            return Err(format!("has {} bytes; at most {VALUE_MAX} are taken", value.len()));
        }
        if value.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            return Err("has control characters; only line breaks and tabs are taken".to_owned());
        }
        match self.kind {
            Kind::Text => Ok(()),
            Kind::Integer => match value.parse::<i64>() {
                Ok(_) => Ok(()),
                Err(_) => Err(format!("must be a whole number{}", self.but_is(value))),
            },
            Kind::Boolean if matches!(value, "true" | "false") => Ok(()),
            Kind::Boolean => Err(format!("must be true or false{}", self.but_is(value))),
            Kind::Choice if self.choices.iter().any(|choice| choice == value) => Ok(()),
            Kind::Choice => Err(format!("must be one of {}{}", self.choices.join(", "), self.but_is(value))),
        }
    }

    /// Repeats a wrong value, unless it is a secret.
    fn but_is(&self, value: &str) -> String {
        if self.secret { String::new() } else { format!(", not `{}`", shorten(value)) }
    }

    #[must_use]
    pub fn title(&self) -> &str {
        if self.label.is_empty() { &self.name } else { &self.label }
    }

    /// What to choose from, as value and label; empty where anything can be typed. What may stay empty offers that first.
    #[must_use]
    pub fn options(&self) -> Vec<(String, String)> {
        let of = |value: &str, label: &str| (value.to_owned(), label.to_owned());
        let mut options = match self.kind {
            Kind::Text | Kind::Integer => return Vec::new(),
            Kind::Boolean => vec![of("true", "Yes"), of("false", "No")],
            Kind::Choice => self.choices.iter().map(|choice| of(choice, choice)).collect(),
        };
        if self.default.is_none() {
            options.insert(0, of("", if self.required { "Choose…" } else { "Not set" }));
        }
        options
    }

    /// Its help, and what else is to be known before it is filled in.
    #[must_use]
    pub fn help_in_full(&self) -> String {
        let needed = if self.required && self.default.is_none() { "Required." } else { "" };
        let secret = if self.secret { "Secret: not shown again after the launch." } else { "" };
        let parts = [self.help.trim(), needed, secret];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

impl Template {
    /// The container's variables from what a member gave: each accepted by its kind, defaults filled in.
    ///
    /// # Errors
    /// Every wrong field at once: unknown, missing, or of the wrong kind.
    pub fn variables_from(
        &self,
        given: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut values = BTreeMap::new();
        for unknown in given.keys().filter(|name| self.variables.iter().all(|v| v.name != **name)) {
            errors.push(FieldError::new(shorten(unknown), "this template has no such variable"));
        }
        for variable in &self.variables {
            let value = given.get(&variable.name).filter(|v| !v.is_empty()).or(variable.default.as_ref());
            match value {
                None if variable.required => errors.push(FieldError::new(&variable.name, "is required")),
                None => {}
                Some(value) => match variable.accept(value) {
                    Ok(()) => drop(values.insert(variable.name.clone(), value.clone())),
                    Err(message) => errors.push(FieldError::new(&variable.name, message)),
                },
            }
        }
        if errors.is_empty() { Ok(values) } else { Err(errors) }
    }

    #[must_use]
    pub fn port(&self, name: &PortName) -> Option<&PortSpec> {
        self.ports.iter().find(|port| port.name == *name)
    }

    /// What is wrong with its image, which is a matter of one line.
    #[must_use]
    pub fn image_problem(&self) -> Option<String> {
        let why = image::problem(&self.image)?;
        Some(format!("`image` must be an image reference such as `nginx:1.29`: {why}"))
    }

    /// What is wrong with the recipe beside its image and its command, each in words.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.label.trim().is_empty() || self.label.chars().count() > 60 {
            found.push("`label` must have 1 to 60 characters".to_owned());
        }
        if self.sizes.is_empty() {
            found.push("`sizes` must name at least one size".to_owned());
        }
        if self.lifetime.default == Span::default() || self.lifetime.default > self.lifetime.maximum {
            found.push("`lifetime.default` must be longer than zero and at most `lifetime.maximum`".to_owned());
        }
        if self.lifetime.maximum > LONGEST {
            found.push(format!("`lifetime.maximum` must be at most {LONGEST}"));
        }
        found.extend(self.idle.iter().flat_map(IdleRule::problems));
        self.port_problems(&mut found);
        self.variable_problems(&mut found);
        found
    }

    fn port_problems(&self, found: &mut Vec<String>) {
        let mut names = BTreeSet::new();
        let mut numbers = BTreeSet::new();
        for port in &self.ports {
            if port.number == 0 {
                found.push(format!("port `{}`: `number` must be 1 to 65535", port.name));
            }
            if !names.insert(&port.name) {
                found.push(format!("port `{}` is declared twice", port.name));
            }
            if !numbers.insert((port.number, port.protocol)) {
                found.push(format!("port {}/{} is declared twice", port.number, port.protocol));
            }
            if port.protocol == Protocol::Udp && port.scheme != Scheme::Raw {
                found.push(format!("port `{}`: a udp port has no http scheme", port.name));
            }
        }
        match self.ready.port().map(|name| (name, self.port(name))) {
            Some((name, None)) => found.push(format!("`ready.port` names `{name}`, which is not declared")),
            Some((name, Some(port))) if port.protocol == Protocol::Udp => {
                found.push(format!("`ready.port` names `{name}`, which is udp: only tcp can be probed"));
            }
            Some(_) | None => {}
        }
        if let Readiness::Http { path, .. } = &self.ready
            && (!path.starts_with('/') || path.chars().any(|c| c.is_control() || c.is_whitespace()))
        {
            found.push("`ready.path` must begin with `/` and have no spaces".to_owned());
        }
        if self.ready.declared().is_some_and(|within| within < Span::seconds(1) || within > READY_MAX) {
            found.push(format!("`ready.within` must be from 1s to {READY_MAX}"));
        }
    }

    fn variable_problems(&self, found: &mut Vec<String>) {
        let mut names = BTreeSet::new();
        for variable in &self.variables {
            let name = shorten(&variable.name);
            if !is_variable_name(&variable.name) {
                found.push(format!(
                    "variable `{name}`: a name is made of letters, digits and `_`, and `BERTH_…` is ours"
                ));
            }
            if !names.insert(&variable.name) {
                found.push(format!("variable `{name}` is declared twice"));
            }
            if (variable.kind == Kind::Choice) == variable.choices.is_empty() {
                found
                    .push(format!("variable `{name}`: `choices` belongs to kind \"choice\", which needs at least one"));
            }
            if let Some(Err(message)) = variable.default.as_deref().map(|default| variable.accept(default)) {
                found.push(format!("variable `{name}`: its default {message}"));
            }
        }
    }
}

/// What is wrong with a command's arguments, which no engine could take.
#[must_use]
pub fn command_problem(arguments: &[String]) -> Option<String> {
    if arguments.len() > ARGUMENTS_MAX {
        return Some(format!("`command` has {} arguments; at most {ARGUMENTS_MAX} are taken", arguments.len()));
    }
    arguments.iter().zip(1..).find_map(|(argument, place)| {
        if argument.len() > ARGUMENT_MAX {
            return Some(format!("`command`: argument {place} is longer than {ARGUMENT_MAX} bytes"));
        }
        argument.contains('\0').then(|| format!("`command`: argument {place} holds a NUL character"))
    })
}

fn is_variable_name(name: &str) -> bool {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let rest = name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    first && rest && !name.starts_with("BERTH_") && name != "mobTeam"
}

/// A template as a member sees it: no image, no command, no secret's default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    pub slug: TemplateName,
    pub version: u32,
    pub label: String,
    pub summary: String,
    pub ports: Vec<PortSpec>,
    pub variables: Vec<Variable>,
    pub sizes: Vec<Size>,
    pub lifetime: Allowance,
    #[serde(default)]
    pub idle: Option<IdleRule>,
    /// From this day on it is not offered any more.
    #[serde(default)]
    pub deprecated: Option<Day>,
}

impl Offer {
    /// What one gets, in a line: `ports http, metrics · 8 h`.
    #[must_use]
    pub fn in_a_line(&self) -> String {
        let names: Vec<&str> = self.ports.iter().map(|port| port.name.as_str()).collect();
        let ports = match names.as_slice() {
            [] => "no ports".to_owned(),
            [one] => format!("port {one}"),
            several => format!("ports {}", several.join(", ")),
        };
        let ends = self.deprecated.map(|day| format!(" · only until {day}")).unwrap_or_default();
        format!("{ports} · runs {}{ends}", self.lifetime.default.words())
    }

    /// The size of that name, or else the one proposed.
    #[must_use]
    pub fn size(&self, name: &str) -> Option<&Size> {
        self.sizes.iter().find(|size| size.name.as_str() == name).or_else(|| self.sizes.first())
    }

    /// `sizes` are all that the catalogue has; those the template offers are kept, in its order.
    #[must_use]
    pub fn of(slug: TemplateName, version: u32, template: &Template, sizes: &[Size]) -> Self {
        let offered = template.sizes.iter().filter_map(|name| sizes.iter().find(|size| size.name == *name));
        let hide = |variable: &Variable| Variable {
            // What has a hidden default need not be given.
            required: variable.required && variable.default.is_none(),
            default: variable.default.clone().filter(|_| !variable.secret),
            ..variable.clone()
        };
        Self {
            slug,
            version,
            label: template.label.clone(),
            summary: template.summary.clone(),
            ports: template.ports.clone(),
            variables: template.variables.iter().map(hide).collect(),
            sizes: offered.cloned().collect(),
            lifetime: template.lifetime.within(TeamLifetime::default()),
            idle: template.idle,
            deprecated: None,
        }
    }

    /// As a team may have it: no longer than its own maximum.
    #[must_use]
    pub fn within(self, team: TeamLifetime) -> Self {
        let Allowance { default, maximum, .. } = self.lifetime;
        Self { lifetime: Lifetime { default, maximum }.within(team), ..self }
    }

    /// What ends it, for who chooses its lifetime.
    #[must_use]
    pub fn ends(&self) -> String {
        let longest = format!("At most {} in all, as {} says.", self.lifetime.maximum.words(), self.lifetime.whose);
        let idle = self.idle.map(|rule| format!(" Sooner when it is idle for {}.", rule.after.words()));
        format!("It then stops automatically. You can extend it while it runs. {longest}{}", idle.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, kind: Kind) -> Variable {
        Variable {
            name: name.to_owned(),
            label: String::new(),
            help: String::new(),
            kind,
            choices: if kind == Kind::Choice { vec!["main".to_owned(), "next".to_owned()] } else { Vec::new() },
            default: None,
            required: false,
            secret: false,
        }
    }

    fn template(variables: Vec<Variable>) -> Template {
        let name = |text| PortName::parse(text).expect("a name");
        Template {
            label: "Web".to_owned(),
            summary: String::new(),
            image: "berth/web:1".to_owned(),
            command: Vec::new(),
            sizes: vec![SizeName::parse("s").expect("a name")],
            lifetime: Lifetime { default: Span::hours(8), maximum: Span::hours(24) },
            idle: None,
            after_host_restart: AfterHostRestart::default(),
            ports: vec![PortSpec {
                name: name("http"),
                number: 80,
                protocol: Protocol::Tcp,
                scheme: Scheme::Http,
                loopback: false,
            }],
            variables,
            ready: Readiness::Http { port: name("http"), path: "/".to_owned(), within: Span::seconds(30) },
        }
    }

    fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn variables_are_accepted_by_their_kind() {
        let check = |kind, value: &str, accepted: bool| {
            assert_eq!(variable("X", kind).accept(value).is_ok(), accepted, "{kind:?} {:?}", value.get(..20));
        };
        check(Kind::Text, "anything\nat all", true);
        check(Kind::Text, "bell \u{7}", false);
        check(Kind::Text, "nul \u{0}", false);
        check(Kind::Text, &"x".repeat(1 << 20), false);
        check(Kind::Integer, "-12", true);
        check(Kind::Integer, "12.5", false);
        check(Kind::Boolean, "true", true);
        check(Kind::Boolean, "yes", false);
        check(Kind::Choice, "main", true);
        check(Kind::Choice, "other", false);
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let mut required = variable("BRANCH", Kind::Text);
        required.required = true;
        let errors = template(vec![required, variable("COUNT", Kind::Integer)])
            .variables_from(&given(&[("COUNT", "many"), ("OTHER", "1")]))
            .expect_err("three wrong fields");
        let fields: Vec<_> = errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(fields, ["OTHER", "BRANCH", "COUNT"]);
    }

    #[test]
    fn defaults_fill_what_is_empty() {
        let mut branch = variable("BRANCH", Kind::Choice);
        branch.default = Some("main".to_owned());
        let template = template(vec![branch]);
        for ask in [given(&[]), given(&[("BRANCH", "")])] {
            assert_eq!(template.variables_from(&ask), Ok(given(&[("BRANCH", "main")])));
        }
        assert_eq!(template.variables_from(&given(&[("BRANCH", "next")])), Ok(given(&[("BRANCH", "next")])));
    }

    #[test]
    fn a_wrong_secret_is_not_repeated() {
        let mut pin = variable("PIN", Kind::Integer);
        pin.secret = true;
        assert!(!pin.accept("hunter2").expect_err("not a number").contains("hunter2"));
    }

    #[test]
    fn a_recipe_that_cannot_work_says_why() {
        assert_eq!(template(Vec::new()).problems(), Vec::<String>::new());
        let mut broken =
            template(vec![variable("BERTH_TEAM", Kind::Text), variable("A", Kind::Text), variable("A", Kind::Text)]);
        broken.ports.clear();
        broken.sizes.clear();
        broken.lifetime.maximum = Span::hours(1);
        assert_eq!(broken.problems().len(), 5, "{:#?}", broken.problems());
        broken.image = "Berth/Web:1".to_owned();
        let problem = broken.image_problem().expect("upper case is none of a name");
        assert!(problem.starts_with("`image` must be an image reference such as `nginx:1.29`: a name"), "{problem}");
    }

    #[test]
    fn a_member_sees_no_image_and_no_secret_default() {
        let mut secret = variable("KEY", Kind::Text);
        secret.secret = true;
        secret.required = true;
        secret.default = Some("hunter2".to_owned());
        let size = Size {
            name: SizeName::parse("s").expect("a name"),
            cpus: MilliCpu::new(500),
            memory: Memory::mib(64),
            pids: 64,
            disk: None,
        };
        let offer = Offer::of(TemplateName::parse("web").expect("a name"), 1, &template(vec![secret]), &[size]);
        let text = serde_json::to_string(&offer).expect("an offer is JSON");
        assert!(!text.contains("hunter2") && !text.contains("berth/web"), "{text}");
        assert_eq!((offer.sizes.len(), offer.variables[0].required), (1, false));
    }

    #[test]
    fn a_variable_offers_what_can_be_chosen_and_says_what_is_to_be_known() {
        let variable = |json| serde_json::from_value::<Variable>(json).expect("a variable");
        let free = variable(serde_json::json!({"name": "BRANCH", "help": "What to pull.", "required": true}));
        assert_eq!((free.options(), free.help_in_full().as_str()), (Vec::new(), "What to pull. Required."));
        let switch = variable(serde_json::json!({"name": "DEBUG", "kind": "boolean", "secret": true}));
        let labels: Vec<String> = switch.options().into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels, ["Not set", "Yes", "No"]);
        let chosen = serde_json::json!({"name": "V", "kind": "choice", "choices": ["15", "16"], "default": "16"});
        assert_eq!(variable(chosen).options().len(), 2);
    }
}
