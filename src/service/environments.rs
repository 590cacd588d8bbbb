//! Environments as they are asked for: launched, listed, seen, operated.

use std::time::Duration;

use app::api::ApiError;
use app::api::backend::{Environments, Live};
use app::api::environments::{LaunchAsk, Listing};
use app::api::live::Change;
use async_trait::async_trait;
use futures::StreamExt;
use model::access::{Action, Actor};
use model::audit::{self, Entry};
use model::environment::{Environment, EnvironmentDetail, Operation};
use model::filter::Filter;
use model::history::History;
use model::name::EnvironmentId;

use super::Service;

#[async_trait]
impl Environments for Service {
    async fn launch(&self, actor: &Actor, ask: LaunchAsk) -> Result<Environment, ApiError> {
        self.launches.count(&actor.into())?;
        let (service, actor) = (self.clone(), actor.clone());
        self.in_own_task(async move {
            let asked = Entry::by(&actor, audit::Action::Launch).of_team(&ask.team).named(&ask.template);
            let launched = service.begin_launch(&actor, ask).await;
            service.note_refused(asked, &launched).await;
            launched
        })
        .await
    }

    async fn environments(
        &self,
        actor: &Actor,
        filter: &Filter,
        after: Option<&EnvironmentId>,
    ) -> Result<Listing, ApiError> {
        self.listing(actor, filter, after).await
    }

    async fn environment(&self, actor: &Actor, id: &EnvironmentId) -> Result<EnvironmentDetail, ApiError> {
        self.detail(actor, id).await
    }

    async fn operate(&self, actor: &Actor, id: &EnvironmentId, operation: Operation) -> Result<Environment, ApiError> {
        if matches!(operation, Operation::Start | Operation::Restart) {
            self.launches.count(&actor.into())?;
        }
        let (service, actor, id) = (self.clone(), actor.clone(), id.clone());
        self.in_own_task(async move {
            let begun = service.begin(&actor, &id, operation).await;
            service.note_refused_on(&actor, &id, operation.into(), &begun).await;
            begun
        })
        .await
    }

    async fn settled_within(
        &self,
        actor: &Actor,
        id: &EnvironmentId,
        within: Duration,
    ) -> Result<Environment, ApiError> {
        let mut changes = self.changes();
        let mut seen = self.permitted(actor, Action::See, id).await?.environment;
        let mut bound = std::pin::pin!(tokio::time::sleep(within));
        while seen.state.is_transitional() {
            let change = tokio::select! {
                change = changes.next() => change,
                () = &mut bound => break,
            };
            match change {
                Some(Change::Environment(changed)) if changed.id == *id && changed.revision >= seen.revision => {
                    seen = *changed;
                }
                Some(Change::Missed) => seen = self.permitted(actor, Action::See, id).await?.environment,
                Some(Change::Environment(_) | Change::Host(_)) => {}
                // The server is about to end: what there is must do.
                None => break,
            }
        }
        Ok(self.shown(seen))
    }

    async fn history(&self, actor: &Actor, id: &EnvironmentId) -> Result<History, ApiError> {
        self.history_of(actor, id).await
    }
}
