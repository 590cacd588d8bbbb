//! Environments as a list: what is wanted of those that somebody sees, a page at a time.

use app::api::ApiError;
use app::model::access::{Action, Actor, Target, authorize};
use app::model::environment::{Environment, State};
use app::model::name::{EnvironmentId, TeamName};

use super::Service;

/// What is wanted of a list. By default all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    pub team: Option<TeamName>,
    pub state: Option<State>,
    /// Only those that are older than this one.
    pub after: Option<EnvironmentId>,
    pub limit: Option<usize>,
}

/// One page, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub items: Vec<Environment>,
    /// After which the next page begins, if there is one.
    pub next: Option<EnvironmentId>,
}

impl Wanted {
    fn has(&self, environment: &Environment) -> bool {
        self.team.as_ref().is_none_or(|team| *team == environment.team)
            && self.state.is_none_or(|state| state == environment.state)
    }
}

impl Service {
    /// Only what is on the page is copied.
    pub async fn listed(&self, actor: &Actor, wanted: &Wanted) -> Result<Listed, ApiError> {
        if let Some(team) = &wanted.team {
            self.permit_team(actor, Action::See, team)?;
        }
        let kept = self.kept().await?;
        let sees = |environment: &Environment| {
            let target = Target::Environment { team: &environment.team, owner: &environment.owner_id };
            authorize(actor, Action::See, target).is_ok()
        };
        let older = kept.environments.older_than(wanted.after.as_ref());
        let mut found = older.filter(|environment| wanted.has(environment) && sees(environment));
        let page = found.by_ref().take(wanted.limit.unwrap_or(usize::MAX));
        let items: Vec<Environment> = page.map(|environment| self.shown(environment.clone())).collect();
        let next = found.next().and(items.last()).map(|last| last.id.clone());
        Ok(Listed { items, next })
    }
}
