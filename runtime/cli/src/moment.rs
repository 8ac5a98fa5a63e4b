//! A moment of a deployment, as people say it: a time, how long ago, an event, a revision.

use std::str::FromStr;

use bp_driver::{Moment, PastError};
use jiff::{Span, Timestamp, Zoned, tz::TimeZone};

use crate::told::Told;

/// How a moment is said, for help texts.
pub(crate) const WHEN: &str = "A time (`2026-11-27T02:10:00Z`), how long ago (`10m`, `2h30m`, `1d`), the number of an \
                               event (`57`, as `bpr events` shows it), or a revision (`r2`: as long as it was the newest)";

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// A time.
    Time(Timestamp),
    /// The number of an event.
    Event(u64),
    /// The number of a revision.
    Revision(u64),
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse(text, Timestamp::now())
    }
}

fn parse(text: &str, now: Timestamp) -> Result<When, String> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return Ok(When::Event(number));
    }
    if let Some(number) = text.strip_prefix('r').and_then(|rest| rest.parse().ok()) {
        return Ok(When::Revision(number));
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(When::Time(time));
    }
    if text.parse::<jiff::civil::DateTime>().is_ok() {
        return Err(format!("it is open in which time zone: write `{text}Z`, or `{text}+01:00`"));
    }
    let ago = text.strip_suffix("ago").unwrap_or(text).trim();
    let before = |span: Span| Zoned::new(now, TimeZone::UTC).checked_sub(span).ok();
    match ago.parse::<Span>().ok().filter(|span| span.is_positive()).and_then(before) {
        Some(time) => Ok(When::Time(time.timestamp())),
        None => Err(
            "expected a time (`2026-11-27T02:10:00Z`), how long ago (`10m`), an event (`57`) or a revision (`r2`)"
                .to_owned(),
        ),
    }
}

/// How long something is kept: `90d`, `12h`, `2w`; gives the moment since when.
pub(crate) fn age(text: &str) -> Result<Timestamp, String> {
    let span = text.trim().parse::<Span>().ok().filter(|span| span.is_positive());
    let before = |span: Span| {
        Zoned::new(Timestamp::now(), TimeZone::UTC).checked_sub(span).ok().map(|at| at.timestamp())
    };
    span.and_then(before)
        .ok_or_else(|| format!("expected how long ago, such as 90d, 12h or 2w, found `{text}`"))
}

impl When {
    /// As the journal knows it; a time that is still to come is none.
    pub(crate) fn moment(self) -> Result<Moment, Told> {
        match self {
            Self::Time(time) if time > Timestamp::now() => {
                Err(Told::error(format!("{time:.0} is still to come"))
                    .help("name a time that has passed; `10m` is ten minutes ago"))
            }
            Self::Time(time) => Ok(Moment::Time(time.as_millisecond())),
            Self::Event(number) => Ok(Moment::Event(number)),
            Self::Revision(number) => Ok(Moment::Revision(number)),
        }
    }
}

/// Why a deployment tells nothing of a moment.
pub(crate) fn told(name: &str, error: &PastError) -> Vec<Told> {
    let told = match error {
        PastError::Before { created_ms } => {
            Told::error(format!("`{name}` was not there yet: it was made at {}", time(*created_ms)))
                .help(format!("`bpr events {name}` shows all that happened since"))
        }
        PastError::Compacted { first, until_ms } => Told::error(format!(
            "`{name}`: what happened until {} was dropped when its journal was compacted",
            time(*until_ms)
        ))
        .help(format!("event {first} is the first that is still there: `--at {first}`")),
        PastError::NoEvent { asked, last } => {
            let told =
                Told::error(format!("`{name}` has {last} events, and none is number {asked}"));
            told.help(format!("`bpr events {name}` shows their numbers"))
        }
        PastError::NoRevision { asked, last: 0 } => {
            let told =
                Told::error(format!("`{name}` has no revision yet, and so no revision {asked}"));
            told.help(format!("deploy it: `bpr deploy PLAN --name {name}`"))
        }
        PastError::NoRevision { asked, last } => {
            Told::error(format!("`{name}` has no revision {asked}: the newest is {last}"))
                .help(format!("`--at r{last}` is how it stands now"))
        }
        PastError::Driver(error) => return Told::driver(name, error),
    };
    vec![told]
}

/// A time of the journal, to the millisecond.
pub(crate) fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| format!("{time:.3}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn ages_are_said_in_days_and_others() {
        let now = Timestamp::now().as_millisecond();
        for (text, hours) in [("90d", 90 * 24), ("12h", 12), ("2w", 14 * 24), (" 1d ", 24)] {
            let ago = now - age(text).unwrap().as_millisecond();
            assert!((ago / 60_000 - hours * 60).abs() <= 1, "{text}: {ago}");
        }
        for text in ["", "90", "-3d", "0d", "r2", "2026-11-27T02:10:00Z", "soon"] {
            assert!(age(text).unwrap_err().contains("such as 90d"), "{text}");
        }
    }

    #[test]
    fn moments_are_said_in_many_ways() {
        let now: Timestamp = "2026-11-27T12:00:00Z".parse().unwrap();
        let at = |text: &str| When::Time(text.parse().unwrap());
        for (text, expected) in [
            ("57", When::Event(57)),
            ("r2", When::Revision(2)),
            ("2026-11-27T02:10:00Z", at("2026-11-27T02:10:00Z")),
            ("2026-11-27T03:10:00+01:00", at("2026-11-27T02:10:00Z")),
            ("10m", at("2026-11-27T11:50:00Z")),
            ("10m ago", at("2026-11-27T11:50:00Z")),
            ("2h30m", at("2026-11-27T09:30:00Z")),
            ("1d", at("2026-11-26T12:00:00Z")),
        ] {
            assert_eq!(parse(text, now), Ok(expected), "{text}");
        }
        for (text, word) in [
            ("yesterday", "expected a time"),
            ("", "expected a time"),
            ("-10m", "expected a time"),
            ("0m", "expected a time"),
            ("2026-11-27T02:10:00", "time zone"),
        ] {
            assert!(parse(text, now).unwrap_err().contains(word), "{text}");
        }
    }
}
