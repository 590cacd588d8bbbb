//! Hosts as people ask for them, and what admins do to one.

use app::api::ApiError;
use app::api::backend::Hosts;
use app::api::form::{Edited, Said};
use app::api::hosts::{Edit, HostDetail, HostStep};
use async_trait::async_trait;
use model::access::{Action, Actor};
use model::audit::{self, Entry};
use model::host::Host;
use model::name::HostName;
use model::quota::{Holding, Pool};
use store::hosts;
use store::kept::Existing;

use super::Service;
use super::error::fault;
use super::runner::Runner;

#[async_trait]
impl Hosts for Service {
    async fn hosts(&self, _actor: &Actor) -> Result<Vec<Host>, ApiError> {
        Ok(self.known_hosts())
    }

    async fn host_details(&self, actor: &Actor) -> Result<Vec<HostDetail>, ApiError> {
        self.permit_installation(actor, Action::Audit)?;
        let environments = self.kept().await?.environments;
        let held = environments.held_by_host();
        let gone = held.keys().filter(|name| self.hosts.get(name).is_none());
        let names = self.hosts.iter().map(Runner::name).chain(gone);
        Ok(names.map(|name| self.detail_of(name, &environments)).collect())
    }

    async fn host(&self, actor: &Actor, name: &HostName) -> Result<HostDetail, ApiError> {
        let details = self.host_details(actor).await?;
        details.into_iter().find(|detail| detail.host.name == *name).ok_or_else(|| ApiError::not_found("host"))
    }

    async fn edit_host(&self, actor: &Actor, edit: Edit) -> Result<Edited, ApiError> {
        let asked = Entry::by(actor, edit.step.into()).named(&edit.host);
        let changed = self.change_one(actor, edit).await;
        self.note_refused(asked, &changed).await;
        changed.map(|said| Edited::on("/hosts", said))
    }
}

impl Service {
    fn detail_of(&self, name: &HostName, environments: &Existing) -> HostDetail {
        let runner = self.hosts.of(name);
        let held: Holding = environments.held_by_host().get(name).copied().unwrap_or_default();
        let host = self.hosts.known(name);
        HostDetail {
            certificate_days_left: host.certificate_days_left(self.clock.now()),
            host,
            configured: self.hosts.get(name).is_some(),
            room: Pool::new(runner.quota(), held),
            isolation_check: runner.isolation.borrow().clone(),
            quarantine: runner.strays.borrow().clone(),
        }
    }

    async fn change_one(&self, actor: &Actor, Edit { host, step }: Edit) -> Result<Said, ApiError> {
        self.permit_installation(actor, Action::Administer)?;
        let runner = self.hosts.get(&host).ok_or_else(|| ApiError::not_found("host"))?.clone();
        match step {
            HostStep::CheckIsolation => {
                self.isolation_checked_by(actor, &runner).await?;
                Ok(Said::Checked)
            }
            HostStep::Drain => self.set_draining(actor, runner, true).await,
            HostStep::Reopen => self.set_draining(actor, runner, false).await,
            HostStep::AcceptEngine => self.accept_engine(actor, runner).await,
        }
    }

    async fn set_draining(&self, actor: &Actor, runner: Runner, draining: bool) -> Result<Said, ApiError> {
        if runner.now().draining == draining {
            return Ok(Said::Unchanged);
        }
        let step = if draining { HostStep::Drain } else { HostStep::Reopen };
        self.write(async move |write| {
            hosts::set_draining(write, runner.name(), draining).await.map_err(fault)?;
            self.log(write, Entry::by(actor, step.into()).named(runner.name())).await?;
            let service = self.clone();
            write.then(move || service.change_host(&runner, |host| host.draining = draining));
            Ok(if draining { Said::Draining } else { Said::Reopened })
        })
        .await
    }

    /// Berth goes on there as on an engine that has lost everything: what is not on it any more has disappeared.
    async fn accept_engine(&self, actor: &Actor, runner: Runner) -> Result<Said, ApiError> {
        let Some(id) = runner.stranger() else {
            return Err(ApiError::Conflict {
                message: "No other engine answers there; nothing was changed.".to_owned(),
            });
        };
        self.write(async move |write| {
            hosts::accept_engine(write, runner.name(), &id).await.map_err(fault)?;
            self.log(write, Entry::by(actor, audit::Action::AcceptEngine).named(runner.name()).because(&id)).await?;
            Ok(Said::Accepted)
        })
        .await
    }
}
