//! Activities as people look at them: what is under way, how far it has come and until when it may last, and how what was came out.

use app::api::ApiError;
use app::api::activities::{ActivityFilter, ActivityList};
use app::api::backend::Activities;
use async_trait::async_trait;
use model::access::{Action, Actor};
use model::activity::{Activity, Target};
use model::environment::Environment;
use model::history::PastActivity;
use model::name::{EnvironmentId, TeamName};
use model::units::Span;
use store::activities::{Wanted, Whose};
use store::kept::Existing;

use super::Service;
use super::error::fault;

/// Most activities of one answer.
const LIMIT_MAX: usize = 500;
/// Of an environment's own history.
const HISTORY_MAX: usize = 50;

#[async_trait]
impl Activities for Service {
    async fn activities(&self, actor: &Actor, filter: &ActivityFilter, limit: usize) -> Result<ActivityList, ApiError> {
        let limit = limit.clamp(1, LIMIT_MAX);
        let teams = self.looked_into(actor, filter)?;
        let whose = teams.as_deref().map_or(Whose::All, Whose::Teams);
        let wanted = Wanted { under_way: filter.under_way, environment: None, after: filter.after.clone() };
        let mut items = self.store.activities(whose, &wanted, limit + 1).await.map_err(fault)?;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|last| last.id.clone());
        let existing = self.kept().await?.environments;
        for activity in items.iter_mut().filter(|activity| activity.outcome.is_none()) {
            self.tell_how_far(activity, &existing).await?;
        }
        Ok(ActivityList { items, next })
    }
}

impl Service {
    /// The teams whose activities are wanted; `None`: everybody's, and those of images and hosts.
    fn looked_into(&self, actor: &Actor, filter: &ActivityFilter) -> Result<Option<Vec<TeamName>>, ApiError> {
        if let Some(team) = &filter.team {
            self.permit_team(actor, Action::See, team)?;
            return Ok(Some(vec![team.clone()]));
        }
        Ok(actor.role.is_none().then(|| actor.teams.keys().cloned().collect()))
    }

    async fn tell_how_far(&self, activity: &mut Activity, existing: &Existing) -> Result<(), ApiError> {
        match &activity.target {
            Target::Environment { id, .. } => {
                let Some(stored) = existing.get(id) else { return Ok(()) };
                let Environment { state, reason, .. } = &stored.environment;
                activity.reason = self.underway.told(&stored.environment).or_else(|| reason.clone());
                let since = self.underway.since(id).map(|since| Span::seconds(since.elapsed().as_secs()));
                let deadline = state.deadline(self.template_of(stored).await?.ready.within());
                activity.deadline_at = since
                    .zip(deadline)
                    .map(|(passed, deadline)| self.clock.now().before(passed).after(deadline.within));
            }
            Target::Image { reference } => activity.progress = self.pulls.progress(&activity.host, reference),
            Target::Host => {}
        }
        Ok(())
    }

    /// The latest of one environment, each with its steps, the newest first.
    pub(super) async fn activities_of(&self, id: &EnvironmentId) -> Result<Vec<PastActivity>, ApiError> {
        let wanted = Wanted { environment: Some(id.clone()), ..Wanted::default() };
        let activities = self.store.activities(Whose::All, &wanted, HISTORY_MAX).await.map_err(fault)?;
        let number = |activity: &Activity| match &activity.target {
            Target::Environment { number, .. } => *number,
            Target::Image { .. } | Target::Host => 0,
        };
        let oldest = activities.last().map_or(0, number);
        let steps = self.store.steps_since(id, oldest).await.map_err(fault)?;
        let past = activities.into_iter().map(|activity| {
            let number = number(&activity);
            let steps = steps.iter().filter(|(of, _)| *of == number).map(|(_, step)| step.clone()).collect();
            PastActivity { number, activity, steps }
        });
        Ok(past.collect())
    }
}
