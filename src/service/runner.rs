//! The hosts: each with its Docker Engine, and with what Berth knows of it while it runs.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use app::api::ApiError;
use docker::{ContainerId, Engine};
use ipnet::Ipv4Net;
use model::host::{CERTIFICATE_WARNINGS, Host, IsolationCheck, Link};
use model::name::HostName;
use model::quarantine::Stray;
use model::quota::Quota;
use model::time::Timestamp;
use model::units::{Memory, MilliCpu};
use store::environments::Stored;
use tokio::sync::{Mutex, watch};

use super::ends::Ends;
use super::placement::not_limited;
use super::reach::Reach;

/// What the operator decides of one host.
#[derive(Debug, Clone)]
pub struct HostSettings {
    /// The operator's own name for it.
    pub name: HostName,
    pub engine: Engine,
    pub reach: Reach,
    pub reserve: Reserve,
    /// Whether environments are started where the engine does not limit them.
    pub without_limits: bool,
    /// Addresses for the networks of teams; `None`: the engine's own pools serve.
    pub address_pool: Option<Ipv4Net>,
}

/// What of a host is not given away, and how far it may be promised twice.
#[derive(Debug, Clone, Copy)]
pub struct Reserve {
    pub memory: Memory,
    /// 1.0: memory is never oversold.
    pub memory_ratio: f64,
    pub cpu_ratio: f64,
}

/// One host. Clones are the same.
#[derive(Clone)]
pub(super) struct Runner(Arc<Inner>);

pub(super) struct Inner {
    pub(super) settings: HostSettings,
    pub(super) known: watch::Sender<Host>,
    pub(super) ends: Ends,
    pub(super) strays: watch::Sender<Vec<Stray>>,
    /// How many lists of containers were asked for, and the latest of them of which something was kept.
    lists: AtomicU64,
    kept_of: AtomicU64,
    /// The id of the engine that answers where another one is known.
    stranger: StdMutex<Option<String>>,
    /// How many days a certificate had left when it was warned of last.
    warned: StdMutex<Option<u64>>,
    /// Held by whoever makes or removes networks.
    pub(super) networks: Mutex<()>,
    /// What the last isolation check found.
    pub(super) isolation: watch::Sender<Option<IsolationCheck>>,
    /// Held by whoever checks.
    pub(super) checking: Mutex<()>,
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Runner").field(&self.0.settings.name).finish()
    }
}

impl Deref for Runner {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Runner {
    fn new(settings: HostSettings, since: Timestamp, why: &str) -> Self {
        let known = Host::unanswered(settings.name.clone(), since, why);
        Self(Arc::new(Inner {
            settings,
            known: watch::channel(known).0,
            ends: Ends::default(),
            strays: watch::Sender::default(),
            lists: AtomicU64::default(),
            kept_of: AtomicU64::default(),
            stranger: StdMutex::default(),
            warned: StdMutex::default(),
            networks: Mutex::default(),
            isolation: watch::Sender::default(),
            checking: Mutex::default(),
        }))
    }

    pub(super) fn name(&self) -> &HostName {
        &self.settings.name
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.settings.engine
    }

    pub(super) fn now(&self) -> Host {
        self.known.borrow().clone()
    }

    pub(super) fn is_live(&self) -> bool {
        self.known.borrow().is_live()
    }

    /// The number of a list of containers that is about to be asked for.
    pub(super) fn begin_list(&self) -> u64 {
        self.lists.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Whether what is seen in this list may be kept: nothing of a later one has been.
    pub(super) fn is_latest(&self, list: u64) -> bool {
        self.kept_of.fetch_max(list, Ordering::SeqCst) <= list
    }

    /// The id of the engine that answers where another one is known.
    pub(super) fn stranger(&self) -> Option<String> {
        self.stranger.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_stranger(&self, id: Option<String>) {
        *self.stranger.lock().unwrap_or_else(PoisonError::into_inner) = id;
    }

    /// Says in the log, once for each of [`CERTIFICATE_WARNINGS`], that a certificate ends soon.
    pub(super) fn warn_of_certificate(&self, now: Timestamp) {
        let left = self.known.borrow().certificate_days_left(now);
        let step = left.and_then(|left| CERTIFICATE_WARNINGS.into_iter().filter(|days| left < *days).min());
        let before = std::mem::replace(&mut *self.warned.lock().unwrap_or_else(PoisonError::into_inner), step);
        if let Some(days) = left.filter(|_| step != before) {
            tracing::warn!(host = %self.name(), days, "a certificate of the way to the engine ends soon: renew it");
        }
    }

    /// # Errors
    /// Why its engine does not answer.
    pub(super) fn answers(&self) -> Result<(), ApiError> {
        match &self.known.borrow().link {
            Link::Live => Ok(()),
            Link::Lost { reason, .. } => Err(ApiError::EngineUnavailable { message: reason.clone() }),
        }
    }

    /// What its engine does not hold environments to, in words, where the operator has not allowed that.
    pub(super) fn unlimited(&self) -> Option<String> {
        self.known.borrow().unlimited_words().filter(|_| !self.settings.without_limits)
    }

    /// # Errors
    /// Where that is something.
    pub(super) fn limits_hold(&self) -> Result<(), ApiError> {
        self.unlimited().map_or(Ok(()), |what| Err(not_limited(&what)))
    }

    /// What all teams together may hold of it; nothing is limited that the engine has not told yet.
    pub(super) fn quota(&self) -> Quota {
        self.settings.reserve.quota(&self.known.borrow())
    }
}

impl Reserve {
    /// The host's capacity minus the reserve, times what may be promised.
    #[must_use]
    pub fn quota(&self, host: &Host) -> Quota {
        let known = host.memory > Memory::default();
        let times = |amount: u64, ratio: f64| {
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a host has far less than 2^52 bytes, and a ratio is positive"
            )]
            let product = (amount as f64 * ratio) as u64;
            product
        };
        Quota {
            environments: None,
            running: None,
            cpus: known.then(|| MilliCpu::new(times(host.cpus.as_milli(), self.cpu_ratio))),
            memory: known.then(|| Memory::bytes(times((host.memory - self.memory).as_bytes(), self.memory_ratio))),
        }
    }
}

/// All hosts of the configuration, by name.
#[derive(Debug, Clone)]
pub(super) struct Hosts {
    all: Arc<BTreeMap<HostName, Runner>>,
    /// What stands for a host that the configuration has no more: its engine never answers.
    absent: Runner,
}

impl Hosts {
    pub(super) fn new(all: Vec<HostSettings>, now: Timestamp) -> Self {
        let runner =
            |settings: HostSettings| (settings.name.clone(), Runner::new(settings, now, "it has not answered yet"));
        let why = "the configuration does not have it any more";
        let absent = HostSettings {
            name: HostName::default_host(),
            engine: Engine::absent(why),
            reach: Reach::default(),
            reserve: Reserve { memory: Memory::default(), memory_ratio: 1.0, cpu_ratio: 1.0 },
            without_limits: false,
            address_pool: None,
        };
        Self { all: Arc::new(all.into_iter().map(runner).collect()), absent: Runner::new(absent, now, why) }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Runner> {
        self.all.values()
    }

    /// The host of that name, if the configuration has it.
    pub(super) fn get(&self, name: &HostName) -> Option<&Runner> {
        self.all.get(name)
    }

    /// The host on which an environment is. One that the configuration has no more never answers.
    pub(super) fn of(&self, name: &HostName) -> &Runner {
        self.get(name).unwrap_or(&self.absent)
    }

    /// What is known of a host of that name, whether or not the configuration has it.
    pub(super) fn known(&self, name: &HostName) -> Host {
        Host { name: name.clone(), ..self.of(name).now() }
    }
}

/// The container of an environment, as its engine knows it.
pub(super) fn container_of(stored: &Stored) -> Option<ContainerId> {
    stored.main().container_id.as_deref().and_then(ContainerId::parse)
}
