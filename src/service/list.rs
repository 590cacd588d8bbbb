//! Environments as a list: what is wanted of those that somebody sees, a page at a time.

use app::api::ApiError;
use app::api::environments::{ENDING, LISTED, Listing};
use model::access::{Action, Actor, Target, authorize};
use model::environment::{Environment, State};
use model::filter::Filter;
use model::name::EnvironmentId;

use super::Service;

/// What is wanted of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    pub filter: Filter,
    pub state: Option<State>,
    /// Only those that are older than this one.
    pub after: Option<EnvironmentId>,
    /// Most items.
    pub limit: usize,
}

/// One page, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub items: Vec<Environment>,
    /// After which the next page begins, if there is one.
    pub next: Option<EnvironmentId>,
}

fn sees(actor: &Actor) -> impl Fn(&Environment) -> bool {
    |environment| {
        let target = Target::Environment { team: &environment.team, owner: &environment.owner_id };
        authorize(actor, Action::See, target).is_ok()
    }
}

impl Service {
    /// Only what is on the page is copied.
    pub async fn listed(&self, actor: &Actor, wanted: &Wanted) -> Result<Listed, ApiError> {
        let filter = &wanted.filter;
        if let Some(team) = &filter.team {
            self.permit_team(actor, Action::See, team)?;
        }
        let kept = self.kept().await?;
        let (sees, has_words) = (sees(actor), filter.words());
        let mut found = kept.environments.older_than(wanted.after.as_ref()).filter(|environment| {
            wanted.state.is_none_or(|state| state == environment.state)
                && filter.keeps_state(environment.state)
                && filter.keeps_team(environment)
                && sees(environment)
                && has_words(environment)
        });
        let page = found.by_ref().take(wanted.limit);
        let items: Vec<Environment> = page.map(|environment| self.shown(environment.clone())).collect();
        let next = found.next().and(items.last()).map(|last| last.id.clone());
        Ok(Listed { items, next })
    }

    /// A page with all that is shown beside it, in one walk over what there is.
    pub(super) async fn listing(
        &self,
        actor: &Actor,
        filter: &Filter,
        after: Option<&EnvironmentId>,
    ) -> Result<Listing, ApiError> {
        if let Some(team) = &filter.team {
            self.permit_team(actor, Action::See, team)?;
        }
        let (kept, now) = (self.kept().await?, self.clock.now());
        let (sees, has_words) = (sees(actor), filter.words());
        let mut listing = Listing::default();
        let (mut page, mut ending) = (Vec::new(), Vec::new());
        for environment in kept.environments.older_than(None) {
            if !(filter.keeps_team(environment) && sees(environment)) {
                continue;
            }
            listing.exist = true;
            if let Some(end) = environment.ending().filter(|_| environment.may_warn(actor)) {
                ending.push((end.at, environment));
            }
            if !has_words(environment) {
                continue;
            }
            listing.counts.add(environment.state);
            let older = after.is_none_or(|after| environment.id < *after);
            if older && page.len() <= LISTED && filter.keeps_state(environment.state) {
                page.push(environment);
            }
        }
        if page.len() > LISTED {
            page.truncate(LISTED);
            listing.next = page.last().map(|last| last.id.clone());
        }
        ending.sort_by_key(|(at, _)| *at);
        let warned = ending.iter().skip(ENDING).filter(|(_, environment)| environment.warning(now).is_some());
        listing.ending_more = u32::try_from(warned.count()).unwrap_or(u32::MAX);
        // Pages show no parts.
        let shown = |environment: &Environment| Environment { parts: Vec::new(), ..self.shown(environment.clone()) };
        listing.items = page.into_iter().map(shown).collect();
        listing.ending = ending.into_iter().take(ENDING).map(|(_, environment)| shown(environment)).collect();
        listing.team = self.looked_at(actor, filter, &kept)?;
        Ok(listing)
    }
}
