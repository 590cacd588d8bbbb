//! When an environment stops by itself, and how far that can be put off.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::time::Timestamp;
use super::units::Span;

/// A template's rule: how long an environment runs unless extended, and how long it may run in all, from its launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetime {
    pub default: Span,
    pub maximum: Span,
}

#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum LifetimeError {
    #[error("a lifetime of {asked} is more than the template's maximum of {maximum}; an admin can change that")]
    TooLong { asked: Span, maximum: Span },
    #[error("it already runs as long as the template allows: {maximum} from its launch; an admin can change that")]
    AtMaximum { maximum: Span },
    #[error("a lifetime must be longer than zero")]
    Zero,
}

impl Lifetime {
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
            return Err(LifetimeError::TooLong { asked: span, maximum: self.maximum });
        }
        Ok(now.after(span))
    }

    /// Lengths to choose from: what people ask for, within the maximum, with the default and the maximum among them.
    #[must_use]
    pub fn choices(&self) -> Vec<Span> {
        const HOUR: u64 = 3600;
        let usual = [1, 2, 4, 8, 12, 24, 48, 72, 168, 336, 720].map(|hours| Span::seconds(hours * HOUR));
        let mut choices: Vec<Span> = usual.into_iter().filter(|span| *span <= self.maximum).collect();
        choices.extend([self.default, self.maximum]);
        choices.sort_unstable();
        choices.dedup();
        choices
    }

    /// The expiry after one extension: a default lifetime from `now`, never past the maximum from `launched`.
    ///
    /// # Errors
    /// When that would not move the expiry forward.
    pub fn extended(
        &self,
        launched: Timestamp,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<Timestamp, LifetimeError> {
        let next = now.after(self.default).min(launched.after(self.maximum));
        if next <= expires {
            return Err(LifetimeError::AtMaximum { maximum: self.maximum });
        }
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Lifetime = Lifetime { default: Span::hours(8), maximum: Span::hours(24) };

    fn at(hour: u64) -> Timestamp {
        Timestamp::from_millis(0).after(Span::hours(hour))
    }

    #[test]
    fn a_launch_takes_the_default_or_what_was_asked_within_the_maximum() {
        assert_eq!(RULE.first_expiry(at(1), None), Ok(at(9)));
        assert_eq!(RULE.first_expiry(at(1), Some(Span::hours(24))), Ok(at(25)));
        assert!(matches!(RULE.first_expiry(at(1), Some(Span::hours(25))), Err(LifetimeError::TooLong { .. })));
        assert_eq!(RULE.first_expiry(at(1), Some(Span::seconds(0))), Err(LifetimeError::Zero));
    }

    #[test]
    fn extending_ends_at_the_maximum_and_says_so() {
        assert_eq!(RULE.extended(at(0), at(8), at(6)), Ok(at(14)));
        assert_eq!(RULE.extended(at(0), at(14), at(20)), Ok(at(24)));
        assert!(matches!(RULE.extended(at(0), at(24), at(23)), Err(LifetimeError::AtMaximum { .. })));
    }

    #[test]
    fn a_lifetime_is_chosen_within_the_maximum() {
        let rule = Lifetime { default: Span::seconds(5400), maximum: Span::hours(10) };
        let choices: Vec<String> = rule.choices().iter().map(ToString::to_string).collect();
        assert_eq!(choices, ["1h", "1h30m", "2h", "4h", "8h", "10h"]);
    }
}
