//! What changes while people look: one subscription to the engine's events, one channel to everybody who listens.

use std::time::Duration;

use app::api::backend::Live;
use app::api::live::Change;
use docker::{EngineError, Event, Happening, HostFacts};
use futures::StreamExt;
use futures::stream::BoxStream;
use model::access::{Action, Actor, Target, authorize};
use model::environment::Environment;
use model::host::{Host, Isolation, Link};
use model::time::Timestamp;
use model::units::{Memory, MilliCpu};
use tokio_stream::wrappers::BroadcastStream;

use super::Service;
use super::reconcile::Look;

/// Between attempts to reach an engine that does not answer.
const RETRY: Duration = Duration::from_millis(500);

/// The host, as its engine says.
fn host_of(facts: &HostFacts) -> Host {
    Host {
        name: facts.name.clone(),
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
        networks: 0,
        networks_left: None,
    }
}

/// What is known of the host before its engine has answered.
pub(super) fn unknown_host(now: Timestamp) -> Host {
    Host {
        name: "host".to_owned(),
        version: String::new(),
        cpus: MilliCpu::default(),
        memory: Memory::default(),
        unlimited: Vec::new(),
        link: Link::Lost { since: now, reason: "it has not answered yet".to_owned() },
        engine_started_at: None,
        isolation: None,
        networks: 0,
        networks_left: None,
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

    pub fn current_host(&self) -> Host {
        self.host.borrow().clone()
    }

    /// Changes what is known of the host, and tells everybody where that is a change.
    fn change_host(&self, change: impl FnOnce(&mut Host)) {
        let mut returned = false;
        let changed = self.host.send_if_modified(|known| {
            let before = known.clone();
            change(known);
            returned = before.link != Link::Live && known.link == Link::Live;
            *known != before
        });
        if !changed {
            return;
        }
        if returned {
            self.underway.begin_anew();
        }
        let host = self.current_host();
        tracing::info!(link = ?host.link, "the engine");
        drop(self.changes.send(Change::Host(host)));
    }

    /// How many networks of ours there are, and how many more fit into the address pool.
    pub(super) fn networks_counted(&self, networks: usize, left: Option<usize>) {
        self.change_host(|host| (host.networks, host.networks_left) = (networks, left));
    }

    pub(super) fn engine_lost(&self, error: &EngineError) {
        self.change_host(|host| {
            let since = match &host.link {
                Link::Live => self.clock.now(),
                // It has never answered: why that is may change.
                Link::Lost { since, .. } if host.version.is_empty() => *since,
                Link::Lost { .. } => return,
            };
            host.link = Link::Lost { since, reason: error.to_string() };
        });
    }

    /// Follows the engine until the server ends: subscribes, reconciles, passes on what happens; begins again when the
    /// engine was away.
    pub async fn follow_engine(self) {
        let closing = self.closing.clone();
        while !closing.is_cancelled() {
            tokio::select! {
                () = closing.cancelled() => return,
                ended = self.follow_once() => {
                    if let Err(error) = ended {
                        self.engine_lost(&error);
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
    async fn follow_once(&self) -> Result<(), EngineError> {
        let facts = self.engine.host().await?;
        let events = self.engine.events(&self.settings.installation).await?;
        let mut events = std::pin::pin!(events);
        let containers = self.engine.ours(&self.settings.installation).await?;
        self.change_host(|known| {
            *known = Host { networks: known.networks, networks_left: known.networks_left, ..host_of(&facts) };
        });
        // In its own task, since putting down what should not run takes its time, and the engine keeps few events that nobody reads.
        let looking = self.clone();
        self.spawn(async move { looking.look_at(&containers, Look::AtAllThatRuns).await });
        let mut host = self.host.subscribe();
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(event) => self.take_notice(&event?),
                    None => return Err(EngineError::Unreachable("the stream of its events ended".to_owned())),
                },
                _ = host.wait_for(|host| host.link != Link::Live) => {
                    return Err(EngineError::Unreachable("a call to it failed".to_owned()));
                }
            }
        }
    }

    /// What a launch makes and starts, it looks at itself.
    fn take_notice(&self, event: &Event) {
        self.ends.hear(event);
        let Some(id) = event.labels.environment() else { return };
        match event.what {
            Happening::Created | Happening::Signalled { .. } => {}
            Happening::Started if self.underway.has(&id) => {}
            _ => self.nudge(id),
        }
    }
}
