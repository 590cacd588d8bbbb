//! What a team, a member and the host may hold, and the decision whether one more environment fits.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use serde::{Deserialize, Serialize};

use super::units::{Memory, MilliCpu};

/// What one or many environments hold. A stopped environment still holds its place, but no CPU and no memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    pub environments: u64,
    pub running: u64,
    pub cpus: MilliCpu,
    #[serde(rename = "memory_bytes")]
    pub memory: Memory,
}

impl Holding {
    /// What an environment holds while it runs.
    #[must_use]
    pub const fn running(cpus: MilliCpu, memory: Memory) -> Self {
        Self { environments: 1, running: 1, cpus, memory }
    }

    /// What a start adds to an environment that already holds its place.
    #[must_use]
    pub const fn restarted(cpus: MilliCpu, memory: Memory) -> Self {
        Self { environments: 0, running: 1, cpus, memory }
    }

    /// What an environment holds that exists and does not run.
    #[must_use]
    pub fn place() -> Self {
        Self { environments: 1, ..Self::default() }
    }
}

impl Add for Holding {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            environments: self.environments.saturating_add(other.environments),
            running: self.running.saturating_add(other.running),
            cpus: self.cpus + other.cpus,
            memory: self.memory + other.memory,
        }
    }
}

impl Sum for Holding {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), Add::add)
    }
}

/// Limits on a [`Holding`]; what is not set is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quota {
    pub environments: Option<u64>,
    pub running: Option<u64>,
    pub cpus: Option<MilliCpu>,
    pub memory: Option<Memory>,
}

/// Whose limit it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Team,
    Member,
    Host,
}

impl Scope {
    /// Who can raise such a limit, in a sentence's middle.
    #[must_use]
    pub const fn decided_by(self) -> &'static str {
        match self {
            Self::Team | Self::Member => "an admin can change it",
            Self::Host => "the host has no more; something else on it must end first",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Team => "the team",
            Self::Member => "a member",
            Self::Host => "the host",
        })
    }
}

/// An amount in one dimension of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Amount {
    Environments(u64),
    Running(u64),
    Cpus(MilliCpu),
    Memory(Memory),
}

impl Amount {
    #[must_use]
    pub const fn dimension(self) -> &'static str {
        match self {
            Self::Environments(_) => "environments",
            Self::Running(_) => "running",
            Self::Cpus(_) => "cpus",
            Self::Memory(_) => "memory",
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environments(1) => f.write_str("1 environment"),
            Self::Environments(count) => write!(f, "{count} environments"),
            Self::Running(count) => write!(f, "{count} running"),
            Self::Cpus(cpus) if *cpus == MilliCpu::cores(1) => f.write_str("1 CPU core"),
            Self::Cpus(cpus) => write!(f, "{cpus} CPU cores"),
            Self::Memory(memory) => write!(f, "{memory} of memory"),
        }
    }
}

/// Why an ask does not fit: the first limit it would break, with the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub scope: Scope,
    pub limit: Amount,
    pub used: Amount,
    pub requested: Amount,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scope, limit, used, requested } = self;
        write!(f, "{scope} may hold {limit}, holds {used}, and this asks for {requested} more ({})", scope.decided_by())
    }
}

impl Quota {
    /// Admits `ask` beside what is `used`, or refuses with the first limit that it breaks. Only a dimension that the ask
    /// adds to can refuse it: a quota lowered below what is in use stops nobody and refuses only more.
    ///
    /// # Errors
    /// The [`Refusal`], which names the limit and the numbers.
    pub fn admit(&self, scope: Scope, used: Holding, ask: Holding) -> Result<(), Refusal> {
        let fits = |limit: Option<Amount>, used: Amount, requested: Amount, over: bool| match limit {
            Some(limit) if over => Err(Refusal { scope, limit, used, requested }),
            _ => Ok(()),
        };
        let total = used + ask;
        fits(
            self.environments.map(Amount::Environments),
            Amount::Environments(used.environments),
            Amount::Environments(ask.environments),
            ask.environments > 0 && self.environments.is_some_and(|limit| total.environments > limit),
        )?;
        fits(
            self.running.map(Amount::Running),
            Amount::Running(used.running),
            Amount::Running(ask.running),
            ask.running > 0 && self.running.is_some_and(|limit| total.running > limit),
        )?;
        fits(
            self.cpus.map(Amount::Cpus),
            Amount::Cpus(used.cpus),
            Amount::Cpus(ask.cpus),
            ask.cpus > MilliCpu::default() && self.cpus.is_some_and(|limit| total.cpus > limit),
        )?;
        fits(
            self.memory.map(Amount::Memory),
            Amount::Memory(used.memory),
            Amount::Memory(ask.memory),
            ask.memory > Memory::default() && self.memory.is_some_and(|limit| total.memory > limit),
        )
    }
}

/// A limit and what is held of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    pub quota: Quota,
    pub used: Holding,
}

/// All pools that one launch must fit into. The transaction that reserves decides by it, and the page that asks beforehand
/// shows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// What the member holds of the team's, and the cap on it.
    pub member: Pool,
    pub team: Pool,
    /// All teams together, and what the host has beside its reserve.
    pub host: Pool,
}

impl Room {
    /// # Errors
    /// The first limit that `ask` would break: the member's, the team's, then the host's.
    pub fn admit(&self, ask: Holding) -> Result<(), Refusal> {
        self.member.quota.admit(Scope::Member, self.member.used, ask)?;
        self.team.quota.admit(Scope::Team, self.team.used, ask)?;
        self.host.quota.admit(Scope::Host, self.host.used, ask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holding(environments: u64, running: u64, cores: u64, gib: u64) -> Holding {
        Holding { environments, running, cpus: MilliCpu::cores(cores), memory: Memory::gib(gib) }
    }

    fn quota(environments: u64, running: u64, cores: u64, gib: u64) -> Quota {
        Quota {
            environments: Some(environments),
            running: Some(running),
            cpus: Some(MilliCpu::cores(cores)),
            memory: Some(Memory::gib(gib)),
        }
    }

    #[test]
    fn what_fits_exactly_is_admitted_and_one_more_is_refused_with_the_numbers() {
        let one = Holding::running(MilliCpu::cores(1), Memory::gib(2));
        let limit = quota(3, 3, 4, 6);
        assert_eq!(limit.admit(Scope::Team, holding(2, 2, 2, 4), one), Ok(()));
        for (used, refused) in [
            (
                holding(3, 0, 0, 0),
                "the team may hold 3 environments, holds 3 environments, and this asks for 1 environment more",
            ),
            (holding(0, 3, 0, 0), "the team may hold 3 running, holds 3 running, and this asks for 1 running more"),
            (
                holding(0, 0, 4, 0),
                "the team may hold 4 CPU cores, holds 4 CPU cores, and this asks for 1 CPU core more",
            ),
            (
                holding(0, 0, 0, 5),
                "the team may hold 6 GiB of memory, holds 5 GiB of memory, and this asks for 2 GiB of memory more",
            ),
        ] {
            let refusal = limit.admit(Scope::Team, used, one).expect_err(refused);
            assert!(refusal.to_string().starts_with(refused), "{refusal}");
        }
    }

    #[test]
    fn a_quota_lowered_below_what_is_in_use_refuses_only_more() {
        let used = holding(5, 5, 5, 5);
        let lowered = quota(1, 9, 9, 9);
        assert!(lowered.admit(Scope::Team, used, Holding::running(MilliCpu::cores(1), Memory::gib(1))).is_err());
        assert_eq!(lowered.admit(Scope::Team, used, Holding::restarted(MilliCpu::cores(1), Memory::gib(1))), Ok(()));
    }

    #[test]
    fn what_has_no_limit_refuses_nothing() {
        assert_eq!(Quota::default().admit(Scope::Host, holding(u64::MAX, 9, 9, 9), Holding::place()), Ok(()));
    }

    proptest! {
        #[test]
        fn no_sequence_of_admissions_passes_a_limit(
            limits in (0u64..8, 0u64..8, 0u64..8, 0u64..8),
            asks in prop::collection::vec((any::<bool>(), 0u64..4, 0u64..4), 0..40),
        ) {
            let limit = quota(limits.0, limits.1, limits.2, limits.3);
            let mut used = Holding::default();
            for (again, cores, gib) in asks {
                let (cpus, memory) = (MilliCpu::cores(cores), Memory::gib(gib));
                let ask = if again { Holding::restarted(cpus, memory) } else { Holding::running(cpus, memory) };
                if limit.admit(Scope::Team, used, ask).is_ok() {
                    used = used + ask;
                }
                prop_assert!(Some(used.environments) <= limit.environments);
                prop_assert!(Some(used.running) <= limit.running);
                prop_assert!(Some(used.cpus) <= limit.cpus);
                prop_assert!(Some(used.memory) <= limit.memory);
            }
        }
    }
}
