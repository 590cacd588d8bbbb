//! A Docker Engine that Berth manages, as people see it.

use serde::{Deserialize, Serialize};

use super::time::Timestamp;
use super::units::{Memory, MilliCpu};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    pub name: String,
    /// Of the engine; empty until it has answered once.
    pub version: String,
    pub cpus: MilliCpu,
    #[serde(rename = "memory_bytes")]
    pub memory: Memory,
    pub link: Link,
}

/// Whether the engine answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Link {
    Live,
    /// It does not; `reason` in words.
    Lost {
        since: Timestamp,
        reason: String,
    },
}
