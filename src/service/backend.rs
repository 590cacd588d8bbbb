//! The service as pages, server functions and the API meet it.

use std::time::Duration;

use app::api::ApiError;
use app::api::backend::Backend;
use app::api::edit::{Edit, Edited};
use app::api::environments::{LaunchAsk, LaunchOptions, Listing};
use app::api::live::Change;
use app::api::manage::{
    People, PersonView, Setting, SizeUse, TeamDetail, TeamSummary, TemplateDetail, TemplateSummary,
};
use app::api::requests::{RequestAsk, SeenRequests};
use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use model::access::{Action, Actor};
use model::audit::{self, Entry, Excerpt, Search};
use model::environment::{Environment, EnvironmentDetail, Operation};
use model::filter::Filter;
use model::history::History;
use model::host::{Host, IsolationCheck};
use model::name::{EnvironmentId, RequestId, TeamName, TemplateName, UserId};
use model::quarantine::Stray;
use model::request::{Request, Step};
use model::team::{Team, TeamLabel};
use model::template::{Offer, Size};

use super::Service;

#[async_trait]
impl Backend for Service {
    async fn teams(&self, actor: &Actor) -> Result<Vec<Team>, ApiError> {
        self.visible_teams(actor).await
    }

    async fn team_labels(&self, actor: &Actor) -> Result<Vec<TeamLabel>, ApiError> {
        self.labels(actor).await
    }

    async fn team_room(&self, actor: &Actor, name: &TeamName) -> Result<Team, ApiError> {
        self.visible_team(actor, name).await
    }

    async fn offers(&self, actor: &Actor, team: &TeamName) -> Result<Vec<Offer>, ApiError> {
        self.offered(actor, team).await
    }

    async fn launch_options(&self, actor: &Actor, team: &TeamName) -> Result<LaunchOptions, ApiError> {
        self.options(actor, team).await
    }

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

    async fn host(&self, _actor: &Actor) -> Result<Host, ApiError> {
        Ok(self.current_host())
    }

    // Audit

    async fn audit(&self, actor: &Actor, search: &Search, limit: usize) -> Result<Excerpt, ApiError> {
        self.search_audit(actor, search, limit).await
    }

    async fn count_audit(&self, actor: &Actor, search: &Search, most: i64) -> Result<i64, ApiError> {
        self.count_found(actor, search, most).await
    }

    async fn history(&self, actor: &Actor, id: &EnvironmentId) -> Result<History, ApiError> {
        self.history_of(actor, id).await
    }

    // Requests for more.

    async fn requests(&self, actor: &Actor) -> Result<SeenRequests, ApiError> {
        self.seen_requests(actor).await
    }

    async fn waiting_requests(&self, actor: &Actor) -> Result<u64, ApiError> {
        self.count_waiting(actor).await
    }

    async fn ask_for_more(&self, actor: &Actor, ask: RequestAsk) -> Result<Request, ApiError> {
        let asked = Entry::by(actor, audit::Action::Request).of_team(&ask.team);
        let begun = self.begin_request(actor, ask).await;
        self.note_refused(asked, &begun).await;
        begun
    }

    async fn decide_request(&self, actor: &Actor, id: &RequestId, step: Step, word: &str) -> Result<Request, ApiError> {
        let taken = self.take_step(actor, id, step, word).await;
        self.note_refused(Entry::by(actor, step.into()).named(id), &taken).await;
        taken
    }

    // Quarantine.

    async fn quarantine(&self, actor: &Actor) -> Result<Vec<Stray>, ApiError> {
        self.quarantined(actor)
    }

    async fn isolation_check(&self, actor: &Actor) -> Result<Option<IsolationCheck>, ApiError> {
        self.last_isolation_check(actor)
    }

    async fn check_isolation(&self, actor: &Actor) -> Result<IsolationCheck, ApiError> {
        let checked = self.isolation_checked_by(actor).await;
        self.note_refused(Entry::by(actor, audit::Action::CheckIsolation), &checked).await;
        checked
    }

    fn changes(&self) -> BoxStream<'static, Change> {
        self.all_changes()
    }

    fn may_see(&self, actor: &Actor, change: &Change) -> bool {
        self.sees(actor, change)
    }

    // Teams, templates, sizes, people and settings.

    async fn team_summaries(&self, actor: &Actor) -> Result<Vec<TeamSummary>, ApiError> {
        self.looked_after(actor).await
    }

    async fn team(&self, actor: &Actor, name: &TeamName) -> Result<TeamDetail, ApiError> {
        self.team_detail(actor, name).await
    }

    async fn templates(&self, actor: &Actor) -> Result<Vec<TemplateSummary>, ApiError> {
        self.template_summaries(actor).await
    }

    async fn template(&self, actor: &Actor, slug: &TemplateName) -> Result<TemplateDetail, ApiError> {
        self.template_detail(actor, slug).await
    }

    async fn sizes(&self, _actor: &Actor) -> Result<Vec<Size>, ApiError> {
        Ok(self.kept().await?.catalogue.sizes.clone())
    }

    async fn sizes_in_use(&self, actor: &Actor) -> Result<Vec<SizeUse>, ApiError> {
        self.size_uses(actor).await
    }

    async fn people(&self, actor: &Actor, words: &str, after: Option<&UserId>) -> Result<People, ApiError> {
        self.people_with(actor, words, after).await
    }

    async fn person(&self, actor: &Actor, id: &UserId) -> Result<PersonView, ApiError> {
        self.one_person(actor, id).await
    }

    async fn settings(&self, actor: &Actor) -> Result<Vec<Setting>, ApiError> {
        self.permit_installation(actor, Action::Audit)?;
        Ok(self.configured.to_vec())
    }

    async fn export(&self, actor: &Actor) -> Result<String, ApiError> {
        self.permit_installation(actor, Action::Audit)?;
        Ok(super::export::catalogue(&self.kept().await?.catalogue))
    }

    async fn edit(&self, actor: &Actor, edit: Edit) -> Result<Edited, ApiError> {
        let asked = super::edit::entry(actor, &edit);
        let changed = self.change(actor, edit).await;
        self.note_refused(asked, &changed).await;
        changed
    }
}
