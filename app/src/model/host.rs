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
