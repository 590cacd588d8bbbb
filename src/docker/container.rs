//! A container as the engine tells it. Read from the plain JSON, so that a word which only a newer engine knows is shown
//! and fails nothing.

use std::collections::BTreeMap;
use std::fmt;

use model::environment::{Health, Limits};
use model::host::DEFAULT_BRIDGE;
use model::template::Protocol;
use model::text::clean;
use model::time::Timestamp;
use model::units::{Memory, MilliCpu};
use serde::{Deserialize, Deserializer};

use super::labels::Labels;

/// The engine's id of a container: hexadecimal, and so safe in a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerId(String);

impl ContainerId {
    /// `None` when `text` is no id that an engine gives.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_hex(text).then(|| Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The engine's id of an image, `sha256:…`: the very bytes, whatever a name points to later.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageId(String);

impl ImageId {
    /// `None` when `text` is no id that an engine gives.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_hex(text.strip_prefix("sha256:")?).then(|| Self(text.to_owned()))
    }
}

fn is_hex(text: &str) -> bool {
    (12..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

macro_rules! parsed {
    ($type:ident, $what:literal) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                Self::parse(&text).ok_or_else(|| serde::de::Error::custom($what))
            }
        }
    };
}
parsed!(ContainerId, "no container id");
parsed!(ImageId, "no image id");

/// What the engine says a container is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    Created,
    Running,
    Paused,
    Restarting,
    Removing,
    Exited,
    Dead,
    /// A word that this version does not know.
    Other(String),
}

impl Status {
    fn parse(word: &str) -> Self {
        match word {
            "created" => Self::Created,
            "running" => Self::Running,
            "paused" => Self::Paused,
            "restarting" => Self::Restarting,
            "removing" => Self::Removing,
            "exited" => Self::Exited,
            "dead" => Self::Dead,
            other => Self::Other(clean(other, 40)),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Removing => "removing",
            Self::Exited => "exited",
            Self::Dead => "dead",
            Self::Other(word) => word,
        })
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|word| Self::parse(&word))
    }
}

/// A published port. Where the engine lists it for both versions of the internet protocol, it is one entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Binding {
    /// The port inside the container.
    pub container: u16,
    pub protocol: Protocol,
    /// The address it is bound to; `0.0.0.0` for every address of the host.
    pub host_ip: String,
    pub host_port: u16,
}

/// Everything that is asked about one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    pub id: ContainerId,
    pub name: String,
    pub labels: Labels,
    pub status: Status,
    /// Of its last end; `None` while it has not ended.
    pub exit_code: Option<i64>,
    /// The kernel ended it for want of memory.
    pub oom_killed: bool,
    /// Why the engine could not start it.
    pub error: Option<String>,
    pub created_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    /// Of its last end. Where it ended at once, an engine may tell it some milliseconds before `started_at`.
    pub finished_at: Option<Timestamp>,
    /// `None` where the image has no health check.
    pub health: Option<Health>,
    pub ports: Vec<Binding>,
    /// The names of the networks that it hangs on, also while it does not run.
    pub networks: Vec<String>,
    /// `None` where one of them is not limited.
    pub limits: Option<Limits>,
}

impl Container {
    /// Its id, where it was made by the attempt that these labels are of.
    pub(super) fn of_attempt(self, labels: &Labels) -> Option<ContainerId> {
        self.labels.same_attempt(labels).then_some(self.id)
    }
}

/// What a list tells of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: ContainerId,
    pub name: String,
    pub labels: Labels,
    pub status: Status,
    /// `None` where the image has no health check.
    pub health: Option<Health>,
    pub ports: Vec<Binding>,
    /// The network that it hangs on: its id, or `bridge`. `None` as long as it has never been started.
    pub network: Option<String>,
}

/// `GET /containers/{id}/json`, as far as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InspectAnswer {
    id: ContainerId,
    #[serde(default)]
    name: String,
    created: Option<String>,
    state: StateAnswer,
    config: ConfigAnswer,
    #[serde(default)]
    host_config: LimitsAnswer,
    #[serde(default)]
    network_settings: NetworkAnswer,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StateAnswer {
    status: Status,
    exit_code: Option<i64>,
    #[serde(rename = "OOMKilled", default)]
    oom_killed: bool,
    error: Option<String>,
    started_at: Option<String>,
    finished_at: Option<String>,
    health: Option<HealthAnswer>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HealthAnswer {
    status: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ConfigAnswer {
    labels: Option<Labels>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct LimitsAnswer {
    memory: Option<i64>,
    nano_cpus: Option<i64>,
    pids_limit: Option<i64>,
    storage_opt: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct NetworkAnswer {
    networks: Option<BTreeMap<String, serde::de::IgnoredAny>>,
    ports: Option<BTreeMap<String, Option<Vec<HostPort>>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HostPort {
    #[serde(default)]
    host_ip: String,
    #[serde(default)]
    host_port: String,
}

/// One of `GET /containers/json`, as far as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListAnswer {
    id: ContainerId,
    #[serde(default)]
    names: Option<Vec<String>>,
    labels: Option<Labels>,
    state: Status,
    /// As people read it: `Up 3 minutes (healthy)`.
    #[serde(default)]
    status: Option<String>,
    ports: Option<Vec<ListedPort>>,
    #[serde(default)]
    network_settings: Option<ListedNetworks>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ListedNetworks {
    networks: Option<BTreeMap<String, ListedNetwork>>,
}

#[derive(Debug, Deserialize)]
struct ListedNetwork {
    #[serde(rename = "NetworkID", default)]
    id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedPort {
    #[serde(rename = "IP")]
    ip: Option<String>,
    private_port: u16,
    public_port: Option<u16>,
    #[serde(rename = "Type")]
    protocol: String,
}

impl From<InspectAnswer> for Container {
    fn from(answer: InspectAnswer) -> Self {
        let InspectAnswer { id, name, created, state, config, host_config, network_settings } = answer;
        let (started_at, finished_at) = (moment(state.started_at.as_deref()), moment(state.finished_at.as_deref()));
        // Podman keeps the error of a start that was refused, as of what runs already, whatever happens later.
        let ran = started_at.is_some_and(|started| finished_at.is_none_or(|finished| finished >= started));
        Self {
            id,
            name: bare(&name),
            labels: config.labels.unwrap_or_default(),
            exit_code: state.exit_code.filter(|_| finished_at.is_some() && state.status != Status::Running),
            status: state.status,
            oom_killed: state.oom_killed,
            error: state.error.map(|text| clean(&text, 400)).filter(|text| !text.is_empty() && !ran),
            created_at: moment(created.as_deref()),
            started_at,
            finished_at,
            health: state.health.and_then(|health| health_of(&health.status)),
            networks: network_settings.networks.iter().flat_map(BTreeMap::keys).cloned().collect(),
            ports: bindings(network_settings),
            limits: host_config.limits(),
        }
    }
}

impl From<ListAnswer> for Listed {
    fn from(answer: ListAnswer) -> Self {
        let ListAnswer { id, names, labels, state, status, ports, network_settings } = answer;
        let published = ports.unwrap_or_default().into_iter().filter_map(|port| {
            let protocol = protocol(&port.protocol)?;
            let (host_ip, host_port) = (port.ip.unwrap_or_default(), port.public_port?);
            Some(Binding { container: port.private_port, protocol, host_ip, host_port })
        });
        Self {
            id,
            name: names.iter().flatten().next().map(|name| bare(name)).unwrap_or_default(),
            labels: labels.unwrap_or_default(),
            status: state,
            health: status.and_then(|text| health_in(&text)),
            ports: merged(published.collect()),
            network: network_settings.and_then(ListedNetworks::first),
        }
    }
}

impl ListedNetworks {
    fn first(self) -> Option<String> {
        let (name, network) = self.networks?.pop_first()?;
        match name.as_str() {
            DEFAULT_BRIDGE => Some(name),
            _ => Some(network.id).filter(|id| is_hex(id)),
        }
    }
}

impl LimitsAnswer {
    fn limits(&self) -> Option<Limits> {
        let set = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok()).filter(|value| *value > 0);
        Some(Limits {
            cpus: MilliCpu::new(set(self.nano_cpus)? / 1_000_000),
            memory: Memory::bytes(set(self.memory)?),
            pids: u32::try_from(set(self.pids_limit)?).ok()?,
            disk: self.storage_opt.as_ref().and_then(|options| options.get("size")?.parse().ok()),
        })
    }
}

/// The engine writes names with a slash before them.
fn bare(name: &str) -> String {
    clean(name.trim_start_matches('/'), 128)
}

/// A moment as the engine writes it, with nanoseconds and any offset; `None` where it means "never".
pub(super) fn moment(text: Option<&str>) -> Option<Timestamp> {
    let at = chrono::DateTime::parse_from_rfc3339(text?).ok()?;
    (at.timestamp() > 0).then(|| Timestamp::from_millis(at.timestamp_millis()))
}

/// The health in a list's words for a status.
fn health_in(status: &str) -> Option<Health> {
    let (_, word) = status.strip_suffix(')')?.rsplit_once('(')?;
    health_of(word.strip_prefix("health: ").unwrap_or(word))
}

pub(super) fn health_of(word: &str) -> Option<Health> {
    match word {
        "starting" => Some(Health::Starting),
        "healthy" => Some(Health::Healthy),
        "unhealthy" => Some(Health::Unhealthy),
        _ => None,
    }
}

fn protocol(word: &str) -> Option<Protocol> {
    match word {
        "tcp" => Some(Protocol::Tcp),
        "udp" => Some(Protocol::Udp),
        _ => None,
    }
}

fn bindings(network: NetworkAnswer) -> Vec<Binding> {
    let mut found = Vec::new();
    for (port, hosts) in network.ports.unwrap_or_default() {
        let parsed = port.split_once('/').and_then(|(number, word)| Some((number.parse().ok()?, protocol(word)?)));
        let Some((container, protocol)) = parsed else { continue };
        for host in hosts.unwrap_or_default() {
            if let Ok(host_port) = host.host_port.parse() {
                found.push(Binding { container, protocol, host_ip: host.host_ip, host_port });
            }
        }
    }
    merged(found)
}

/// One entry for each port and place, in order of the ports. Where every address is bound for both internet protocols, the
/// host port of version 4 is the one that counts: they can differ.
fn merged(mut bindings: Vec<Binding>) -> Vec<Binding> {
    bindings.sort_by_key(|binding| (binding.container, binding.protocol, binding.host_ip.contains(':')));
    for binding in bindings.iter_mut().filter(|binding| binding.host_ip.is_empty()) {
        binding.host_ip = "0.0.0.0".to_owned();
    }
    let is_twin = |next: &Binding, kept: &Binding| {
        next.host_ip == kept.host_ip || (next.host_ip == "::" && kept.host_ip == "0.0.0.0")
    };
    bindings.dedup_by(|next, kept| {
        (next.container, next.protocol) == (kept.container, kept.protocol) && is_twin(next, kept)
    });
    bindings
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4fa6e0f0c6786287e131c3852c58a2e01cc697a68231826813597e4994f1d6e2";

    fn inspected(state: &str, rest: &str) -> Container {
        let text = format!(r#"{{"Id":"{ID}","Name":"/berth-blue-api","State":{state},"Config":{{}}{rest}}}"#);
        serde_json::from_str::<InspectAnswer>(&text).expect("an answer").into()
    }

    #[test]
    fn a_state_of_a_newer_engine_is_shown_and_fails_nothing() {
        let container = inspected(r#"{"Status":"hibernating","Health":{"Status":"dozing"},"Mood":7}"#, "");
        assert_eq!(container.status, Status::Other("hibernating".to_owned()));
        assert_eq!(container.health, None);
        let listed: ListAnswer =
            serde_json::from_str(&format!(r#"{{"Id":"{ID}","State":"hibernating","Ports":null}}"#)).expect("an answer");
        assert_eq!(Listed::from(listed).status, Status::Other("hibernating".to_owned()));
    }

    #[test]
    fn the_error_of_a_start_counts_only_of_what_never_ran() {
        let state = |started: &str, finished: &str| {
            let text = format!(
                r#"{{"Status":"exited","ExitCode":5,"Error":"it runs","StartedAt":"{started}","FinishedAt":"{finished}"}}"#
            );
            inspected(&text, "").error
        };
        const NEVER: &str = "0001-01-01T00:00:00Z";
        let (earlier, later) = ("2026-11-21T04:00:00Z", "2026-11-21T05:00:00Z");
        assert_eq!(state(NEVER, NEVER).as_deref(), Some("it runs"));
        assert_eq!(state(NEVER, later).as_deref(), Some("it runs"));
        assert_eq!(state(later, earlier).as_deref(), Some("it runs"), "the run before it ended");
        assert_eq!(state(earlier, later), None, "it ran, and ended");
    }

    #[test]
    fn a_list_tells_health_in_brackets() {
        for (status, health) in [
            ("Up 3 minutes (healthy)", Some(Health::Healthy)),
            ("Up 1 second (health: starting)", Some(Health::Starting)),
            ("Up 2 hours (unhealthy)", Some(Health::Unhealthy)),
            ("Up 2 hours (Paused)", None),
            ("Exited (0) 2 seconds ago", None),
            ("Up 2 hours", None),
        ] {
            assert_eq!(health_in(status), health, "{status}");
        }
    }

    #[test]
    fn moments_are_read_with_nanoseconds_and_offsets_and_never_means_never() {
        for (text, millis) in [
            ("2026-11-21T04:15:16.123456789Z", Some(1_795_234_516_123)),
            ("2026-11-21T06:15:16.5+02:00", Some(1_795_234_516_500)),
            ("0001-01-01T00:00:00Z", None),
            ("", None),
            ("yesterday", None),
        ] {
            assert_eq!(moment(Some(text)).map(Timestamp::as_millis), millis, "{text}");
        }
    }

    #[test]
    fn an_exit_code_counts_only_once_it_has_ended() {
        let never = inspected(r#"{"Status":"created","ExitCode":0,"FinishedAt":"0001-01-01T00:00:00Z"}"#, "");
        assert_eq!(never.exit_code, None);
        let again = inspected(r#"{"Status":"running","ExitCode":0,"FinishedAt":"2026-11-21T04:15:16Z"}"#, "");
        assert_eq!(again.exit_code, None);
        let ended =
            inspected(r#"{"Status":"exited","ExitCode":137,"OOMKilled":true,"FinishedAt":"2026-11-21T04:15:16Z"}"#, "");
        assert_eq!((ended.exit_code, ended.oom_killed), (Some(137), true));
    }

    #[test]
    fn a_port_listed_for_both_internet_protocols_is_one() {
        let ports = r#","NetworkSettings":{"Ports":{
            "80/tcp":[{"HostIp":"::","HostPort":"49152"},{"HostIp":"0.0.0.0","HostPort":"49153"}],
            "443/tcp":[{"HostIp":"::","HostPort":"49155"}],
            "514/udp":[{"HostIp":"127.0.0.1","HostPort":"49154"}],
            "9/sctp":[{"HostIp":"0.0.0.0","HostPort":"1"}],
            "9090/tcp":null}}"#;
        let port = |container, protocol, host_ip: &str, host_port| Binding {
            container,
            protocol,
            host_ip: host_ip.to_owned(),
            host_port,
        };
        let only_six = port(443, Protocol::Tcp, "::", 49155);
        let expected =
            [port(80, Protocol::Tcp, "0.0.0.0", 49153), only_six, port(514, Protocol::Udp, "127.0.0.1", 49154)];
        assert_eq!(inspected(r#"{"Status":"running"}"#, ports).ports, expected);
    }

    #[test]
    fn limits_are_read_only_where_all_are_set() {
        let all = r#","HostConfig":{"Memory":67108864,"NanoCpus":500000000,"PidsLimit":64}"#;
        let limits = Limits { cpus: MilliCpu::new(500), memory: Memory::mib(64), pids: 64, disk: None };
        assert_eq!(inspected(r#"{"Status":"running"}"#, all).limits, Some(limits));
        let some = r#","HostConfig":{"Memory":0,"NanoCpus":500000000,"PidsLimit":null}"#;
        assert_eq!(inspected(r#"{"Status":"running"}"#, some).limits, None);
    }

    #[test]
    fn an_id_cannot_lead_anywhere_else() {
        assert!(ContainerId::parse(ID).is_some() && ImageId::parse(&format!("sha256:{ID}")).is_some());
        for bad in ["", "abc", "../images/json", "4fa6e0f0c678/json", "4FA6E0F0C678", &"a".repeat(65)] {
            assert!(ContainerId::parse(bad).is_none() && ImageId::parse(&format!("sha256:{bad}")).is_none(), "{bad}");
        }
        assert!(ImageId::parse(ID).is_none());
    }
}
