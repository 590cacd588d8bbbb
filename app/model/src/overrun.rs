//! What a pool holds beyond its limits: after a quota was lowered below what is in use.

use super::gauge::{Fill, Gauge};
use super::quota::{Holding, Pool};

impl Pool {
    /// What is held of each limit that is passed: `6 of 4 environments`, `3 of 2 CPU cores`.
    #[must_use]
    pub fn passed(&self) -> Vec<String> {
        let gauges = self.gauges(Holding::default());
        gauges.into_iter().filter(|gauge| gauge.fill() == Fill::Over).filter_map(|gauge| of_limit(&gauge)).collect()
    }

    /// In a sentence, for whoever looks at `whose`; `None` where nothing is passed.
    #[must_use]
    pub fn overrun(&self, whose: &str) -> Option<String> {
        let passed = self.passed();
        (!passed.is_empty())
            .then(|| format!("{whose} holds {}; nothing is stopped; new launches are refused.", passed.join(", ")))
    }
}

fn of_limit(gauge: &Gauge) -> Option<String> {
    Some(format!("{} of {}", gauge.figure(), gauge.limit?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::Quota;
    use crate::units::{Memory, MilliCpu};

    #[test]
    fn a_quota_below_what_is_in_use_is_said_with_the_numbers() {
        let used = Holding { environments: 6, running: 4, cpus: MilliCpu::cores(3), memory: Memory::gib(2) };
        let pool = |quota| Pool::new(quota, used);
        let lowered = Quota { environments: Some(4), running: Some(4), ..Quota::default() };
        assert_eq!(
            pool(lowered).overrun("blue").as_deref(),
            Some("blue holds 6 of 4 environments; nothing is stopped; new launches are refused.")
        );
        let further = Quota { cpus: Some(MilliCpu::new(2500)), memory: Some(Memory::gib(1)), ..lowered };
        assert_eq!(pool(further).passed(), ["6 of 4 environments", "3 of 2.5 CPU cores", "2 GiB of 1 GiB of memory"]);
        let equal = Quota { environments: Some(6), ..Quota::default() };
        assert_eq!((pool(equal).overrun("blue"), pool(Quota::default()).overrun("blue")), (None, None));
    }
}
