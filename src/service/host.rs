//! The host as people ask for it.

use app::api::ApiError;
use app::api::backend::Hosts;
use async_trait::async_trait;
use model::access::{Action, Actor};
use model::audit::{self, Entry};
use model::host::{Host, IsolationCheck};
use model::quarantine::Stray;

use super::Service;

#[async_trait]
impl Hosts for Service {
    async fn host(&self, _actor: &Actor) -> Result<Host, ApiError> {
        Ok(self.current_host())
    }

    async fn isolation_check(&self, actor: &Actor) -> Result<Option<IsolationCheck>, ApiError> {
        self.permit_installation(actor, Action::Audit)?;
        Ok(self.isolation.borrow().clone())
    }

    async fn check_isolation(&self, actor: &Actor) -> Result<IsolationCheck, ApiError> {
        let checked = self.isolation_checked_by(actor).await;
        self.note_refused(Entry::by(actor, audit::Action::CheckIsolation), &checked).await;
        checked
    }

    async fn quarantine(&self, actor: &Actor) -> Result<Vec<Stray>, ApiError> {
        self.permit_installation(actor, Action::Audit)?;
        Ok(self.strays.borrow().clone())
    }
}
