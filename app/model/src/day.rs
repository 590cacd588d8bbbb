//! A day of the calendar in UTC, written `2026-12-31`: what a date in the catalogue is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::time::Timestamp;
use super::units::shorten;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(Timestamp);

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a day: write it like 2026-12-31")]
pub struct DayError(String);

const DAY_MS: i64 = 86_400_000;

impl Day {
    /// The day that `moment` is in.
    #[must_use]
    pub const fn of(moment: Timestamp) -> Self {
        Self(Timestamp::from_millis(moment.as_millis().div_euclid(DAY_MS) * DAY_MS))
    }

    /// Its first moment.
    #[must_use]
    pub const fn begin(self) -> Timestamp {
        self.0
    }

    /// Whether the day has begun.
    #[must_use]
    pub fn has_come(self, now: Timestamp) -> bool {
        now >= self.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0.to_string();
        f.write_str(whole.split('T').next().unwrap_or(&whole))
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let refused = || DayError(shorten(text));
        let moment: Timestamp = format!("{text}T00:00:00Z").parse().map_err(|_| refused())?;
        // A day that the calendar does not have would be read as another.
        Some(Self(moment)).filter(|day| day.to_string() == text).ok_or_else(refused)
    }
}

impl TryFrom<String> for Day {
    type Error = DayError;
    fn try_from(text: String) -> Result<Self, DayError> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_as_it_is_written_and_no_other_is_taken() {
        for text in ["2026-12-31", "2028-02-29", "1970-01-01"] {
            let day: Day = text.parse().expect(text);
            assert_eq!(day.to_string(), text);
            assert_eq!(Day::of(day.begin()), day);
        }
        for bad in ["", "2026-02-30", "2027-02-29", "31.12.2026", "2026-12-31T00:00:00Z", "2026-1-1", "soon"] {
            assert!(bad.parse::<Day>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_day_has_come_with_its_first_moment() {
        let day: Day = "2026-12-31".parse().expect("a day");
        assert!(day.has_come(day.begin()));
        assert!(!day.has_come(Timestamp::from_millis(day.begin().as_millis() - 1)));
    }
}
