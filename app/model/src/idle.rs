//! When an environment that nobody uses stops: what counts as use, and how long none was seen.
//!
//! Quiet is what was *seen* to be quiet, look after look. A gap between two looks (the machine slept, the engine gave no
//! answer, the clock was set) is no quiet, and takes none away: so a clock that jumps neither stops nor spares anything.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::time::Timestamp;
use super::units::{Memory, MilliCpu, Span};

/// A template's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdleRule {
    /// It stops after being idle for so long.
    pub after: Span,
    /// More network traffic than this, in and out together in a minute, is use. What only comes in, such as broadcasts, is none.
    #[serde(default = "default_network")]
    pub network_per_minute: Memory,
    /// More CPU than this, in cores, is use.
    #[serde(default = "default_cpus")]
    pub cpus: MilliCpu,
}

const fn default_network() -> Memory {
    Memory::bytes(16 << 10)
}

const fn default_cpus() -> MilliCpu {
    MilliCpu::new(20)
}

/// Use is looked for each minute, so nothing shorter can be seen.
const SHORTEST: Span = Span::seconds(60);

/// What is received counts up to so many times what was sent: a download is acknowledged, while a broadcast or a stray packet
/// is answered by nobody.
const RECEIVED_PER_SENT: u64 = 100;

/// The longest time between two looks that they say something about, in milliseconds.
const SEEN_MAX: u64 = 180_000;

impl IdleRule {
    /// What is wrong with the rule itself, each in words.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let fits = (SHORTEST..=super::lifetime::LONGEST).contains(&self.after);
        if fits {
            Vec::new()
        } else {
            vec!["`idle.after` must be 1m to 3650d: use is looked for each minute".to_owned()]
        }
    }
}

impl fmt::Display for IdleRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { network_per_minute: network, cpus, .. } = self;
        write!(f, "input in a terminal, more than {network} of network traffic a minute, or more than {}", cpus.words())
    }
}

/// What was used so far, as the engine counts it from the container's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    pub cpu_nanos: u64,
    pub received_bytes: u64,
    pub sent_bytes: u64,
}

/// What counts as use. Looking at a page never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    Start,
    Extend,
    Terminal,
    Network,
    Cpu,
}

impl Sign {
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Extend => "extension",
            Self::Terminal => "terminal input",
            Self::Network => "network traffic",
            Self::Cpu => "CPU",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastActivity {
    pub kind: Sign,
    pub at: Timestamp,
}

/// The idle clock as people and scripts see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idle {
    /// When it stops if nobody uses it until then.
    pub stops_at: Timestamp,
    pub last_activity: LastActivity,
    /// When its use was last looked at.
    pub looked_at: Timestamp,
}

impl Idle {
    /// Whether it was seen to be idle for long enough.
    #[must_use]
    pub fn is_over(self) -> bool {
        self.stops_at <= self.looked_at
    }

    /// Whether its use cannot be seen: the clock has run down, and nobody looked.
    #[must_use]
    pub fn is_blind(self, now: Timestamp) -> bool {
        now.millis_since(self.stops_at) > SEEN_MAX
    }
}

/// The idle clock as it is kept: everything that the next look is compared with, so that a restart loses nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    pub rule: IdleRule,
    pub last_activity: LastActivity,
    quiet_ms: u64,
    looked_at: Timestamp,
    /// Under a name of its own since received and sent bytes are told apart: what was kept before says nothing.
    #[serde(default, rename = "counted")]
    counters: Option<Counters>,
}

impl Watch {
    /// Begins at a start.
    #[must_use]
    pub const fn begin(rule: IdleRule, at: Timestamp) -> Self {
        let last_activity = LastActivity { kind: Sign::Start, at };
        Self { rule, last_activity, quiet_ms: 0, looked_at: at, counters: None }
    }

    /// Takes in one look at what was used.
    pub fn look(&mut self, counters: Counters, now: Timestamp) {
        let passed = now.millis_since(self.looked_at);
        let before = self.counters.replace(counters);
        self.looked_at = now;
        // A first look, a clock that was set back, or counters that began anew say nothing about the time before.
        let Some((cpu, network)) = before.filter(|_| passed > 0).and_then(|before| counters.since(before)) else {
            return;
        };
        match self.rule.sign(cpu, network, passed) {
            Some(kind) => self.used(kind, now),
            None if passed <= SEEN_MAX => self.quiet_ms = self.quiet_ms.saturating_add(passed),
            None => {}
        }
    }

    /// It is used.
    pub fn used(&mut self, kind: Sign, now: Timestamp) {
        self.last_activity = LastActivity { kind, at: now };
        self.quiet_ms = 0;
        self.looked_at = self.looked_at.max(now);
    }

    #[must_use]
    pub fn shown(&self) -> Idle {
        let after = self.rule.after.as_seconds().saturating_mul(1000);
        let quiet_from = self.looked_at.as_millis().saturating_sub_unsigned(self.quiet_ms);
        let stops_at = Timestamp::from_millis(quiet_from.saturating_add_unsigned(after));
        Idle { stops_at, last_activity: self.last_activity, looked_at: self.looked_at }
    }
}

impl Counters {
    /// CPU nanoseconds and bytes of traffic since; `None` when the engine has begun to count anew.
    fn since(self, before: Self) -> Option<(u64, u64)> {
        let cpu = self.cpu_nanos.checked_sub(before.cpu_nanos)?;
        let received = self.received_bytes.checked_sub(before.received_bytes)?;
        let sent = self.sent_bytes.checked_sub(before.sent_bytes)?;
        let answered = received.min(sent.saturating_mul(RECEIVED_PER_SENT));
        Some((cpu, sent.saturating_add(answered)))
    }
}

impl IdleRule {
    /// Whether so much in `passed` milliseconds is use.
    fn sign(&self, cpu_nanos: u64, network_bytes: u64, passed: u64) -> Option<Sign> {
        let passed = u128::from(passed);
        let network = u128::from(network_bytes) * 60_000 > u128::from(self.network_per_minute.as_bytes()) * passed;
        // A thousandth of a core is a thousand nanoseconds in each millisecond.
        let cpu = u128::from(cpu_nanos) > u128::from(self.cpus.as_milli()) * 1000 * passed;
        if network {
            Some(Sign::Network)
        } else if cpu {
            Some(Sign::Cpu)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULE: IdleRule =
        IdleRule { after: Span::hours(2), network_per_minute: Memory::bytes(1000), cpus: MilliCpu::new(20) };
    const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn minute(count: u64) -> Timestamp {
        START.after(Span::seconds(60 * count))
    }

    fn counted(cpu_nanos: u64, network_bytes: u64) -> Counters {
        Counters { cpu_nanos, received_bytes: network_bytes / 2, sent_bytes: network_bytes - network_bytes / 2 }
    }

    /// A watch that was looked at once, a minute after the start.
    fn watch() -> Watch {
        let mut watch = Watch::begin(RULE, START);
        watch.look(counted(0, 0), minute(1));
        watch
    }

    #[test]
    fn what_stays_under_both_floors_is_idle_and_ends_when_it_was_for_long_enough() {
        let mut watch = watch();
        for count in 2..=121 {
            assert!(!watch.shown().is_over(), "minute {count}");
            watch.look(counted(0, 900 * (count - 1)), minute(count));
            assert_eq!(watch.shown().stops_at, minute(121));
        }
        assert!(watch.shown().is_over());
        assert_eq!(watch.last_activity, LastActivity { kind: Sign::Start, at: START });
    }

    #[test]
    fn traffic_and_cpu_above_their_floors_are_use_and_at_the_floor_they_are_not() {
        let check = |cpu, network, kind| {
            let mut watch = watch();
            watch.look(counted(cpu, network), minute(2));
            assert_eq!(watch.last_activity.kind, kind, "{cpu} ns, {network} bytes");
            let quiet_from = if kind == Sign::Start { minute(1) } else { minute(2) };
            assert_eq!(watch.shown().stops_at, quiet_from.after(Span::hours(2)));
        };
        check(0, 1000, Sign::Start);
        check(0, 1001, Sign::Network);
        check(1_200_000_000, 0, Sign::Start);
        check(1_200_000_001, 0, Sign::Cpu);
    }

    #[test]
    fn what_only_comes_in_is_no_use_and_a_download_is() {
        let check = |received_bytes, sent_bytes, kind| {
            let mut watch = watch();
            watch.look(Counters { cpu_nanos: 0, received_bytes, sent_bytes }, minute(2));
            assert_eq!(watch.last_activity.kind, kind, "{received_bytes} in, {sent_bytes} out");
        };
        check(1 << 30, 0, Sign::Start);
        check(2000, 10, Sign::Network);
        check(400, 500, Sign::Start);
        check(0, 1001, Sign::Network);
    }

    #[test]
    fn a_watch_that_was_kept_before_received_and_sent_were_told_apart_is_read() {
        let mut kept = serde_json::to_value(watch()).expect("JSON");
        kept["counters"] = serde_json::json!({ "cpu_nanos": 5, "network_bytes": 7 });
        kept.as_object_mut().expect("an object").remove("counted");
        let mut read: Watch = serde_json::from_value(kept).expect("a watch");
        read.look(counted(1 << 40, 1 << 40), minute(2));
        assert_eq!(read.last_activity.kind, Sign::Start, "the first look has nothing to compare with");
    }

    #[test]
    fn a_gap_between_two_looks_is_not_idle_time() {
        let mut watch = watch();
        watch.look(counted(0, 0), minute(2));
        watch.look(counted(0, 0), minute(2 + 600));
        assert!(!watch.shown().is_over());
        assert_eq!(watch.shown().stops_at, minute(602 + 119));
        // Use that shows over the whole gap is use.
        watch.look(counted(0, 700_000), minute(602 + 600));
        assert_eq!(watch.last_activity.kind, Sign::Network);
    }

    #[test]
    fn a_clock_that_is_set_back_neither_spares_nor_stops() {
        let mut watch = watch();
        for count in 2..=61 {
            watch.look(counted(0, 0), minute(count));
        }
        let left = |watch: &Watch| watch.shown().stops_at.since(watch.shown().looked_at);
        assert_eq!(left(&watch), Span::hours(1));
        watch.look(counted(0, 5000), START.before(Span::hours(10)));
        assert_eq!((left(&watch), watch.last_activity.kind), (Span::hours(1), Sign::Start));
        watch.look(counted(0, 5000), minute(61));
        assert_eq!(left(&watch), Span::hours(1));
    }

    #[test]
    fn counters_that_begin_anew_say_nothing() {
        let mut watch = watch();
        watch.look(counted(5_000_000_000_000, 1 << 30), minute(2));
        let before = watch.shown().stops_at;
        watch.look(counted(0, 0), minute(3));
        assert_eq!((watch.last_activity.at, watch.shown().stops_at.since(before)), (minute(2), Span::seconds(60)));
    }

    #[test]
    fn an_extension_is_use() {
        let mut watch = watch();
        watch.look(counted(0, 0), minute(3));
        watch.used(Sign::Extend, minute(4));
        assert_eq!(watch.shown().stops_at, minute(4).after(Span::hours(2)));
    }

    #[test]
    fn a_rule_is_read_with_sensible_floors_and_refused_where_nothing_can_be_seen() {
        let rule: IdleRule = serde_json::from_str(r#"{"after": "2h"}"#).expect("a rule");
        let floors = "more than 16 KiB of network traffic a minute, or more than 0.02 cores";
        assert_eq!(rule.to_string(), format!("input in a terminal, {floors}"));
        assert_eq!(rule.problems(), Vec::<String>::new());
        assert_eq!(IdleRule { after: Span::seconds(59), ..rule }.problems().len(), 1);
    }

    proptest! {
        /// However the clock jumps between looks, nothing stops before it was seen quiet for as long as the rule says, and
        /// what is kept is read back as it was.
        #[test]
        fn nothing_stops_that_was_not_seen_to_be_idle(
            looks in prop::collection::vec((-4_000_000i64..4_000_000, 0u64..3_000_000_000, 0u64..2000), 1..200),
        ) {
            let mut watch = Watch::begin(RULE, START);
            let (mut now, mut seen, mut counters, mut bytes) = (START, 0u64, counted(0, 0), 0);
            for (jump, cpu, network) in looks {
                now = Timestamp::from_millis(now.as_millis() + jump);
                bytes += network;
                counters = counted(counters.cpu_nanos + cpu, bytes);
                watch.look(counters, now);
                let step = u64::try_from(jump).unwrap_or(0);
                seen = if watch.last_activity.at == now && watch.last_activity.kind != Sign::Start {
                    0
                } else {
                    seen + if step <= SEEN_MAX { step } else { 0 }
                };
                if watch.shown().is_over() {
                    prop_assert!(seen >= RULE.after.as_seconds() * 1000);
                }
                let kept = serde_json::to_string(&watch).expect("JSON");
                prop_assert_eq!(serde_json::from_str::<Watch>(&kept).expect("a watch"), watch);
            }
        }
    }
}
