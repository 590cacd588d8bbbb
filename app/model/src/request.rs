//! A member's request for more than a quota allows: what is asked, who may decide, and the moves from one state to the next.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::access::{Action, Actor, Denied, Target, authorize};
use super::address::Address;
use super::loan::Loan;
use super::name::{RequestId, TeamName, UserId};
use super::quota::{Holding, Refused, Scope};
use super::time::Timestamp;
use super::units::{Memory, Span};

/// Longest reason and longest word of a decision, in characters.
pub const WORDS_MAX: usize = 500;
/// For how long at most something is lent.
pub const LENT_MAX: Span = Span::hours(90 * 24);
/// How many requests of one person may wait for a decision.
pub const OPEN_MAX: usize = 10;

/// Which limit is to be raised. The host's cannot be: it has no more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Raised {
    #[default]
    Team,
    /// The cap on what this one member holds of the team's.
    Member,
}

impl Raised {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::Member => "member",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Team, Self::Member].into_iter().find(|raised| raised.as_str() == text)
    }

    #[must_use]
    pub const fn scope(self) -> Scope {
        match self {
            Self::Team => Scope::Team,
            Self::Member => Scope::Member,
        }
    }

    /// Who decides. A lead lends among their team what the team has already; more for a whole team takes from the host that
    /// all teams share, which only an admin weighs.
    #[must_use]
    pub const fn decided_by(self) -> &'static str {
        match self {
            Self::Team => "an admin decides",
            Self::Member => "a lead of the team or an admin decides",
        }
    }
}

/// Who moved a request on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub by: String,
    pub by_id: UserId,
    pub at: Timestamp,
    /// Why; may be empty.
    pub word: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RequestState {
    Open,
    Approved {
        decision: Decision,
    },
    Declined {
        decision: Decision,
    },
    /// By whoever asked, before anybody decided.
    Withdrawn {
        decision: Decision,
    },
    /// Was approved, and given back or taken back before its time.
    Returned {
        decision: Decision,
    },
}

impl RequestState {
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved { .. } => "approved",
            Self::Declined { .. } => "declined",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Returned { .. } => "returned",
        }
    }

    /// Whether `step` led here, taken by that person.
    #[must_use]
    pub fn is_by(&self, step: Step, person: &UserId) -> bool {
        let decision = match (self, step) {
            (Self::Approved { decision }, Step::Approve)
            | (Self::Declined { decision }, Step::Decline)
            | (Self::Withdrawn { decision }, Step::Withdraw)
            | (Self::Returned { decision }, Step::Return) => decision,
            _ => return false,
        };
        decision.by_id == *person
    }

    /// The state of that name, for a decision that every state but `open` has.
    #[must_use]
    pub fn parse(text: &str, decision: Option<Decision>) -> Option<Self> {
        match (text, decision) {
            ("open", None) => Some(Self::Open),
            ("approved", Some(decision)) => Some(Self::Approved { decision }),
            ("declined", Some(decision)) => Some(Self::Declined { decision }),
            ("withdrawn", Some(decision)) => Some(Self::Withdrawn { decision }),
            ("returned", Some(decision)) => Some(Self::Returned { decision }),
            _ => None,
        }
    }

    #[must_use]
    pub const fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Open => None,
            Self::Approved { decision }
            | Self::Declined { decision }
            | Self::Withdrawn { decision }
            | Self::Returned { decision } => Some(decision),
        }
    }
}

/// What can be done with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Approve,
    Decline,
    Withdraw,
    /// Ends a loan before its time.
    Return,
}

impl Step {
    pub const ALL: [Self; 4] = [Self::Approve, Self::Decline, Self::Withdraw, Self::Return];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Decline => "decline",
            Self::Withdraw => "withdraw",
            Self::Return => "return",
        }
    }
}

/// How a request stands at a moment, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Waits for a decision.
    Open,
    /// Nobody decided before its time was over.
    Lapsed,
    /// Counts for the quota at this moment.
    Lent,
    /// Was lent; its time is over, or it was given back before.
    Returned,
    Declined,
    Withdrawn,
}

impl Standing {
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Lapsed => "lapsed",
            Self::Lent => "lent",
            Self::Returned => "returned",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub id: RequestId,
    pub team: TeamName,
    /// Whoever asks, as others read it.
    pub asker: String,
    pub asker_id: UserId,
    #[serde(rename = "scope")]
    pub raises: Raised,
    /// What is asked for on top.
    pub more: Holding,
    pub reason: String,
    /// When what is lent returns by itself.
    pub until: Timestamp,
    pub created_at: Timestamp,
    #[serde(flatten)]
    pub state: RequestState,
}

impl Request {
    /// The loan that was made of it. One that was given back early ended then.
    #[must_use]
    pub fn loan(&self) -> Option<Loan> {
        match &self.state {
            RequestState::Approved { .. } => Some(Loan { more: self.more, until: self.until }),
            RequestState::Returned { decision } => Some(Loan { more: self.more, until: decision.at.min(self.until) }),
            RequestState::Open | RequestState::Declined { .. } | RequestState::Withdrawn { .. } => None,
        }
    }

    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        let in_time = now < self.until;
        match &self.state {
            RequestState::Open if in_time => Standing::Open,
            RequestState::Open => Standing::Lapsed,
            RequestState::Approved { .. } if in_time => Standing::Lent,
            RequestState::Approved { .. } | RequestState::Returned { .. } => Standing::Returned,
            RequestState::Declined { .. } => Standing::Declined,
            RequestState::Withdrawn { .. } => Standing::Withdrawn,
        }
    }

    /// The state after a step at `decision.at`.
    ///
    /// # Errors
    /// Why that is no move from here, in words: who has decided already, or that its time is over.
    pub fn after(&self, step: Step, decision: Decision) -> Result<RequestState, String> {
        match (self.standing(decision.at), step) {
            (Standing::Open, Step::Approve) => Ok(RequestState::Approved { decision }),
            (Standing::Open | Standing::Lapsed, Step::Decline) => Ok(RequestState::Declined { decision }),
            (Standing::Open | Standing::Lapsed, Step::Withdraw) => Ok(RequestState::Withdrawn { decision }),
            (Standing::Lent, Step::Return) => Ok(RequestState::Returned { decision }),
            (Standing::Open | Standing::Lapsed, Step::Return) => Err("Nothing is lent yet.".to_owned()),
            (Standing::Lapsed, Step::Approve) => {
                Err(format!("It was asked for until {}, which is over.", self.until.short_utc()))
            }
            (Standing::Lent | Standing::Returned | Standing::Declined | Standing::Withdrawn, _) => Err(self.decided()),
        }
    }

    /// Who decided, and when.
    fn decided(&self) -> String {
        match &self.state {
            RequestState::Open => "Nobody has decided it yet.".to_owned(),
            RequestState::Approved { decision } => told("approved", decision),
            RequestState::Declined { decision } => told("declined", decision),
            RequestState::Withdrawn { decision } => told("withdrew", decision),
            RequestState::Returned { decision } => told("returned", decision),
        }
    }

    /// Whether `actor` sees it: their own, their team's as a lead, everybody's as auditor or admin.
    #[must_use]
    pub fn is_seen_by(&self, actor: &Actor) -> bool {
        let team = Target::Team(&self.team);
        let own = self.asker_id == actor.id && authorize(actor, Action::See, team).is_ok();
        own || authorize(actor, Action::Audit, team).is_ok()
    }

    /// Whether `actor` may take this step at all, whatever its state.
    ///
    /// # Errors
    /// [`Denied`]: hidden where they may not see it, else the rule.
    pub fn permits(&self, actor: &Actor, step: Step) -> Result<(), Denied> {
        if !self.is_seen_by(actor) {
            return Err(Denied::Hidden);
        }
        let team = Target::Team(&self.team);
        let is_own = self.asker_id == actor.id;
        match step {
            Step::Approve | Step::Decline => self.is_decided_by(actor),
            Step::Withdraw if !is_own => Err(Denied::Rule("only the person who asked can withdraw it")),
            Step::Return if !is_own => self.is_decided_by(actor),
            Step::Withdraw | Step::Return => authorize(actor, Action::Launch, team),
        }
    }

    /// Nobody decides on what they asked for themselves: a lead's own cap would be none. An admin needs no loan.
    fn is_decided_by(&self, actor: &Actor) -> Result<(), Denied> {
        match self.raises {
            Raised::Member => authorize(actor, Action::Approve, Target::Team(&self.team))?,
            Raised::Team => authorize(actor, Action::Administer, Target::Installation)?,
        }
        if self.asker_id == actor.id && !actor.acts_as_admin() {
            return Err(Denied::Rule("you cannot decide on your own request"));
        }
        Ok(())
    }
}

fn told(what: &str, decision: &Decision) -> String {
    format!("{} {what} it already, at {}.", decision.by, decision.at.short_utc())
}

/// Until when something is asked for: a moment, or a length of time from now on. Written as either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Until {
    At(Timestamp),
    For(Span),
}

impl Until {
    #[must_use]
    pub fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::For(span) => now.after(span),
        }
    }
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let moment = text.parse().map(Self::At);
        let span = || text.parse().map(Self::For);
        moment
            .or_else(|_| span())
            .map_err(|_| "write a time like 2026-01-31T18:40:00Z, or how long, like 8h or 7d".to_owned())
    }
}

impl TryFrom<String> for Until {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Until> for String {
    fn from(until: Until) -> String {
        until.to_string()
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at) => at.fmt(f),
            Self::For(span) => span.fmt(f),
        }
    }
}

impl Holding {
    /// What is more than nothing of it, in words: `1 running, 0.5 CPU cores`.
    #[must_use]
    pub fn words(self) -> String {
        let asked = self.amounts().into_iter().filter(|amount| amount.size() > 0);
        asked.map(|amount| amount.to_string()).collect::<Vec<_>>().join(", ")
    }
}

impl Refused {
    /// The page where one asks for what is missing, filled in; `None` where nobody can lend it. A member's own cap comes
    /// before the team's quota: it is the nearer one to have raised.
    #[must_use]
    pub fn ask_for_more(&self, team: &TeamName) -> Option<Address> {
        let lacks = |raised: &Raised| self.all().any(|refusal| refusal.scope == raised.scope());
        let raised = [Raised::Member, Raised::Team].into_iter().find(lacks)?;
        let missing = self.missing(raised.scope());
        let count = |count: u64| if count == 0 { String::new() } else { count.to_string() };
        let cpus = if missing.cpus.as_milli() == 0 { String::new() } else { missing.cpus.to_string() };
        Some(
            Address::of("/requests")
                .with("team", team.as_str())
                .with("scope", raised.as_str())
                .with("environments", &count(missing.environments))
                .with("running", &count(missing.running))
                .with("cpus", &cpus)
                .with("memory", &in_mib(missing.memory)),
        )
    }
}

/// At least as much, as a form is filled in with; nothing for nothing.
fn in_mib(memory: Memory) -> String {
    match memory.as_bytes().div_ceil(1 << 20) {
        0 => String::new(),
        count => format!("{count}MiB"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::access::{InstallationRole, TeamRole, TokenScope};
    use super::super::name::HostName;
    use super::super::quota::{HostRoom, Pool, Quota, Room};
    use super::super::units::MilliCpu;
    use super::*;

    const NOON: Timestamp = Timestamp::from_millis(1_795_262_400_000);

    fn id(last: char) -> UserId {
        UserId::parse(&format!("00000000-0000-7000-8000-00000000000{last}")).expect("an id")
    }

    fn request(raises: Raised, state: RequestState) -> Request {
        Request {
            id: RequestId::parse("00000000-0000-7000-8000-000000000009").expect("an id"),
            team: TeamName::parse("blue").expect("a name"),
            asker: "Bea".to_owned(),
            asker_id: id('1'),
            raises,
            more: Holding::place(),
            reason: "a demo".to_owned(),
            until: NOON.after(Span::hours(1)),
            created_at: NOON,
            state,
        }
    }

    fn decision(at: Timestamp) -> Decision {
        Decision { by: "Lena".to_owned(), by_id: id('2'), at, word: String::new() }
    }

    fn states() -> [RequestState; 5] {
        let decision = decision(NOON);
        [
            RequestState::Open,
            RequestState::Approved { decision: decision.clone() },
            RequestState::Declined { decision: decision.clone() },
            RequestState::Withdrawn { decision: decision.clone() },
            RequestState::Returned { decision },
        ]
    }

    #[test]
    fn what_is_decided_is_not_decided_again_and_says_by_whom() {
        let late = NOON.after(Span::hours(2));
        for (state, in_time, too_late) in [
            (
                RequestState::Open,
                &[Step::Approve, Step::Decline, Step::Withdraw][..],
                &[Step::Decline, Step::Withdraw][..],
            ),
            (RequestState::Approved { decision: decision(NOON) }, &[Step::Return], &[]),
            (RequestState::Declined { decision: decision(NOON) }, &[], &[]),
            (RequestState::Withdrawn { decision: decision(NOON) }, &[], &[]),
            (RequestState::Returned { decision: decision(NOON) }, &[], &[]),
        ] {
            let it = request(Raised::Team, state.clone());
            for (at, legal) in [(NOON, in_time), (late, too_late)] {
                for step in Step::ALL {
                    let moved = it.after(step, decision(at));
                    assert_eq!(moved.is_ok(), legal.contains(&step), "{state:?} {step:?} {moved:?}");
                    let why = moved.err().unwrap_or_default();
                    let decided = state != RequestState::Open;
                    assert!(!decided || legal.contains(&step) || why.starts_with("Lena "), "{why}");
                }
            }
        }
        let again = request(Raised::Team, RequestState::Approved { decision: decision(NOON) });
        let told = again.after(Step::Approve, decision(NOON)).expect_err("twice");
        assert_eq!(told, "Lena approved it already, at 2026-11-21 12:00 UTC.");
        let lapsed = request(Raised::Team, RequestState::Open).after(Step::Approve, decision(late));
        assert_eq!(lapsed.expect_err("late"), "It was asked for until 2026-11-21 13:00 UTC, which is over.");
    }

    #[test]
    fn states_are_read_as_they_are_written() {
        for state in states() {
            assert_eq!(RequestState::parse(state.as_str(), state.decision().cloned()), Some(state));
        }
        assert_eq!(RequestState::parse("approved", None), None);
        assert_eq!(RequestState::parse("open", Some(decision(NOON))), None);
    }

    #[test]
    fn leads_decide_on_a_member_s_cap_admins_on_a_team_s_quota_and_nobody_on_their_own() {
        let actor = |who: char, teams: &[(&str, TeamRole)], role: Option<InstallationRole>| Actor {
            id: id(who),
            name: who.to_string(),
            email: None,
            role,
            teams: teams.iter().map(|(team, role)| (TeamName::parse(team).expect("a name"), *role)).collect(),
            scope: None,
            token: None,
        };
        let (member, lead) = (TeamRole::Member, TeamRole::Lead);
        let bea = actor('1', &[("blue", member)], None);
        let ben = actor('3', &[("blue", member)], None);
        let lena = actor('2', &[("blue", lead)], None);
        let gus = actor('4', &[("green", lead)], None);
        let auditor = actor('5', &[], Some(InstallationRole::Auditor));
        let ada = actor('6', &[], Some(InstallationRole::Admin));
        let bea_as_lead = actor('1', &[("blue", lead)], None);
        let bea_as_admin = actor('1', &[("blue", member)], Some(InstallationRole::Admin));
        let bea_gone = actor('1', &[("green", member)], None);
        let reading = Actor { scope: Some(TokenScope::Launch), ..ada.clone() };
        // Of approving for a member, for a team, withdrawing, returning.
        for (who, seen, cap, team, withdraw, give_back) in [
            (&bea, true, false, false, true, true),
            (&ben, false, false, false, false, false),
            (&lena, true, true, false, false, false),
            (&gus, false, false, false, false, false),
            (&auditor, true, false, false, false, false),
            (&ada, true, true, true, false, true),
            (&bea_as_lead, true, false, false, true, true),
            (&bea_as_admin, true, true, true, true, true),
            (&bea_gone, false, false, false, false, false),
            (&reading, true, false, false, false, false),
        ] {
            let (of_member, of_team) =
                (request(Raised::Member, RequestState::Open), request(Raised::Team, RequestState::Open));
            assert_eq!(of_team.is_seen_by(who), seen, "{who:?}");
            for step in [Step::Approve, Step::Decline] {
                assert_eq!(of_member.permits(who, step).is_ok(), cap, "{who:?}");
                assert_eq!(of_team.permits(who, step).is_ok(), team, "{who:?}");
            }
            assert_eq!(of_team.permits(who, Step::Withdraw).is_ok(), withdraw, "{who:?}");
            assert_eq!(of_team.permits(who, Step::Return).is_ok(), give_back, "{who:?}");
            assert_eq!(of_team.permits(who, Step::Return) == Err(Denied::Hidden), !seen, "{who:?}");
        }
        assert_eq!(request(Raised::Member, RequestState::Open).permits(&lena, Step::Return), Ok(()), "it takes back");
    }

    #[test]
    fn a_refusal_leads_to_a_request_with_the_numbers_filled_in() {
        let team = TeamName::parse("blue").expect("a name");
        let ask = Holding::running(MilliCpu::new(500), Memory::bytes((128 << 20) + 1));
        let full = Quota {
            running: Some(1),
            memory: Some(Memory::mib(64)),
            cpus: Some(MilliCpu::new(100)),
            ..Quota::default()
        };
        let used = Holding { environments: 1, running: 1, cpus: MilliCpu::new(50), memory: Memory::mib(64) };
        let room = Room { team: Pool::new(full, used), ..Room::default() };
        let refused = room.admit(ask).expect_err("full");
        let address = refused.ask_for_more(&team).expect("an admin can lend it").to_string();
        assert_eq!(address, "/requests?team=blue&scope=team&running=1&cpus=0.45&memory=129MiB");
        let capped = Room { member: Pool::new(Quota { environments: Some(0), ..Quota::default() }, used), ..room };
        let address =
            capped.admit(ask).expect_err("capped").ask_for_more(&team).expect("a lead can lend it").to_string();
        assert_eq!(address, "/requests?team=blue&scope=member&environments=2");
        let host = Room {
            hosts: vec![HostRoom { name: HostName::default_host(), pool: Pool::new(full, used) }],
            ..Room::default()
        };
        assert_eq!(host.admit(ask).expect_err("full").ask_for_more(&team), None);
    }

    #[test]
    fn until_is_a_moment_or_a_length_of_time() {
        assert_eq!("8h".parse::<Until>().map(|until| until.from(NOON)), Ok(NOON.after(Span::hours(8))));
        assert_eq!("2026-11-21T12:00:00Z".parse(), Ok(Until::At(NOON)));
        assert!("tomorrow".parse::<Until>().is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_done_a_request_is_lent_at_most_once_and_never_after_its_time(
            steps in prop::collection::vec((0usize..4, 0u64..3000), 0..12),
        ) {
            let mut it = request(Raised::Team, RequestState::Open);
            let (mut now, mut approvals) = (NOON, 0);
            for (step, seconds) in steps {
                now = now.after(Span::seconds(seconds));
                if let Ok(state) = it.after(Step::ALL[step], decision(now)) {
                    approvals += u32::from(matches!(state, RequestState::Approved { .. }));
                    it.state = state;
                }
                let out = it.loan().is_some_and(|loan| loan.is_out(now));
                prop_assert_eq!(out, it.standing(now) == Standing::Lent);
                prop_assert!(!out || now < it.until);
            }
            prop_assert!(approvals <= 1);
            prop_assert!(!it.loan().is_some_and(|loan| loan.is_out(it.until)));
        }

        #[test]
        fn every_request_can_be_closed_by_somebody(at in 0usize..5, hours in 0u64..3) {
            let it = request(Raised::Team, states()[at].clone());
            let now = NOON.after(Span::hours(hours));
            let closed = !matches!(it.standing(now), Standing::Open | Standing::Lapsed | Standing::Lent);
            let moves = Step::ALL.into_iter().any(|step| it.after(step, decision(now)).is_ok());
            prop_assert!(closed != moves, "{:?}", it.standing(now));
        }
    }
}
