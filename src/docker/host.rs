//! The host as its engine describes it.

use model::host::Resource;
use model::text::clean;
use model::time::Timestamp;
use model::units::{Memory, MilliCpu};
use serde::Deserialize;

use super::container::moment;
use super::network::Network;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFacts {
    /// The engine's own id, which stays where the machine is renamed; empty where it has none.
    pub id: String,
    pub name: String,
    /// The engine's version, such as `20.10.24`.
    pub engine: String,
    /// The newest version of the API that the engine speaks, such as `1.41`.
    pub api: String,
    /// Such as `linux`.
    pub os: String,
    /// Such as `amd64`.
    pub arch: String,
    pub cpus: MilliCpu,
    pub memory: Memory,
    /// What of a container it does not hold to a limit, as a rootless engine without delegated cgroups.
    pub unlimited: Vec<Resource>,
    /// Whether containers on its default bridge cannot talk to each other.
    pub default_bridge_is_apart: bool,
    /// When this engine started, by its own clock: it makes its default bridge anew with each start. `None`: it has none.
    pub started_at: Option<Timestamp>,
    /// What its clock says.
    pub time: Option<Timestamp>,
    /// When the first of the certificates ends that the way to it needs; `None` without TLS.
    pub certificate_ends_at: Option<Timestamp>,
}

/// The oldest API that has all that is asked of it: that of Docker Engine 20.10.
const API_MIN: (u32, u32) = (1, 41);

/// What an engine that is asked whether it answers tells by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pong {
    /// What its clock says, to the second.
    pub time: Option<Timestamp>,
    pub certificate_ends_at: Option<Timestamp>,
}

/// `GET /version`, as far as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct VersionAnswer {
    version: String,
    api_version: String,
    os: String,
    arch: String,
    #[serde(default)]
    components: Option<Vec<Component>>,
}

/// `GET /info`, as far as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InfoAnswer {
    #[serde(rename = "ID", default)]
    id: String,
    name: String,
    #[serde(default)]
    system_time: Option<String>,
    #[serde(rename = "NCPU")]
    cpus: u64,
    mem_total: u64,
    // An engine that says nothing of a limit holds it.
    #[serde(default = "yes")]
    memory_limit: bool,
    #[serde(default = "yes")]
    cpu_cfs_quota: bool,
    #[serde(default = "yes")]
    pids_limit: bool,
}

const fn yes() -> bool {
    true
}

/// One of the parts that an engine says to be made of.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Component {
    #[serde(default)]
    name: String,
}

impl HostFacts {
    /// Whether its API has all that is asked of it. What cannot be read as a version is tried.
    #[must_use]
    pub fn is_new_enough(&self) -> bool {
        let numbers =
            self.api.split_once('.').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        numbers.is_none_or(|numbers: (u32, u32)| numbers >= API_MIN)
    }

    pub(super) fn new(version: &VersionAnswer, info: &InfoAnswer, default_bridge: Option<&Network>) -> Self {
        let word = |text: &str| clean(text, 120);
        let mut components = version.components.iter().flatten();
        let is_podman = components.any(|component| component.name.contains("Podman"));
        let held = [
            (Resource::Memory, info.memory_limit),
            (Resource::Cpu, info.cpu_cfs_quota),
            (Resource::Processes, info.pids_limit),
        ];
        Self {
            id: word(&info.id),
            name: word(&info.name),
            engine: if is_podman { format!("Podman {}", word(&version.version)) } else { word(&version.version) },
            api: word(&version.api_version),
            os: word(&version.os),
            arch: word(&version.arch),
            cpus: MilliCpu::cores(info.cpus),
            memory: Memory::bytes(info.mem_total),
            unlimited: held.into_iter().filter(|(_, held)| !held).map(|(resource, _)| resource).collect(),
            default_bridge_is_apart: default_bridge.is_some_and(|bridge| bridge.is_apart),
            started_at: default_bridge.and_then(|bridge| bridge.created_at),
            time: moment(info.system_time.as_deref()),
            certificate_ends_at: None,
        }
    }
}
