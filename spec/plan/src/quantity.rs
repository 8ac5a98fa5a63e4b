//! Quantities: numbers with a unit (`20GiB`, `1h30m`, `10%`), their units and their one canonical text.
//!
//! An amount is a whole number of the dimension's smallest unit, so that sums and comparisons are exact.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a quantity measures.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Time, in nanoseconds.
    Duration,
    /// Bytes.
    Size,
    /// Hertz.
    Frequency,
    /// Bits a second.
    Bitrate,
    /// Hundredths; kept in millionths of a percent.
    Percent,
}

/// An amount of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity {
    /// What is measured.
    pub dimension: Dimension,
    /// How much, in the dimension's smallest unit.
    pub amount: i64,
}

/// Why a text is no quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// No such unit; the nearest one, if any is near.
    #[error("unknown unit `{unit}`")]
    UnknownUnit {
        /// As written.
        unit: String,
        /// A unit that looks like it.
        nearest: Option<&'static str>,
    },
    /// Units of several dimensions in one literal (`1h5GiB`).
    #[error("`{first}` and `{second}` measure different things")]
    MixedUnits {
        /// The first unit.
        first: String,
        /// The one that does not go with it.
        second: String,
    },
    /// More than 63 bits of the smallest unit.
    #[error("the amount is too large")]
    TooLarge,
    /// A fraction of the smallest unit (`0.5B`).
    #[error("the amount is finer than the smallest unit, {smallest}")]
    TooFine {
        /// The name of the smallest unit.
        smallest: &'static str,
    },
    /// Not a number followed by a unit.
    #[error("`{0}` is no number with a unit")]
    Malformed(String),
}

/// Each unit: its text, what it measures, how many of the smallest unit it is.
/// Within a dimension from the largest to the smallest.
pub const UNITS: &[(&str, Dimension, i64)] = &[
    ("d", Dimension::Duration, 86_400_000_000_000),
    ("h", Dimension::Duration, 3_600_000_000_000),
    ("m", Dimension::Duration, 60_000_000_000),
    ("s", Dimension::Duration, 1_000_000_000),
    ("ms", Dimension::Duration, 1_000_000),
    ("us", Dimension::Duration, 1_000),
    ("ns", Dimension::Duration, 1),
    ("PiB", Dimension::Size, 1 << 50),
    ("PB", Dimension::Size, 1_000_000_000_000_000),
    ("TiB", Dimension::Size, 1 << 40),
    ("TB", Dimension::Size, 1_000_000_000_000),
    ("GiB", Dimension::Size, 1 << 30),
    ("GB", Dimension::Size, 1_000_000_000),
    ("MiB", Dimension::Size, 1 << 20),
    ("MB", Dimension::Size, 1_000_000),
    ("KiB", Dimension::Size, 1 << 10),
    ("kB", Dimension::Size, 1_000),
    ("B", Dimension::Size, 1),
    ("GHz", Dimension::Frequency, 1_000_000_000),
    ("MHz", Dimension::Frequency, 1_000_000),
    ("kHz", Dimension::Frequency, 1_000),
    ("Hz", Dimension::Frequency, 1),
    ("Tbps", Dimension::Bitrate, 1_000_000_000_000),
    ("Gbps", Dimension::Bitrate, 1_000_000_000),
    ("Mbps", Dimension::Bitrate, 1_000_000),
    ("kbps", Dimension::Bitrate, 1_000),
    ("bps", Dimension::Bitrate, 1),
    ("%", Dimension::Percent, 1_000_000),
];

impl Dimension {
    /// The name of the type in the language.
    pub fn name(self) -> &'static str {
        match self {
            Self::Duration => "duration",
            Self::Size => "size",
            Self::Frequency => "frequency",
            Self::Bitrate => "bitrate",
            Self::Percent => "percent",
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Quantity {
    /// So much of the dimension's smallest unit.
    pub fn new(dimension: Dimension, amount: i64) -> Self {
        Self { dimension, amount }
    }
}

impl fmt::Display for Quantity {
    /// The canonical text: the largest units that leave whole numbers. Durations are split
    /// (`1h30m`), the rest has one unit (`1536MiB`), binary before decimal where both are as short.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = UNITS.iter().filter(|(_, d, _)| *d == self.dimension);
        let sign = if self.amount < 0 { "-" } else { "" };
        let mut left = self.amount.unsigned_abs();
        if self.dimension == Dimension::Percent {
            let (whole, part) = (left / 1_000_000, left % 1_000_000);
            let fraction = format!("{part:06}");
            let fraction = fraction.trim_end_matches('0');
            let point = if fraction.is_empty() { "" } else { "." };
            return write!(f, "{sign}{whole}{point}{fraction}%");
        }
        if left == 0 {
            let smallest = match self.dimension {
                Dimension::Duration => "s",
                Dimension::Size => "B",
                Dimension::Frequency => "Hz",
                Dimension::Bitrate => "bps",
                Dimension::Percent => "%",
            };
            return write!(f, "0{smallest}");
        }
        f.write_str(sign)?;
        for (name, _, factor) in units {
            let factor = factor.unsigned_abs();
            if self.dimension == Dimension::Duration {
                if left >= factor {
                    write!(f, "{}{name}", left / factor)?;
                    left %= factor;
                }
            } else if left.is_multiple_of(factor) {
                return write!(f, "{}{name}", left / factor);
            }
        }
        Ok(())
    }
}

impl std::str::FromStr for Quantity {
    type Err = QuantityError;

    /// A literal: `20GiB`, `1h30m`, `2.5%`, `1_000ms`; also with a `-` before it, as values may have.
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let malformed = || QuantityError::Malformed(text.to_owned());
        let (negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut dimension: Option<(Dimension, String)> = None;
        let mut amount: i128 = 0;
        while !rest.is_empty() {
            let digits = rest
                .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'))
                .ok_or_else(malformed)?;
            let (number, after) = rest.split_at(digits);
            let length =
                after.find(|c: char| !(c.is_ascii_alphabetic() || c == '%')).unwrap_or(after.len());
            let (unit, after) = after.split_at(length);
            if number.is_empty() || unit.is_empty() {
                return Err(malformed());
            }
            let Some((_, of, factor)) = UNITS.iter().find(|(name, _, _)| *name == unit) else {
                return Err(QuantityError::UnknownUnit {
                    unit: unit.to_owned(),
                    nearest: nearest_unit(unit),
                });
            };
            match &dimension {
                Some((known, first)) if known != of => {
                    return Err(QuantityError::MixedUnits {
                        first: first.clone(),
                        second: unit.to_owned(),
                    });
                }
                _ => dimension = Some((*of, unit.to_owned())),
            }
            amount =
                amount.checked_add(scaled(number, *factor, *of)?).ok_or(QuantityError::TooLarge)?;
            rest = after;
        }
        let (dimension, _) = dimension.ok_or_else(malformed)?;
        let amount = if negative { -amount } else { amount };
        Ok(Self { dimension, amount: i64::try_from(amount).map_err(|_| QuantityError::TooLarge)? })
    }
}

/// `number` (digits, `_`, at most one point) times `factor`, exactly.
fn scaled(number: &str, factor: i64, dimension: Dimension) -> Result<i128, QuantityError> {
    let number: String = number.chars().filter(|c| *c != '_').collect();
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
    let digits = format!("{whole}{fraction}");
    if whole.is_empty() || fraction.contains('.') || number.ends_with('.') {
        return Err(QuantityError::Malformed(number));
    }
    let digits: i128 = digits.parse().map_err(|_| QuantityError::TooLarge)?;
    let scale = u32::try_from(fraction.len())
        .ok()
        .and_then(|n| 10_i128.checked_pow(n))
        .ok_or(QuantityError::TooLarge)?;
    let product = digits.checked_mul(i128::from(factor)).ok_or(QuantityError::TooLarge)?;
    if product % scale == 0 {
        Ok(product / scale)
    } else {
        let smallest =
            UNITS.iter().rev().find(|(_, d, _)| *d == dimension).map_or("", |(name, _, _)| name);
        Err(QuantityError::TooFine { smallest })
    }
}

/// What people write for units, elsewhere and in full.
const SPELT_OUT: &[(&str, &[&str])] = &[
    ("d", &["day", "days"]),
    ("h", &["hour", "hours", "hr", "hrs"]),
    ("m", &["min", "mins", "minute", "minutes"]),
    ("s", &["sec", "secs", "second", "seconds"]),
    ("ms", &["msec", "msecs", "millis", "millisecond", "milliseconds"]),
    ("us", &["µs", "usec", "micros", "microsecond", "microseconds"]),
    ("ns", &["nsec", "nanos", "nanosecond", "nanoseconds"]),
    ("B", &["byte", "bytes"]),
    ("%", &["percent", "pct"]),
];

/// The unit that differs in case or in one letter.
fn nearest_unit(unit: &str) -> Option<&'static str> {
    let lower = unit.to_ascii_lowercase();
    let spelt = SPELT_OUT.iter().find(|(_, words)| words.contains(&lower.as_str()));
    if let Some((unit, _)) = spelt {
        return Some(unit);
    }
    let same = UNITS.iter().find(|(name, _, _)| name.to_ascii_lowercase() == lower);
    same.or_else(|| {
        UNITS.iter().find(|(name, _, _)| {
            let name = name.to_ascii_lowercase();
            name.len() > 1 && (name.starts_with(&lower) || lower.starts_with(&name))
        })
    })
    .map(|(name, _, _)| *name)
}
