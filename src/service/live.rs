//! What changes while people look: one subscription to the engine's events, one channel to everybody who listens.

use std::time::Duration;

use app::api::backend::Live;
use app::api::live::Change;
use docker::{EngineError, Event, Happening, HostFacts};
use futures::StreamExt;
use futures::future::join_all;
use futures::stream::BoxStream;
use model::access::{Action, Actor, Target, authorize};
use model::environment::Environment;
use model::host::{Host, Isolation, Link};
use model::name::HostName;
use model::time::Timestamp;
use store::hosts::Met;
use tokio_stream::wrappers::BroadcastStream;

use super::Service;
use super::reconcile::Look;
use super::runner::Runner;

/// As an engine that is asked whether it answers tells the time: milliseconds.
const SECOND: u64 = 1000;

/// Between attempts to reach an engine that does not answer.
const RETRY: Duration = Duration::from_millis(500);

/// What an engine says of its host, beside what is known of it.
fn told(known: &Host, facts: &HostFacts, now: Timestamp) -> Host {
    Host {
        machine: facts.name.clone(),
        version: facts.engine.clone(),
        cpus: facts.cpus,
        memory: facts.memory,
        unlimited: facts.unlimited.clone(),
        link: Link::Live,
        engine_started_at: facts.started_at,
        isolation: Some(match facts.default_bridge_is_apart {
            true => Isolation::DefaultBridge,
            false => Isolation::TeamNetworks,
        }),
        exchanged: false,
        clock_ahead_millis: facts.time.map_or(0, |time| time.as_millis() - now.as_millis()),
        certificate_ends_at: facts.certificate_ends_at,
        ..known.clone()
    }
}

impl Live for Service {
    fn changes(&self) -> BoxStream<'static, Change> {
        let stream = BroadcastStream::new(self.changes.subscribe());
        let stream = stream.map(|change| change.unwrap_or(Change::Missed));
        stream.take_until(self.closing.clone().cancelled_owned()).boxed()
    }

    fn may_see(&self, actor: &Actor, change: &Change) -> bool {
        match change {
            Change::Environment(environment) => {
                let target = Target::Environment { team: &environment.team, owner: &environment.owner_id };
                authorize(actor, Action::See, target).is_ok()
            }
            Change::Host(_) | Change::Missed => true,
        }
    }
}

impl Service {
    pub(super) fn announce(&self, environment: &Environment) {
        if !self.underway.note(environment) {
            return;
        }
        // Nobody listening is no fault.
        drop(self.changes.send(Change::Environment(Box::new(self.shown(environment.clone())))));
    }

    /// What is known of each host, by name.
    #[must_use]
    pub fn known_hosts(&self) -> Vec<Host> {
        self.hosts.iter().map(Runner::now).collect()
    }

    /// Of the only one.
    #[cfg(any(test, feature = "testing"))]
    pub fn current_host(&self) -> Host {
        self.hosts.iter().next().expect("a host").now()
    }

    /// Changes what is known of a host, and tells everybody where that is a change.
    pub(super) fn change_host(&self, runner: &Runner, change: impl FnOnce(&mut Host)) {
        let mut returned = false;
        let changed = runner.known.send_if_modified(|known| {
            let before = known.clone();
            change(known);
            returned = before.link != Link::Live && known.link == Link::Live;
            *known != before
        });
        if !changed {
            return;
        }
        if returned {
            self.underway.begin_anew(runner.name());
        }
        let host = runner.now();
        tracing::info!(host = %host.name, link = ?host.link, "the engine");
        drop(self.changes.send(Change::Host(Box::new(host))));
    }

    pub(super) fn engine_lost(&self, runner: &Runner, error: &EngineError) {
        self.change_host(runner, |host| {
            let since = match &host.link {
                Link::Live => self.clock.now(),
                // Why that is may change, such as when it is back with another certificate.
                Link::Lost { since, .. } => *since,
            };
            let reason = match error {
                // That it cannot be reached, a lost link says by itself.
                EngineError::Unreachable(why) => why.clone(),
                other => other.to_string(),
            };
            host.link = Link::Lost { since, reason };
        });
    }

    /// Follows the engines of all hosts until the server ends.
    pub async fn follow_engines(self) {
        let each = self.hosts.iter().map(|runner| self.follow_engine(runner.clone()));
        drop(join_all(each).await);
    }

    /// Subscribes, reconciles, passes on what happens; begins again when the engine was away.
    async fn follow_engine(&self, runner: Runner) {
        let closing = self.closing.clone();
        while !closing.is_cancelled() {
            tokio::select! {
                () = closing.cancelled() => return,
                ended = self.follow_once(&runner) => {
                    if let Err(error) = ended {
                        self.engine_lost(&runner, &error);
                    }
                }
            }
            tokio::select! {
                () = closing.cancelled() => return,
                () = tokio::time::sleep(RETRY) => {}
            }
        }
    }

    /// One subscription. Subscribes first, then looks at everything, so that nothing falls between the two. Ends when its
    /// stream does, or when another call has found that the engine does not answer: then all begins anew.
    async fn follow_once(&self, runner: &Runner) -> Result<(), EngineError> {
        let engine = runner.engine();
        let facts = engine.host().await?;
        self.know(runner, &facts).await?;
        let events = engine.events(&self.settings.installation).await?;
        let mut events = std::pin::pin!(events);
        let list = runner.begin_list();
        let containers = engine.ours(&self.settings.installation).await?;
        self.change_host(runner, |known| *known = told(known, &facts, self.clock.now()));
        // In its own task, since putting down what should not run takes its time, and the engine keeps few events that nobody reads.
        let (looking, at) = (self.clone(), runner.clone());
        self.spawn(async move { looking.look_at(&at, list, &containers, Look::AtAllThatRuns).await });
        let mut host = runner.known.subscribe();
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(event) => self.take_notice(runner, &event?),
                    None => return Err(EngineError::Unreachable("the stream of its events ended".to_owned())),
                },
                _ = host.wait_for(|host| !host.is_live()) => {
                    return Err(EngineError::Unreachable("a call to it failed".to_owned()));
                }
            }
        }
    }

    /// Asks each engine that answered last whether it still does: of a link that is dead, and of an engine that stands still,
    /// nothing else tells. What changes of the way to it is seen then too.
    pub async fn ping_engines(&self) {
        let live = self.hosts.iter().filter(|runner| runner.is_live());
        drop(join_all(live.map(|runner| self.ping(runner))).await);
    }

    /// A call has failed as on a dead link: whether it is one is known at once, so that nothing more is placed there.
    pub(super) fn suspect(&self, host: &HostName, error: &EngineError) {
        if !matches!(error, EngineError::Unreachable(_) | EngineError::TimedOut(_)) {
            return;
        }
        let (service, runner) = (self.clone(), self.hosts.of(host).clone());
        self.spawn(async move {
            if runner.is_live() {
                service.ping(&runner).await;
            }
        });
    }

    async fn ping(&self, runner: &Runner) {
        match runner.engine().ping().await {
            Ok(pong) => {
                let now = self.clock.now();
                self.change_host(runner, |host| {
                    host.certificate_ends_at = pong.certificate_ends_at;
                    let ahead = pong.time.map(|time| time.as_millis() - now.as_millis());
                    // It tells seconds; less than that is no news.
                    host.clock_ahead_millis = ahead
                        .filter(|ahead| ahead.abs_diff(host.clock_ahead_millis) > SECOND)
                        .unwrap_or(host.clock_ahead_millis);
                });
                runner.warn_of_certificate(now);
            }
            Err(error) => self.engine_lost(runner, &error),
        }
    }

    /// Whether the engine that answers is the one that is known for this host. Of another nothing is touched.
    async fn know(&self, runner: &Runner, facts: &HostFacts) -> Result<(), EngineError> {
        if !facts.is_new_enough() {
            let too_old = format!(
                "its Docker Engine {} is too old: its API is {}, and Berth needs 20.10 or newer (API 1.41)",
                facts.engine, facts.api
            );
            return Err(EngineError::Unreachable(too_old));
        }
        let met = match facts.id.as_str() {
            "" => Met::Own,
            id => self.store.meet_engine(runner.name(), id).await.map_err(|error| {
                tracing::warn!(%error, "which engine answers cannot be looked up");
                EngineError::Unreachable("the database of Berth does not tell which engine it is".to_owned())
            })?,
        };
        runner.set_stranger((met == Met::Another).then(|| facts.id.clone()));
        let is_another = met == Met::Another;
        let reason = match met {
            Met::Own => return Ok(()),
            Met::Another => {
                "another Docker Engine answers there than before; nothing on it is touched until an admin accepts it on the page Hosts".to_owned()
            }
            Met::SharedWith(other) => format!("its Docker Engine is that of host {other} already; one engine is one host"),
        };
        self.change_host(runner, |host| {
            host.exchanged = is_another;
            if !matches!(&host.link, Link::Lost { reason: known, .. } if *known == reason) {
                host.link = Link::Lost { since: self.clock.now(), reason: reason.clone() };
            }
        });
        Err(EngineError::Unreachable(reason))
    }

    /// What a launch makes and starts, it looks at itself.
    fn take_notice(&self, runner: &Runner, event: &Event) {
        runner.ends.hear(event);
        let Some(id) = event.labels.environment() else { return };
        match event.what {
            Happening::Created | Happening::Signalled { .. } => {}
            Happening::Started if self.underway.has(&id) => {}
            _ => self.nudge(id),
        }
    }
}
