//! What is looked for in the audit log: a form, an address, and the filters that both stand for.

use serde::{Deserialize, Serialize};

use super::{Action, Outcome};
use crate::address::Address;
use crate::name::{EnvironmentId, TeamName};
use crate::template::FieldError;
use crate::time::Timestamp;
use crate::units::Span;

/// Longest words that are looked for, in characters.
const WORDS_MAX: usize = 200;

/// Which entries are looked for. Every search has one address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Search {
    /// A part of a name, or a whole id.
    pub person: String,
    pub team: Option<TeamName>,
    pub environment: Option<EnvironmentId>,
    pub action: Option<Action>,
    pub outcome: Option<Outcome>,
    /// Words that object, reason or person contain.
    pub words: String,
    pub from: Option<Timestamp>,
    /// What happened then does not belong to it any more.
    pub to: Option<Timestamp>,
    /// Only what is older than this entry.
    pub cursor: Option<i64>,
}

impl Search {
    /// From an address's query; what is empty filters nothing.
    ///
    /// # Errors
    /// Every field that cannot be read.
    pub fn from_query(value: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<FieldError>> {
        const WHEN: &str = "must be a day like 2026-01-31, or a time like 2026-01-31T18:40:00Z";
        let mut fields = Fields { value, errors: Vec::new() };
        let search = Self {
            person: fields.words("person"),
            team: fields.read("team", "is no name of one", |text| TeamName::parse(text).ok()),
            environment: fields.read("environment", "is no id of one", |text| EnvironmentId::parse(text).ok()),
            action: fields.read("action", "is none that is written down", Action::parse),
            outcome: fields.read("outcome", "must be done, refused or failed", Outcome::parse),
            words: fields.words("q"),
            from: fields.read("from", WHEN, |text| moment(text, Span::default())),
            to: fields.read("to", WHEN, |text| moment(text, Span::hours(24))),
            cursor: fields.read("cursor", "is none of ours", |text| text.parse().ok()),
        };
        if fields.errors.is_empty() { Ok(search) } else { Err(fields.errors) }
    }

    fn on(&self, path: &str) -> Address {
        Address::of(path)
            .with("person", &self.person)
            .with("team", self.team.as_ref().map_or("", TeamName::as_str))
            .with("environment", self.environment.as_ref().map_or("", EnvironmentId::as_str))
            .with("action", self.action.map_or("", Action::as_str))
            .with("outcome", self.outcome.map_or("", Outcome::as_str))
            .with("q", &self.words)
            .with("from", &self.from.map(|at| at.to_string()).unwrap_or_default())
            .with("to", &self.to.map(|at| at.to_string()).unwrap_or_default())
    }

    /// Of the page that shows it.
    #[must_use]
    pub fn address(&self) -> Address {
        self.on("/audit").with("cursor", &self.cursor.map(|cursor| cursor.to_string()).unwrap_or_default())
    }

    /// Of all of it, older and newer, as a file: `csv` or `jsonl`.
    #[must_use]
    pub fn export(&self, format: &str) -> Address {
        self.on("/api/v1/audit").with("format", format)
    }

    /// The page after this one.
    #[must_use]
    pub fn after(&self, cursor: i64) -> Self {
        Self { cursor: Some(cursor), ..self.clone() }
    }

    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self { cursor: self.cursor, ..Self::default() }
    }

    /// The day that a form shows: the first one, and the last one that belongs to it.
    #[must_use]
    pub fn days(&self) -> (String, String) {
        let day = |at: Timestamp| at.to_string().chars().take(10).collect::<String>();
        let last = self.to.map(|at| day(at.before(Span::seconds(1))));
        (self.from.map(day).unwrap_or_default(), last.unwrap_or_default())
    }
}

/// The fields of a query as they are read.
struct Fields<V> {
    value: V,
    errors: Vec<FieldError>,
}

impl<V: Fn(&str) -> Option<String>> Fields<V> {
    fn text(&self, field: &str) -> Option<String> {
        (self.value)(field).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn words(&self, field: &str) -> String {
        self.text(field).unwrap_or_default().chars().take(WORDS_MAX).collect()
    }

    fn read<T>(&mut self, field: &str, otherwise: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(field)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            self.errors.push(FieldError::new(field, otherwise));
        }
        parsed
    }
}

/// A time, or a day in UTC and then `into` it.
fn moment(text: &str, into: Span) -> Option<Timestamp> {
    let day = || format!("{text}T00:00:00Z").parse::<Timestamp>().ok().map(|day| day.after(into));
    text.parse().ok().or_else(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(query: &[(&str, &str)]) -> Result<Search, Vec<FieldError>> {
        Search::from_query(|name| query.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn a_search_is_its_address() {
        let asked = search(&[("person", " bea "), ("team", "blue"), ("action", "stop"), ("q", "a b"), ("outcome", "")]);
        let asked = asked.expect("a search");
        assert_eq!(asked.address().to_string(), "/audit?person=bea&team=blue&action=stop&q=a%20b");
        assert_eq!(asked.after(7).address().to_string(), "/audit?person=bea&team=blue&action=stop&q=a%20b&cursor=7");
        assert_eq!(
            asked.export("csv").to_string(),
            "/api/v1/audit?person=bea&team=blue&action=stop&q=a%20b&format=csv"
        );
        assert!(search(&[("cursor", "7")]).expect("a search").is_everything() && !asked.is_everything());
    }

    #[test]
    fn a_day_is_the_whole_of_it() {
        let days = search(&[("from", "2026-01-30"), ("to", "2026-01-31")]).expect("a search");
        let ends = [days.from, days.to].map(|at| at.map(|at| at.to_string()));
        assert_eq!(ends, [Some("2026-01-30T00:00:00Z".to_owned()), Some("2026-02-01T00:00:00Z".to_owned())]);
        assert_eq!(days.days(), ("2026-01-30".to_owned(), "2026-01-31".to_owned()));
        let exact = search(&[("to", "2026-01-31T18:40:00Z")]).expect("a search");
        assert_eq!(exact.to.map(|at| at.to_string()).as_deref(), Some("2026-01-31T18:40:00Z"));
    }

    #[test]
    fn every_filter_that_cannot_be_read_is_named() {
        let bad = [("team", "NO TEAM"), ("action", "x"), ("outcome", "x"), ("from", "soon"), ("cursor", "-x")];
        let errors = search(&bad).expect_err("five errors");
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["team", "action", "outcome", "from", "cursor"]);
    }
}
