//! The audit log: who did what to what, from where, how it came out and why.

mod search;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::access::Actor;
use super::environment::{Environment, Operation};
use super::name::{EnvironmentId, TeamName, UserId};
use super::request::Step;
use super::time::Timestamp;
use super::words::words;
pub use search::Search;

/// Longest object and reason that are kept, in characters.
const TEXT_MAX: usize = 400;

words! {
    /// What was done, or asked for and refused.
    Action {
        SignIn = "sign_in", "Sign-in";
        SignOut = "sign_out", "Sign-out";
        CreateToken = "create_token", "New token";
        RevokeToken = "revoke_token", "Token revoked";
        /// Its first use, or the use of one that is no good.
        UseToken = "use_token", "Token used";
        Launch = "launch", "Launch";
        Start = "start", "Start";
        Stop = "stop", "Stop";
        Restart = "restart", "Restart";
        Extend = "extend", "Extend";
        Remove = "remove", "Remove";
        OpenTerminal = "open_terminal", "Terminal opened";
        CloseTerminal = "close_terminal", "Terminal closed";
        /// An environment ended by itself: cleanly, or not.
        End = "end", "End";
        /// From a file, or from a page that does the same.
        ApplyCatalogue = "apply_catalogue", "Catalogue";
        ChangeTeam = "change_team", "Team changed";
        ChangeTemplate = "change_template", "Template changed";
        ChangeSize = "change_size", "Size changed";
        ChangeSettings = "change_settings", "Settings changed";
        /// A role given or taken.
        ChangeRole = "change_role", "Role changed";
        /// A person disabled, enabled or signed out everywhere.
        ChangePerson = "change_person", "Person changed";
        /// Whether one container reaches another.
        CheckIsolation = "check_isolation", "Isolation check";
        /// Nothing new is placed on a host, or is again.
        DrainHost = "drain_host", "Host drained";
        ReopenHost = "reopen_host", "Host reopened";
        /// Another engine than the one that was known is a host's own from then on.
        AcceptEngine = "accept_engine", "Engine accepted";
        Request = "request", "Request";
        Approve = "approve", "Approval";
        Decline = "decline", "Decline";
        /// A request taken back by who asked.
        Withdraw = "withdraw", "Withdrawal";
        /// A loan that was ended before its time.
        ReturnLoan = "return_loan", "Loan returned";
    }
}

impl From<Step> for Action {
    fn from(step: Step) -> Self {
        match step {
            Step::Approve => Self::Approve,
            Step::Decline => Self::Decline,
            Step::Withdraw => Self::Withdraw,
            Step::Return => Self::ReturnLoan,
        }
    }
}

impl From<Operation> for Action {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Start => Self::Start,
            Operation::Stop => Self::Stop,
            Operation::Restart => Self::Restart,
            Operation::Extend => Self::Extend,
            Operation::Remove => Self::Remove,
        }
    }
}

words! {
    /// How it came out.
    Outcome {
        Done = "done", "done";
        /// By a rule: a right or a quota.
        Refused = "refused", "refused";
        Failed = "failed", "failed";
    }
}

words! {
    /// From where.
    Origin {
        Page = "page", "page";
        /// With a token.
        Api = "api", "API";
        Job = "job", "job";
        CommandLine = "command_line", "command line";
    }
}

/// Who acts. A name stays as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// `None` for a job, the command line, and somebody who is not signed in.
    pub person_id: Option<UserId>,
    pub person: String,
    pub origin: Origin,
    /// The name of the token that was used.
    pub token: Option<String>,
}

impl Who {
    /// A job of Berth's own, such as `expiry`.
    #[must_use]
    pub fn job(name: &str) -> Self {
        Self { person_id: None, person: name.to_owned(), origin: Origin::Job, token: None }
    }

    /// Whoever may run `berth` on the server itself.
    #[must_use]
    pub fn command_line() -> Self {
        Self { person_id: None, person: "command line".to_owned(), origin: Origin::CommandLine, token: None }
    }

    #[must_use]
    pub fn person(id: &UserId, name: &str) -> Self {
        Self { person_id: Some(id.clone()), person: name.to_owned(), origin: Origin::Page, token: None }
    }

    /// Not signed in.
    #[must_use]
    pub fn nobody(origin: Origin) -> Self {
        Self { person_id: None, person: "nobody".to_owned(), origin, token: None }
    }
}

impl From<&Actor> for Who {
    fn from(actor: &Actor) -> Self {
        let origin = if actor.scope.is_some() { Origin::Api } else { Origin::Page };
        Self { origin, token: actor.token.clone(), ..Self::person(&actor.id, &actor.name) }
    }
}

/// What is written, once. Nothing secret goes into `object` or `reason`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    #[serde(flatten)]
    pub who: Who,
    pub action: Action,
    pub outcome: Outcome,
    /// Whose business it is, where it is one team's: the team's leads read it.
    pub team: Option<TeamName>,
    pub environment: Option<EnvironmentId>,
    /// To what, as it was named then; may be empty.
    pub object: String,
    /// Why, in words; may be empty.
    pub reason: String,
}

impl Entry {
    #[must_use]
    pub fn by(who: impl Into<Who>, action: Action) -> Self {
        let (object, reason) = (String::new(), String::new());
        Self { who: who.into(), action, outcome: Outcome::Done, team: None, environment: None, object, reason }
    }

    #[must_use]
    pub fn on(self, environment: &Environment) -> Self {
        let (team, id) = (Some(environment.team.clone()), Some(environment.id.clone()));
        Self { team, environment: id, object: environment.name.to_string(), ..self }
    }

    #[must_use]
    pub fn of_team(self, team: &TeamName) -> Self {
        Self { team: Some(team.clone()), ..self }
    }

    #[must_use]
    pub fn named(self, object: impl fmt::Display) -> Self {
        Self { object: cut(&object.to_string()), ..self }
    }

    #[must_use]
    pub fn because(self, reason: impl fmt::Display) -> Self {
        Self { reason: cut(&reason.to_string()), ..self }
    }

    #[must_use]
    pub fn refused(self, reason: impl fmt::Display) -> Self {
        Self { outcome: Outcome::Refused, ..self.because(reason) }
    }

    #[must_use]
    pub fn failed(self, reason: impl fmt::Display) -> Self {
        Self { outcome: Outcome::Failed, ..self.because(reason) }
    }
}

/// On one line, and bounded.
fn cut(text: &str) -> String {
    let mut clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TEXT_MAX).collect();
    if text.chars().nth(TEXT_MAX).is_some() {
        clean.push('…');
    }
    clean
}

/// An entry as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Grows with each entry.
    pub id: i64,
    pub at: Timestamp,
    #[serde(flatten)]
    pub entry: Entry,
}

impl Recorded {
    /// A line of a table; the first one names the columns.
    pub const COLUMNS: [&'static str; 12] = [
        "id",
        "at",
        "person",
        "person_id",
        "origin",
        "token",
        "action",
        "outcome",
        "team",
        "environment",
        "object",
        "reason",
    ];

    /// A line of comma-separated values as RFC 4180 has it, harmless in a spreadsheet.
    #[must_use]
    pub fn csv(&self) -> String {
        let Self { id, at, entry } = self;
        let who = &entry.who;
        let cells = [
            id.to_string(),
            at.to_string(),
            who.person.clone(),
            who.person_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            who.origin.to_string(),
            who.token.clone().unwrap_or_default(),
            entry.action.to_string(),
            entry.outcome.to_string(),
            entry.team.as_ref().map(ToString::to_string).unwrap_or_default(),
            entry.environment.as_ref().map(ToString::to_string).unwrap_or_default(),
            entry.object.clone(),
            entry.reason.clone(),
        ];
        cells.map(|text| cell(&text)).join(",") + "\r\n"
    }
}

/// What begins like a formula would be one in a spreadsheet: an apostrophe before it makes it a text.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// A part of the log, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    pub items: Vec<Recorded>,
    /// The cursor of what is older, where there is more.
    pub next: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::super::environment::{State, sample};
    use super::*;

    #[test]
    fn words_are_read_back_and_are_the_same_on_the_wire() {
        for action in Action::ALL {
            assert_eq!(Action::parse(action.as_str()), Some(action));
            assert_eq!(serde_json::to_string(&action).ok(), Some(format!("\"{action}\"")));
        }
        assert_eq!(Outcome::parse("refused"), Some(Outcome::Refused));
        assert_eq!(Origin::parse("command_line"), Some(Origin::CommandLine));
    }

    #[test]
    fn no_cell_is_a_formula_and_none_breaks_out() {
        for (text, kept) in [
            ("plain", "plain"),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2+3,\"x\"", "\"'-2+3,\"\"x\"\"\""),
            ("+1", "'+1"),
            ("\tx", "'\tx"),
            ("a,b", "\"a,b\""),
            ("two\nlines", "\"two\nlines\""),
        ] {
            assert_eq!(cell(text), kept, "{text:?}");
        }
    }

    #[test]
    fn a_line_has_a_cell_for_each_column_whatever_people_call_themselves() {
        let id = UserId::parse("01900000-0000-7000-8000-00000000000b").expect("an id");
        let entry =
            Entry::by(Who::person(&id, "=cmd|' /C calc'!A0"), Action::Stop).on(&sample("web-1", State::Running));
        let line = Recorded { id: 1, at: Timestamp::default(), entry: entry.because("late") }.csv();
        assert_eq!(line.trim_end().split(',').count(), Recorded::COLUMNS.len(), "{line}");
        assert!(line.contains(",'=cmd|' /C calc'!A0,"), "{line}");
    }

    #[test]
    fn a_reason_stays_on_its_line_and_short() {
        let entry = Entry::by(Who::job("expiry"), Action::Stop).because(format!("a\nb{}", "x".repeat(10_000)));
        assert!(entry.reason.starts_with("a b") && entry.reason.chars().count() == TEXT_MAX + 1);
    }
}
