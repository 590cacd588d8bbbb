//! The host as its engine describes it.

use app::model::units::{Memory, MilliCpu};
use serde::Deserialize;

use super::error::plain;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFacts {
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
}

/// `GET /version`, as far as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct VersionAnswer {
    version: String,
    api_version: String,
    os: String,
    arch: String,
}

/// `GET /info`, as far as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InfoAnswer {
    name: String,
    #[serde(rename = "NCPU")]
    cpus: u64,
    mem_total: u64,
}

impl HostFacts {
    pub(super) fn new(version: &VersionAnswer, info: &InfoAnswer) -> Self {
        let word = |text: &str| plain(text, 120);
        Self {
            name: word(&info.name),
            engine: word(&version.version),
            api: word(&version.api_version),
            os: word(&version.os),
            arch: word(&version.arch),
            cpus: MilliCpu::cores(info.cpus),
            memory: Memory::bytes(info.mem_total),
        }
    }
}
