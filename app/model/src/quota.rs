//! What a team, a member and the host may hold, and the decision whether one more environment fits.

use std::cmp::Reverse;
use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use serde::{Deserialize, Serialize};

use super::loan::{LOAN_REMEMBERED, Loan};
use super::name::HostName;
use super::time::Timestamp;
use super::units::{Memory, MilliCpu};

/// What one or many environments hold. A stopped environment still holds its place, but no CPU and no memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
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

    /// What is held in each dimension, in the order in which limits are looked at.
    #[must_use]
    pub const fn amounts(self) -> [Amount; 4] {
        [
            Amount::Environments(self.environments),
            Amount::Running(self.running),
            Amount::Cpus(self.cpus),
            Amount::Memory(self.memory),
        ]
    }

    /// How much it is in the dimension that `amount` is of.
    #[must_use]
    pub const fn in_dimension_of(self, amount: Amount) -> u64 {
        match amount {
            Amount::Environments(_) => self.environments,
            Amount::Running(_) => self.running,
            Amount::Cpus(_) => self.cpus.as_milli(),
            Amount::Memory(_) => self.memory.as_bytes(),
        }
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
            Self::Team => "an admin can change it, or lend more for a time",
            Self::Member => "an admin can change it, and a lead of the team can lend more for a time",
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

    /// The bare number: a count, thousandths of a core, or bytes.
    #[must_use]
    pub const fn size(self) -> u64 {
        match self {
            Self::Environments(count) | Self::Running(count) => count,
            Self::Cpus(cpus) => cpus.as_milli(),
            Self::Memory(memory) => memory.as_bytes(),
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

/// One limit that an ask would break, with the numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub scope: Scope,
    /// Which host's limit it is, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostName>,
    pub limit: Amount,
    pub used: Amount,
    pub requested: Amount,
    /// When the loan returned that had raised this limit.
    #[serde(default)]
    pub loan_ended_at: Option<Timestamp>,
}

impl Refusal {
    /// How much more the limit would have to be.
    #[must_use]
    pub const fn missing(&self) -> u64 {
        self.used.size().saturating_add(self.requested.size()).saturating_sub(self.limit.size())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scope, host, limit, used, requested, loan_ended_at } = self;
        match host {
            Some(name) => write!(f, "host {name}")?,
            None => write!(f, "{scope}")?,
        }
        write!(f, " may hold {limit}, holds {used}, and this asks for ")?;
        match requested {
            Amount::Running(count) => write!(f, "{count} more running")?,
            Amount::Environments(_) | Amount::Cpus(_) | Amount::Memory(_) => write!(f, "{requested} more")?,
        }
        match loan_ended_at {
            Some(at) => write!(f, ", after a loan ended at {}", at.short_utc()),
            None => Ok(()),
        }
    }
}

/// Why an ask does not fit: every limit it would break, the member's before the team's before the host's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub first: Refusal,
    pub others: Vec<Refusal>,
}

impl Refused {
    /// `Ok` where nothing refuses.
    ///
    /// # Errors
    /// With all of `refusals`, where there are any.
    pub fn unless_empty(refusals: Vec<Refusal>) -> Result<(), Self> {
        let mut refusals = refusals.into_iter();
        match refusals.next() {
            None => Ok(()),
            Some(first) => Err(Self { first, others: refusals.collect() }),
        }
    }

    /// All of them; there is at least one.
    pub fn all(&self) -> impl Iterator<Item = &Refusal> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// What `scope` lacks in each dimension.
    #[must_use]
    pub fn missing(&self, scope: Scope) -> Holding {
        let mut missing = Holding::default();
        for refusal in self.all().filter(|refusal| refusal.scope == scope) {
            let lacks = refusal.missing();
            match refusal.limit {
                Amount::Environments(_) => missing.environments = lacks,
                Amount::Running(_) => missing.running = lacks,
                Amount::Cpus(_) => missing.cpus = MilliCpu::new(lacks),
                Amount::Memory(_) => missing.memory = Memory::bytes(lacks),
            }
        }
        missing
    }
}

impl fmt::Display for Refused {
    /// Every limit with its numbers; who can change it stands once behind those of one scope.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = self.all().peekable();
        while let Some(refusal) = all.next() {
            write!(f, "{refusal}")?;
            let next = all.peek().map(|next| next.scope);
            if next != Some(refusal.scope) {
                write!(f, " ({})", refusal.scope.decided_by())?;
            }
            if next.is_some() {
                f.write_str("; ")?;
            }
        }
        Ok(())
    }
}

impl Quota {
    /// The limit of each dimension, in the order of [`Holding::amounts`].
    #[must_use]
    pub fn limits(&self) -> [Option<Amount>; 4] {
        [
            self.environments.map(Amount::Environments),
            self.running.map(Amount::Running),
            self.cpus.map(Amount::Cpus),
            self.memory.map(Amount::Memory),
        ]
    }

    /// Every limit that `ask` would break beside what is `used`; none: it is admitted. Only a dimension that the ask adds to
    /// can refuse it: a quota lowered below what is in use stops nobody and refuses only more. What is too much to be added
    /// up is too much.
    #[must_use]
    pub fn refusals(&self, scope: Scope, used: Holding, ask: Holding) -> Vec<Refusal> {
        let asked = used.amounts().into_iter().zip(ask.amounts());
        let over = |(limit, (used, requested)): (Option<Amount>, (Amount, Amount))| {
            let limit = limit?;
            let fits = used.size().checked_add(requested.size()).is_some_and(|total| total <= limit.size());
            let refusal = Refusal { scope, host: None, limit, used, requested, loan_ended_at: None };
            (requested.size() > 0 && !fits).then_some(refusal)
        };
        self.limits().into_iter().zip(asked).filter_map(over).collect()
    }

    /// Where more is held than may be: the limit, and what is held.
    #[must_use]
    pub fn exceeded_by(&self, used: Holding) -> Vec<(Amount, Amount)> {
        let limits = self.limits().into_iter().zip(used.amounts());
        limits.filter_map(|(limit, used)| Some((limit.filter(|limit| used.size() > limit.size())?, used))).collect()
    }

    /// With `more` on top of every limit that there is.
    #[must_use]
    pub fn raised(self, more: Holding) -> Self {
        Self {
            environments: self.environments.map(|limit| limit.saturating_add(more.environments)),
            running: self.running.map(|limit| limit.saturating_add(more.running)),
            cpus: self.cpus.map(|limit| limit + more.cpus),
            memory: self.memory.map(|limit| limit + more.memory),
        }
    }
}

/// A limit and what is held of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// What may be held now, loans included.
    pub quota: Quota,
    pub used: Holding,
    /// What of the quota is lent, all loans together, and when the first of them returns.
    #[serde(default)]
    pub lent: Option<Loan>,
    /// The loan that returned last, for a while.
    #[serde(default)]
    pub returned: Option<Loan>,
}

impl Pool {
    #[must_use]
    pub fn new(quota: Quota, used: Holding) -> Self {
        Self { quota, used, ..Self::default() }
    }

    /// What is declared, with the loans that are out at `now` on top.
    #[must_use]
    pub fn with_loans(declared: Quota, used: Holding, loans: &[Loan], now: Timestamp) -> Self {
        let out = loans.iter().filter(|loan| loan.is_out(now));
        let lent =
            out.copied().reduce(|sum, loan| Loan { more: sum.more + loan.more, until: sum.until.min(loan.until) });
        let back = loans.iter().filter(|loan| !loan.is_out(now) && loan.until > now.before(LOAN_REMEMBERED));
        let returned = back.copied().max_by_key(|loan| loan.until);
        let quota = lent.map_or(declared, |lent| declared.raised(lent.more));
        Self { quota, used, lent, returned }
    }

    /// Every limit that `ask` would break, and when the loan returned that had raised it.
    #[must_use]
    pub fn refusals(&self, scope: Scope, ask: Holding) -> Vec<Refusal> {
        let mut refusals = self.quota.refusals(scope, self.used, ask);
        for refusal in &mut refusals {
            let had_raised = |loan: &Loan| loan.more.in_dimension_of(refusal.limit) > 0;
            refusal.loan_ended_at = self.returned.filter(had_raised).map(|loan| loan.until);
        }
        refusals
    }
}

/// All pools that one launch must fit into. The transaction that reserves decides by it, and the page that asks beforehand
/// shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// What the member holds of the team's, and the cap on it.
    pub member: Pool,
    pub team: Pool,
    /// The hosts that take something new: of these one is enough. Where none is known, no host limits anything.
    #[serde(default)]
    pub hosts: Vec<HostRoom>,
}

/// What all teams together hold of a host, and what it has beside its reserve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRoom {
    pub name: HostName,
    pub pool: Pool,
}

impl HostRoom {
    /// The memory that is left; as much as can be, where that is not limited.
    fn memory_left(&self) -> Memory {
        self.pool.quota.memory.map_or(Memory::bytes(u64::MAX), |limit| limit - self.pool.used.memory)
    }
}

impl Room {
    /// # Errors
    /// As [`Room::place`].
    pub fn admit(&self, ask: Holding) -> Result<(), Refused> {
        self.place(ask).map(drop)
    }

    /// The host on which `ask` is placed: of those that have room the one with most memory left, by name where two have the same.
    /// `None` where no host is known.
    ///
    /// # Errors
    /// Every limit that `ask` would break: the member's, the team's, then those of each host, if none has room.
    pub fn place(&self, ask: Holding) -> Result<Option<&HostName>, Refused> {
        let mut refusals = self.member.refusals(Scope::Member, ask);
        refusals.extend(self.team.refusals(Scope::Team, ask));
        let refused = |host: &HostRoom| host.pool.refusals(Scope::Host, ask);
        let with_room = self.hosts.iter().filter(|host| refused(host).is_empty());
        let placed = with_room.min_by_key(|host| (Reverse(host.memory_left()), &host.name));
        if placed.is_none() {
            let several = self.hosts.len() > 1;
            let of = |host: &HostRoom| {
                let named = several.then(|| host.name.clone());
                refused(host).into_iter().map(move |refusal| Refusal { host: named.clone(), ..refusal })
            };
            refusals.extend(self.hosts.iter().flat_map(of));
        }
        Refused::unless_empty(refusals)?;
        Ok(placed.map(|host| &host.name))
    }
}

#[cfg(test)]
mod tests {
    use super::super::units::Span;
    use super::*;
    use proptest::prelude::*;

    fn hosts(pools: &[(&str, Pool)]) -> Vec<HostRoom> {
        let named = |name: &str| HostName::parse(name).expect("a name");
        pools.iter().map(|(name, pool)| HostRoom { name: named(name), pool: *pool }).collect()
    }

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

    fn admits(quota: &Quota, used: Holding, ask: Holding) -> bool {
        quota.refusals(Scope::Team, used, ask).is_empty()
    }

    #[test]
    fn what_fits_exactly_is_admitted_and_one_more_is_refused_with_the_numbers() {
        let one = Holding::running(MilliCpu::cores(1), Memory::gib(2));
        let limit = quota(3, 3, 4, 6);
        assert!(admits(&limit, holding(2, 2, 2, 4), one));
        for (used, refused) in [
            (
                holding(3, 0, 0, 0),
                "the team may hold 3 environments, holds 3 environments, and this asks for 1 environment more",
            ),
            (holding(0, 3, 0, 0), "the team may hold 3 running, holds 3 running, and this asks for 1 more running"),
            (
                holding(0, 0, 4, 0),
                "the team may hold 4 CPU cores, holds 4 CPU cores, and this asks for 1 CPU core more",
            ),
            (
                holding(0, 0, 0, 5),
                "the team may hold 6 GiB of memory, holds 5 GiB of memory, and this asks for 2 GiB of memory more",
            ),
        ] {
            let refusals = limit.refusals(Scope::Team, used, one);
            assert_eq!(refusals.iter().map(ToString::to_string).collect::<Vec<_>>(), [refused]);
        }
    }

    #[test]
    fn every_limit_that_is_broken_is_said_and_who_can_change_it() {
        let room = Room {
            member: Pool::new(quota(1, 9, 9, 9), holding(1, 1, 1, 1)),
            team: Pool::new(quota(9, 2, 2, 9), holding(2, 2, 2, 2)),
            hosts: hosts(&[("a", Pool::new(memory_of(2), holding(2, 2, 2, 2)))]),
        };
        let refused = room.admit(Holding::running(MilliCpu::cores(1), Memory::gib(1))).expect_err("full");
        assert_eq!(
            refused.to_string(),
            "a member may hold 1 environment, holds 1 environment, and this asks for 1 environment more (an admin can \
             change it, and a lead of the team can lend more for a time); the team may hold 2 running, holds 2 running, \
             and this asks for 1 more running; the team may hold 2 CPU cores, holds 2 CPU cores, and this asks for 1 CPU \
             core more (an admin can change it, or lend more for a time); the host may hold 2 GiB of memory, holds 2 GiB \
             of memory, and this asks for 1 GiB of memory more (the host has no more; something else on it must end first)"
        );
        assert_eq!(refused.missing(Scope::Team), Holding { environments: 0, running: 1, ..holding(0, 0, 1, 0) });
        assert_eq!(refused.missing(Scope::Member), Holding::place());
    }

    fn memory_of(gib: u64) -> Quota {
        Quota { memory: Some(Memory::gib(gib)), ..Quota::default() }
    }

    #[test]
    fn of_the_hosts_with_room_the_one_with_most_memory_left_is_chosen() {
        let one = Holding::running(MilliCpu::cores(1), Memory::gib(1));
        let placed = |pools: &[(&str, Pool)]| {
            let room = Room { hosts: hosts(pools), ..Room::default() };
            room.place(one).map(|name| name.map(ToString::to_string)).map_err(|refused| refused.to_string())
        };
        let pool = |gib, used| Pool::new(memory_of(gib), holding(1, 1, 1, used));
        let is = |name: &str| Ok(Some(name.to_owned()));
        assert_eq!(placed(&[("a", pool(8, 4)), ("b", pool(16, 6))]), is("b"));
        assert_eq!(placed(&[("b", pool(8, 4)), ("a", pool(6, 2))]), is("a"), "by name where two have the same");
        assert_eq!(placed(&[("a", pool(8, 8)), ("b", pool(16, 15))]), is("b"), "to the last byte");
        assert_eq!(placed(&[("a", pool(8, 2)), ("b", Pool::default())]), is("b"), "nothing limits it");
        let few = Quota { cpus: Some(MilliCpu::cores(1)), ..memory_of(64) };
        assert_eq!(
            placed(&[("a", pool(8, 2)), ("b", Pool::new(few, holding(1, 1, 1, 1)))]),
            is("a"),
            "room in all it needs"
        );
        assert_eq!(placed(&[]), Ok(None));
        assert_eq!(
            placed(&[("a", pool(8, 8)), ("b", pool(1, 1))]),
            Err("host a may hold 8 GiB of memory, holds 8 GiB of memory, and this asks for 1 GiB of memory more; host b may \
                 hold 1 GiB of memory, holds 1 GiB of memory, and this asks for 1 GiB of memory more (the host has no more; \
                 something else on it must end first)"
                .to_owned())
        );
    }

    #[test]
    fn a_quota_lowered_below_what_is_in_use_refuses_only_more() {
        let used = holding(5, 5, 5, 5);
        let lowered = quota(1, 9, 9, 9);
        assert!(!admits(&lowered, used, Holding::running(MilliCpu::cores(1), Memory::gib(1))));
        assert!(admits(&lowered, used, Holding::restarted(MilliCpu::cores(1), Memory::gib(1))));
        assert_eq!(lowered.exceeded_by(used), [(Amount::Environments(1), Amount::Environments(5))]);
        let refusals = lowered.refusals(Scope::Team, used, Holding::place());
        assert_eq!(refusals[0].missing(), 5, "to launch one more, the limit would have to be 6");
    }

    #[test]
    fn what_has_no_limit_refuses_nothing() {
        assert!(admits(&Quota::default(), holding(u64::MAX, 9, 9, 9), Holding::place()));
    }

    #[test]
    fn a_loan_raises_the_limits_until_its_time_and_a_refusal_says_that_it_ended() {
        let start = Timestamp::from_millis(1_800_000_000_000);
        let (hour, day) = (start.after(Span::hours(1)), start.after(Span::hours(24)));
        let loans = [Loan { more: holding(1, 1, 0, 0), until: hour }, Loan { more: holding(0, 1, 0, 0), until: day }];
        let half = Quota { cpus: Some(MilliCpu::cores(3)), ..quota(3, 1, 9, 9) };
        let pool = |now| Pool::with_loans(half, holding(3, 3, 3, 3), &loans, now);
        let out = pool(start);
        assert_eq!((out.quota.environments, out.quota.running), (Some(4), Some(3)));
        assert_eq!(out.lent, Some(Loan { more: holding(1, 2, 0, 0), until: hour }));
        assert_eq!(out.refusals(Scope::Team, Holding::place()), []);
        // To the millisecond: at its time it is back.
        let after = pool(hour);
        assert_eq!((after.quota.environments, after.quota.running), (Some(3), Some(2)));
        let refused = after.refusals(Scope::Team, Holding::running(MilliCpu::cores(1), Memory::gib(1)));
        let ends: Vec<_> = refused.iter().map(|refusal| (refusal.limit, refusal.loan_ended_at)).collect();
        assert_eq!(
            ends,
            [
                (Amount::Environments(3), Some(hour)),
                (Amount::Running(2), Some(hour)),
                (Amount::Cpus(MilliCpu::cores(3)), None)
            ]
        );
        assert!(refused[0].to_string().ends_with("more, after a loan ended at 2027-01-15 09:00 UTC"), "{}", refused[0]);
        let later = pool(day.after(LOAN_REMEMBERED)).refusals(Scope::Team, Holding::place());
        assert_eq!(later[0].loan_ended_at, None, "who remembers it by then?");
    }

    #[test]
    fn what_cannot_be_limited_cannot_be_lent() {
        let loan = Loan { more: holding(5, 5, 5, 5), until: Timestamp::from_millis(9) };
        let pool = Pool::with_loans(Quota::default(), Holding::default(), &[loan], Timestamp::from_millis(1));
        assert_eq!(pool.quota, Quota::default());
    }

    /// Small amounts, and now and then such as are too much to be added up.
    fn amount() -> impl Strategy<Value = u64> {
        prop_oneof![9 => 0u64..9, 1 => (u64::MAX - 3)..=u64::MAX]
    }

    fn any_holding() -> impl Strategy<Value = Holding> {
        (amount(), amount(), amount(), amount()).prop_map(|(environments, running, cpus, memory)| Holding {
            environments,
            running,
            cpus: MilliCpu::new(cpus),
            memory: Memory::bytes(memory),
        })
    }

    fn any_quota() -> impl Strategy<Value = Quota> {
        use prop::option::of;
        (of(amount()), of(amount()), of(amount()), of(amount())).prop_map(|(environments, running, cpus, memory)| {
            Quota { environments, running, cpus: cpus.map(MilliCpu::new), memory: memory.map(Memory::bytes) }
        })
    }

    fn least(one: Holding, other: Holding) -> Holding {
        Holding {
            environments: one.environments.min(other.environments),
            running: one.running.min(other.running),
            cpus: one.cpus.min(other.cpus),
            memory: one.memory.min(other.memory),
        }
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
                if admits(&limit, used, ask) {
                    used = used + ask;
                }
                prop_assert!(Some(used.environments) <= limit.environments);
                prop_assert!(Some(used.running) <= limit.running);
                prop_assert!(Some(used.cpus) <= limit.cpus);
                prop_assert!(Some(used.memory) <= limit.memory);
            }
        }

        #[test]
        fn with_less_in_use_a_higher_limit_or_a_smaller_ask_nothing_admitted_is_refused(
            limit in any_quota(), more in any_holding(),
            (used, used_too) in (any_holding(), any_holding()), (ask, ask_too) in (any_holding(), any_holding()),
        ) {
            if admits(&limit, used, ask) {
                prop_assert!(admits(&limit, least(used, used_too), ask));
                prop_assert!(admits(&limit, used, least(ask, ask_too)));
                prop_assert!(admits(&limit.raised(more), used, ask));
                prop_assert!(admits(&Quota::default(), used, ask));
            }
        }

        #[test]
        fn an_ask_is_admitted_exactly_if_its_true_sum_is_within_every_limit_it_adds_to(
            limit in any_quota(), used in any_holding(), ask in any_holding(),
        ) {
            let dimensions = limit.limits().into_iter().zip(used.amounts()).zip(ask.amounts());
            let within = |((limit, used), ask): ((Option<Amount>, Amount), Amount)| {
                let total = u128::from(used.size()) + u128::from(ask.size());
                ask.size() == 0 || limit.is_none_or(|limit| total <= u128::from(limit.size()))
            };
            prop_assert_eq!(admits(&limit, used, ask), dimensions.clone().all(within));
            let broken = dimensions.filter(|dimension| !within(*dimension)).count();
            prop_assert_eq!(limit.refusals(Scope::Team, used, ask).len(), broken, "each broken limit is told once");
        }

        #[test]
        fn of_equal_asks_as_many_are_admitted_in_whatever_order_two_members_come(
            limits in (0u64..9, 0u64..9, 0u64..9, 0u64..9), cap in 0u64..9, order in prop::collection::vec(any::<bool>(), 24),
        ) {
            // Each of the two asks twelve times or more often than the cap, in any interleaving.
            let one = Holding::running(MilliCpu::cores(1), Memory::gib(1));
            let member = Quota { environments: Some(cap), ..Quota::default() };
            let count = |order: Vec<bool>| {
                let mut held = [0u64; 2];
                for who in order.into_iter().map(usize::from).chain([0; 9]).chain([1; 9]) {
                    let times = |count: u64| holding(count, count, count, count);
                    let room = Room {
                        member: Pool::new(member, times(held[who])),
                        team: Pool::new(quota(limits.0, limits.1, limits.2, limits.3), times(held[0] + held[1])),
                        hosts: Vec::new(),
                    };
                    held[who] += u64::from(room.admit(one).is_ok());
                }
                held[0] + held[1]
            };
            let sorted = { let mut sorted = order.clone(); sorted.sort_unstable(); sorted };
            let admitted = count(order);
            prop_assert_eq!(admitted, count(sorted));
            let least = [limits.0, limits.1, limits.2, limits.3].into_iter().min().expect("four");
            prop_assert_eq!(admitted, least.min(2 * cap));
        }

        #[test]
        fn more_loans_never_refuse_what_fewer_admitted(
            declared in any_quota(), used in any_holding(), ask in any_holding(), now in 0i64..20,
            loans in prop::collection::vec((any_holding(), 0i64..20), 0..5), last in (any_holding(), 0i64..20),
        ) {
            let loan = |(more, until)| Loan { more, until: Timestamp::from_millis(until) };
            let (mut loans, now) = (loans.into_iter().map(loan).collect::<Vec<_>>(), Timestamp::from_millis(now));
            let before = Pool::with_loans(declared, used, &loans, now).refusals(Scope::Team, ask).len();
            loans.push(loan(last));
            prop_assert!(Pool::with_loans(declared, used, &loans, now).refusals(Scope::Team, ask).len() <= before);
        }
    }
}
