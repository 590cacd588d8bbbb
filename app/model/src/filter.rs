//! Which environments a list shows: of a team, in a state, with some words. Each filter has one address.

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::environment::{Environment, State};
use super::name::TeamName;

/// States as people look for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    Running,
    Changing,
    Stopped,
    Failed,
}

impl Group {
    pub const ALL: [Self; 4] = [Self::Running, Self::Changing, Self::Stopped, Self::Failed];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Changing => "changing",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Changing => "In progress",
            Self::Stopped => "Stopped",
            Self::Failed => "Failed",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.as_str() == text)
    }

    /// The group that has a state; what was removed is in none.
    #[must_use]
    pub const fn of(state: State) -> Option<Self> {
        match state {
            State::Running => Some(Self::Running),
            State::Stopped => Some(Self::Stopped),
            State::Failed => Some(Self::Failed),
            State::Removed => None,
            State::Reserved
            | State::Pulling
            | State::Creating
            | State::Starting
            | State::Stopping
            | State::Removing => Some(Self::Changing),
        }
    }
}

/// How many environments there are in each group of states, as the rest of a filter has them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    running: u32,
    changing: u32,
    stopped: u32,
    failed: u32,
}

impl Counts {
    pub fn add(&mut self, state: State) {
        if let Some(group) = Group::of(state) {
            *self.of_group(group) += 1;
        }
    }

    /// Of a group; of all together where none is named.
    #[must_use]
    pub fn of(mut self, group: Option<Group>) -> u32 {
        match group {
            Some(group) => *self.of_group(group),
            None => self.running + self.changing + self.stopped + self.failed,
        }
    }

    const fn of_group(&mut self, group: Group) -> &mut u32 {
        match group {
            Group::Running => &mut self.running,
            Group::Changing => &mut self.changing,
            Group::Stopped => &mut self.stopped,
            Group::Failed => &mut self.failed,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub team: Option<TeamName>,
    pub group: Option<Group>,
    /// Words that all must be found, in any letter case.
    pub words: String,
}

impl Filter {
    /// From an address's query; what is no filter filters nothing.
    #[must_use]
    pub fn from_query(value: impl Fn(&str) -> Option<String>) -> Self {
        let [team, state, words] = ["team", "state", "q"].map(|name| value(name).unwrap_or_default());
        Self::of(&team, &state, words)
    }

    /// From the values of an address, which are empty where it has none.
    #[must_use]
    pub fn of(team: &str, state: &str, words: String) -> Self {
        Self { team: TeamName::parse(team).ok(), group: Group::parse(state), words }
    }

    #[must_use]
    pub fn address(&self) -> Address {
        Address::of("/environments")
            .with("team", self.team.as_ref().map_or("", TeamName::as_str))
            .with("state", self.group.map_or("", Group::as_str))
            .with("q", self.words.trim())
    }

    /// The same with another group of states.
    #[must_use]
    pub fn in_group(&self, group: Option<Group>) -> Self {
        Self { group, ..self.clone() }
    }

    /// The team's, whatever their state and words.
    #[must_use]
    pub fn only_team(&self) -> Self {
        Self { team: self.team.clone(), ..Self::default() }
    }

    #[must_use]
    pub fn keeps(&self, environment: &Environment) -> bool {
        self.keeps_state(environment.state) && self.keeps_team(environment) && self.words()(environment)
    }

    #[must_use]
    pub fn keeps_state(&self, state: State) -> bool {
        self.group.is_none_or(|group| Group::of(state) == Some(group))
    }

    #[must_use]
    pub fn keeps_team(&self, environment: &Environment) -> bool {
        self.team.as_ref().is_none_or(|team| *team == environment.team)
    }

    /// Whether all its words are found, for a filter that is asked of many: they are put in lower case once.
    pub fn words(&self) -> impl Fn(&Environment) -> bool + use<> {
        let words: Vec<String> = lower_case(&self.words).split_whitespace().map(str::to_owned).collect();
        move |environment| words.iter().map(String::as_str).all(finds(environment))
    }
}

/// Finds words in lower case. The text is made for the first one.
fn finds(environment: &Environment) -> impl FnMut(&str) -> bool {
    let mut text = None;
    move |word| text.get_or_insert_with(|| searchable(environment)).contains(word)
}

fn searchable(environment: &Environment) -> String {
    let Environment { name, team, owner, template, size, host, state, ports, .. } = environment;
    let mut text = format!("{name} {team} {owner} {} {size} {host} {state}", template.slug);
    for port in ports {
        text.push_str(&format!(" {} {} {}", port.name, port.container, port.host_port));
    }
    lower_case(&text)
}

#[cfg(not(target_arch = "wasm32"))]
fn lower_case(text: &str) -> String {
    text.to_lowercase()
}

/// The browser has Unicode's tables, and need not load ours.
#[cfg(target_arch = "wasm32")]
fn lower_case(text: &str) -> String {
    js_sys::JsString::from(text).to_lower_case().into()
}

#[cfg(test)]
mod tests {
    use super::super::environment::sample;
    use super::*;

    fn filter(query: &[(&str, &str)]) -> Filter {
        let query: Vec<(String, String)> =
            query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Filter::from_query(|name| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()))
    }

    #[test]
    fn a_filter_keeps_what_has_all_its_words() {
        let environment = sample("checkout-api", State::Running);
        for (words, kept) in [
            ("", true),
            ("check", true),
            ("CHECKOUT web", true),
            ("32768", true),
            ("bea", true),
            ("checkout postgres", false),
            ("<script>", false),
        ] {
            assert_eq!(filter(&[("q", words)]).keeps(&environment), kept, "{words}");
        }
    }

    #[test]
    fn a_filter_keeps_a_team_and_a_group_of_states() {
        let environment = sample("checkout-api", State::Pulling);
        assert!(filter(&[("state", "changing"), ("team", "blue")]).keeps(&environment));
        assert!(!filter(&[("state", "running")]).keeps(&environment));
        assert!(!filter(&[("team", "green")]).keeps(&environment));
        assert!(filter(&[("state", "no-such"), ("team", "NO TEAM")]).keeps(&environment));
    }

    #[test]
    fn every_state_that_is_listed_is_in_one_group() {
        for state in State::ALL {
            assert_eq!(Group::of(state).is_some(), state != State::Removed, "{state}");
            let mut counts = Counts::default();
            counts.add(state);
            assert_eq!(counts.of(Group::of(state)), u32::from(state != State::Removed), "{state}");
            assert_eq!(counts.of(None), counts.of(Group::of(state)), "{state}");
        }
    }

    #[test]
    fn a_filter_is_its_address() {
        let asked = filter(&[("q", " a b "), ("state", "failed"), ("team", "blue")]);
        assert_eq!(asked.address().to_string(), "/environments?team=blue&state=failed&q=a%20b");
        assert_eq!(asked.only_team().address().to_string(), "/environments?team=blue");
    }
}
