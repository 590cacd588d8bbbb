//! A Docker Engine that Berth manages, as people see it.

use serde::{Deserialize, Serialize};

use super::name::HostName;
use super::time::Timestamp;
use super::units::{Memory, MilliCpu, Span};

/// The network of the engine that is not Berth's own.
pub const DEFAULT_BRIDGE: &str = "bridge";

/// The addresses of one team's network, from `docker.address_pool`: of 253 containers.
pub const SUBNET_PREFIX: u8 = 24;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// The operator's name for it.
    pub name: HostName,
    /// What the machine calls itself, as its engine says; empty until it has answered once.
    #[serde(default)]
    pub machine: String,
    /// Of the engine; empty until it has answered once.
    pub version: String,
    pub cpus: MilliCpu,
    #[serde(rename = "memory_bytes")]
    pub memory: Memory,
    pub link: Link,
    /// What of an environment this engine does not hold to its limit.
    #[serde(default)]
    pub unlimited: Vec<Resource>,
    /// When the engine started, by its own clock; `None` where it does not tell.
    #[serde(default)]
    pub engine_started_at: Option<Timestamp>,
    /// `None` until the engine has answered once.
    #[serde(default)]
    pub isolation: Option<Isolation>,
    /// How many networks Berth has made for teams.
    #[serde(default)]
    pub networks: usize,
    /// How many more fit into `docker.address_pool`; `None` where that is not set and the engine's own pools serve.
    #[serde(default)]
    pub networks_left: Option<usize>,
    /// Whether an admin has said that nothing new is placed on it.
    #[serde(default)]
    pub draining: bool,
    /// Whether another engine answers at its address than the one that is known: nothing there is touched until an admin accepts it.
    #[serde(default)]
    pub exchanged: bool,
    /// How far its clock is ahead of Berth's, or behind where this is negative.
    #[serde(default)]
    pub clock_ahead_millis: i64,
    /// When the first of the certificates ends that the way to it needs; `None` without TLS.
    #[serde(default)]
    pub certificate_ends_at: Option<Timestamp>,
}

/// From how many milliseconds on a host's clock is said to be wrong.
pub const CLOCK_SKEW_SAID: u64 = 2000;

/// How long before its end a certificate is warned of: in days, the last ones more urgently.
pub const CERTIFICATE_WARNINGS: [u64; 3] = [30, 7, 1];

impl Host {
    /// Of which nothing is known but the name.
    #[must_use]
    pub fn unanswered(name: HostName, since: Timestamp, reason: &str) -> Self {
        Self {
            name,
            machine: String::new(),
            version: String::new(),
            cpus: MilliCpu::default(),
            memory: Memory::default(),
            link: Link::Lost { since, reason: reason.to_owned() },
            unlimited: Vec::new(),
            engine_started_at: None,
            isolation: None,
            networks: 0,
            networks_left: None,
            draining: false,
            exchanged: false,
            clock_ahead_millis: 0,
            certificate_ends_at: None,
        }
    }

    #[must_use]
    pub fn is_live(&self) -> bool {
        self.link == Link::Live
    }

    /// How wrong its clock is, in words; `None` where that is little.
    #[must_use]
    pub fn clock_words(&self) -> Option<String> {
        let off = self.clock_ahead_millis.unsigned_abs();
        let way = if self.clock_ahead_millis < 0 { "behind" } else { "ahead of" };
        (off > CLOCK_SKEW_SAID).then(|| format!("{} {way} Berth's clock", Span::seconds(off / 1000).words()))
    }

    /// How many days a certificate has left that ends soon; 0 once it is the last day or over.
    #[must_use]
    pub fn certificate_days_left(&self, now: Timestamp) -> Option<u64> {
        let left = self.certificate_ends_at?.millis_since(now) / (24 * 3600 * 1000);
        (left < CERTIFICATE_WARNINGS[0]).then_some(left)
    }

    /// What is not limited, in words; `None` where all is.
    #[must_use]
    pub fn unlimited_words(&self) -> Option<String> {
        let words: Vec<&str> = self.unlimited.iter().map(|resource| resource.words()).collect();
        let (last, others) = words.split_last()?;
        Some(if others.is_empty() { (*last).to_owned() } else { format!("{} and {last}", others.join(", ")) })
    }
}

/// What an environment is limited in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    Memory,
    Cpu,
    Processes,
}

impl Resource {
    const fn words(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Cpu => "CPU",
            Self::Processes => "processes",
        }
    }
}

/// How environments are kept apart on the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// All hang on the engine's default bridge, whose containers cannot talk to each other (`icc` is `false`).
    DefaultBridge,
    /// Each team has a network of its own, whose containers cannot talk to each other.
    TeamNetworks,
}

/// What an isolation check found, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IsolationCheck {
    pub at: Timestamp,
    /// `None`: it could not be measured.
    pub findings: Option<Findings>,
    /// Why it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What one container reaches from another's place on the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// Another environment, by its inner address.
    pub inner: Reachability,
    /// Its published port, by the host's address.
    pub published: Reachability,
    /// This server, by the host's address; `None` where it is on another machine than the engine.
    pub server: Option<Reachability>,
    /// The address where clouds tell a machine its credentials (169.254.169.254).
    pub metadata: Reachability,
}

/// Whether a connection was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reachability {
    Open,
    Closed,
}

/// Whether the engine answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Wire", into = "Wire")]
pub enum Link {
    Live,
    /// It does not; `reason` in words.
    Lost {
        since: Timestamp,
        reason: String,
    },
}

/// As scripts read it: `state`, and what is known of a loss.
#[derive(Serialize, Deserialize)]
struct Wire {
    state: Word,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Live,
    Lost,
}

impl From<Wire> for Link {
    fn from(Wire { state, since, reason }: Wire) -> Self {
        match state {
            Word::Live => Self::Live,
            Word::Lost => Self::Lost { since: since.unwrap_or_default(), reason: reason.unwrap_or_default() },
        }
    }
}

impl From<Link> for Wire {
    fn from(link: Link) -> Self {
        match link {
            Link::Live => Self { state: Word::Live, since: None, reason: None },
            Link::Lost { since, reason } => Self { state: Word::Lost, since: Some(since), reason: Some(reason) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn host() -> Host {
        Host::unanswered(HostName::default_host(), NOW, "it has not answered yet")
    }

    #[test]
    fn a_certificate_is_told_of_from_thirty_days_before_its_end_on() {
        let day = |days: u64| Span::hours(days * 24);
        for (ends_at, left) in [
            (None, None),
            (Some(NOW.after(day(31))), None),
            (Some(NOW.after(day(30))), None),
            (Some(NOW.after(day(30)).before(Span::seconds(1))), Some(29)),
            (Some(NOW.after(day(1))), Some(1)),
            (Some(NOW.after(Span::hours(23))), Some(0)),
            (Some(NOW.before(day(1))), Some(0)),
        ] {
            assert_eq!(Host { certificate_ends_at: ends_at, ..host() }.certificate_days_left(NOW), left, "{ends_at:?}");
        }
    }

    #[test]
    fn a_clock_is_told_of_from_two_seconds_on() {
        for (ahead, words) in [
            (0, None),
            (2000, None),
            (-2000, None),
            (2001, Some("2 s ahead of Berth's clock")),
            (-7_200_000, Some("2 h behind Berth's clock")),
            (i64::MIN, Some("behind Berth's clock")),
        ] {
            let told = Host { clock_ahead_millis: ahead, ..host() }.clock_words();
            assert_eq!(told.is_some(), words.is_some(), "{ahead}");
            assert!(told.unwrap_or_default().ends_with(words.unwrap_or_default()), "{ahead}");
        }
    }
}
