//! When an environment stops and is removed by itself, how far that can be put off, and when it is warned of.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::idle::Idle;
use super::time::Timestamp;
use super::units::Span;

/// A template's rule: how long an environment runs unless extended, and how long it may run in all, from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lifetime {
    pub default: Span,
    pub maximum: Span,
}

/// A team's rule: how long anything of it may run in all, and how long what does not run any more is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamLifetime {
    /// `None`: as long as the template allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Span>,
    /// `None`: [`GRACE`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace: Option<Span>,
}

/// How long a team keeps what does not run, unless it says otherwise.
pub const GRACE: Span = Span::hours(7 * 24);

/// Longest length of time that can be declared.
pub const LONGEST: Span = Span::hours(3650 * 24);

/// What came due longer ago than this did so while nobody looked: the server was down, the machine asleep or the engine away.
pub const AWAY: Span = Span::seconds(600);

/// How long a removal is put off that came due while nobody could warn of it.
const PUT_OFF: Span = DAY;

const DAY: Span = Span::hours(24);
const HOUR: Span = Span::hours(1);
/// Before an idle stop: when it is warned of.
const IDLE_SOON: Span = Span::seconds(15 * 60);

impl TeamLifetime {
    #[must_use]
    pub fn grace(self) -> Span {
        self.grace.unwrap_or(GRACE)
    }

    /// Until when a removal is kept from happening that came due while nobody could warn of it.
    #[must_use]
    pub fn put_off(self, now: Timestamp) -> Timestamp {
        now.after(self.grace().min(PUT_OFF))
    }

    /// What is wrong with the rule itself, each in words.
    #[must_use]
    pub fn problems(self) -> Vec<String> {
        let fits = |span: Option<Span>| span.is_none_or(|span| (Span::seconds(1)..=LONGEST).contains(&span));
        let named = [("lifetime.maximum", self.maximum), ("lifetime.grace", self.grace)];
        let wrong = named.into_iter().filter(|(_, span)| !fits(*span));
        wrong.map(|(name, _)| format!("`{name}` must be longer than zero and at most {LONGEST}")).collect()
    }
}

/// Whose rule it is that limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    Template,
    Team,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Template => "the template",
            Self::Team => "the team",
        })
    }
}

/// What a template and a team allow together: the smaller maximum, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    pub default: Span,
    pub maximum: Span,
    pub whose: Whose,
}

#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum LifetimeError {
    #[error("a lifetime of {asked} is more than the maximum of {whose}, {maximum}; an admin can change that")]
    TooLong { asked: Span, maximum: Span, whose: Whose },
    #[error("it already runs as long as {whose} allows: {maximum} from its start; an admin can change that")]
    AtMaximum { maximum: Span, whose: Whose },
    #[error("it already runs for longer than an extension gives, which is {default} from now; extend it later")]
    TooEarly { default: Span },
    #[error("a lifetime must be longer than zero")]
    Zero,
}

impl Lifetime {
    /// What is left of it in a team. The smaller maximum wins.
    #[must_use]
    pub fn within(self, team: TeamLifetime) -> Allowance {
        match team.maximum {
            Some(maximum) if maximum < self.maximum => {
                Allowance { default: self.default.min(maximum), maximum, whose: Whose::Team }
            }
            _ => Allowance { default: self.default, maximum: self.maximum, whose: Whose::Template },
        }
    }
}

impl Allowance {
    /// When an environment launched at `now` expires: after `asked`, or after the default.
    ///
    /// # Errors
    /// When `asked` is zero or more than the maximum.
    pub fn first_expiry(&self, now: Timestamp, asked: Option<Span>) -> Result<Timestamp, LifetimeError> {
        let span = asked.unwrap_or(self.default);
        if span == Span::default() {
            return Err(LifetimeError::Zero);
        }
        if span > self.maximum {
            return Err(LifetimeError::TooLong { asked: span, maximum: self.maximum, whose: self.whose });
        }
        Ok(now.after(span))
    }

    /// Lengths to choose from: what people ask for, within the maximum, with the default and the maximum among them.
    #[must_use]
    pub fn choices(&self) -> Vec<Span> {
        let usual = [1, 2, 4, 8, 12, 24, 48, 72, 168, 336, 720].map(Span::hours);
        let mut choices: Vec<Span> = usual.into_iter().filter(|span| *span <= self.maximum).collect();
        choices.extend([self.default, self.maximum]);
        choices.sort_unstable();
        choices.dedup();
        choices
    }

    /// How far extensions reach, for what was started at `started`.
    #[must_use]
    pub fn latest(&self, started: Timestamp) -> Timestamp {
        started.after(self.maximum)
    }

    /// The expiry after one extension: a default lifetime from `now`, never past the maximum from `started`.
    ///
    /// # Errors
    /// When that would not move the expiry forward.
    pub fn extended(&self, started: Timestamp, expires: Timestamp, now: Timestamp) -> Result<Timestamp, LifetimeError> {
        let latest = self.latest(started);
        let next = now.after(self.default).min(latest);
        if next > expires {
            Ok(next)
        } else if expires >= latest {
            Err(LifetimeError::AtMaximum { maximum: self.maximum, whose: self.whose })
        } else {
            Err(LifetimeError::TooEarly { default: self.default })
        }
    }
}

/// The clocks of one environment. They show instants, so no change of a local time moves them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clocks {
    /// It runs.
    Running { since: Timestamp, expires: Timestamp, idle: Option<Idle> },
    /// It does not, and is kept.
    Kept { until: Timestamp },
}

/// What is to be done about an environment now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Its lifetime ended; `late` where nobody looked then.
    Expiry { late: bool },
    /// It was seen to be idle for as long as its template says.
    Idle,
    /// It was kept for as long as its team says.
    Removal,
    /// The same, but nobody could be warned: its removal is put off.
    LateRemoval,
}

/// How an environment's present state ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    pub how: How,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Expiry,
    Idle,
    Removal,
}

/// How near an end is that people are warned of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warning {
    /// Within a day.
    Day,
    /// Within the hour; of an idle stop, within a quarter of it.
    Hour,
}

impl Clocks {
    /// The one decision: what the job does, and what the page says is being done.
    #[must_use]
    pub fn due(self, now: Timestamp) -> Option<Due> {
        match self {
            Self::Running { expires, .. } if expires <= now => Some(Due::Expiry { late: now.since(expires) > AWAY }),
            Self::Running { idle: Some(idle), .. } if idle.is_over() => Some(Due::Idle),
            Self::Kept { until } if until <= now && now.since(until) > AWAY => Some(Due::LateRemoval),
            Self::Kept { until } if until <= now => Some(Due::Removal),
            Self::Running { .. } | Self::Kept { .. } => None,
        }
    }

    /// Which of the clocks is first.
    #[must_use]
    pub fn ending(self) -> Ending {
        match self {
            Self::Running { expires, idle: Some(idle), .. } if idle.stops_at < expires => {
                Ending { how: How::Idle, at: idle.stops_at }
            }
            Self::Running { expires, .. } => Ending { how: How::Expiry, at: expires },
            Self::Kept { until } => Ending { how: How::Removal, at: until },
        }
    }

    /// Whether people are warned at `now`. Nothing is warned of from its beginning on: the last day is told only of what was
    /// given more than a day, and the last hour is a quarter of what was given where that is less.
    #[must_use]
    pub fn warning(self, now: Timestamp) -> Option<Warning> {
        let Ending { how, at } = self.ending();
        let left = at.since(now);
        let given = match self {
            Self::Running { since, expires, .. } => expires.since(since),
            Self::Kept { .. } => LONGEST,
        };
        match how {
            How::Idle => (left <= IDLE_SOON).then_some(Warning::Hour),
            How::Expiry | How::Removal if left <= HOUR.min(Span::seconds(given.as_seconds() / 4)) => {
                Some(Warning::Hour)
            }
            How::Expiry | How::Removal => (left <= DAY && given > DAY).then_some(Warning::Day),
        }
    }
}

impl Ending {
    /// Beside the time that is left.
    #[must_use]
    pub const fn note(self) -> &'static str {
        match self.how {
            How::Expiry => "",
            How::Idle => "if idle",
            How::Removal => "until removed",
        }
    }

    /// What happens, beside the environment's name: `expires in 52 m`.
    #[must_use]
    pub fn words(self, now: Timestamp) -> String {
        let left = self.at.since(now).words();
        match self.how {
            How::Expiry => format!("expires in {left}"),
            How::Idle => format!("stops in {left} unless it is used"),
            How::Removal => format!("is removed in {left}, with everything in it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULE: Lifetime = Lifetime { default: Span::hours(8), maximum: Span::hours(24) };
    const NO_TEAM: TeamLifetime = TeamLifetime { maximum: None, grace: None };

    fn at(hour: u64) -> Timestamp {
        Timestamp::from_millis(0).after(Span::hours(hour))
    }

    fn team(hours: u64) -> TeamLifetime {
        TeamLifetime { maximum: Some(Span::hours(hours)), grace: None }
    }

    #[test]
    fn a_launch_takes_the_default_or_what_was_asked_within_the_maximum() {
        let rule = RULE.within(NO_TEAM);
        assert_eq!(rule.first_expiry(at(1), None), Ok(at(9)));
        assert_eq!(rule.first_expiry(at(1), Some(Span::hours(24))), Ok(at(25)));
        assert!(matches!(rule.first_expiry(at(1), Some(Span::hours(25))), Err(LifetimeError::TooLong { .. })));
        assert_eq!(rule.first_expiry(at(1), Some(Span::seconds(0))), Err(LifetimeError::Zero));
    }

    #[test]
    fn the_smaller_maximum_wins_and_the_refusal_says_whose_it_is() {
        let ask = Some(Span::hours(20));
        let refused = |team| RULE.within(team).first_expiry(at(0), ask).expect_err("too long").to_string();
        assert_eq!(
            refused(team(12)),
            "a lifetime of 20h is more than the maximum of the team, 12h; an admin can change that"
        );
        assert_eq!(RULE.within(team(48)).whose, Whose::Template);
        let short = RULE.within(team(2));
        assert_eq!((short.default, short.first_expiry(at(0), None)), (Span::hours(2), Ok(at(2))));
        let ended = short.extended(at(0), at(2), at(1)).expect_err("no further").to_string();
        assert!(ended.contains("as long as the team allows: 2h"), "{ended}");
    }

    #[test]
    fn extending_ends_at_the_maximum_and_says_so() {
        let rule = RULE.within(NO_TEAM);
        assert_eq!(rule.extended(at(0), at(8), at(6)), Ok(at(14)));
        assert_eq!(rule.extended(at(0), at(14), at(20)), Ok(at(24)));
        assert!(matches!(rule.extended(at(0), at(24), at(23)), Err(LifetimeError::AtMaximum { .. })));
    }

    #[test]
    fn an_extension_that_would_gain_nothing_yet_is_not_called_the_maximum() {
        let refused = RULE.within(NO_TEAM).extended(at(0), at(12), at(1));
        assert_eq!(refused, Err(LifetimeError::TooEarly { default: Span::hours(8) }));
    }

    #[test]
    fn a_lifetime_is_chosen_within_the_maximum() {
        let rule = Lifetime { default: Span::seconds(5400), maximum: Span::hours(10) }.within(NO_TEAM);
        let choices: Vec<String> = rule.choices().iter().map(ToString::to_string).collect();
        assert_eq!(choices, ["1h", "1h30m", "2h", "4h", "8h", "10h"]);
    }

    #[test]
    fn a_team_s_rule_that_cannot_be_kept_is_named() {
        assert_eq!(NO_TEAM.problems(), Vec::<String>::new());
        let wrong = TeamLifetime { maximum: Some(Span::default()), grace: Some(Span::hours(u64::MAX / 3600)) };
        assert_eq!(wrong.problems().len(), 2);
    }

    fn running(expires: u64) -> Clocks {
        Clocks::Running { since: at(0), expires: at(expires), idle: None }
    }

    #[test]
    fn a_day_and_an_hour_before_the_end_it_is_warned_of() {
        let long = running(72);
        for (hour, warning) in
            [(0, None), (47, None), (48, Some(Warning::Day)), (70, Some(Warning::Day)), (71, Some(Warning::Hour))]
        {
            assert_eq!(long.warning(at(hour)), warning, "hour {hour}");
        }
        // Eight hours are not warned of from the first minute on.
        assert_eq!(running(8).warning(at(1)), None);
        assert_eq!(running(8).warning(at(7)), Some(Warning::Hour));
        // Nor is one hour.
        let short = running(1);
        assert_eq!(short.warning(at(0)), None);
        assert_eq!(short.warning(at(0).after(Span::seconds(45 * 60))), Some(Warning::Hour));
        assert_eq!(Clocks::Kept { until: at(30) }.warning(at(6)), Some(Warning::Day));
    }

    #[test]
    fn what_came_due_while_nobody_looked_is_stopped_late_and_not_removed_unwarned() {
        let (on_time, late) = (at(8).after(AWAY), at(18));
        assert_eq!(running(8).due(at(8)), Some(Due::Expiry { late: false }));
        assert_eq!(running(8).due(on_time), Some(Due::Expiry { late: false }));
        assert_eq!(running(8).due(late), Some(Due::Expiry { late: true }));
        let kept = Clocks::Kept { until: at(8) };
        assert_eq!(
            (kept.due(at(7)), kept.due(at(8)), kept.due(late)),
            (None, Some(Due::Removal), Some(Due::LateRemoval))
        );
        assert!(NO_TEAM.put_off(late) > late);
    }

    #[test]
    fn the_first_clock_is_the_one_that_is_told() {
        use super::super::idle::{LastActivity, Sign};
        let last_activity = LastActivity { kind: Sign::Network, at: at(1) };
        let idle = |stops| Some(Idle { stops_at: at(stops), last_activity, looked_at: at(2) });
        let clocks = |stops| Clocks::Running { since: at(0), expires: at(8), idle: idle(stops) };
        assert_eq!(clocks(3).ending(), Ending { how: How::Idle, at: at(3) });
        assert_eq!(clocks(9).ending(), Ending { how: How::Expiry, at: at(8) });
        assert_eq!(clocks(3).ending().words(at(2)), "stops in 1 h unless it is used");
        // Only what was seen counts: by the wall clock alone it is not over.
        assert_eq!((clocks(3).due(at(5)), clocks(2).due(at(2))), (None, Some(Due::Idle)));
    }

    fn spans() -> impl Strategy<Value = (Span, Span, Option<Span>)> {
        (1u64..1 << 24, 0u64..1 << 24, prop::option::of(1u64..1 << 25)).prop_map(|(default, more, team)| {
            (Span::seconds(default), Span::seconds(default + more), team.map(Span::seconds))
        })
    }

    proptest! {
        #[test]
        fn no_row_of_extensions_passes_either_maximum(
            (default, maximum, of_team) in spans(),
            steps in prop::collection::vec(0u64..1 << 22, 0..40),
        ) {
            let team = TeamLifetime { maximum: of_team, grace: None };
            let rule = Lifetime { default, maximum }.within(team);
            prop_assert_eq!(rule.maximum, of_team.unwrap_or(maximum).min(maximum));
            prop_assert!(rule.default <= rule.maximum);
            let started = at(1);
            let mut expires = rule.first_expiry(started, None).expect("the default fits");
            let mut now = started;
            for step in steps {
                now = now.after(Span::seconds(step));
                match rule.extended(started, expires, now) {
                    Ok(next) => {
                        prop_assert!(next > expires && next <= started.after(rule.maximum));
                        expires = next;
                    }
                    Err(LifetimeError::AtMaximum { .. }) => prop_assert!(expires >= rule.latest(started)),
                    Err(LifetimeError::TooEarly { .. }) => prop_assert!(now.after(rule.default) <= expires),
                    Err(other) => prop_assert!(false, "{other}"),
                }
            }
        }

        #[test]
        fn what_is_due_stays_due_and_is_due_exactly_from_its_moment_on(
            expires in 0u64..1 << 30, now in 0u64..1 << 30, later in 0u64..1 << 20,
        ) {
            let moment = |seconds| Timestamp::from_millis(0).after(Span::seconds(seconds));
            for clocks in [
                Clocks::Running { since: moment(0), expires: moment(expires), idle: None },
                Clocks::Kept { until: moment(expires) },
            ] {
                prop_assert_eq!(clocks.due(moment(now)).is_some(), now >= expires);
                prop_assert!(clocks.due(moment(now)).is_none() || clocks.due(moment(now + later)).is_some());
                // Before anything is done there was a warning.
                prop_assert!(clocks.due(moment(now)).is_none() || clocks.warning(moment(now)).is_some());
                prop_assert!(clocks.warning(moment(now)) <= clocks.warning(moment(now + later)));
            }
        }
    }
}
