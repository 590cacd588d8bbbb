//! A moment, as milliseconds since 1970 in UTC; on the wire and on pages RFC 3339.
//!
//! Written out here because a date library costs the browser bundle over 100 KB; the server's tests compare it with one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::units::Span;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a time: write it like 2026-01-31T18:40:00Z")]
pub struct TimeError;

const DAY_MS: i64 = 86_400_000;

impl Timestamp {
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    #[must_use]
    pub fn after(self, span: Span) -> Self {
        Self(self.0.saturating_add_unsigned(span.as_seconds().saturating_mul(1000)))
    }

    #[must_use]
    pub fn before(self, span: Span) -> Self {
        Self(self.0.saturating_sub_unsigned(span.as_seconds().saturating_mul(1000)))
    }

    /// The time from `earlier` to `self`; zero when `earlier` is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Span {
        Span::seconds(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0) / 1000)
    }

    /// Milliseconds from `earlier` to `self`; zero when `earlier` is not earlier.
    #[must_use]
    pub fn millis_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    /// How far away it is from `now`, as people say it: `in 6 h 12 m`, `just now`, `3 m 20 s ago`.
    #[must_use]
    pub fn seen_from(self, now: Self) -> String {
        const JUST_NOW: Span = Span::seconds(5);
        match now.since(self) {
            _ if self > now => format!("in {}", self.since(now).words()),
            past if past < JUST_NOW => "just now".to_owned(),
            past => format!("{} ago", past.words()),
        }
    }

    /// Hours and minutes in UTC, with the day: what a page shows until the browser puts it into the viewer's zone.
    #[must_use]
    pub fn short_utc(self) -> String {
        let (year, month, day) = civil(self.0.div_euclid(DAY_MS));
        let minutes = self.0.rem_euclid(DAY_MS) / 60_000;
        format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", minutes / 60, minutes % 60)
    }
}

/// How long something took, to three figures: `4 ms`, `1.02 s`, `34.5 s`, `2 m 5 s`.
#[must_use]
pub fn took(millis: u64) -> String {
    match millis {
        0..1000 => format!("{millis} ms"),
        1000..9995 => {
            let hundredths = (millis + 5) / 10;
            format!("{}.{:02} s", hundredths / 100, hundredths % 100)
        }
        9995..60_000 => {
            let tenths = (millis + 50) / 100;
            format!("{}.{} s", tenths / 10, tenths % 10)
        }
        _ => Span::seconds(millis / 1000).words(),
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar. Counts in years that begin
/// in March, so that the leap day is a year's last.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The inverse of [`civil`].
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let march_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with milliseconds where there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.0.div_euclid(DAY_MS));
        let millis = self.0.rem_euclid(DAY_MS);
        let (hour, minute, second) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1000 % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match millis % 1000 {
            0 => f.write_str("Z"),
            rest => write!(f, ".{rest:03}Z"),
        }
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    /// Reads RFC 3339 in UTC (`Z`), to the millisecond; further digits are cut.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let field = |from: usize, to: usize| -> Result<i64, TimeError> {
            let digits = text.get(from..to).ok_or(TimeError)?;
            if !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(TimeError);
            }
            digits.parse().map_err(|_| TimeError)
        };
        let marks = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")];
        if marks.iter().any(|&(at, mark)| text.get(at..at + 1) != Some(mark)) {
            return Err(TimeError);
        }
        let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
        let (hour, minute, second) = (field(11, 13)?, field(14, 16)?, field(17, 19)?);
        let days = days_from_civil(year, month, day);
        if civil(days) != (year, month, day) || hour > 23 || minute > 59 || second > 59 {
            return Err(TimeError);
        }
        let fraction = text.get(19..).and_then(|rest| rest.strip_suffix('Z')).ok_or(TimeError)?;
        let millis = match fraction.strip_prefix('.') {
            None if fraction.is_empty() => 0,
            Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                format!("{digits:0<3.3}").parse().map_err(|_| TimeError)?
            }
            _ => return Err(TimeError),
        };
        Ok(Self(days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000 + millis))
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimeError;
    fn try_from(text: String) -> Result<Self, TimeError> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(at: Timestamp) -> String {
        at.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_rfc_3339_in_utc() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_827_696_789, "2000-02-29T12:34:56.789Z"),
            (-1000, "1969-12-31T23:59:59Z"),
            (1_795_219_200_000, "2026-11-21T00:00:00Z"),
        ] {
            assert_eq!(Timestamp(millis).to_string(), text);
            assert_eq!(text.parse(), Ok(Timestamp(millis)));
        }
    }

    #[test]
    fn a_time_that_does_not_exist_is_refused() {
        for bad in [
            "",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "+026-01-01T00:00:00Z",
            "2026-01-01T00:00:0üZ",
        ] {
            assert_eq!(bad.parse::<Timestamp>(), Err(TimeError), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_is_read_back(millis in -62_000_000_000_000i64..250_000_000_000_000) {
            prop_assert_eq!(Timestamp(millis).to_string().parse(), Ok(Timestamp(millis)));
        }
    }

    #[test]
    fn distances_are_said_as_people_say_them() {
        let now = Timestamp::from_millis(1_000_000_000);
        assert_eq!(now.after(Span::seconds(22_335)).seen_from(now), "in 6 h 12 m");
        assert_eq!(now.before(Span::seconds(200)).seen_from(now), "3 m 20 s ago");
        assert_eq!(now.seen_from(now), "just now");
    }

    #[test]
    fn durations_have_three_figures() {
        for (millis, said) in
            [(0, "0 ms"), (348, "348 ms"), (1024, "1.02 s"), (9999, "10.0 s"), (34_510, "34.5 s"), (125_000, "2 m 5 s")]
        {
            assert_eq!(took(millis), said);
        }
    }
}
