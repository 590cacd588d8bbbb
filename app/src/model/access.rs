//! Who may do what: one pure decision, asked by everything that acts for somebody.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::name::{TeamName, UserId};

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

/// What an API token may do of what its owner may.
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
    pub admin: bool,
    pub teams: BTreeMap<TeamName, TeamRole>,
    /// The bearer token's scope; `None` for a person with a session.
    pub scope: Option<TokenScope>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// See an environment, its ports and its state.
    See,
    /// Launch for a team, and see what it is offered.
    Launch,
    /// Start, stop, restart, extend or remove an environment.
    Operate,
}

/// What an action is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    Team(&'a TeamName),
    Environment { team: &'a TeamName, owner: &'a UserId },
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

    fn has_scope(&self, needed: TokenScope) -> bool {
        self.scope.is_none_or(|scope| scope >= needed)
    }

    /// An admin, through a session or a token made for administration.
    #[must_use]
    pub fn acts_as_admin(&self) -> bool {
        self.admin && self.has_scope(TokenScope::Admin)
    }
}

/// The one decision. Other teams' things are hidden; within a team everybody sees, and acts on what is theirs; leads act on
/// all of their team's; admins on everything.
///
/// # Errors
/// [`Denied`], which says whether the target's existence may be told.
pub fn authorize(actor: &Actor, action: Action, target: Target<'_>) -> Result<(), Denied> {
    let (Target::Team(team) | Target::Environment { team, .. }) = target;
    let role = actor.role_in(team);
    if role.is_none() && !actor.acts_as_admin() {
        return Err(Denied::Hidden);
    }
    match action {
        Action::See => Ok(()),
        Action::Launch | Action::Operate if !actor.has_scope(TokenScope::Launch) => {
            Err(Denied::Rule("this token may only read; make one with the scope `launch`"))
        }
        Action::Launch => Ok(()),
        Action::Operate if actor.acts_as_admin() || role == Some(TeamRole::Lead) => Ok(()),
        Action::Operate => match target {
            Target::Environment { owner, .. } if *owner == actor.id => Ok(()),
            Target::Environment { .. } | Target::Team(_) => {
                Err(Denied::Rule("only its owner, a lead of the team or an admin can do this"))
            }
        },
    }
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

    fn actor(teams: &[(&str, TeamRole)], admin: bool, scope: Option<TokenScope>) -> Actor {
        let teams = teams.iter().map(|(name, role)| (team(name), *role)).collect();
        Actor { id: id('1'), name: "Bea".to_owned(), email: None, admin, teams, scope }
    }

    #[test]
    fn each_role_may_do_what_its_row_says() {
        const HIDDEN: Result<(), Denied> = Err(Denied::Hidden);
        let stranger = actor(&[("green", TeamRole::Lead)], false, None);
        let member = actor(&[("blue", TeamRole::Member)], false, None);
        let lead = actor(&[("blue", TeamRole::Lead)], false, None);
        let admin = actor(&[], true, None);
        let reader = actor(&[("blue", TeamRole::Lead)], false, Some(TokenScope::Read));
        let (blue, mine, theirs) = (team("blue"), id('1'), id('2'));
        let own = Target::Environment { team: &blue, owner: &mine };
        let other = Target::Environment { team: &blue, owner: &theirs };
        for (who, on, see, operate) in [
            (&stranger, own, false, false),
            (&stranger, other, false, false),
            (&member, own, true, true),
            (&member, other, true, false),
            (&lead, other, true, true),
            (&admin, other, true, true),
            (&reader, own, true, false),
        ] {
            assert_eq!(authorize(who, Action::See, on).is_ok(), see, "{who:?}");
            assert_eq!(authorize(who, Action::Operate, on).is_ok(), operate, "{who:?}");
        }
        assert_eq!(authorize(&stranger, Action::Launch, Target::Team(&blue)), HIDDEN);
        assert_eq!(authorize(&member, Action::Launch, Target::Team(&blue)), Ok(()));
        assert!(matches!(authorize(&reader, Action::Launch, Target::Team(&blue)), Err(Denied::Rule(_))));
    }

    #[test]
    fn an_admin_s_launch_token_is_no_admin() {
        let token = actor(&[], true, Some(TokenScope::Launch));
        assert_eq!(authorize(&token, Action::See, Target::Team(&team("blue"))), Err(Denied::Hidden));
    }

    proptest! {
        #[test]
        fn more_role_or_scope_never_loses_a_right(admin: bool, lead: bool, mine: bool, scope in 0usize..4) {
            let scopes = [Some(TokenScope::Read), Some(TokenScope::Launch), Some(TokenScope::Admin), None];
            let role = |lead| if lead { TeamRole::Lead } else { TeamRole::Member };
            let (blue, owner) = (team("blue"), if mine { id('1') } else { id('2') });
            let less = actor(&[("blue", role(lead))], admin, scopes[scope]);
            let more = actor(&[("blue", TeamRole::Lead)], true, scopes[(scope + 1).min(3)]);
            for action in [Action::See, Action::Launch, Action::Operate] {
                let target = Target::Environment { team: &blue, owner: &owner };
                if authorize(&less, action, target).is_ok() {
                    prop_assert_eq!(authorize(&more, action, target), Ok(()));
                }
            }
        }
    }
}
