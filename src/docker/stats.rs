//! What a container has used so far, as the engine counts it.

use std::collections::BTreeMap;

use model::idle::Counters;
use serde::Deserialize;

/// `GET /containers/{id}/stats`, as far as it is read.
#[derive(Debug, Deserialize)]
pub(super) struct StatsAnswer {
    /// Podman leaves it out of what does not run.
    #[serde(default)]
    cpu_stats: Option<CpuAnswer>,
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
            cpu_nanos: answer.cpu_stats.map_or(0, |cpu| cpu.cpu_usage.total_usage),
            received_bytes: sum(|network| network.rx_bytes),
            sent_bytes: sum(|network| network.tx_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_podman_tells_of_what_does_not_run_is_no_use() {
        let told = r#"{"cause":"container is stopped","message":"container is stopped","response":500}"#;
        let answer: StatsAnswer = serde_json::from_str(told).expect("an answer");
        let used = Counters::from(answer);
        assert_eq!((used.cpu_nanos, used.received_bytes, used.sent_bytes), (0, 0, 0));
    }
}
