//! Isolation, measured instead of believed: after the engine has answered, when it is back, and when an admin asks.

use app::api::ApiError;
use docker::{Attachment, Check, EngineError, Purpose};
use futures::future::join_all;
use model::access::Actor;
use model::activity::{Kind, Outcome};
use model::audit::{self, Entry, Who};
use model::host::{Findings, Host, Isolation, IsolationCheck, Reachability};
use model::name::ActivityId;
use store::activities::{self, About};

use super::Service;
use super::error::fault;
use super::runner::Runner;

impl Service {
    /// Checks each host whenever its engine has come to answer, until the server ends.
    pub async fn check_isolation_when_live(self) {
        drop(join_all(self.hosts.iter().map(|runner| self.check_host_when_live(runner))).await);
    }

    async fn check_host_when_live(&self, runner: &Runner) {
        let (closing, mut host) = (self.closing(), runner.known.subscribe());
        loop {
            let live = host.wait_for(Host::is_live);
            if closing.run_until_cancelled(live).await.is_none_or(|live| live.is_err()) {
                return;
            }
            self.measured(runner, Who::job("isolation")).await;
            let lost = host.wait_for(|host| !host.is_live());
            if closing.run_until_cancelled(lost).await.is_none_or(|lost| lost.is_err()) {
                return;
            }
        }
    }

    pub(super) async fn isolation_checked_by(
        &self,
        actor: &Actor,
        runner: &Runner,
    ) -> Result<IsolationCheck, ApiError> {
        runner.answers()?;
        let (service, runner, who) = (self.clone(), runner.clone(), actor.into());
        // Whoever asked may hang up: what was started is taken away all the same.
        self.in_own_task(async move { Ok(service.measured(&runner, who).await) }).await
    }

    /// One at a time; what it found is kept, and in the log.
    async fn measured(&self, runner: &Runner, who: Who) -> IsolationCheck {
        let _turn = runner.checking.lock().await;
        let (id, began_at) = (self.clock.activity_id(), self.clock.now());
        let begun = self.store.write(async |write| {
            activities::begin(write, &id, Kind::CheckIsolation, About::Host(runner.name()), &who, began_at).await
        });
        if let Err(error) = begun.await {
            tracing::warn!(%error, "an isolation check is not among the activities");
        }
        let measured = self.measure_isolation(runner).await;
        let entry = Entry::by(who, audit::Action::CheckIsolation).named(runner.name());
        let (entry, findings, reason) = match measured {
            Ok(findings) => (entry.because(words(findings)), Some(findings), None),
            Err(error) => (entry.failed(error.to_string()), None, Some(error.to_string())),
        };
        let check = IsolationCheck { at: self.clock.now(), findings, reason };
        if findings.is_some_and(|findings| findings.inner == Reachability::Open) {
            tracing::error!(host = %runner.name(), "containers reach each other by their inner addresses: environments are not apart");
        }
        runner.isolation.send_replace(Some(check.clone()));
        if let Err(error) = self.log_check(&id, &entry).await {
            tracing::warn!(%error, "an isolation check is not in the log");
        }
        check
    }

    async fn log_check(&self, id: &ActivityId, entry: &Entry) -> Result<(), ApiError> {
        self.write(async |write| {
            let failed = entry.outcome == audit::Outcome::Failed;
            let outcome = if failed { Outcome::Failed } else { Outcome::Done };
            activities::end(write, id, outcome, Some(&entry.reason), None, self.clock.now()).await.map_err(fault)?;
            self.log(write, entry.clone()).await
        })
        .await
    }

    /// On the network that environments hang on: the engine's own bridge, or one that is made as a team's is.
    async fn measure_isolation(&self, runner: &Runner) -> Result<Findings, EngineError> {
        let mark = clock::hex(&self.clock.random::<4>());
        let check = |network| Check {
            installation: &self.settings.installation,
            mark: &mark,
            network,
            bind: runner.settings.reach.bind,
            server_port: runner.settings.reach.server_port,
        };
        let engine = runner.engine();
        if runner.now().isolation == Some(Isolation::DefaultBridge) {
            return engine.check_isolation(&check(&Attachment::DefaultBridge)).await;
        }
        let network = {
            let _making = runner.networks.lock().await;
            let there = engine.networks().await?;
            for left in there.iter().filter(|network| network.is_of_a_check(&self.settings.installation)) {
                // What still hangs on it is taken away by the check itself, and the network then with the next one.
                if let Err(error) = engine.remove_network(&left.id).await {
                    tracing::debug!(%error, "a network of a check is left");
                }
            }
            self.make_network(runner, Purpose::Check(&mark), &there).await?
        };
        let measured = engine.check_isolation(&check(&network)).await;
        if let Err(error) = engine.remove_network(network.as_str()).await {
            tracing::warn!(%error, %network, "the network of an isolation check is removed with the next one");
        }
        measured
    }
}

/// As the log has it.
fn words(findings: Findings) -> String {
    let Findings { inner, published, server, metadata } = findings;
    let of = |what: &str, reached| match reached {
        Reachability::Open => format!("{what} open"),
        Reachability::Closed => format!("{what} closed"),
    };
    let mut words = vec![of("inner addresses", inner), of("published ports", published)];
    words.extend(server.map(|server| of("this server", server)));
    words.push(of("metadata address", metadata));
    words.join(", ")
}
