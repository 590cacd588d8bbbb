//! A pool of a quota as people look at it: for each dimension what is held, what would be, and the limit.

use super::quota::{Amount, Holding, Pool};

/// One dimension of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gauge {
    pub used: Amount,
    /// With what is asked for.
    pub after: Amount,
    pub limit: Option<Amount>,
}

impl Pool {
    /// Each dimension, beside what `ask` would make of it.
    #[must_use]
    pub fn gauges(&self, ask: Holding) -> [Gauge; 4] {
        let (used, after, limit) = (self.used, self.used + ask, self.quota);
        [
            Gauge {
                used: Amount::Environments(used.environments),
                after: Amount::Environments(after.environments),
                limit: limit.environments.map(Amount::Environments),
            },
            Gauge {
                used: Amount::Running(used.running),
                after: Amount::Running(after.running),
                limit: limit.running.map(Amount::Running),
            },
            Gauge {
                used: Amount::Cpus(used.cpus),
                after: Amount::Cpus(after.cpus),
                limit: limit.cpus.map(Amount::Cpus),
            },
            Gauge {
                used: Amount::Memory(used.memory),
                after: Amount::Memory(after.memory),
                limit: limit.memory.map(Amount::Memory),
            },
        ]
    }
}

/// How full a gauge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// Room is left.
    Easy,
    /// Nine tenths or more.
    Nearly,
    /// More than the limit.
    Over,
}

impl Gauge {
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self.used {
            Amount::Environments(_) => "Environments",
            Amount::Running(_) => "Running",
            Amount::Cpus(_) => "CPU",
            Amount::Memory(_) => "Memory",
        }
    }

    /// The figure that is held after what is asked for.
    #[must_use]
    pub fn figure(&self) -> String {
        figure(self.after)
    }

    /// What the figure is held against, to be read after it: `of 8 cores`, `cores, no limit`, `no limit`.
    #[must_use]
    pub fn against(&self) -> String {
        match self.limit {
            None if matches!(self.after, Amount::Cpus(_)) => "cores, no limit".to_owned(),
            None => "no limit".to_owned(),
            Some(Amount::Cpus(cpus)) => format!("of {}", cpus.words()),
            Some(limit) => format!("of {}", figure(limit)),
        }
    }

    /// Hundredths of the limit that are held now; at most 100.
    #[must_use]
    pub fn percent_used(&self) -> u64 {
        self.percent(self.used)
    }

    /// Hundredths that what is asked for adds; with those in use at most 100.
    #[must_use]
    pub fn percent_added(&self) -> u64 {
        self.percent(self.after) - self.percent_used()
    }

    #[must_use]
    pub fn fill(&self) -> Fill {
        match self.limit.map(Amount::size) {
            Some(limit) if self.after.size() > limit => Fill::Over,
            Some(limit) if self.after.size().saturating_mul(10) >= limit.saturating_mul(9) => Fill::Nearly,
            Some(_) | None => Fill::Easy,
        }
    }

    fn percent(&self, amount: Amount) -> u64 {
        match self.limit.map(Amount::size) {
            None => 0,
            Some(0) => 100,
            Some(limit) => (amount.size().saturating_mul(100) / limit).min(100),
        }
    }
}

fn figure(amount: Amount) -> String {
    match amount {
        Amount::Environments(count) | Amount::Running(count) => count.to_string(),
        Amount::Cpus(cpus) => cpus.to_string(),
        Amount::Memory(memory) => memory.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::quota::Quota;
    use super::super::units::{Memory, MilliCpu};
    use super::*;

    fn gauges(quota: Quota) -> [Gauge; 4] {
        let used = Holding { environments: 3, running: 2, cpus: MilliCpu::new(1500), memory: Memory::gib(14) };
        Pool::new(quota, used).gauges(Holding::running(MilliCpu::new(500), Memory::gib(2)))
    }

    #[test]
    fn a_gauge_shows_what_is_held_and_what_a_launch_would_add() {
        let quota = Quota { cpus: Some(MilliCpu::cores(8)), memory: Some(Memory::gib(16)), ..Quota::default() };
        let [environments, running, cpus, memory] = gauges(quota);
        assert_eq!((environments.figure().as_str(), environments.against().as_str()), ("4", "no limit"));
        assert_eq!((running.percent_used(), running.fill()), (0, Fill::Easy));
        assert_eq!(gauges(Quota::default())[2].against(), "cores, no limit");
        let one_core = Quota { cpus: Some(MilliCpu::cores(1)), ..Quota::default() };
        assert_eq!(gauges(one_core)[2].against(), "of 1 core");
        assert_eq!((cpus.figure().as_str(), cpus.against().as_str()), ("2", "of 8 cores"));
        assert_eq!((cpus.percent_used(), cpus.percent_added()), (18, 7));
        assert_eq!((memory.figure().as_str(), memory.against().as_str()), ("16 GiB", "of 16 GiB"));
        assert_eq!((memory.percent_used(), memory.percent_added(), memory.fill()), (87, 13, Fill::Nearly));
    }

    #[test]
    fn a_gauge_over_its_limit_is_full_and_says_so() {
        let [environments, running, ..] = gauges(Quota { environments: Some(3), running: Some(0), ..Quota::default() });
        assert_eq!((environments.percent_used(), environments.percent_added()), (100, 0));
        assert_eq!((environments.fill(), running.fill()), (Fill::Over, Fill::Over));
        assert_eq!(running.percent_used(), 100);
    }
}
