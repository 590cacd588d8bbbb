//! What a container has used so far, as the engine counts it.

use std::collections::BTreeMap;

use model::idle::Counters;
use serde::Deserialize;

/// `GET /containers/{id}/stats`, as far as it is read.
#[derive(Debug, Deserialize)]
pub(super) struct StatsAnswer {
    cpu_stats: CpuAnswer,
    /// Without a network of its own it has none.
    #[serde(default)]
    networks: Option<BTreeMap<String, NetworkAnswer>>,
}

#[derive(Debug, Deserialize)]
struct CpuAnswer {
    cpu_usage: CpuUsage,
}

#[derive(Debug, Deserialize)]
struct CpuUsage {
    /// In nanoseconds, of all cores together.
    total_usage: u64,
}

#[derive(Debug, Deserialize)]
struct NetworkAnswer {
    rx_bytes: u64,
    tx_bytes: u64,
}

impl From<StatsAnswer> for Counters {
    fn from(answer: StatsAnswer) -> Self {
        let networks = answer.networks.unwrap_or_default();
        let sum = |bytes: fn(&NetworkAnswer) -> u64| networks.values().map(bytes).fold(0, u64::saturating_add);
        Self {
            cpu_nanos: answer.cpu_stats.cpu_usage.total_usage,
            received_bytes: sum(|network| network.rx_bytes),
            sent_bytes: sum(|network| network.tx_bytes),
        }
    }
}
