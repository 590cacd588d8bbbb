//! Amounts with their units in the type: memory, CPU, lengths of time. Written as people write them ("512MiB", "0.5", "8h").

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};
use std::str::FromStr;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnitError {
    #[error("`{0}` is not an amount of memory or disk: write it like 512MiB or 2GiB")]
    Memory(String),
    #[error("`{0}` is not a number of CPU cores: write it like 0.5 or 2, in steps of 0.001")]
    Cpu(String),
    #[error("`{0}` is not a length of time: write it like 90s, 30m, 8h or 7d")]
    Span(String),
}

/// Memory or disk, in bytes. On the wire a number of bytes; in files and forms a text such as `512MiB` is read too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Memory(u64);

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

impl Memory {
    #[must_use]
    pub const fn bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub const fn mib(count: u64) -> Self {
        Self(count * MIB)
    }

    #[must_use]
    pub const fn gib(count: u64) -> Self {
        Self(count * GIB)
    }

    #[must_use]
    pub const fn as_bytes(self) -> u64 {
        self.0
    }

    /// As it is written in files and forms: in the largest unit that leaves no rest.
    #[must_use]
    pub fn exact(self) -> String {
        let units = [(GIB, "GiB"), (MIB, "MiB"), (1024, "KiB")];
        let fitting = units.into_iter().find(|(unit, _)| self.0 > 0 && self.0.is_multiple_of(*unit));
        fitting.map_or_else(|| format!("{}B", self.0), |(unit, name)| format!("{}{name}", self.0 / unit))
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("0 MiB"),
            bytes if bytes >= GIB => write_decimal(f, bytes, GIB, "GiB"),
            bytes if bytes >= MIB => write_decimal(f, bytes, MIB, "MiB"),
            bytes if bytes >= 1024 => write_decimal(f, bytes, 1024, "KiB"),
            bytes => write!(f, "{bytes} B"),
        }
    }
}

/// One decimal at most, and none where it would be zero.
fn write_decimal(f: &mut fmt::Formatter<'_>, amount: u64, unit: u64, name: &str) -> fmt::Result {
    let tenths = (u128::from(amount) * 10 + u128::from(unit) / 2) / u128::from(unit);
    match tenths % 10 {
        0 => write!(f, "{} {name}", tenths / 10),
        tenth => write!(f, "{}.{tenth} {name}", tenths / 10),
    }
}

impl FromStr for Memory {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let refused = || UnitError::Memory(shorten(text));
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (count, unit) = text.split_at(digits);
        let unit = match unit.trim() {
            "" | "B" => 1,
            "KiB" | "K" | "k" => 1024,
            "MiB" | "M" | "m" => MIB,
            "GiB" | "G" | "g" => GIB,
            "TiB" | "T" | "t" => 1024 * GIB,
            _ => return Err(refused()),
        };
        let count: u64 = count.parse().map_err(|_| refused())?;
        count.checked_mul(unit).map(Self).ok_or_else(refused)
    }
}

/// CPU in thousandths of a core. On the wire and in files a number of cores such as `0.5`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MilliCpu(u64);

impl MilliCpu {
    #[must_use]
    pub const fn new(thousandths: u64) -> Self {
        Self(thousandths)
    }

    #[must_use]
    pub const fn cores(count: u64) -> Self {
        Self(count * 1000)
    }

    #[must_use]
    pub const fn as_milli(self) -> u64 {
        self.0
    }

    /// With its unit: `1 core`, `0.5 cores`.
    #[must_use]
    pub fn words(self) -> String {
        if self == Self::cores(1) { "1 core".to_owned() } else { format!("{self} cores") }
    }
}

impl fmt::Display for MilliCpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1000, self.0 % 1000);
        if rest == 0 {
            return write!(f, "{whole}");
        }
        write!(f, "{whole}.{}", format!("{rest:03}").trim_end_matches('0'))
    }
}

impl FromStr for MilliCpu {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let refused = || UnitError::Cpu(shorten(text));
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
        if whole.is_empty() || rest.len() > 3 || !digits(whole) || !digits(rest) {
            return Err(refused());
        }
        let whole: u64 = whole.parse().map_err(|_| refused())?;
        let rest: u64 = format!("{rest:0<3}").parse().map_err(|_| refused())?;
        whole.checked_mul(1000).and_then(|milli| milli.checked_add(rest)).map(Self).ok_or_else(refused)
    }
}

/// A length of time in whole seconds. On the wire and in files a text such as `8h`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

impl Span {
    #[must_use]
    pub const fn seconds(count: u64) -> Self {
        Self(count)
    }

    #[must_use]
    pub const fn hours(count: u64) -> Self {
        Self(count * 3600)
    }

    #[must_use]
    pub const fn as_seconds(self) -> u64 {
        self.0
    }
}

impl Span {
    /// Its two largest units, as people say it: `2 d 3 h`, `6 h 12 m`, `52 m`, `40 s`. Minutes bring no seconds from ten on.
    #[must_use]
    pub fn words(self) -> String {
        let (days, hours, minutes, seconds) = (self.0 / 86_400, self.0 / 3600 % 24, self.0 / 60 % 60, self.0 % 60);
        let pair = |large: u64, unit: &str, small: u64, other: &str| match small {
            0 => format!("{large} {unit}"),
            _ => format!("{large} {unit} {small} {other}"),
        };
        match (days, hours, minutes) {
            (1.., ..) => pair(days, "d", hours, "h"),
            (_, 1.., _) => pair(hours, "h", minutes, "m"),
            (_, _, 10..) => format!("{minutes} m"),
            (_, _, 1..) => pair(minutes, "m", seconds, "s"),
            _ => format!("{seconds} s"),
        }
    }
}

impl fmt::Display for Span {
    /// Exact, and as short as it can be written: `90s`, `30m`, `8h`, `1h30m`, `7d`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0;
        if left == 0 {
            return f.write_str("0s");
        }
        for (unit, name) in [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")] {
            if left >= unit {
                write!(f, "{}{name}", left / unit)?;
                left %= unit;
            }
        }
        Ok(())
    }
}

impl FromStr for Span {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let refused = || UnitError::Span(shorten(text));
        let mut total: u64 = 0;
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(refused());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(refused)?;
            let count: u64 = rest[..digits].parse().map_err(|_| refused())?;
            let unit = match rest.as_bytes()[digits] {
                b's' => 1,
                b'm' => 60,
                b'h' => 3600,
                b'd' => 86_400,
                _ => return Err(refused()),
            };
            let part = count.checked_mul(unit).ok_or_else(refused)?;
            total = total.checked_add(part).ok_or_else(refused)?;
            rest = &rest[digits + 1..];
        }
        Ok(Self(total))
    }
}

/// What an error message repeats of a value that somebody sent: bounded, and without control characters.
#[must_use]
pub fn shorten(text: &str) -> String {
    const KEPT: usize = 40;
    let clean: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(KEPT).collect();
    if text.chars().nth(KEPT).is_some() { format!("{clean}…") } else { clean }
}

macro_rules! arithmetic {
    ($type:ident) => {
        impl Add for $type {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0))
            }
        }
        impl Sub for $type {
            type Output = Self;
            /// Never below zero.
            fn sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }
        impl Sum for $type {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                items.fold(Self::default(), Add::add)
            }
        }
    };
}
arithmetic!(Memory);
arithmetic!(MilliCpu);
arithmetic!(Span);

impl Serialize for Memory {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(self.0)
    }
}

impl Serialize for MilliCpu {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::cast_precision_loss, reason = "a core count is far below 2^52 thousandths")]
        to.serialize_f64(self.0 as f64 / 1000.0)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Reads an amount from a text in its unit's notation, or from a plain number where that has a meaning.
struct AmountVisitor<T> {
    expecting: &'static str,
    number: fn(f64) -> Option<T>,
}

impl<T: FromStr<Err = UnitError>> Visitor<'_> for AmountVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        (self.number)(number).ok_or_else(|| E::invalid_value(de::Unexpected::Float(number), &self))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        #[expect(clippy::cast_precision_loss, reason = "amounts are far below 2^52 of their unit")]
        self.visit_f64(number as f64)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        #[expect(clippy::cast_precision_loss, reason = "amounts are far below 2^52 of their unit")]
        self.visit_f64(number as f64)
    }
}

/// A whole number that a `u64` and an `f64` both hold exactly.
fn whole(number: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked on the same line")]
    ((0.0..=EXACT).contains(&number) && number.fract() == 0.0).then_some(number as u64)
}

impl<'de> Deserialize<'de> for Memory {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = |bytes| whole(bytes).map(Self);
        from.deserialize_any(AmountVisitor { expecting: "memory such as \"512MiB\", or bytes", number })
    }
}

impl<'de> Deserialize<'de> for MilliCpu {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = |cores: f64| whole((cores * 1000.0).round()).map(Self);
        from.deserialize_any(AmountVisitor { expecting: "a number of CPU cores such as 0.5", number })
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AmountVisitor { expecting: "a length of time such as \"8h\"", number: |_| None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn memory_is_read_and_written_as_people_write_it() {
        for (text, bytes, shown) in [
            ("512MiB", 512 * MIB, "512 MiB"),
            ("2GiB", 2 * GIB, "2 GiB"),
            ("1536MiB", 1536 * MIB, "1.5 GiB"),
            ("1024", 1024, "1 KiB"),
            ("0", 0, "0 MiB"),
        ] {
            let memory: Memory = text.parse().expect(text);
            assert_eq!((memory.as_bytes(), memory.to_string().as_str()), (bytes, shown), "{text}");
        }
        for bad in ["", "MiB", "-1MiB", "1.5GiB", "2GB", "99999999999TiB", "1 000"] {
            assert!(bad.parse::<Memory>().is_err(), "{bad}");
        }
    }

    #[test]
    fn cpu_is_exact_to_a_thousandth() {
        for (text, milli) in [("0.5", 500), ("2", 2000), ("0.125", 125), ("1.", 1000), ("0", 0)] {
            assert_eq!(text.parse::<MilliCpu>().map(MilliCpu::as_milli), Ok(milli), "{text}");
        }
        for bad in ["", ".5", "-1", "0.0001", "1e3", "one", "∞"] {
            assert!(bad.parse::<MilliCpu>().is_err(), "{bad}");
        }
        assert_eq!(MilliCpu::new(1250).to_string(), "1.25");
    }

    #[test]
    fn spans_add_their_parts() {
        for (text, seconds) in [("90s", 90), ("30m", 1800), ("8h", 28_800), ("7d", 604_800), ("1h30m", 5400)] {
            assert_eq!(text.parse::<Span>().map(Span::as_seconds), Ok(seconds), "{text}");
        }
        for bad in ["", "8", "h", "8 h", "8ü", "-1h", "99999999999999999999d"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_error_repeats_little_and_nothing_unprintable() {
        assert_eq!(shorten("a\u{1b}[31m\nb"), "a\u{fffd}[31m\u{fffd}b");
        assert_eq!(shorten(&"x".repeat(1 << 20)).chars().count(), 41);
    }

    proptest! {
        #[test]
        fn every_amount_survives_json(bytes in 0u64..1 << 50, milli in 0u64..1_000_000, seconds in 0u64..1 << 40) {
            let memory = Memory::bytes(bytes);
            prop_assert_eq!(serde_json::from_str::<Memory>(&serde_json::to_string(&memory)?)?, memory);
            prop_assert_eq!(memory.exact().parse(), Ok(memory));
            let cpu = MilliCpu::new(milli);
            prop_assert_eq!(serde_json::from_str::<MilliCpu>(&serde_json::to_string(&cpu)?)?, cpu);
            let span = Span::seconds(seconds);
            prop_assert_eq!(serde_json::from_str::<Span>(&serde_json::to_string(&span)?)?, span);
        }

        #[test]
        fn what_is_shown_of_a_span_is_read_back_as_the_same(text in "\\PC*", seconds in 0u64..1 << 40) {
            prop_assert_eq!(Span::seconds(seconds).to_string().parse(), Ok(Span::seconds(seconds)));
            if let Ok(parsed) = text.parse::<Span>() {
                prop_assert_eq!(parsed.to_string().parse(), Ok(parsed));
            }
        }
    }

    #[test]
    fn lengths_of_time_are_said_in_two_units() {
        for (seconds, said) in [
            (0, "0 s"),
            (59, "59 s"),
            (125, "2 m 5 s"),
            (3120, "52 m"),
            (28_800, "8 h"),
            (22_335, "6 h 12 m"),
            (183_600, "2 d 3 h"),
        ] {
            assert_eq!(Span::seconds(seconds).words(), said);
        }
    }
}
