//! Who may do what: one pure decision, asked by everything that acts for somebody.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::name::{TeamName, UserId};

/// More was asked for than one person, token or address may at once; nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Too many requests; try again in {retry_after_seconds} s.")]
pub struct TooMany {
    pub retry_after_seconds: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeamRole {
    Member,
    Lead,
}

impl TeamRole {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Lead => "lead",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Member, Self::Lead].into_iter().find(|role| role.as_str() == text)
    }
}

impl fmt::Display for TeamRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What somebody is for the whole installation, beside what they are in their teams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstallationRole {
    /// Reads everything and changes nothing.
    Auditor,
    Admin,
}

impl InstallationRole {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Auditor, Self::Admin].into_iter().find(|role| role.as_str() == text)
    }
}

/// What an API token may do of what its owner may. It bounds what is changed; its owner's eyes are its eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenScope {
    Read,
    Launch,
    Admin,
}

impl TokenScope {
    pub const ALL: [Self; 3] = [Self::Read, Self::Launch, Self::Admin];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Launch => "launch",
            Self::Admin => "admin",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

/// Somebody who acts, with the rights read for this very request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub id: UserId,
    /// Name, or e-mail address where there is none: what others read.
    pub name: String,
    pub email: Option<String>,
    /// Of the whole installation.
    pub role: Option<InstallationRole>,
    pub teams: BTreeMap<TeamName, TeamRole>,
    /// The bearer token's scope; `None` for a person with a session.
    pub scope: Option<TokenScope>,
    /// The bearer token's name. The log of what was done keeps it; no page needs it.
    #[serde(skip)]
    pub token: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// See an environment, its ports and its state.
    See,
    /// Launch for a team, and see what it is offered.
    Launch,
    /// Start, stop, restart, extend or remove an environment.
    Operate,
    /// Decide for a team what its members ask for.
    Approve,
    /// Read what everybody did.
    Audit,
    /// Change teams, sizes, templates, people and settings.
    Administer,
}

impl Action {
    pub const ALL: [Self; 6] = [Self::See, Self::Launch, Self::Operate, Self::Approve, Self::Audit, Self::Administer];
}

/// What an action is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    Team(&'a TeamName),
    Environment { team: &'a TeamName, owner: &'a UserId },
    Installation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// The actor may not even know that it exists.
    Hidden,
    /// The actor sees it, and may not do this; the rule in words.
    Rule(&'static str),
}

impl Actor {
    #[must_use]
    pub fn role_in(&self, team: &TeamName) -> Option<TeamRole> {
        self.teams.get(team).copied()
    }

    /// Whether there is any team whose log the actor may read.
    #[must_use]
    pub fn audits(&self) -> bool {
        let reads = |target| authorize(self, Action::Audit, target).is_ok();
        reads(Target::Installation) || self.teams.keys().any(|team| reads(Target::Team(team)))
    }

    fn has_scope(&self, needed: TokenScope) -> bool {
        self.scope.is_none_or(|scope| scope >= needed)
    }

    /// An admin, through a session or a token made for administration.
    #[must_use]
    pub fn acts_as_admin(&self) -> bool {
        self.role == Some(InstallationRole::Admin) && self.has_scope(TokenScope::Admin)
    }
}

/// The one decision. Other teams' things are hidden from all but auditors and admins; within a team everybody sees, and
/// acts on what is theirs; leads act on all of their team's; admins on everything.
///
/// # Errors
/// [`Denied`], which says whether the target's existence may be told.
pub fn authorize(actor: &Actor, action: Action, target: Target<'_>) -> Result<(), Denied> {
    let role = match target {
        Target::Team(team) | Target::Environment { team, .. } => {
            let role = actor.role_in(team);
            if role.is_none() && actor.role.is_none() {
                return Err(Denied::Hidden);
            }
            role
        }
        Target::Installation => None,
    };
    let needed = match action {
        Action::See | Action::Audit => TokenScope::Read,
        Action::Launch | Action::Operate => TokenScope::Launch,
        Action::Approve | Action::Administer => TokenScope::Admin,
    };
    if !actor.has_scope(needed) {
        return Err(Denied::Rule(match needed {
            TokenScope::Read | TokenScope::Launch => "this token may only read; make one with the scope `launch`",
            TokenScope::Admin => "this token may not administer; make one with the scope `admin`",
        }));
    }
    let is_owner = matches!(target, Target::Environment { owner, .. } if *owner == actor.id) && role.is_some();
    let (permitted, rule) = match action {
        Action::See => (true, "nobody is kept from seeing what is not hidden"),
        Action::Launch => {
            (role.is_some() || actor.acts_as_admin(), "only a member of the team or an admin can launch for it")
        }
        Action::Operate => (
            is_owner || role == Some(TeamRole::Lead) || actor.acts_as_admin(),
            "only its owner, a lead of the team or an admin can do this",
        ),
        Action::Approve => {
            (role == Some(TeamRole::Lead) || actor.acts_as_admin(), "only a lead of the team or an admin can do this")
        }
        Action::Audit => (
            actor.role.is_some() || role == Some(TeamRole::Lead),
            "only a lead of the team, an auditor or an admin can read this",
        ),
        Action::Administer => (actor.acts_as_admin(), "only an admin can do this"),
    };
    if permitted { Ok(()) } else { Err(Denied::Rule(rule)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(last: char) -> UserId {
        UserId::parse(&format!("00000000-0000-7000-8000-00000000000{last}")).expect("an id")
    }

    fn team(name: &str) -> TeamName {
        TeamName::parse(name).expect("a name")
    }

    fn actor(teams: &[(&str, TeamRole)], role: Option<InstallationRole>, scope: Option<TokenScope>) -> Actor {
        let teams = teams.iter().map(|(name, role)| (team(name), *role)).collect();
        Actor { id: id('1'), name: "Bea".to_owned(), email: None, role, teams, scope, token: None }
    }

    #[test]
    fn each_role_may_do_what_its_row_says() {
        const HIDDEN: Result<(), Denied> = Err(Denied::Hidden);
        let stranger = actor(&[("green", TeamRole::Lead)], None, None);
        let member = actor(&[("blue", TeamRole::Member)], None, None);
        let lead = actor(&[("blue", TeamRole::Lead)], None, None);
        let auditor = actor(&[], Some(InstallationRole::Auditor), None);
        let admin = actor(&[], Some(InstallationRole::Admin), None);
        let reader = actor(&[("blue", TeamRole::Lead)], None, Some(TokenScope::Read));
        let (blue, mine, theirs) = (team("blue"), id('1'), id('2'));
        let own = Target::Environment { team: &blue, owner: &mine };
        let other = Target::Environment { team: &blue, owner: &theirs };
        for (who, on, see, operate) in [
            (&stranger, own, false, false),
            (&stranger, other, false, false),
            (&member, own, true, true),
            (&member, other, true, false),
            (&lead, other, true, true),
            (&auditor, other, true, false),
            (&auditor, own, true, false),
            (&admin, other, true, true),
            (&reader, own, true, false),
        ] {
            assert_eq!(authorize(who, Action::See, on).is_ok(), see, "{who:?}");
            assert_eq!(authorize(who, Action::Operate, on).is_ok(), operate, "{who:?}");
        }
        for (who, launch, approve, audit, administer) in [
            (&stranger, false, false, false, false),
            (&member, true, false, false, false),
            (&lead, true, true, true, false),
            (&auditor, false, false, true, false),
            (&admin, true, true, true, true),
            (&reader, false, false, true, false),
        ] {
            let on = Target::Team(&blue);
            assert_eq!(authorize(who, Action::Launch, on).is_ok(), launch, "{who:?}");
            assert_eq!(authorize(who, Action::Approve, on).is_ok(), approve, "{who:?}");
            assert_eq!(authorize(who, Action::Audit, on).is_ok(), audit, "{who:?}");
            assert_eq!(authorize(who, Action::Administer, Target::Installation).is_ok(), administer, "{who:?}");
        }
        assert_eq!(authorize(&stranger, Action::Launch, Target::Team(&blue)), HIDDEN);
        let auditing = [&stranger, &member, &lead, &auditor, &admin, &reader].map(Actor::audits);
        assert_eq!(auditing, [true, false, true, true, true, true], "a lead audits their own team");
        let whole = Target::Installation;
        assert!(authorize(&lead, Action::Audit, whole).is_err(), "a lead reads of their team, not of all");
    }

    #[test]
    fn an_admin_s_launch_token_reads_all_and_acts_as_no_admin() {
        let token = actor(&[], Some(InstallationRole::Admin), Some(TokenScope::Launch));
        let blue = team("blue");
        assert_eq!(authorize(&token, Action::See, Target::Team(&blue)), Ok(()));
        assert!(matches!(authorize(&token, Action::Launch, Target::Team(&blue)), Err(Denied::Rule(_))));
        assert!(matches!(authorize(&token, Action::Administer, Target::Installation), Err(Denied::Rule(_))));
    }

    proptest! {
        #[test]
        fn more_role_or_scope_never_loses_a_right(of_all in 0usize..3, lead: bool, mine: bool, scope in 0usize..4) {
            let roles = [None, Some(InstallationRole::Auditor), Some(InstallationRole::Admin)];
            let scopes = [Some(TokenScope::Read), Some(TokenScope::Launch), Some(TokenScope::Admin), None];
            let role = |lead| if lead { TeamRole::Lead } else { TeamRole::Member };
            let (blue, owner) = (team("blue"), if mine { id('1') } else { id('2') });
            let less = actor(&[("blue", role(lead))], roles[of_all], scopes[scope]);
            let more = actor(&[("blue", TeamRole::Lead)], roles[(of_all + 1).min(2)], scopes[(scope + 1).min(3)]);
            let targets =
                [Target::Environment { team: &blue, owner: &owner }, Target::Team(&blue), Target::Installation];
            for (action, target) in Action::ALL.into_iter().flat_map(|action| targets.map(|target| (action, target))) {
                if authorize(&less, action, target).is_ok() {
                    prop_assert_eq!(authorize(&more, action, target), Ok(()));
                }
            }
        }
    }
}
